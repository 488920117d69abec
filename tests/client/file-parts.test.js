import assert from 'node:assert/strict';
import { test } from 'node:test';

import { exchangeOver } from '../../client/js/rtc/files/data-channel.js';
import { HIGH } from '../../client/js/rtc/files/exchange.js';
import { parse } from '../../client/js/rtc/files/frames.js';
import { cleanName } from '../../client/js/rtc/files/name.js';
import { saveable } from '../../client/js/rtc/files/saveable.js';

/** @import { Incoming } from '../../client/js/rtc/files/incoming.js' */

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** @param {number} length */
function bytes(length, seed = 1) {
  const draw = random(seed);
  return Uint8Array.from({ length }, () => draw(256));
}

/** @param {number} seed @returns {(below: number) => number} */
function random(seed) {
  let state = seed * 2654435761 + 1;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('frames of any content are read or refused', () => {
  const draw = random(5);
  const values = [undefined, null, 7, -1, 0.5, 2 ** 40, 'x', 'x'.repeat(5000), [], {}, '0'.repeat(64), true];
  const types = ['offer', 'accept', 'refuse', 'cancel', 'done', 'received', 'other', '__proto__'];
  for (let round = 0; round < 3000; round += 1) {
    const pick = () => values[draw(values.length)];
    const frame = {
      type: types[draw(types.length)],
      id: pick(),
      name: pick(),
      size: pick(),
      reason: pick(),
      digest: pick(),
    };
    const read = parse(JSON.stringify(frame));
    if (read !== null) assert.ok(Number.isSafeInteger(read.id) && read.id >= 0 && read.id < 2 ** 32);
    const noise = bytes(draw(40), round);
    const chunk = parse(noise.buffer);
    assert.equal(chunk?.type, noise.length > 4 ? 'chunk' : undefined);
    parse(String.fromCharCode(...noise));
  }
  for (const odd of [null, undefined, 5, {}, new Blob(['x'])]) assert.equal(parse(odd), null);
  assert.deepEqual(parse('{"type":"refuse","id":1,"reason":"<b>"}'), { type: 'refuse', id: 1, reason: 'other' });
});

test('names are what every system takes, and hide nothing', () => {
  /** @type {[string, string][]} */
  const names = [
    ['notes.pdf', 'notes.pdf'],
    ['Ünïcödé 文件 📎.txt', 'Ünïcödé 文件 📎.txt'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\ann\\x.doc', 'x.doc'],
    ['a/', 'file'],
    ['.bashrc', 'bashrc'],
    ['...', 'file'],
    ['', 'file'],
    [' \u200b\u00ad ', 'file'],
    ['photo\u202egpj.exe', 'photogpj.exe'],
    ['photo.jpg                        .exe', 'photo.jpg .exe'],
    ['a\u0000b\u0007c\nd', 'abc d'],
    ['x.exe. . .', 'x.exe'],
    ['a<b>:"|?*.txt', 'a_b______.txt'],
    ['CON', '_CON'],
    ['con.txt', '_con.txt'],
    ['Lpt1 .tar.gz', '_Lpt1 .tar.gz'],
    ['com¹', '_com¹'],
    ['console.log', 'console.log'],
    ['\ud800x.txt', 'x.txt'],
    [`${'x'.repeat(200)}.tar.gz`, `${'x'.repeat(113)}.tar.gz`],
    [`${'x'.repeat(200)}.${'y'.repeat(200)}`, 'x'.repeat(120)],
    [`${'文'.repeat(200)}.pdf`, `${'文'.repeat(78)}.pdf`],
  ];
  for (const [name, clean] of names) assert.equal(cleanName(name), clean, JSON.stringify(name));
  const draw = random(9);
  const parts = [
    '.',
    ' ',
    '/',
    '\\',
    'a',
    'con',
    '\u202e',
    '\u0301',
    'e',
    '文',
    '\ud83d',
    '\udcce',
    'x'.repeat(60),
    '\u{1f4ce}',
    ':',
    '\t',
  ];
  for (let round = 0; round < 5000; round += 1) {
    const name = Array.from({ length: draw(12) }, () => parts[draw(parts.length)]).join('');
    const clean = cleanName(name);
    assert.equal(cleanName(clean), clean, JSON.stringify(name));
    assert.ok([...clean].length <= 120 && new TextEncoder().encode(clean).length <= 240 && clean !== '');
    assert.doesNotMatch(clean, /^[. ]|[. ]$|[/\\:\p{Cc}\p{Cf}\p{Cs}]/u, JSON.stringify(name));
  }
});

test('a file of others is saved and never shown', async () => {
  /** @type {Record<string, string>} */
  const attributes = {};
  const element = {
    textContent: '',
    append: () => {},
    /** @param {string} name @param {string} value */
    setAttribute: (name, value) => void (attributes[name] = value),
  };
  const before = globalThis.document;
  globalThis.document = /** @type {Document} */ (/** @type {unknown} */ ({ createElement: () => element }));
  try {
    const page = new Blob(['<script>alert(1)</script>'], { type: 'text/html' });
    const { release } = saveable('../\u202eevil.html', page);
    assert.deepEqual(
      [attributes['download'], attributes['type'], element.textContent],
      ['evil.html', 'application/octet-stream', 'evil.html'],
    );
    const served = await fetch(String(attributes['href']));
    assert.equal(served.headers.get('content-type'), 'application/octet-stream');
    assert.equal(await served.text(), '<script>alert(1)</script>');
    release();
    await assert.rejects(fetch(String(attributes['href'])));
  } finally {
    globalThis.document = before;
  }
});

test('a data channel carries it', async () => {
  /** Enough of one. */
  class Fake extends EventTarget {
    binaryType = 'blob';
    bufferedAmountLowThreshold = 0;
    bufferedAmount = 0;
    /** @type {Fake | null} */
    other = null;
    /** @param {string | Uint8Array<ArrayBuffer>} data */
    send(data) {
      this.bufferedAmount += data.length;
      setImmediate(() => {
        const before = this.bufferedAmount;
        this.bufferedAmount -= data.length;
        const low = this.bufferedAmountLowThreshold;
        if (before > low && this.bufferedAmount <= low) this.dispatchEvent(new Event('bufferedamountlow'));
        const event = new MessageEvent('message', { data: typeof data === 'string' ? data : data.slice().buffer });
        this.other?.dispatchEvent(event);
      });
    }
    close() {
      for (const end of [this, this.other]) end?.dispatchEvent(new Event('close'));
    }
  }
  const [there, back] = [new Fake(), new Fake()];
  [there.other, back.other] = [back, there];
  const channel = (/** @type {Fake} */ fake) => /** @type {RTCDataChannel} */ (/** @type {unknown} */ (fake));
  const one = exchangeOver(channel(there));
  /** @type {Incoming[]} */
  const offered = [];
  exchangeOver(channel(back), { offered: (incoming) => void (offered.push(incoming), incoming.accept()) });
  const source = bytes(3 * HIGH);
  const outgoing = one.offer(new File([source], 'notes.pdf'));
  while (outgoing?.isOver === false) await turn();
  assert.equal(there.binaryType, 'arraybuffer');
  assert.deepEqual(new Uint8Array(await (offered[0]?.blob ?? new Blob()).arrayBuffer()), source);
  const more = one.offer(new File([source], 'notes.pdf'));
  there.close();
  assert.equal(more?.reason, 'lost');
});
