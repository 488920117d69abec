import assert from 'node:assert/strict';
import test from 'node:test';
import { isAway, isSilent } from '../../client/js/call/reach.js';
import {
  EMPTY,
  formatWords,
  isFrameOfOwner,
  presenceChanges,
  reduce,
  remotePictures,
  tileChanges,
  tilesOf,
} from '../../client/js/call/room-state.js';
import { newsText, sentenceOf } from '../../client/js/core/news.js';
import { textOf } from '../../client/js/core/sentence.js';

/** @import { PeerInfo, Peers, Slots, Welcome } from '../../client/js/proto/messages.js' */

const ANN = '00000000000000aa';
const BOB = '00000000000000bb';
const EVE = '00000000000000ee';

/** @type {(peer: string, resumed?: boolean) => Welcome} */
const welcome = (peer, resumed = false) => ({
  type: 'welcome',
  peer,
  token: 't',
  resumed,
  media: resumed,
  room: { id: 'demo', name: 'Demo', listed: false, topology: 'sfu', createdAt: 0, people: 1 },
  slots: { pairs: 5, audioOnly: 3, videoSteps: [5] },
  iceServers: [],
});
/** @type {(version: number, ...peers: PeerInfo[]) => Peers} */
const peers = (version, ...list) => ({ type: 'peers', version, peers: list });
/** @type {(version: number, peer: string, slot?: number) => Slots} */
const slots = (version, peer, slot = 0) => ({
  type: 'slots',
  version,
  video: [{ slot, peer, stream: 'camera', since: 7 }],
  audio: [],
});
/** @type {(id: string, name: string, more?: Partial<PeerInfo>) => PeerInfo} */
const person = (id, name, more = {}) => ({
  id,
  name,
  state: 'here',
  streams: [{ stream: 'camera', audio: { muted: false }, video: { muted: false } }],
  ...more,
});

/** @param {...(Welcome | Peers | Slots)} messages */
const after = (...messages) => messages.reduce(reduce, EMPTY);

test('everybody else has a tile, with their picture where the server puts it', () => {
  const state = after(
    welcome(ANN),
    peers(1, person(ANN, 'Ann'), person(BOB, 'Bob'), person(EVE, 'Eve')),
    slots(1, EVE, 3),
  );
  assert.deepEqual(
    tilesOf(state).map(({ label, slot }) => [label, slot]),
    [
      ['Bob', null],
      ['Eve', { slot: 3, since: 7 }],
    ],
  );
  assert.equal(remotePictures(state), 2);
});

test('who only watches has a tile too, without a picture', () => {
  const [tile] = tilesOf(after(welcome(ANN), peers(1, person(BOB, 'Bob', { streams: [] }))));
  assert.equal(tile?.label, 'Bob');
  assert.ok(tile?.cameraOff && tile.micMuted);
});

test('a shared screen comes first and says whose it is', () => {
  const streams = [...person(EVE, '').streams, { stream: /** @type {const} */ ('screen'), video: { muted: false } }];
  const state = after(welcome(ANN), peers(1, person(BOB, 'Bob'), person(EVE, 'Eve', { streams })));
  assert.deepEqual(
    tilesOf(state).map(({ label }) => label),
    ["Eve's screen", 'Bob', 'Eve'],
  );
});

/** @type {(id: string, name: string, muted: boolean) => PeerInfo} */
const sharing = (id, name, muted) =>
  person(id, name, { streams: [...person(id, name).streams, { stream: 'screen', video: { muted } }] });

test('who stops sharing has no screen on the stage any more, and both are told', () => {
  const shares = tilesOf(after(welcome(ANN), peers(1, sharing(BOB, 'Bob', false))));
  const stopped = tilesOf(after(welcome(ANN), peers(1, sharing(BOB, 'Bob', true))));
  assert.deepEqual(
    [shares, stopped].map((tiles) => tiles.map(({ label }) => label)),
    [["Bob's screen", 'Bob'], ['Bob']],
  );
  assert.deepEqual(tileChanges(stopped, shares).map(newsText), ['Bob shares a screen']);
  assert.deepEqual(tileChanges(shares, stopped).map(newsText), ['Bob stopped sharing']);
  assert.deepEqual(tileChanges(shares, shares), []);
});

test('a name from right to left is the bare label of its tile, and stands apart in every sentence', () => {
  const [screen, camera] = tilesOf(after(welcome(ANN), peers(1, sharing(BOB, 'محمد علي', false))));
  assert.equal(camera?.label, 'محمد علي');
  assert.equal(screen?.label, "\u2068محمد علي\u2069's screen");
  assert.deepEqual(screen?.title, ['', 'محمد علي', "'s screen"]);
  const here = after(welcome(ANN), peers(1, person(BOB, 'נועה')));
  const lost = reduce(here, peers(2, person(BOB, 'נועה', { state: 'reconnecting' })));
  assert.deepEqual(presenceChanges(here, lost).map(sentenceOf), [['', 'נועה', ' is reconnecting']]);
  const silent = reduce(here, peers(2, person(BOB, 'נועה', { state: 'no-media' })));
  assert.deepEqual(presenceChanges(here, silent).map(sentenceOf), [
    ['', 'נועה', ' cannot be seen or heard at present'],
  ]);
});

test('sound without a picture is no screen to look at', () => {
  const streams = [...person(BOB, '').streams, { stream: /** @type {const} */ ('screen'), audio: { muted: false } }];
  assert.equal(tilesOf(after(welcome(ANN), peers(1, person(BOB, 'Bob', { streams })))).length, 1);
});

test('a picture this browser cannot play is said in words, once, and not when the camera is off', () => {
  const blocked = slots(1, BOB);
  for (const slot of blocked.video) Object.assign(slot, { since: null, blocked: 'codec' });
  const here = tilesOf(after(welcome(ANN), peers(1, person(BOB, 'Bob'))));
  const tiles = tilesOf(after(welcome(ANN), peers(1, person(BOB, 'Bob')), blocked));
  assert.equal(tiles[0]?.blocked, true);
  assert.deepEqual(tileChanges(here, tiles).map(newsText), [
    "Bob's video is being changed to a format this browser can play",
  ]);
  assert.deepEqual(tileChanges(tiles, tiles), []);
  const off = [{ stream: /** @type {const} */ ('camera'), video: { muted: true } }];
  const [muted] = tilesOf(after(welcome(ANN), peers(1, person(BOB, 'Bob', { streams: off })), blocked));
  assert.equal(muted?.blocked, false);
  assert.equal(
    textOf(formatWords({ name: 'Bob', stream: 'screen' }).late),
    "Bob's screen cannot be played by this browser",
  );
});

test('an older list never replaces a newer one', () => {
  const newer = after(welcome(ANN), peers(5, person(BOB, 'Bob')), slots(9, BOB, 1));
  assert.equal(reduce(newer, peers(4)), newer);
  assert.equal(reduce(newer, slots(8, EVE)), newer);
});

test('a restarted server counts from the beginning and is believed', () => {
  const old = after(welcome(ANN), peers(500, person(ANN, 'Ann'), person(BOB, 'Bob')), slots(500, BOB));
  const state = [welcome(EVE), peers(1, person(EVE, 'Ann'))].reduce(reduce, old);
  assert.equal(state.self, EVE);
  assert.deepEqual(tilesOf(state), []);
});

test('a socket that was taken over changes nothing that is shown', () => {
  const before = after(welcome(ANN), peers(3, person(ANN, 'Ann'), person(BOB, 'Bob')), slots(2, BOB));
  assert.deepEqual(tilesOf(reduce(before, welcome(ANN, true))), tilesOf(before));
});

test('who is reconnecting or back is told by name, and nobody about themselves', () => {
  const here = after(welcome(ANN), peers(1, person(ANN, 'Ann'), person(BOB, 'Bob')));
  const lost = reduce(
    here,
    peers(2, person(ANN, 'Ann', { state: 'reconnecting' }), person(BOB, 'Bob', { state: 'reconnecting' })),
  );
  assert.deepEqual(presenceChanges(here, lost).map(newsText), ['Bob is reconnecting']);
  assert.deepEqual(presenceChanges(lost, here).map(newsText), ['Bob is back']);
  assert.deepEqual(presenceChanges(EMPTY, lost), []);
});

test('a frame of the previous owner is told from one of the new owner, also where timestamps wrap', () => {
  assert.equal(isFrameOfOwner(1000, 1000), true);
  assert.equal(isFrameOfOwner(999, 1000), false);
  assert.equal(isFrameOfOwner(5, 2 ** 32 - 5), true);
  assert.equal(isFrameOfOwner(2 ** 32 - 5, 5), false);
});

test('a page left open over an upgrade does without what it does not know', () => {
  const news = /** @type {any} */ ({
    state: 'on-the-moon',
    streams: [{ stream: 'hologram', video: { muted: false } }],
  });
  const state = after(welcome(ANN), peers(1, person(ANN, 'Ann'), person(BOB, 'Bob')), slots(1, BOB));
  const later = reduce(state, peers(2, person(ANN, 'Ann'), person(BOB, 'Bob', news), person(EVE, 'Eve')));
  assert.deepEqual(
    tilesOf(later).map(({ label, stream, absent }) => [label, stream, absent]),
    [
      ['Bob', 'camera', null],
      ['Eve', 'camera', null],
    ],
  );
  assert.deepEqual(presenceChanges(state, later), []);
});

test('who has the floor is marked, on their own tile and no other, until somebody else has it or nobody', () => {
  const [ann, bob] = ['0000000000000001', '0000000000000002'];
  const streams = (/** @type {('camera' | 'screen')[]} */ ...all) =>
    all.map((stream) => ({ stream, audio: { muted: false }, video: { muted: false } }));
  const here = /** @type {const} */ ('here');
  const inside = reduce(EMPTY, {
    type: 'peers',
    version: 1,
    peers: [
      { id: ann, name: 'Ann', state: here, streams: streams('camera', 'screen') },
      { id: bob, name: 'Bob', state: here, streams: streams('camera') },
    ],
  });
  const speaking = (/** @type {typeof inside} */ state) =>
    tilesOf(state)
      .filter((tile) => tile.speaking)
      .map(({ key }) => key);
  assert.deepEqual(speaking(inside), []);
  const first = reduce(inside, { type: 'speaker', peer: ann });
  assert.deepEqual(speaking(first), [`${ann}/camera`]);
  assert.deepEqual(speaking(reduce(first, { type: 'speaker', peer: bob })), [`${bob}/camera`]);
  assert.deepEqual(speaking(reduce(first, { type: 'speaker' })), []);
  assert.deepEqual(speaking(reduce(first, { type: 'speaker', peer: '0000000000000009' })), [], 'somebody who left');
});

test('what is muted as the server says is not heard, and everybody is while the server is away', () => {
  const camera = /** @type {const} */ ({ stream: 'camera', audio: { muted: true } });
  const screen = (/** @type {boolean} */ muted) =>
    /** @type {const} */ ({ stream: 'screen', audio: { muted: false }, video: { muted } });
  const state = after(
    welcome(ANN),
    peers(1, person(ANN, 'Ann'), person(BOB, 'Bob', { streams: [camera, screen(true)] }), person(EVE, 'Eve')),
  );
  assert.equal(isSilent(state, BOB, 'camera'), true);
  assert.equal(isSilent(state, BOB, 'screen'), true, 'of a screen that is not shared');
  assert.equal(isSilent(state, EVE, 'camera'), false);
  assert.equal(isSilent(state, EVE, 'screen'), true, 'nothing is known of it');
  const shares = reduce(state, peers(2, person(BOB, 'Bob', { streams: [camera, screen(false)] })));
  assert.equal(isSilent(shares, BOB, 'screen'), false);
  const away = reduce(state, { type: 'away' });
  assert.equal(isSilent(away, BOB, 'camera'), false);
  assert.deepEqual([isAway(state, BOB), isAway(away, BOB)], [false, true]);
  const lost = reduce(state, peers(2, person(BOB, 'Bob', { state: 'reconnecting' })));
  assert.deepEqual([isAway(lost, BOB), isAway(lost, EVE)], [true, false], 'the server says who has lost it');
  const back = reduce(away, welcome(ANN, true));
  assert.equal(isSilent(back, BOB, 'camera'), false, 'the list is the old one');
  assert.equal(isSilent(reduce(back, peers(1, person(BOB, 'Bob', { streams: [camera] }))), BOB, 'camera'), true);
});
