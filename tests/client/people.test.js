/** The words for somebody in the room. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { Beside } from '../../client/js/ui/beside.js';
import { personWords } from '../../client/js/ui/people-panel.js';
import { called } from '../../client/js/ui/people-search.js';

const on = { muted: false };
const off = { muted: true };

test('of everybody it is said how they are reached and what they send', () => {
  const room = { self: 'a', direct: ['b'] };
  /** @type {(id: string, streams: any[], state?: any) => string} */
  const words = (id, streams, state = 'here') => personWords({ id, name: '', state, streams }, room);
  assert.equal(words('a', [{ stream: 'camera', audio: on, video: on }]), 'you');
  assert.equal(words('b', [{ stream: 'camera', audio: off, video: on }]), 'direct · microphone off');
  assert.equal(
    words('c', [
      { stream: 'camera', audio: on },
      { stream: 'screen', video: on },
    ]),
    'through the server · camera off · shares a screen',
  );
  assert.equal(words('c', [{ stream: 'screen', video: off }]), 'through the server · microphone off · camera off');
  /** @type {(client: string, streams: any[]) => string} */
  const byTool = (client, streams) => personWords({ id: 'c', name: '', state: 'here', streams, client }, room);
  assert.equal(
    byTool('whip', [{ stream: 'camera', audio: on }]),
    'through the server · publishes with a tool · camera off',
  );
  assert.equal(byTool('whep', []), 'through the server · watches with a tool');
  assert.equal(byTool('newer', [{ stream: 'camera', audio: on, video: on }]), 'through the server');
  assert.equal(
    words('c', [{ stream: 'camera', audio: on, video: on }], 'reconnecting'),
    'through the server · is reconnecting',
  );
});

test('somebody is found by any part of their name, however it is written', () => {
  const people = ['Zoë Müller', 'Ann Lee', 'José Ångström', 'Leander Strauß', 'Άννα Σοφός'].map((name) => ({ name }));
  /** @type {(sought: string) => string[]} */
  const found = (sought) => called(people, sought).map(({ name }) => name);
  assert.deepEqual(
    found(' '),
    people.map(({ name }) => name),
  );
  assert.deepEqual(found('ZOE'), ['Zoë Müller']);
  assert.deepEqual(found('Jose\u0301'), ['José Ångström'], 'an accent of its own is the same');
  assert.deepEqual(found('  muller   zo '), ['Zoë Müller'], 'in any order');
  assert.deepEqual(found('lee ann'), ['Ann Lee'], 'each of the words');
  assert.deepEqual(found('le'), ['Zoë Müller', 'Ann Lee', 'Leander Strauß'], 'they stay in their order');
  assert.deepEqual(found('strauss'), ['Leander Strauß']);
  assert.deepEqual(found('σοφοσ αννα'), ['Άννα Σοφός']);
  assert.deepEqual(found('nobody'), []);
});

test('what comes beside the stage sends away what was there, and only that', () => {
  const beside = new Beside();
  /** @type {string[]} */
  const gone = [];
  const chat = () => {
    gone.push('chat');
    beside.goes(chat);
  };
  const people = () => gone.push('people');
  beside.comes(chat);
  beside.comes(people);
  assert.deepEqual(gone, ['chat']);
  beside.comes(people);
  beside.goes(chat);
  beside.comes(chat);
  assert.deepEqual(gone, ['chat', 'people']);
  beside.goes(chat);
  beside.comes(people);
  assert.deepEqual(gone, ['chat', 'people'], 'who has gone already is not sent away');
});
