/** What a page does when its rights change, when somebody mutes it, and when somebody waits. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { Moderation } from '../../client/js/call/moderation.js';
import { newsText } from '../../client/js/core/news.js';
import { textOf } from '../../client/js/core/sentence.js';
import { Announcer } from '../../client/js/ui/announcer.js';
import { knockWords, othersWords } from '../../client/js/ui/lobby-notice.js';
import { FakeDevices, welcome } from './call-world.js';

/** @import { ServerMessage, Welcome } from '../../client/js/proto/messages.js' */
/** @import { Said } from '../../client/js/ui/announcer.js' */

const SPEAKS = ['publish', 'microphone', 'camera', 'screen', 'subscribe', 'chat'];
const LISTENS = ['publish', 'subscribe', 'chat'];

/** Bob's page, which may speak, with everything on. */
function page() {
  const devices = new FakeDevices();
  const world = { now: 1000, isUp: true, sent: /** @type {object[]} */ ([]), said: /** @type {string[]} */ ([]) };
  const knocked = /** @type {string[]} */ ([]);
  const moderation = new Moderation({
    send: (message) => {
      if (world.isUp) world.sent.push(message);
      return world.isUp;
    },
    media: /** @type {any} */ (devices.media),
    share: /** @type {any} */ (devices.share),
    now: () => world.now,
  });
  moderation.on('say', (news) => world.said.push(newsText(news)));
  moderation.on('knocked', ({ name }) => knocked.push(name));
  const hears = (/** @type {object} */ message) => moderation.hear(/** @type {ServerMessage} */ (message));
  const enters = (/** @type {object} */ more = {}) =>
    moderation.welcomed(/** @type {Welcome} */ (welcome({ role: 'speaker', grants: SPEAKS, ...more })));
  enters();
  devices.media.set('camera', true);
  devices.media.set('microphone', true);
  devices.share.start();
  return { moderation, devices, world, knocked, hears, enters };
}

test('whoever is muted is muted as by their own hand, and knows by whom', () => {
  const { devices, world, hears } = page();
  hears({ type: 'muted', stream: 'camera', kind: 'audio', by: 'Ann' });
  assert.deepEqual(devices.on, { camera: true, microphone: false, screen: true });
  hears({ type: 'muted', stream: 'screen', kind: 'audio', by: 'Ann' });
  assert.equal(devices.on.screen, true, 'the sound of a screen alone does not end it');
  hears({ type: 'muted', stream: 'screen', kind: 'video', by: 'Ann' });
  hears({ type: 'muted', stream: 'camera', kind: 'video', by: 'Ann' });
  assert.deepEqual(devices.on, { camera: false, microphone: false, screen: false });
  assert.deepEqual(world.said, ['Ann muted your microphone', 'Ann stopped your screen', 'Ann turned off your camera']);
  hears({ type: 'muted', stream: 'camera', kind: 'audio', by: 'Ann' });
  assert.equal(world.said.length, 3, 'what was off is no news');
  devices.media.set('microphone', true);
  assert.equal(devices.on.microphone, true, 'they unmute themselves');
});

test('a listener sends nothing, cannot, and is told when that is over', () => {
  const { moderation, devices, world, hears } = page();
  hears({ type: 'granted', role: 'listener', grants: LISTENS });
  assert.deepEqual(devices.on, { camera: false, microphone: false, screen: false });
  devices.media.set('microphone', true);
  devices.share.start();
  assert.deepEqual(devices.on, { camera: false, microphone: false, screen: false });
  assert.equal(moderation.forbids('microphone'), 'Only speakers may be heard here');
  hears({ type: 'granted', role: 'speaker', grants: SPEAKS });
  assert.equal(devices.on.microphone, false, 'nobody goes on air without doing so');
  assert.equal(moderation.forbids('microphone'), '');
  assert.equal(world.said.at(-1), 'You may speak now');
});

test('who comes in as a listener with everything on sends nothing, and an older server’s rooms are as they were', () => {
  const { devices, enters } = page();
  enters({ role: 'listener', grants: LISTENS });
  assert.deepEqual(devices.on, { camera: false, microphone: false, screen: false });
  const old = page();
  old.moderation.welcomed(/** @type {Welcome} */ (/** @type {unknown} */ (welcome({ grants: ['publish', 'chat'] }))));
  assert.deepEqual(old.devices.on, { camera: true, microphone: true, screen: true });
  assert.equal(old.moderation.may('moderate'), false);
});

test('where only moderators share a screen, the screen of somebody else ends and the rest goes on', () => {
  const { moderation, devices, world, hears } = page();
  hears({ type: 'room', access: 'open', locked: false, screens: 'moderators' });
  hears({ type: 'granted', role: 'speaker', grants: SPEAKS.filter((grant) => grant !== 'screen') });
  hears({ type: 'muted', stream: 'screen', kind: 'video' });
  assert.deepEqual(devices.on, { camera: true, microphone: true, screen: false });
  assert.deepEqual(world.said, ['Only moderators may share a screen now']);
  assert.equal(moderation.forbids('screen'), 'Only moderators may share a screen');
});

test('everybody who waits is told of once, also after the socket was lost', () => {
  const { moderation, knocked, hears, enters } = page();
  const waits = (/** @type {string[]} */ ...names) => ({
    type: 'lobby',
    waiting: names.map((name) => ({ knock: name.charCodeAt(0), name, since: 0, banned: false })),
  });
  enters({ role: 'moderator', grants: [...SPEAKS, 'moderate'] });
  hears(waits('Cid'));
  hears(waits('Cid', 'Dan'));
  enters({ role: 'moderator', grants: [...SPEAKS, 'moderate'], resumed: true });
  hears(waits('Cid', 'Dan'));
  assert.deepEqual(knocked, ['Cid', 'Dan']);
  enters({ role: 'moderator', grants: [...SPEAKS, 'moderate'] });
  assert.deepEqual(moderation.waiting, [], 'a server that was started anew knows nobody who waits');
  hears(waits('Eve'));
  hears({ type: 'granted', role: 'speaker', grants: SPEAKS });
  assert.deepEqual(moderation.waiting, [], 'who does not moderate any more sees nobody wait');
});

test('a wish that is refused is told of, an error about something else is not', () => {
  const { moderation, world } = page();
  moderation.refused('not-allowed');
  assert.deepEqual(world.said, []);
  moderation.wish({ action: 'remove', peer: '00000000000000bb' });
  assert.deepEqual(world.sent, [{ type: 'moderate', action: 'remove', peer: '00000000000000bb' }]);
  moderation.refused('bad-message');
  moderation.refused('unknown-peer');
  moderation.refused('unknown-peer');
  assert.deepEqual(world.said, ['They are not in the room any more']);
  moderation.wish({ action: 'admit', knock: 7 });
  world.now += 60_000;
  moderation.refused('unknown-knock');
  assert.equal(world.said.length, 1, 'that was about something else');
  world.isUp = false;
  let changes = 0;
  moderation.on('change', () => (changes += 1));
  moderation.wish({ action: 'lock', locked: true });
  assert.equal(world.said.at(-1), 'The server is out of reach: try again later');
  assert.equal(changes, 1, 'a switch shows again what is');
});

test('how the room is kept comes with the welcome, and every change is news', () => {
  const { moderation, world, hears, enters } = page();
  enters({ room: { id: 'tea', name: 'Tea', access: 'lobby', locked: true, screens: 'everybody' } });
  const kept = { access: 'lobby', locked: true, screens: 'everybody', chat: true, files: true };
  assert.deepEqual(moderation.kept, kept, 'an older server says less');
  hears({ type: 'room', access: 'lobby', locked: true, screens: 'everybody' });
  assert.deepEqual(world.said, []);
  hears({ type: 'room', access: 'lobby', locked: false, screens: 'everybody' });
  assert.deepEqual(world.said, ['The room is not locked any more']);
  assert.equal(hears({ type: 'pong' }), false, 'others are none of its business');
});

test('that the chat is off, that files are off and that the call ends soon is news', () => {
  const { moderation, world, hears } = page();
  const room = { type: 'room', access: 'open', locked: false, screens: 'everybody' };
  hears({ ...room, chat: false, files: false });
  assert.deepEqual([moderation.kept.chat, moderation.kept.files], [false, false]);
  hears({ ...room, access: 'token', chat: true, files: true });
  for (const seconds of [300, 60, 61, 1, undefined]) hears({ type: 'closing', what: 'meeting', seconds });
  hears({ type: 'closing', what: 'room', seconds: 300 });
  hears({ type: 'closing', what: 'server', seconds: 90 });
  assert.deepEqual(world.said, [
    'The chat is off now',
    'No files are sent here now',
    'Whoever comes needs an invitation of their own now',
    'The chat is on now',
    'Files may be sent now',
    'The meeting ends in 5 minutes',
    'The meeting ends in a minute',
    'The meeting ends in 2 minutes',
    'The meeting ends in a minute',
    'The meeting does not end soon any more',
    'The room ends in 5 minutes',
    'The server restarts in 2 minutes. You come back by yourself',
  ]);
});

test('who waits is said in words, several at once in few', () => {
  assert.equal(textOf(knockWords({ name: 'Dan', banned: false })), 'Dan wants to come in');
  assert.equal(textOf(knockWords({ name: 'Dan', banned: true })), 'Dan, who was banned, wants to come in');
  const waiting = (/** @type {number} */ length) => /** @type {any} */ ({ length });
  assert.deepEqual([0, 1, 2, 5].map(waiting).map(othersWords), ['', '', 'One more waits', '4 more wait']);
  /** @type {Said[]} */
  const told = [];
  /** @type {(() => void)[]} */
  const later = [];
  const announcer = new Announcer(
    (notes) => told.push(...notes),
    (action) => later.push(action),
  );
  for (const name of ['Ann', 'Bob', 'Cid']) {
    announcer.add({ news: { did: 'news.wants-in', name }, shown: false });
  }
  for (const action of later) action();
  assert.deepEqual(
    told.map(({ sentence }) => textOf(sentence)),
    ['Ann wants to come in', 'Bob and Cid want to come in'],
  );
});
