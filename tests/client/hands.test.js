/** Raised hands: in which order, and whom one believes when the server is away. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { AWAITED, handChanges, Hands, handsOf, handWords } from '../../client/js/call/hands.js';
import { EMPTY, handOf, reduce, tilesOf } from '../../client/js/call/room-state.js';
import { newsText } from '../../client/js/core/news.js';
import { inOrder, personWords } from '../../client/js/ui/people-panel.js';

/** @import { PeerInfo } from '../../client/js/proto/messages.js' */

const ANN = '00000000000000aa';
const BOB = '00000000000000bb';
const CID = '00000000000000cc';

/** @type {(id: string, hand?: number) => PeerInfo} */
const person = (id, hand) => ({
  id,
  name: { [ANN]: 'Ann', [BOB]: 'Bob', [CID]: 'Cid' }[id] ?? id,
  state: 'here',
  streams: [],
  ...(hand === undefined ? {} : { hand }),
});

/** Ann's page with a clock, a socket and a direct connection of paper. */
function page() {
  const world = {
    isUp: true,
    now: 0,
    sent: /** @type {boolean[]} */ ([]),
    beside: /** @type {boolean[]} */ ([]),
    directly: /** @type {string[]} */ ([]),
    lowered: 0,
  };
  /** @type {{ action: () => void, at: number }[]} */
  let timers = [];
  const hands = new Hands({
    send: ({ raised }) => {
      if (world.isUp) world.sent.push(raised);
      return world.isUp;
    },
    beside: ({ raised }) => world.beside.push(raised),
    isUp: () => world.isUp,
    later: (action, delay) => {
      timers.push({ action, at: world.now + delay });
      return /** @type {any} */ (0);
    },
  });
  hands.on('directly', ({ peer, raised }) => world.directly.push(`${peer} ${raised}`));
  hands.on('lowered', () => (world.lowered += 1));
  const pass = (/** @type {number} */ millis) => {
    world.now += millis;
    const due = timers.filter(({ at }) => at <= world.now);
    timers = timers.filter((timer) => !due.includes(timer));
    for (const { action } of due) action();
  };
  const lists = (/** @type {PeerInfo[]} */ ...peers) => hands.told(ANN, peers);
  hands.welcomed(false);
  return { hands, world, pass, lists, timers: () => timers.length };
}

test('whoever raised a hand first is the first, and whom only their browser tells of is the last', () => {
  const peers = [person(ANN, 9), person(BOB, 3), person(CID)];
  assert.deepEqual(handsOf(peers, {}), [BOB, ANN]);
  assert.deepEqual(handsOf(peers, { [CID]: true }), [BOB, ANN, CID]);
  assert.deepEqual(handsOf(peers, { [CID]: true, [BOB]: false }), [ANN, CID]);
  assert.deepEqual(handsOf(peers, { nobody: true }), [BOB, ANN], 'of those who are not here nothing holds');
});

test('the server’s list comes before what browsers say', () => {
  let state = reduce(EMPTY, { type: 'peers', version: 1, peers: [person(ANN), person(BOB, 3), person(CID)] });
  state = reduce(state, { type: 'hand', peer: CID, raised: true });
  state = reduce(state, { type: 'hand', peer: BOB, raised: false });
  assert.deepEqual(state.hands, [CID]);
  state = reduce(state, { type: 'peers', version: 2, peers: [person(ANN), person(BOB, 3), person(CID)] });
  assert.deepEqual(state.hands, [BOB]);
  state = reduce(state, { type: 'hand', peer: CID, raised: true });
  assert.deepEqual(state.hands, [BOB, CID], 'what was said before the list is forgotten');
});

test('a raised hand is on the tile of whoever raised it, with its place, and announced once', () => {
  const before = reduce(EMPTY, { type: 'peers', version: 1, peers: [person(ANN), person(BOB, 1)] });
  const after = reduce(before, { type: 'peers', version: 2, peers: [person(ANN, 7), person(BOB, 1), person(CID, 5)] });
  const state = { ...after, self: ANN };
  assert.deepEqual(
    tilesOf(state).map(({ name, hand }) => [name, hand]),
    [
      ['Bob', 1],
      ['Cid', 2],
    ],
  );
  assert.equal(handOf(state, ANN), 3);
  assert.equal(handWords(3), 'Hand raised, number 3');
  assert.deepEqual(handChanges(before, after).map(newsText), ['Ann raised a hand'], 'who comes with one is no news');
  assert.deepEqual(handChanges({ ...before, self: ANN }, state), [], 'one’s own is none either');
  assert.deepEqual(handChanges(after, after), []);
});

test('in the list raised hands come first, then oneself', () => {
  const peers = [person(BOB), person(ANN), person(CID, 4)];
  const names = (/** @type {string[]} */ hands) => inOrder({ self: ANN, peers, hands }).map(({ name }) => name);
  assert.deepEqual(names([]), ['Ann', 'Bob', 'Cid']);
  assert.deepEqual(names([CID]), ['Cid', 'Ann', 'Bob']);
  assert.deepEqual(names([CID, BOB, ANN]), ['Cid', 'Bob', 'Ann']);
  const on = { muted: false };
  const bob = {
    ...person(BOB),
    role: 'moderator',
    streams: [{ stream: /** @type {const} */ ('camera'), audio: on, video: on }],
  };
  assert.equal(
    personWords(bob, { self: ANN, direct: [], hands: [CID, BOB] }),
    'through the server · moderator · hand raised, number 2',
  );
});

test('one’s own hand is up at once, and an older list does not take it down', () => {
  const { hands, world, pass, lists } = page();
  hands.raise(true);
  assert.equal(hands.raised, true);
  assert.deepEqual([world.sent, world.beside], [[true], [true]]);
  lists(person(ANN), person(BOB));
  assert.equal(hands.raised, true, 'that list was on its way');
  lists(person(ANN, 1));
  hands.raise(true);
  assert.deepEqual(world.sent, [true], 'nothing is said twice');
  lists(person(ANN));
  assert.deepEqual([hands.raised, world.lowered], [false, 1], 'somebody lowered it');
  hands.raise(true);
  pass(3000);
  assert.equal(hands.raised, false, 'the server did not take it');
});

test('what is done while the server is away is said when it is back', () => {
  const { hands, world, lists, pass } = page();
  lists(person(ANN));
  world.isUp = false;
  hands.raise(true);
  pass(60_000);
  assert.deepEqual([hands.raised, world.sent, world.beside], [true, [], [true]]);
  world.isUp = true;
  hands.welcomed(true);
  assert.deepEqual(world.sent, [true]);
  lists(person(ANN, 1));
  hands.welcomed(false);
  assert.deepEqual(world.sent, [true, true], 'a server that was started anew has forgotten it');
  lists(person(ANN, 1));
  hands.welcomed(true);
  assert.deepEqual(world.sent, [true, true], 'one that knows it is not told again');
  assert.equal(world.lowered, 0);
});

test('a page that was loaded again learns from the list that its hand is up', () => {
  const { hands, world, lists } = page();
  hands.welcomed(true);
  lists(person(ANN, 2));
  assert.deepEqual([hands.raised, world.sent], [true, []]);
  hands.connected();
  assert.deepEqual(world.beside, [true], 'a new direct connection is told');
  hands.raise(false);
  hands.connected();
  assert.deepEqual(world.beside, [true, false]);
});

test('what another browser says is believed where the server says nothing of it', () => {
  const { hands, world, pass, lists } = page();
  lists(person(ANN), person(BOB));
  hands.heardDirectly(BOB, { type: 'hand', raised: true });
  lists(person(ANN), person(BOB));
  assert.deepEqual(world.directly, [], 'the server may yet say it');
  lists(person(ANN), person(BOB, 1));
  pass(AWAITED);
  assert.deepEqual(world.directly, [], 'it did');
  hands.heardDirectly(BOB, { type: 'hand', raised: false });
  pass(AWAITED);
  assert.deepEqual(world.directly, [`${BOB} false`], 'it did not');
  world.directly.length = 0;
  lists(person(ANN), person(BOB, 1));
  hands.heardDirectly(BOB, { type: 'hand', raised: false });
  lists(person(ANN), person(BOB, 1));
  pass(AWAITED);
  assert.deepEqual(world.directly, [`${BOB} false`], 'a list that was on its way says nothing of it');
  world.isUp = false;
  hands.heardDirectly(BOB, { type: 'hand', raised: true });
  pass(200);
  assert.deepEqual(world.directly, [`${BOB} false`, `${BOB} true`], 'while it is away nobody waits for it');
});

test('what is no word is passed over, and who says much costs no more than who says little', () => {
  const { hands, world, pass, lists, timers } = page();
  lists(person(ANN), person(BOB));
  for (const raised of [undefined, null, 1, 'true', {}]) hands.heardDirectly(BOB, { type: 'hand', raised });
  assert.equal(timers(), 0);
  for (let word = 0; word < 1000; word += 1) hands.heardDirectly(BOB, { type: 'hand', raised: word % 2 === 1 });
  assert.equal(timers(), 1);
  pass(AWAITED);
  assert.deepEqual(world.directly, [`${BOB} true`], 'the last word holds');
});
