import assert from 'node:assert/strict';
import { test } from 'node:test';

import { begun, due, inFlight, PATIENCE, PAUSE, step } from '../../client/js/rtc/comparison.js';

/** @import { Comparison, Fresh, Happening, Message } from '../../client/js/rtc/comparison.js' */

/**
 * Two sides, what is on its way between them, and what anybody may do yet.
 * @typedef {object} World
 * @property {[Readonly<Comparison>, Readonly<Comparison>]} sides Of which the second yields.
 * @property {[Message[], Message[]]} sent By each, not yet come.
 * @property {[number, number]} presses That each may make.
 * @property {number} steps Of a second, that may pass.
 * @property {number} now
 * @property {number} drawn Numbers that were drawn.
 */

/** @param {number} presses @param {number} steps @returns {World} */
const world = (presses, steps) => ({
  sides: [begun(false), begun(true)],
  sent: [[], []],
  presses: [presses, presses],
  steps,
  now: 0,
  drawn: 0,
});

/** What a number is committed to with: nobody else makes the same. @param {string} nonce */
const commitTo = (nonce) => `H(${nonce})`;

/** @typedef {(fresh: Fresh) => Happening} Made */

/**
 * @param {World} before
 * @param {0 | 1} side
 * @param {Made} made
 * @returns {World}
 */
function happens(before, side, made) {
  const nonce = `n${before.drawn + 1}`;
  const fresh = { nonce, hash: commitTo(nonce) };
  const { state, say } = step(before.sides[side], made(fresh), before.now);
  /** @type {World} */
  const after = { ...before, sides: [...before.sides], sent: [...before.sent], drawn: before.drawn + 1 };
  after.sides[side] = state;
  after.sent[side] = [...after.sent[side], ...say];
  return after;
}

/** The next message to a side comes. @param {World} before @param {0 | 1} to */
function comes(before, to) {
  const from = /** @type {0 | 1} */ (1 - to);
  const [message, ...rest] = before.sent[from];
  assert.ok(message);
  /** @type {World} */
  const less = { ...before, sent: [...before.sent] };
  less.sent[from] = rest;
  return happens(less, to, (fresh) => {
    if (message.step === 'reveal') return { ...message, type: 'reveal', made: commitTo(message.nonce) };
    return { ...message, type: 'commit', fresh };
  });
}

/** @param {World} before @param {number} millis */
function passes(before, millis) {
  let after = { ...before, now: before.now + millis };
  for (const side of /** @type {const} */ ([0, 1])) {
    if (due(after.sides[side]) <= after.now) after = happens(after, side, (fresh) => ({ type: 'time', fresh }));
  }
  return after;
}

/** All that may happen next. @param {World} before @returns {World[]} */
function next(before) {
  const all = [];
  for (const side of /** @type {const} */ ([0, 1])) {
    if (before.presses[side] > 0) {
      const after = happens(before, side, (fresh) => ({ type: 'press', fresh }));
      const [one, two] = before.presses;
      after.presses = side === 0 ? [one - 1, two] : [one, two - 1];
      all.push(after);
    }
    if ((before.sent[1 - side]?.length ?? 0) > 0) all.push(comes(before, side));
  }
  if (before.steps > 0) all.push({ ...passes(before, PAUSE / 2), steps: before.steps - 1 });
  return all;
}

/** All that was said comes, and the pauses end. @param {World} from */
function settled(from) {
  let state = from;
  for (let round = 0; round < 3; round += 1) {
    while (state.sent[0].length + state.sent[1].length > 0) state = comes(state, state.sent[0].length > 0 ? 1 : 0);
    state = passes(state, PAUSE);
  }
  return state;
}

/** Two worlds that differ by names only are one. @param {World} one */
function nameOf({ sides, sent, presses, steps, now }) {
  /** @type {Map<string, number>} */
  const names = new Map();
  const text = JSON.stringify([sides.map((side) => ({ ...side, since: now - side.since })), sent, presses, steps]);
  return text.replaceAll(/n\d+/g, (name) => {
    if (!names.has(name)) names.set(name, names.size);
    return `#${names.get(name)}`;
  });
}

/** @param {World} from @param {(state: World) => void} look @returns {number} How many there are. */
function everything(from, look) {
  const seen = new Set([nameOf(from)]);
  const open = [from];
  for (let state = open.pop(); state; state = open.pop()) {
    look(state);
    for (const after of next(state)) {
      const name = nameOf(after);
      if (seen.has(name)) continue;
      seen.add(name);
      open.push(after);
    }
  }
  return seen.size;
}

/** @param {World} state */
const phases = ({ sides }) => sides.map(({ phase, reason }) => `${phase} ${reason ?? ''}`.trim());

test('whoever presses when, and whatever crosses: both show the same, or nobody began', () => {
  const count = everything(world(2, 4), (state) => {
    for (const phase of phases(state)) assert.ok(!phase.startsWith('failed'), 'nobody is alarmed');
    const end = settled(state);
    const [one, two] = end.sides;
    assert.deepEqual(phases(end), state.drawn === 0 || one.phase === 'idle' ? ['idle', 'idle'] : ['done', 'done']);
    assert.deepEqual([one.theirs, two.theirs], [two.own.hash, one.own.hash], 'of the same attempt');
    assert.equal(one.held + two.held, '');
  });
  assert.ok(count > 1000, `${count} states`);
});

test('also if one of them was away for longer than anybody waits nobody is alarmed, and the next attempt is good', () => {
  everything(world(2, 2), (state) => {
    const end = settled(passes(state, PATIENCE));
    for (const { phase, reason } of end.sides) {
      if (phase === 'failed') assert.equal(reason, 'timeout');
    }
    const later = settled(passes(end, PATIENCE));
    assert.ok(!later.sides.some(inFlight), 'nobody waits for ever');
    const again = settled(happens(passes(later, PAUSE), 0, (fresh) => ({ type: 'press', fresh })));
    assert.deepEqual(phases(again), ['done', 'done']);
    assert.equal(again.sides[0].theirs, again.sides[1].own.hash);
  });
});

test('a number is revealed once, and after the commit that it is for', () => {
  everything(world(2, 3), (state) => {
    for (const side of /** @type {const} */ ([0, 1])) {
      const reveals = state.sent[side].filter((message) => message.step === 'reveal');
      assert.equal(new Set(reveals.map(({ nonce }) => nonce)).size, reveals.length);
    }
  });
  const fresh = { nonce: 'n', hash: commitTo('n') };
  const { state } = step(begun(false), { type: 'press', fresh }, 0);
  const start = step(state, { type: 'commit', hash: 'other', fresh: { nonce: 'm', hash: commitTo('m') } }, 0);
  assert.deepEqual(start, { state, say: [] }, 'the start of the smaller id goes on, with nothing revealed');
});

test('nothing is done by whoever presses while it is under way, or was done just now', () => {
  const fresh = { nonce: 'n', hash: commitTo('n') };
  const { state } = step(begun(false), { type: 'press', fresh }, 0);
  const again = { nonce: 'm', hash: commitTo('m') };
  assert.equal(step(state, { type: 'press', fresh: again }, PAUSE).state, state);
  const done = { ...state, phase: /** @type {const} */ ('done'), since: 100 };
  assert.equal(step(done, { type: 'press', fresh: again }, 99 + PAUSE).state, done);
  assert.equal(step(done, { type: 'press', fresh: again }, 100 + PAUSE).state.phase, 'committed');
});
