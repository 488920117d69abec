/** The way in through a lobby, and every way out that is not one's own. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { comerOf, joinOf, verdictOf } from '../../client/js/call/joining.js';
import { newsText } from '../../client/js/core/news.js';
import { browserId, putAsk, takeAsk } from '../../client/js/core/storage.js';
import { validateClientMessage } from '../../client/js/proto/validate.js';
import { onceItIs } from '../../client/js/core/moment.js';
import { ASK, endingOf } from '../../client/js/ui/endings.js';
import { called, leaveLatest, sockets, welcome } from './call-world.js';

/** @import { Call } from '../../client/js/call/call.js' */

const room = { id: 'tea', name: 'Tea', listed: false, topology: 'sfu', createdAt: 0, people: 1, access: 'lobby' };
const waiting = { type: 'waiting', knock: 7, room };
const BOB = '1c22d4e5f6a7b809';

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  mock.method(console, 'warn', () => {});
});
afterEach(() => {
  leaveLatest();
  mock.timers.reset();
  mock.restoreAll();
});

/** @param {Call} call */
function events(call) {
  /** @type {string[]} */
  const told = [];
  call.on('waiting', ({ room: { name }, knocks }) => told.push(knocks ? `waits for ${name}` : 'knocks again'));
  call.on('welcome', () => told.push('inside'));
  call.on('ended', (why) => told.push(`ended ${why}`));
  call.on('announce', (news) => told.push(newsText(news)));
  return told;
}

/** The first message of the newest socket. */
function joined() {
  const socket = /** @type {any} */ (sockets.at(-1));
  socket.onopen();
  return socket.said.at(-1);
}

test('who is asked to wait waits, for as long as it takes, and comes in on the same socket', () => {
  const { call, server } = called();
  const told = events(call);
  server().says(waiting);
  for (let minutes = 0; minutes < 10; minutes += 1) {
    for (let beat = 0; beat < 6; beat += 1) {
      mock.timers.tick(10_000);
      server().says({ type: 'pong' });
    }
  }
  assert.equal(sockets.length, 1, 'nothing is tried anew');
  assert.deepEqual(told, ['waits for Tea'], 'and nothing is given up');
  assert.ok(
    server().said.every(({ type }) => type === 'ping'),
    'nothing else may be said meanwhile',
  );
  server().says(welcome());
  assert.deepEqual(told, ['waits for Tea', 'inside']);
});

test('who loses the socket while they wait knocks again by themselves', () => {
  const { call, server } = called();
  const told = events(call);
  server().says(waiting);
  /** @type {any} */ (server()).onclose({ code: 1006 });
  mock.timers.tick(10);
  assert.equal(sockets.length, 2);
  assert.equal(joined().type, 'join');
  /** @type {any} */ (server()).onclose({ code: 1006 });
  for (let seconds = 0; seconds < 120; seconds += 1) mock.timers.tick(1000);
  assert.ok(sockets.length > 3, 'as often as it takes');
  for (let tenths = 0; tenths < 200 && server().onmessage === null; tenths += 1) mock.timers.tick(100);
  server().says(waiting);
  server().says({ type: 'error', code: 'not-admitted', message: '' });
  assert.deepEqual(told, ['waits for Tea', 'knocks again', 'waits for Tea', 'ended not-admitted']);
  mock.timers.tick(60_000);
  const tried = sockets.length;
  mock.timers.tick(60_000);
  assert.equal(sockets.length, tried, 'nobody knocks again who was not let in');
});

test('a server that does not answer any more is noticed while one waits', () => {
  const { call, server } = called();
  const told = events(call);
  server().says(waiting);
  mock.timers.tick(10_000);
  mock.timers.tick(10_000);
  assert.deepEqual(told, ['waits for Tea', 'knocks again']);
});

test('who gives up waiting says so', () => {
  const { call, server } = called();
  server().says(waiting);
  call.leave();
  assert.deepEqual(server().said.at(-1), { type: 'leave' });
});

test('who was inside and has to wait anew is nobody any more until they are let in', () => {
  const { call, server } = called({ back: { token: 'old', name: 'Ann', offer: 4 } });
  const told = events(call);
  assert.equal(joined().token, 'old');
  server().says(welcome());
  assert.notEqual(call.pc, null);
  /** @type {any} */ (server()).onclose({ code: 1006 });
  mock.timers.tick(10);
  server().says(waiting);
  assert.equal(call.pc, null, 'they hear and are heard no more');
  assert.equal(call.suspend(), null, 'no token leads back');
  /** @type {any} */ (server()).onclose({ code: 1006 });
  mock.timers.tick(10);
  assert.equal('token' in joined(), false);
  server().says(welcome());
  assert.notEqual(call.pc, null);
  assert.deepEqual(told, ['inside', 'waits for Tea', 'knocks again', 'inside']);
});

test('what is said on the way in has what there is to say, and nothing more', () => {
  const chat = { epoch: 0, revision: 0 };
  const bare = joinOf({ ...comerOf({ room: 'tea', name: 'Ann', back: null }), chat });
  assert.deepEqual(Object.keys(bare), ['type', 'room', 'name', 'protocol', 'chat']);
  const back = /** @type {any} */ ({ token: 't', roomName: 'Tea' });
  const options = { room: 'tea', name: 'Ann', back, secret: 's', browser: 'b', hidesAddress: true, knock: true };
  const full = joinOf({ ...comerOf(options), chat });
  assert.deepEqual(full, {
    ...bare,
    token: 't',
    secret: 's',
    browser: 'b',
    hideAddress: true,
    knock: true,
    roomName: 'Tea',
  });
  assert.ok(validateClientMessage(full).ok);
});

test('every word of the server on the way in and inside leads somewhere', () => {
  const ends = ['unknown-room', 'room-full', 'reload', 'locked', 'banned', 'lobby-full', 'not-admitted', 'ended'];
  for (const code of ends) {
    assert.equal(verdictOf(code, { inside: false, secret: false }), 'over', code);
    assert.notEqual(endingOf(code).title, endingOf('anything').title, `${code} has words of its own`);
  }
  for (const code of ['removed', 'banned', 'ended']) {
    assert.equal(verdictOf(code, { inside: true, secret: true }), 'over', code);
  }
  for (const code of ['locked', 'room-full', 'forbidden', 'not-allowed', 'unknown-knock', 'busy']) {
    assert.equal(verdictOf(code, { inside: true, secret: true }), 'nothing', code);
  }
  const outside = { inside: false, secret: false };
  assert.equal(verdictOf('forbidden', { inside: false, secret: true }), 'guest');
  assert.equal(verdictOf('forbidden', outside), 'over');
  assert.equal(verdictOf('bad-name', outside), 'name');
  assert.deepEqual([verdictOf('busy', outside), verdictOf('rate-limited', outside)], ['later', 'later']);
  assert.equal(verdictOf('rate-limited', { inside: true, secret: false }), 'again');
  assert.equal(verdictOf('too-much-media', { inside: true, secret: false }), 'too-much');
  assert.equal(verdictOf('something-new', outside), 'nothing');
});

test('an end offers a way back only where there is one', () => {
  assert.equal(endingOf('banned').again, ASK);
  for (const code of ['ended', 'not-admitted', 'unknown-room']) assert.equal(endingOf(code).again, '', code);
  for (const code of ['removed', 'left', 'left-lobby', 'room-full']) {
    assert.equal(endingOf(code).again, 'Return to the room', code);
  }
  for (const code of ['locked', 'lobby-full']) assert.equal(endingOf(code).again, 'Try again', code);
  assert.match(endingOf('constructor').text, /constructor/);
});

test('whoever is put out of a call is out: nothing is tried, and no token leads back', () => {
  for (const code of ['removed', 'banned', 'ended']) {
    const { call, server } = called();
    const told = events(call);
    server().says(welcome());
    server().says({ type: 'error', code, message: '', rebuild: false });
    assert.deepEqual(told, ['inside', `ended ${code}`]);
    assert.equal(call.pc, null);
    assert.equal(call.suspend(), null);
    mock.timers.tick(60_000);
    assert.equal(sockets.length, 1);
  }
});

test('who was banned asks, and asks no more once they were let in', () => {
  const { server } = called({ knock: true, browser: 'a-browser' });
  const join = joined();
  assert.deepEqual([join.knock, join.browser], [true, 'a-browser']);
  server().says(welcome());
  /** @type {any} */ (server()).onclose({ code: 1006 });
  mock.timers.tick(10);
  const next = joined();
  assert.deepEqual(['knock' in next, next.browser], [false, 'a-browser']);
});

test('who moderates in a call is heard, and a hand that is raised is told of', () => {
  const { call, devices, server } = called();
  devices.media.set('microphone', true);
  const told = events(call);
  server().says(welcome({ role: 'speaker', grants: ['publish', 'microphone', 'chat'] }));
  const person = { name: 'Bob', state: 'here', role: 'owner', streams: [] };
  const peers = (/** @type {number} */ version, /** @type {object} */ more = {}) => ({
    type: 'peers',
    version,
    peers: [
      { ...person, id: call.state.self, name: 'Ann' },
      { ...person, id: BOB, ...more },
    ],
  });
  server().says(peers(1));
  server().says(peers(2, { hand: 1 }));
  server().says({ type: 'muted', stream: 'camera', kind: 'audio', by: 'Bob' });
  assert.deepEqual(told, ['inside', 'Bob raised a hand', 'Bob muted your microphone']);
  assert.deepEqual(server().said.at(-1), { type: 'mute', stream: 'camera', kind: 'audio', muted: true });
  call.hands.raise(true);
  assert.deepEqual(server().said.at(-1), { type: 'hand', raised: true });
  server().says({ type: 'granted', role: 'listener', grants: ['publish'] });
  assert.equal(call.chat.mayWrite, false, 'who may not write knows');
});

test('who may not be heard is not, though the microphone was on at the door', () => {
  const { devices, server } = called();
  devices.media.set('microphone', true);
  devices.media.set('camera', true);
  server().says(welcome({ role: 'listener', grants: ['publish', 'subscribe', 'chat'] }));
  assert.deepEqual(devices.on, { camera: false, microphone: false, screen: false });
  const unmuted = server().said.filter(({ type, muted }) => type === 'mute' && muted === false);
  assert.deepEqual(unmuted, [], 'the server is not asked for what it refuses');
});

/** @param {Map<string, string>} kept */
const storeOf = (kept) => ({
  getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
  setItem: (/** @type {string} */ key, /** @type {string} */ value) => void kept.set(key, value),
  removeItem: (/** @type {string} */ key) => void kept.delete(key),
});

test('that one asks outlives one reload, and no more', () => {
  const store = storeOf(new Map());
  assert.equal(takeAsk(store, 'tea'), false);
  putAsk(store, 'tea');
  assert.deepEqual([takeAsk(store, 'milk'), takeAsk(store, 'tea'), takeAsk(store, 'tea')], [false, true, false]);
  const broken = {
    getItem: () => {
      throw new Error('no');
    },
    setItem: () => {
      throw new Error('no');
    },
    removeItem: () => {},
  };
  putAsk(broken, 'tea');
  assert.equal(takeAsk(broken, 'tea'), false);
});

test('a browser has one name at every visit, as the server takes it, also where nothing is kept', () => {
  /** @type {Map<string, string>} */
  const kept = new Map();
  const browse = (/** @type {object | undefined} */ localStorage) =>
    Object.defineProperty(globalThis, 'localStorage', { value: localStorage, configurable: true });
  browse(storeOf(kept));
  const name = browserId();
  assert.match(name, /^[A-Za-z0-9_-]{22}$/);
  assert.equal(browserId(), name);
  kept.set('plenary.browser', 'too short');
  assert.match(browserId(), /^[A-Za-z0-9_-]{22}$/, 'what somebody wrote there is not believed');
  kept.set('plenary.browser', 'k'.repeat(30));
  assert.equal(browserId(), 'k'.repeat(30));
  browse(undefined);
  const without = browserId();
  assert.match(without, /^[A-Za-z0-9_-]{22}$/);
  assert.equal(browserId(), without, 'for as long as the page is open');
});

test('who has an invitation that is not good reads what is wrong with it', () => {
  const { call, server } = called();
  const told = events(call);
  /** @type {string[]} */
  const faults = [];
  call.on('pass-refused', (reason) => faults.push(reason));
  server().says({ type: 'error', code: 'bad-pass', message: '', rebuild: false, reason: 'expired' });
  assert.deepEqual([told, faults], [['ended bad-pass'], ['expired']]);
  const texts = ['expired', 'not-yet', 'other-room', 'bad'].map((fault) => endingOf('bad-pass', { fault }).text);
  assert.equal(new Set(texts).size, 4, texts.join());
  assert.equal(endingOf('bad-pass', { fault: 'something-new' }).text, endingOf('bad-pass').text);
  assert.equal(endingOf('bad-pass', { fault: 'constructor' }).text, endingOf('bad-pass').text);
});

test('a room that has ended is not offered to be made, and has words of its own', () => {
  assert.equal(endingOf('gone').again, '');
  assert.notEqual(endingOf('gone').title, endingOf('unknown-room').title);
});

test('what waits for a moment waits for one that is further away than timers count', () => {
  let now = 0;
  let done = 0;
  /** @type {{ act: () => void, at: number }[]} */
  const timers = [];
  const clock = {
    now: () => now,
    later: (/** @type {() => void} */ act, /** @type {number} */ after) => timers.push({ act, at: now + after }),
  };
  const moment = 40 * 86_400_000 + 5;
  onceItIs(moment, () => (done += 1), clock);
  for (let timer = timers.shift(); timer; timer = timers.shift()) {
    assert.ok(timer.at - now < 2 ** 31 && done === 0);
    now = timer.at;
    timer.act();
  }
  assert.deepEqual([done, now], [1, moment]);
});

test('where everybody needs an invitation the page knows it, from the server or from the room', () => {
  const { call, server } = called();
  server().says(welcome());
  assert.equal(call.moderation.needsPass, false);
  server().says({ type: 'room', access: 'token', locked: false, screens: 'everybody' });
  assert.equal(call.moderation.needsPass, true);
  server().says({ type: 'room', access: 'open', locked: false, screens: 'everybody' });
  assert.equal(call.moderation.needsPass, false);
  const hello = welcome();
  server().says({ ...hello, room: { ...hello.room, passNeeded: true } });
  assert.equal(call.moderation.needsPass, true);
});
