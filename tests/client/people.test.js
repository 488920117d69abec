/** The words for somebody in the room. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { personWords } from '../../client/js/ui/people-panel.js';

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
