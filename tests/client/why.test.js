import assert from 'node:assert/strict';
import test from 'node:test';
import { EMPTY, reduce, tilesOf } from '../../client/js/call/room-state.js';
import { levelOf, whyWords } from '../../client/js/call/why.js';

/** @import { Shown } from '../../client/js/call/why.js' */

/**
 * @param {Partial<Shown>} [what]
 * @returns {Shown}
 */
const shown = (what = {}) => ({ name: 'Ann', stream: 'camera', reason: 'full', layer: 'f', blocked: false, ...what });

/**
 * @param {Shown} tile
 * @param {Partial<Parameters<typeof whyWords>[1]>} known
 */
const words = (tile, known) => whyWords(tile, { lines: 0, downlink: null, choice: null, ...known }).join('');

test('who is shown small because of the own connection reads what it carries', () => {
  const thin = shown({ reason: 'your-downlink', layer: 'q' });
  assert.equal(
    words(thin, { lines: 180, downlink: 612_000 }),
    'Your connection carries 0.6 Mbit/s; Ann is shown at 180p until it carries more',
  );
  assert.equal(
    words({ ...thin, layer: null }, { lines: 0, downlink: 90_000 }),
    'Your connection carries 90 kbit/s; Ann is paused until it carries more',
  );
  assert.match(words(thin, { lines: 180, downlink: null }), /^Your connection is slow; Ann is shown at 180p/);
});

test('every reason has a sentence of its own, in which the name is a name', () => {
  const reasons = /** @type {const} */ ([
    'full',
    'tile-size',
    'your-downlink',
    'their-uplink',
    'their-device',
    'codec',
    'off-screen',
    'audio-only',
  ]);
  const sentences = reasons.map((reason) =>
    whyWords(shown({ reason }), { lines: 360, downlink: 60_000, choice: null }),
  );
  assert.equal(new Set(sentences.map((sentence) => sentence.join(''))).size, reasons.length);
  for (const [index, sentence] of sentences.entries()) {
    if (reasons[index] !== 'audio-only') assert.equal(sentence[1], 'Ann', String(reasons[index]));
  }
  assert.match(words(shown({ stream: 'screen' }), { lines: 1080, downlink: null }), /^Ann's screen is shown at 1080p/);
});

test('who chose small pictures reads that it was their choice, and not that their window is small', () => {
  const small = shown({ reason: 'tile-size', layer: 'q' });
  assert.equal(words(small, { lines: 180, choice: 'saver' }), 'Ann is shown at 180p: data saver is on');
  assert.equal(words(small, { lines: 360, choice: 360 }), 'Ann is shown at 360p: you allow 360p at most');
  assert.match(words(small, { lines: 180 }), /would not be seen in this place$/);
});

test('the mark has as many bars as the picture is good, and none is there for what is not known', () => {
  assert.equal(levelOf(shown()), 3);
  assert.equal(levelOf(shown({ reason: 'tile-size', layer: 'q' })), 3, 'a larger one would not be seen');
  assert.equal(levelOf(shown({ reason: 'your-downlink', layer: 'h' })), 2);
  assert.equal(levelOf(shown({ reason: 'their-uplink', layer: 'q' })), 1);
  assert.equal(levelOf(shown({ reason: 'audio-only', layer: null })), 0);
  assert.equal(levelOf(shown({ blocked: true })), 0);
  assert.equal(levelOf(shown({ reason: null })), null);
});

test('a reason of a newer server is none', () => {
  const ann = '0000000000000001';
  const streams = [{ stream: /** @type {const} */ ('camera'), video: { muted: false } }];
  const peers = [{ id: ann, name: 'Ann', state: /** @type {const} */ ('here'), streams }];
  const tileWith = (/** @type {string} */ reason) => {
    const slot = { slot: 0, peer: ann, stream: /** @type {const} */ ('camera'), since: 5, layer: 'q', reason };
    const inside = reduce(EMPTY, { type: 'peers', version: 1, peers });
    return tilesOf(reduce(inside, { type: 'slots', version: 1, video: [slot], audio: [] }))[0];
  };
  assert.equal(tileWith('their-uplink')?.reason, 'their-uplink');
  assert.equal(tileWith('their-cat')?.reason, null);
});
