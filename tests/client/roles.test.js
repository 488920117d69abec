/** Who may do what about whom, and how that is said. */

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  actionsOn,
  decidesAbout,
  forbids,
  grantsOf,
  keptChanges,
  keptOf,
  keptWords,
  mutedNews,
  rightsChange,
  roleOf,
  rolesFor,
  ROLES,
  roleWords,
} from '../../client/js/call/roles.js';
import { newsText } from '../../client/js/core/news.js';
import { textOf } from '../../client/js/core/sentence.js';

/** @import { PeerInfo, Role } from '../../client/js/proto/messages.js' */

const ANN = '00000000000000aa';
const BOB = '00000000000000bb';
const SPEAKS = ['publish', 'microphone', 'camera', 'screen', 'subscribe', 'signal', 'files', 'chat'];
/** As the server grants them. @type {Record<Role, string[]>} */
const GRANTS = {
  owner: [...SPEAKS, 'moderate', 'own'],
  moderator: [...SPEAKS, 'moderate'],
  speaker: SPEAKS,
  listener: ['publish', 'subscribe', 'chat'],
};
const on = { muted: false };

/** @type {(role: Role) => { self: string, grants: string[] }} */
const viewer = (role) => ({ self: ANN, grants: GRANTS[role] });
/** Somebody who sends all that can be sent. @type {(role: string, more?: Partial<PeerInfo>) => PeerInfo} */
const bob = (role, more = {}) => ({
  id: BOB,
  name: 'Bob',
  state: 'here',
  role,
  streams: [
    { stream: 'camera', audio: on, video: on },
    { stream: 'screen', video: on },
  ],
  ...more,
});
/** @type {(who: Role, peer: PeerInfo, raised?: boolean) => string[]} */
const keys = (who, peer, raised = false) => actionsOn(viewer(who), peer, raised).map(({ key }) => key);

test('who moderates decides about whoever does not, an owner about moderators too, and nobody about an owner', () => {
  /** @type {[Role, Role[]][]} */
  const expected = [
    ['owner', ['moderator', 'speaker', 'listener']],
    ['moderator', ['speaker', 'listener']],
    ['speaker', []],
    ['listener', []],
  ];
  for (const [who, whom] of expected) {
    for (const role of ROLES) {
      const may = whom.includes(role);
      assert.equal(decidesAbout(viewer(who), bob(role)), may, `${who} about ${role}`);
      assert.equal(keys(who, bob(role), true).length > 0, may, `${who} acts on ${role}`);
      assert.equal(rolesFor(viewer(who), bob(role)).length > 0, may, `${who} gives a role to ${role}`);
    }
  }
  const herself = bob('moderator', { id: ANN });
  assert.deepEqual(actionsOn(viewer('owner'), herself, true), [], 'nobody decides about themselves');
  assert.deepEqual(rolesFor(viewer('owner'), herself), []);
});

test('owners give every role, moderators make speakers listeners and back', () => {
  assert.deepEqual(rolesFor(viewer('owner'), bob('speaker')), ['owner', 'moderator', 'speaker', 'listener']);
  assert.deepEqual(rolesFor(viewer('owner'), bob('moderator')), ['owner', 'moderator', 'speaker', 'listener']);
  assert.deepEqual(rolesFor(viewer('moderator'), bob('listener')), ['speaker', 'listener']);
});

test('only what makes sense is offered', () => {
  assert.deepEqual(keys('moderator', bob('speaker'), true), ['mute', 'camera', 'screen', 'hand', 'remove', 'ban']);
  assert.deepEqual(keys('moderator', bob('speaker')), ['mute', 'camera', 'screen', 'remove', 'ban']);
  const off = { muted: true };
  const quiet = bob('speaker', {
    streams: [
      { stream: 'camera', audio: off, video: off },
      { stream: 'screen', video: off, audio: on },
    ],
  });
  assert.deepEqual(keys('owner', quiet), ['remove', 'ban']);
  assert.deepEqual(keys('owner', bob('listener', { streams: [] })), ['remove', 'ban']);
  assert.deepEqual(keys('owner', bob('speaker', { streams: [{ stream: 'camera', video: on }] })), [
    'camera',
    'remove',
    'ban',
  ]);
});

test('every action has a name that says about whom, and wishes what it says', () => {
  const all = actionsOn(viewer('owner'), bob('speaker'), true);
  assert.deepEqual(
    all.map(({ words, wish }) => [textOf(words), wish]),
    [
      ['Mute Bob', { action: 'mute', peer: BOB, stream: 'camera', kind: 'audio' }],
      ["Turn off Bob's camera", { action: 'mute', peer: BOB, stream: 'camera', kind: 'video' }],
      ["Stop Bob's screen", { action: 'mute', peer: BOB, stream: 'screen', kind: 'video' }],
      ["Lower Bob's hand", { action: 'lower-hand', peer: BOB }],
      ['Remove Bob', { action: 'remove', peer: BOB }],
      ['Ban Bob', { action: 'ban', peer: BOB }],
    ],
  );
  assert.ok(
    all.every(({ words }) => words[1] === 'Bob'),
    'a name is kept apart from the words',
  );
});

test('a role that is not known is that of a speaker, and an older server takes nobody’s voice', () => {
  assert.deepEqual([roleOf(undefined), roleOf('guest of honour'), roleOf('owner')], ['speaker', 'speaker', 'owner']);
  assert.deepEqual(ROLES.map(roleWords), ['owner', 'moderator', '', 'listener']);
  assert.ok(decidesAbout(viewer('moderator'), bob('guest of honour')));
  for (const said of [{}, { grants: ['publish', 'chat'] }]) {
    const grants = grantsOf(said);
    for (const device of /** @type {const} */ (['microphone', 'camera', 'screen'])) {
      assert.equal(forbids(device, grants, 'speaker'), '');
    }
  }
  assert.deepEqual(grantsOf({ role: 'listener', grants: GRANTS.listener }), GRANTS.listener);
});

test('who may not send something is told why', () => {
  const { listener, speaker } = GRANTS;
  assert.equal(forbids('microphone', listener, 'listener'), 'Only speakers may be heard here');
  assert.equal(forbids('camera', listener, 'listener'), 'Only speakers may be seen here');
  assert.equal(forbids('screen', listener, 'listener'), 'Only speakers may share a screen here');
  const without = speaker.filter((grant) => grant !== 'screen');
  assert.equal(forbids('screen', without, 'speaker'), 'Only moderators may share a screen');
  assert.equal(forbids('microphone', without, 'speaker'), '');
});

test('a change of one’s own rights is said once, in words', () => {
  const words = (/** @type {Role} */ before, /** @type {Role} */ now) =>
    textOf(rightsChange({ role: before, grants: GRANTS[before] }, { role: now, grants: GRANTS[now] }) ?? []);
  assert.equal(words('listener', 'speaker'), 'You may speak now');
  assert.match(words('speaker', 'listener'), /^You are a listener now/);
  assert.equal(words('speaker', 'moderator'), 'You are a moderator now');
  assert.equal(words('moderator', 'owner'), 'You are an owner of this room now');
  assert.equal(words('moderator', 'speaker'), 'You do not moderate this room any more');
  assert.equal(words('speaker', 'speaker'), '');
  const without = { role: /** @type {const} */ ('speaker'), grants: SPEAKS.filter((grant) => grant !== 'screen') };
  const having = { role: /** @type {const} */ ('speaker'), grants: SPEAKS };
  assert.equal(textOf(rightsChange(having, without) ?? []), 'Only moderators may share a screen now');
  assert.equal(textOf(rightsChange(without, having) ?? []), 'Everybody may share a screen now');
});

test('who muted what is said; that one’s role did is said with the role', () => {
  const words = (/** @type {string} */ stream, /** @type {string} */ kind, by = 'Ann') =>
    newsText(mutedNews({ stream, kind, by }) ?? []);
  assert.equal(words('camera', 'audio'), 'Ann muted your microphone');
  assert.equal(words('camera', 'video'), 'Ann turned off your camera');
  assert.equal(words('screen', 'video'), 'Ann stopped your screen');
  assert.equal(words('screen', 'audio'), '');
  assert.equal(mutedNews({ stream: 'camera', kind: 'audio' }), null);
});

test('how a room is kept is said to everybody, and what changes of it', () => {
  const open = keptOf({});
  assert.equal(keptWords(open), '');
  assert.equal(
    keptWords(keptOf({ access: 'lobby', locked: true, screens: 'moderators' })),
    'The room is locked: nobody new comes in. Whoever has the link asks to come in. Only moderators may share a screen.',
  );
  assert.equal(
    keptWords(keptOf({ access: 'token', chat: false, files: false })),
    'Who comes in has an invitation of their own. Nobody writes here. Nobody sends files here.',
  );
  const changes = (/** @type {object} */ now) => keptChanges(open, { ...open, ...now }).map(textOf);
  assert.deepEqual(changes({ locked: true }), ['The room is locked: nobody new comes in']);
  assert.deepEqual(changes({ access: 'lobby' }), ['Whoever comes has to ask now']);
  assert.deepEqual(changes({ screens: 'moderators' }), [], 'whom it concerns hears of their rights');
  assert.deepEqual(changes({}), []);
});
