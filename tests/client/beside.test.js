import assert from 'node:assert/strict';
import test from 'node:test';
import { AWAITED, Beside, KEPT } from '../../client/js/call/beside.js';
import { plain } from '../../client/js/call/plain-text.js';

const ann = { peer: 'a', name: 'Ann' };

/** What is shown once that may be, while the server is away. @param {Beside} beside @param {number} [at] */
function shown(beside, at = AWAITED) {
  beside.review(at, () => true);
  return beside.shown.map(({ name, text }) => [name, text]);
}

test('what comes directly is shown unless the server tells the same in time', () => {
  const beside = new Beside();
  assert.ok(beside.heard(ann, { ref: '1', text: 'one' }, 1000));
  assert.ok(beside.heard(ann, { ref: '2', text: 'two' }, 1000));
  assert.deepEqual(shown(beside, 1000 + AWAITED - 1), []);
  beside.told({ from: 'a', text: 'one' }, 2000);
  assert.deepEqual(shown(beside, 1000 + AWAITED), [['Ann', 'two']]);
  beside.told({ from: 'b', text: 'two' }, 9000);
  assert.equal(shown(beside, 9000).length, 1, 'somebody else wrote that');
  beside.told({ from: 'a', text: 'two' }, 9000);
  assert.deepEqual(shown(beside, 9000), [], 'now it stands where the server says');
});

test('while the server is there nothing is shown, and what came just before it went is', () => {
  const beside = new Beside();
  beside.heard(ann, { ref: '1', text: 'early' }, 0);
  beside.heard(ann, { ref: '2', text: 'late' }, KEPT);
  assert.deepEqual(
    beside.review(KEPT + AWAITED, (peer) => peer !== 'a'),
    [],
  );
  assert.deepEqual(shown(beside, KEPT + AWAITED), [['Ann', 'late']]);
  beside.review(10 * KEPT, () => false);
  assert.equal(beside.shown.length, 1, 'what was shown stays until the server has it');
});

test('the same words twice are two, and said again they are one', () => {
  const beside = new Beside();
  beside.heard(ann, { ref: '1', text: 'yes' }, 0);
  beside.heard(ann, { ref: '2', text: 'yes' }, 0);
  assert.equal(beside.heard(ann, { ref: '2', text: 'yes' }, 0), false);
  assert.equal(shown(beside).length, 2);
  beside.told({ from: 'a', text: 'yes' }, 0);
  assert.equal(shown(beside).length, 1);
});

test('what the server told first is not there a second time', () => {
  const beside = new Beside();
  beside.told({ from: 'a', text: 'yes' }, 0);
  assert.equal(beside.heard(ann, { ref: '1', text: 'yes' }, 10), false);
  assert.equal(beside.heard(ann, { ref: '2', text: 'yes' }, 20), true, 'once');
});

test('a browser that says anything gets nothing shown that is not text, and never much', () => {
  const beside = new Beside();
  for (const word of [{}, { ref: 1, text: 'x' }, { ref: 'a', text: {} }, { ref: 'x'.repeat(65), text: 'x' }]) {
    assert.equal(beside.heard(ann, word, 0), false);
  }
  for (const text of ['', ' \u200e\u202e ', '\u0007', 'x'.repeat(4001), '\u200b'.repeat(99_999)]) {
    assert.equal(beside.heard(ann, { ref: 'r', text }, 0), false);
  }
  let now = 0;
  for (let i = 0; i < 1000; i += 1) beside.heard(ann, { ref: String(i), text: 'x'.repeat(4000) }, (now += 1000));
  assert.ok(shown(beside, now + AWAITED).length <= 40, 'of one person');
  for (let who = 0; who < 50; who += 1) {
    for (let i = 0; i < 9; i += 1) beside.heard({ peer: `p${who}`, name: 'X' }, { ref: `${i}`, text: 'x' }, now);
  }
  assert.equal(shown(beside, now + AWAITED).length, 100);
});

test('two a second, and ten at once: as the server takes them', () => {
  const beside = new Beside();
  const heard = (/** @type {number} */ now, /** @type {string} */ peer = 'a') =>
    Array.from({ length: 20 }, (_, i) =>
      beside.heard({ peer, name: 'X' }, { ref: `${now} ${i}`, text: 'x' }, now),
    ).filter(Boolean).length;
  assert.deepEqual([heard(0), heard(1000), heard(1000), heard(1000, 'b'), heard(60_000)], [10, 2, 0, 10, 10]);
});

test('a text is as the server makes them: nothing is left that cannot be seen', () => {
  for (const [typed, seen] of [
    ['Hello', 'Hello'],
    ['a\u202eb\u2066c\u0000\nd', 'abc\nd'],
    ['zero\u200bwidth\ufeff\u2060\u00ad\u034f\u3164\u115f', 'zerowidth'],
    ['tag\u{e0041}\u{e0042}s', 'tags'],
    ['v\ufe0f\ufe01\u{e0100}', 'v'],
    ['a\uffffb\ufffcc\ud800', 'abc'],
    ['one\r\ntwo\rthree\u2028four', 'one\ntwo\nthree\nfour'],
    ['one  \n\n\n\n\ntwo\n\n', 'one\n\ntwo'],
    ['if:\n\tthen  that', 'if:\n\tthen  that'],
    ['e\u0301', 'é'],
    [`Z${'\u0300'.repeat(50)}`, `Z${'\u0300'.repeat(4)}`],
    ['می\u200cخواهم', 'می\u200cخواهم'],
    ['👩\u200d👩\u200d👧 ❤\ufe0f 1\ufe0f\u20e3', '👩\u200d👩\u200d👧 ❤\ufe0f 1\ufe0f\u20e3'],
    ['a\u200d', 'a'],
    ['\u2800', ''],
    ['\u200b\u3164 \u2800\n', ''],
    ['\u0301', ''],
  ]) {
    assert.equal(plain(typed ?? '', 4000), seen, JSON.stringify(typed));
  }
  assert.equal(plain('x'.repeat(4000), 4000).length, 4000);
  assert.equal(plain(`a${'\u200b'.repeat(4000)}`, 4000), 'a');
});
