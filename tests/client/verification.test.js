import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ofConnection, ofDescription, ofStats } from '../../client/js/rtc/fingerprints.js';
import { LENGTH, SIGNS, signs } from '../../client/js/rtc/short-string.js';
import { Verification } from '../../client/js/rtc/verification.js';

/** @import { Message } from '../../client/js/rtc/comparison.js' */

const ANN = '1c22d4e5f6a7b809';
const BOB = '8f3a6c0d91b2e475';
const FALSE = 'b'.repeat(64);

/** @param {string} byte */
const fingerprint = (byte) => Array(32).fill(byte).join(':');
const OF_ANN = fingerprint('A1');
const OF_BOB = fingerprint('B2');
const OF_MALLORY = fingerprint('C3');
const OF_ANOTHER = fingerprint('D4');

/**
 * One side, what it sent and what its connection has.
 * @param {string} self
 * @param {string} other
 * @param {string} [local]
 * @param {string} [remote]
 */
function side(self, other, local = '', remote = '') {
  /** @type {Message[]} */
  const sent = [];
  const seen = { local, remote };
  /** @type {{ seen: typeof seen | null }} */
  const connection = { seen };
  /** @type {{ now: number, timers: { at: number, action: () => void }[] }} */
  const clock = { now: 0, timers: [] };
  const verification = new Verification({
    self,
    other,
    fingerprints: () => connection.seen,
    send: (message) => void sent.push(message),
    now: () => clock.now,
    later: (action, delay) => clock.timers.push({ at: clock.now + delay, action }),
  });
  return { verification, sent, seen, connection, clock };
}

/** @typedef {ReturnType<typeof side>} Side */

const pair = () => /** @type {const} */ ([side(ANN, BOB, OF_ANN, OF_BOB), side(BOB, ANN, OF_BOB, OF_ANN)]);

/**
 * What one has sent and the other has not got.
 * @param {Side} from
 * @param {Side} to
 */
async function deliver(from, to) {
  for (const message of from.sent.splice(0)) await to.verification.receive(message);
}

/**
 * Until nobody says anything more.
 * @param {Side} one
 * @param {Side} two
 */
async function converse(one, two) {
  while (one.sent.length + two.sent.length > 0) {
    await deliver(one, two);
    await deliver(two, one);
  }
}

/** @param {Message | undefined} message */
const hashOf = (message) => (message?.step === 'commit' ? message.hash : '');

/**
 * Time passes for one of them.
 * @param {Side} one
 * @param {number} millis
 */
async function passes({ verification, clock }, millis) {
  clock.now += millis;
  for (const timer of clock.timers.splice(0)) {
    if (timer.at <= clock.now) timer.action();
    else clock.timers.push(timer);
  }
  // What a timer began is worked on before what is said now, which says nothing.
  await verification.receive({ step: 'commit', hash: FALSE, to: FALSE });
  return verification.state;
}

/** @param {Side} one */
const shown = ({ verification }) => verification.signs.map(({ word }) => word).join(' ');

/**
 * @param {Side} one
 * @param {string} reason
 */
function assertFailed({ verification }, reason) {
  assert.deepEqual([verification.state, verification.reason], ['failed', reason]);
  assert.deepEqual(verification.signs, [], 'nothing is shown that could be taken for a string');
}

test('there are 64 signs that nobody takes for one another', () => {
  assert.equal(SIGNS.length, 64);
  assert.equal(new Set(SIGNS.map(({ emoji }) => emoji)).size, 64);
  assert.equal(new Set(SIGNS.map(({ word }) => word)).size, 64);
  for (const { emoji, word } of SIGNS) {
    assert.match(emoji, /^\p{Emoji_Presentation}$/u, 'one character that is a picture by itself');
    assert.match(word, /^[a-z]{3,10}$/);
  }
});

test('signs are the first 42 bits', () => {
  const at = (/** @type {number[]} */ bytes) => signs(new Uint8Array(bytes)).map((sign) => SIGNS.indexOf(sign));
  assert.deepEqual(
    at([0b000001_00, 0b0010_0000, 0b11_000100, 0b000101_00, 0b0110_0001, 0b11_111111]),
    [1, 2, 3, 4, 5, 6, 7],
  );
  assert.equal(at(Array(32).fill(255)).length, LENGTH);
});

test('both show the same, whoever begins, and another one each time', async () => {
  const all = new Set();
  for (const begin of [[0], [1], [0, 1], [1, 0]]) {
    const sides = pair();
    for (const index of begin) await sides[/** @type {0 | 1} */ (index)].verification.start();
    await converse(...sides);
    assert.deepEqual(
      sides.map(({ verification }) => verification.state),
      ['done', 'done'],
    );
    assert.equal(sides[0].verification.signs.length, LENGTH);
    assert.equal(shown(sides[0]), shown(sides[1]));
    all.add(shown(sides[0]));
  }
  assert.equal(all.size, 4);
});

test('messages that come faster than they are worked on are taken in their order', async () => {
  const [ann, bob] = pair();
  await ann.verification.start();
  await deliver(ann, bob);
  const both = bob.sent.splice(0);
  assert.equal(both.length, 2, 'who follows commits and reveals at once');
  await Promise.all(both.map((message) => ann.verification.receive(message)));
  await converse(ann, bob);
  assert.equal(ann.verification.state, 'done');
  assert.equal(shown(ann), shown(bob));
});

test('who sits between them cannot have both see the same', async () => {
  const [ann, toAnn] = [side(ANN, BOB, OF_ANN, OF_MALLORY), side(BOB, ANN, OF_MALLORY, OF_ANN)];
  const [bob, toBob] = [side(BOB, ANN, OF_BOB, OF_MALLORY), side(ANN, BOB, OF_MALLORY, OF_BOB)];
  await ann.verification.start();
  await converse(ann, toAnn);
  await bob.verification.start();
  await converse(bob, toBob);
  assert.deepEqual([ann.verification.state, bob.verification.state], ['done', 'done']);
  assert.notEqual(shown(ann), shown(bob));
});

test('who sits between them and passes everything on is found out', async () => {
  const [ann, bob] = [side(ANN, BOB, OF_ANN, OF_MALLORY), side(BOB, ANN, OF_BOB, OF_MALLORY)];
  await ann.verification.start();
  await converse(ann, bob);
  assertFailed(ann, 'mismatch');
  assertFailed(bob, 'mismatch');
});

test('nobody reveals before the other side has committed', async () => {
  const [ann] = pair();
  await ann.verification.start();
  await ann.verification.start();
  assert.deepEqual(
    ann.sent.map(({ step }) => step),
    ['commit'],
    'who waits for more gets nothing to search with',
  );
});

test('who chooses a number after having seen the other one is found out', async () => {
  const [ann, mallory] = [side(ANN, BOB, OF_ANN, OF_MALLORY), side(BOB, ANN, OF_MALLORY, OF_ANN)];
  await mallory.verification.start();
  await deliver(mallory, ann);
  assert.deepEqual(
    ann.sent.map(({ step }) => step),
    ['commit', 'reveal'],
  );
  await ann.verification.receive({ step: 'reveal', nonce: FALSE, to: hashOf(ann.sent[0]) });
  assertFailed(ann, 'mismatch');
});

test("one's own words do not pass for the other's", async () => {
  const [ann] = pair();
  await ann.verification.start();
  await ann.verification.receive(ann.sent[0]);
  assertFailed(ann, 'mismatch');
  const forged = side(ANN, ANN, OF_ANN, OF_BOB);
  await forged.verification.start();
  assertFailed(forged, 'fingerprint');
  const mirror = side(ANN, BOB, OF_ANN, OF_ANN);
  await mirror.verification.start();
  assertFailed(mirror, 'fingerprint');
});

test('words of another conversation do not pass', async () => {
  const [ann, bob] = pair();
  await ann.verification.start();
  await deliver(ann, bob);
  const [, before] = bob.sent;
  assert.ok(before?.step === 'reveal');
  const [again, to] = pair();
  await again.verification.start();
  const own = hashOf(again.sent[0]);
  await deliver(again, to);
  await again.verification.receive(to.sent[0]);
  await again.verification.receive({ ...before, to: own });
  assertFailed(again, 'mismatch');
});

test('what comes twice or at the wrong time ends it, and what is about something else is passed over', async () => {
  const [ann, bob] = pair();
  await ann.verification.start();
  const own = hashOf(ann.sent[0]);
  await ann.verification.receive({ step: 'reveal', nonce: FALSE, to: FALSE });
  await ann.verification.receive({ step: 'commit', hash: FALSE, to: FALSE });
  assert.deepEqual([ann.verification.state, ann.sent.length], ['committed', 1], 'of another attempt');
  await ann.verification.receive({ step: 'reveal', nonce: FALSE, to: own });
  assertFailed(ann, 'order');
  const [twice] = pair();
  await twice.verification.start();
  for (const hash of [FALSE, 'c'.repeat(64)]) {
    await twice.verification.receive({ step: 'commit', hash, to: hashOf(twice.sent[0]) });
  }
  assertFailed(twice, 'order');
  assert.equal(twice.sent.length, 2, 'a number is revealed for one commit');
  const again = pair();
  await again[0].verification.start();
  await deliver(...again);
  const [, reveal] = again[1].sent;
  await converse(...again);
  assert.equal(again[0].verification.state, 'done');
  await again[0].verification.receive(reveal);
  assertFailed(again[0], 'order');
  assert.equal(bob.verification.state, 'idle');
});

test('who does not answer is waited for ten seconds, and nobody is alarmed', async () => {
  const [ann, bob] = pair();
  await ann.verification.start();
  assert.equal(await passes(ann, 9999), 'committed');
  assert.equal(await passes(ann, 1), 'failed');
  assertFailed(ann, 'timeout');
  // What comes too late is passed over; pressed again it goes on.
  await deliver(ann, bob);
  await deliver(bob, ann);
  assertFailed(ann, 'timeout');
  await ann.verification.start();
  await passes(bob, 3000);
  await converse(ann, bob);
  assert.deepEqual([ann.verification.state, bob.verification.state], ['done', 'done']);
  assert.equal(shown(ann), shown(bob));
});

test('a start that comes too soon is answered when the pause is over', async () => {
  const [ann, bob] = pair();
  await ann.verification.start();
  await converse(ann, bob);
  const before = shown(bob);
  ann.clock.now = 5000;
  await ann.verification.start();
  await deliver(ann, bob);
  assert.deepEqual([bob.verification.state, shown(bob)], ['done', before]);
  await passes(bob, 2000);
  await converse(ann, bob);
  assert.deepEqual([ann.verification.state, bob.verification.state], ['done', 'done']);
  assert.equal(shown(ann), shown(bob));
  assert.notEqual(shown(ann), before);
});

test('what is of no form ends it, whatever it is', async () => {
  for (const message of [
    null,
    undefined,
    'commit',
    7,
    [],
    {},
    { step: 'commit' },
    { step: 'commit', hash: 'A'.repeat(64) },
    { step: 'commit', hash: 'a'.repeat(63) },
    { step: 'commit', hash: ['a'.repeat(64)] },
    { step: 'commit', hash: FALSE, to: 'x' },
    { step: 'reveal', nonce: 5, to: FALSE },
    { step: 'reveal', nonce: FALSE },
    { step: 'other', hash: FALSE, nonce: FALSE },
    { __proto__: null },
  ]) {
    const [ann] = pair();
    await ann.verification.receive(message);
    assertFailed(ann, 'malformed');
    assert.deepEqual(ann.sent, []);
  }
});

test('who says more at once than anybody has to say is not listened to', async () => {
  const [ann] = pair();
  const work = Array.from({ length: 9 }, () => ann.verification.receive({ step: 'commit', hash: FALSE }));
  assertFailed(ann, 'order');
  await Promise.all(work);
  assert.deepEqual(ann.sent, []);
});

test('another fingerprint at any time ends it, also after the string was shown', async () => {
  for (const change of [{ local: OF_ANN, remote: OF_ANOTHER }, { local: OF_ANOTHER, remote: OF_BOB }, null]) {
    const [ann, bob] = pair();
    await ann.verification.start();
    ann.connection.seen = change;
    await converse(ann, bob);
    assertFailed(ann, 'fingerprint');
    assert.notEqual(bob.verification.state, 'done', 'nothing was revealed');
    const after = pair();
    await after[0].verification.start();
    await converse(...after);
    after[0].verification.check();
    assert.equal(after[0].verification.state, 'done');
    after[0].connection.seen = change;
    after[0].verification.check();
    assertFailed(after[0], 'fingerprint');
  }
});

test('without a fingerprint, or without a way to the other side, there is no string', async () => {
  const [ann, bob] = pair();
  ann.connection.seen = null;
  await ann.verification.start();
  assertFailed(ann, 'fingerprint');
  const warned = console.warn;
  console.warn = () => {};
  try {
    const lost = new Verification({
      self: BOB,
      other: ANN,
      fingerprints: () => bob.seen,
      send: () => {
        throw new Error('closed');
      },
    });
    await lost.start();
    assert.deepEqual([lost.state, lost.reason], ['failed', 'lost']);
  } finally {
    console.warn = warned;
  }
});

test('a description says one fingerprint of SHA-256, or none counts', () => {
  const line = (/** @type {string} */ hash, algorithm = 'sha-256') => `a=fingerprint:${algorithm} ${hash}\r\n`;
  assert.equal(ofDescription(`v=0\r\n${line(OF_ANN)}m=audio\r\n${line(OF_ANN.toLowerCase(), 'SHA-256')}`), OF_ANN);
  assert.equal(ofDescription(line(OF_ANN) + line(OF_BOB)), null, 'either would do for the connection');
  assert.equal(ofDescription(line(OF_ANN) + line('AB:CD', 'sha-1')), null);
  assert.equal(ofDescription(line('AB:CD')), null);
  assert.equal(ofDescription('v=0\r\n'), null);
  assert.equal(ofDescription(undefined), null);
  const description = (/** @type {string} */ hash) => /** @type {RTCSessionDescription} */ ({ sdp: line(hash) });
  assert.deepEqual(
    ofConnection({ currentLocalDescription: description(OF_ANN), currentRemoteDescription: description(OF_BOB) }),
    { local: OF_ANN, remote: OF_BOB },
  );
  assert.equal(ofConnection({ currentLocalDescription: description(OF_ANN), currentRemoteDescription: null }), null);
});

test('statistics say what the one transport uses', () => {
  const certificate = (/** @type {string} */ id, /** @type {string} */ hash) => ({
    id,
    type: 'certificate',
    fingerprint: hash,
    fingerprintAlgorithm: 'sha-256',
  });
  const transport = { id: 'T', type: 'transport', localCertificateId: 'L', remoteCertificateId: 'R' };
  const all = [certificate('R', OF_BOB), transport, certificate('L', OF_ANN), certificate('X', OF_MALLORY)];
  assert.deepEqual(ofStats(all), { local: OF_ANN, remote: OF_BOB });
  assert.equal(ofStats([...all, { ...transport, id: 'U' }]), null);
  assert.equal(ofStats([transport]), null);
  assert.equal(ofStats([]), null);
});
