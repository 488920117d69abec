import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { validateClientMessage, validateServerMessage } from '../../client/js/proto/validate.js';

const markdown = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');

/** The examples between "```json client" or "```json server" and "```". Those without either word are of the HTTP API. */
const examples = [...markdown.matchAll(/^```json (client|server)\n([\s\S]*?)^```/gm)].map(([, from, text]) => ({
  from,
  message: JSON.parse(text ?? ''),
}));

test('the client understands every message the documentation shows', () => {
  assert.ok(examples.length >= 20, `only ${examples.length} examples were found`);
  for (const { from, message } of examples) {
    const checked = from === 'client' ? validateClientMessage(message) : validateServerMessage(message);
    assert.ok(checked.ok, `${from} ${message.type}: ${checked.ok ? '' : checked.reason}`);
  }
});

test('every field the documentation shows is checked, or may be absent', () => {
  const free = new Set([
    'token',
    'secret',
    'protocol',
    'grants',
    'encodings',
    'stunServers',
    'fileBytes',
    'mayReturn',
    'rebuild',
    'offer',
    'rid',
    'audio',
    'video',
    'data',
    'username',
    'credential',
    'speaker.peer',
    'direct.peer',
    'client signal.epoch',
    'join.chat',
    'chat.ref',
    'welcome.role',
    'join.browser',
    'join.knock',
    'join.pass',
    'muted.by',
    'room.chat',
    'room.files',
    'room.keepChat',
    'room.ends',
    'closing.seconds',
    'moderate.peer',
    'moderate.knock',
    'trouble.requests',
    'trouble.responses',
  ]);
  for (const { from, message } of examples) {
    for (const field of Object.keys(message)) {
      if (free.has(field) || free.has(`${message.type}.${field}`)) continue;
      if (free.has(`${from} ${message.type}.${field}`)) continue;
      const rest = { ...message };
      delete rest[field];
      const checked = from === 'client' ? validateClientMessage(rest) : validateServerMessage(rest);
      assert.equal(checked.ok, false, `${from} ${message.type} was accepted without ${field}`);
    }
  }
});

test('what no server of ours says is refused with the place that is wrong', () => {
  const cases = [
    [null, 'no type'],
    [[], 'no type'],
    [{ type: 'constructor' }, 'unknown type constructor'],
    [{ type: 'answer', id: -1, sdp: '' }, 'answer.id'],
    [{ type: 'file', from: '0123456789abcdef', frame: [] }, 'file.frame'],
    [{ type: 'file', from: 'Ann', frame: {} }, 'file.from'],
    [{ type: 'peer-left', peer: 'xyz', name: 'Ann' }, 'peer-left.peer'],
    [{ type: 'slots', version: 1, video: [{ slot: 0 }], audio: [] }, 'slots.video[0].since is missing'],
    [{ type: 'slots', version: 1, video: [{ slot: 0, since: 2 ** 32 }], audio: [] }, 'slots.video[0].since'],
    [
      { type: 'peers', version: 1, peers: [{ id: '0123456789abcdef', name: 'Ann', state: 5, streams: [] }] },
      'peers.peers[0].state',
    ],
  ];
  for (const [value, place] of cases) {
    const checked = validateServerMessage(value);
    assert.equal(checked.ok, false);
    if (!checked.ok) assert.ok(checked.reason.startsWith(String(place)), checked.reason);
  }
});

test('an older server says nothing of roles, hands and lobbies, a newer one has roles of its own', () => {
  const person = { id: '0123456789abcdef', name: 'Ann', state: 'here', streams: [] };
  for (const more of [{}, { role: 'owner', hand: 0 }, { role: 'guest of honour' }]) {
    const checked = validateServerMessage({ type: 'peers', version: 1, peers: [{ ...person, ...more }] });
    assert.ok(checked.ok, JSON.stringify(more));
  }
  for (const more of [{ role: 5 }, { hand: 'high' }, { hand: -1 }]) {
    const checked = validateServerMessage({ type: 'peers', version: 1, peers: [{ ...person, ...more }] });
    assert.equal(checked.ok, false, JSON.stringify(more));
  }
});

test('every wish of who moderates has the fields it needs', () => {
  const peer = '0123456789abcdef';
  const mute = { action: 'mute', stream: 'camera', kind: 'audio' };
  /** @type {object[]} */
  const good = [
    { ...mute, peer },
    mute,
    { action: 'lower-hand' },
    { action: 'lower-hand', peer },
    { action: 'remove', peer },
    { action: 'ban', peer },
    { action: 'role', peer, role: 'listener' },
    { action: 'lock', locked: true },
    { action: 'access', access: 'lobby' },
    { action: 'screens', screens: 'moderators' },
    { action: 'chat', chat: false },
    { action: 'files', files: true },
    { action: 'admit' },
    { action: 'admit', knock: 7 },
    { action: 'refuse', knock: 7 },
    { action: 'end' },
  ];
  /** @type {object[]} */
  const bad = [
    {},
    { action: 'constructor' },
    { action: 'remove' },
    { action: 'ban', peer: 'Bob' },
    { action: 'role', peer, role: 'king' },
    { action: 'lock' },
    { action: 'access', access: 'closed' },
    { action: 'screens', screens: 'nobody' },
    { action: 'chat', chat: 'off' },
    { action: 'files' },
    { action: 'refuse' },
    { action: 'mute', peer },
  ];
  for (const wish of good) assert.ok(validateClientMessage({ type: 'moderate', ...wish }).ok, JSON.stringify(wish));
  for (const wish of bad) assert.ok(!validateClientMessage({ type: 'moderate', ...wish }).ok, JSON.stringify(wish));
});
