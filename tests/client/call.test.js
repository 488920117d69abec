import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Reload } from '../../client/js/core/reload.js';
import { PROTOCOL } from '../../client/js/proto/messages.js';
import { called, leaveLatest, peers, relay, sockets, welcome } from './call-world.js';

/** @import { Call } from '../../client/js/call/call.js' */
/** @import { FakePeer } from './call-world.js' */

const used = () => peers.map(({ configuration }) => configuration.iceServers);

beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'setInterval'] }));
afterEach(() => {
  leaveLatest();
  mock.timers.reset();
  mock.restoreAll();
});

test('the connection there is and every later one use the newest credentials', () => {
  const { call, server } = called();
  server().says(welcome({ credential: 'first' }));
  assert.deepEqual(used(), [relay('first')]);
  server().says({ type: 'ice-servers', iceServers: relay('second') });
  assert.deepEqual(used(), [relay('second')]);
  assert.equal(peers[0]?.configuration['bundlePolicy'], 'max-bundle', 'the rest stays as it was');
  assert.equal(peers[0]?.configuration['iceTransportPolicy'], 'relay', 'the rest stays as it was');
  server().says({ type: 'error', code: 'offer-refused', message: '', rebuild: true });
  mock.timers.tick(100);
  assert.deepEqual(used(), [relay('second'), relay('second')], 'a connection built anew');
  server().says(welcome({ credential: 'third', resumed: true }));
  assert.deepEqual(used().at(-1), relay('third'), 'and one after a lost socket');
  call.leave();
  server().says({ type: 'ice-servers', iceServers: relay('fourth') });
  assert.deepEqual(used().at(-1), relay('third'), 'what is over is left alone');
});

test('a browser that does not take them goes on with those it has', () => {
  const warned = mock.method(console, 'warn', () => {});
  const { call, server } = called();
  server().says(welcome({ credential: 'first' }));
  const peer = /** @type {FakePeer} */ (peers[0]);
  peer.setConfiguration = () => {
    throw new TypeError('no');
  };
  server().says({ type: 'ice-servers', iceServers: relay('second') });
  assert.deepEqual(used(), [relay('first')]);
  assert.equal(warned.mock.callCount(), 1);
  call.leave();
});

test('a connection that a browser does not even begin is told of, too', async () => {
  const { call, server } = called();
  /** @type {string[]} */
  const paths = [];
  call.on('health', ({ path }) => paths.push(path));
  server().says(welcome({ credential: 'first' }));
  const settled = async () => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  await settled();
  const offer = server().said.find(({ type }) => type === 'offer');
  server().says({ type: 'answer', id: offer.id, sdp: '' });
  await settled();
  mock.timers.tick(8100);
  mock.timers.tick(8100);
  assert.deepEqual(paths.slice(-2), ['slow', 'blocked']);
  call.leave();
});

test('a server that has no place is asked again slowly, and the person is told so meanwhile', () => {
  mock.method(console, 'warn', () => {});
  const { call, server } = called();
  /** @type {boolean[]} */
  const full = [];
  call.on('health', (health) => full.push(health.full));
  const refusals = [
    () => server().says({ type: 'error', code: 'rate-limited', message: 'try again in 1 s', rebuild: false }),
    () => server().says({ type: 'error', code: 'busy', message: 'try again in 60 s', rebuild: false }),
    () => /** @type {any} */ (server()).onclose({ code: 4005 }),
  ];
  for (const [number, refuse] of refusals.entries()) {
    refuse();
    assert.equal(full.at(-1), true);
    mock.timers.tick(4900);
    assert.equal(sockets.length, number + 1, 'not at once');
    mock.timers.tick(10_000);
    assert.equal(sockets.length, number + 2);
  }
  server().says(welcome({ credential: 'first' }));
  assert.equal(full.at(-1), false);
  server().says({ type: 'error', code: 'rate-limited', message: '', rebuild: false });
  mock.timers.tick(1000);
  assert.equal(full.at(-1), false, 'inside it is only said again');
  call.leave();
});

/** @param {Call} call */
function events(call) {
  /** @type {string[]} */
  const told = [];
  call.on('outdated', () => told.push('outdated'));
  call.on('secret-refused', () => told.push('secret-refused'));
  call.on('ended', (why) => told.push(`ended ${why}`));
  return told;
}

const refusal = (/** @type {string} */ code) => ({ type: 'error', code, message: '' });

test('a page older than the server is loaded again on its way in, and never inside a call', () => {
  const { call, server } = called();
  const told = events(call);
  server().says(welcome({ credential: 'a', protocol: PROTOCOL + 1 }));
  assert.deepEqual(told, ['outdated']);
  server().says(welcome({ credential: 'a', resumed: true, protocol: PROTOCOL + 2 }));
  assert.deepEqual(told, ['outdated'], 'whoever is inside stays');
  const other = called();
  const heard = events(other.call);
  other.server().says(welcome({ credential: 'a' }));
  assert.deepEqual(heard, []);
});

test('a page that is told to reload does so outside a call, and inside one it says so', () => {
  mock.method(console, 'warn', () => {});
  const { call, server } = called();
  const told = events(call);
  server().says(refusal('reload'));
  assert.deepEqual(told, ['outdated', 'ended reload']);
  const inside = called();
  const heard = events(inside.call);
  inside.server().says(welcome({ credential: 'a' }));
  assert.deepEqual(inside.server().said, []);
  sockets.length = 0;
  inside.call.start();
  inside.server().says(refusal('reload'));
  assert.deepEqual(heard, ['ended reload'], 'nothing is loaded under a call');
});

test('a page is loaded again once, until it is of the server’s protocol', () => {
  /** @type {Map<string, string>} */
  const kept = new Map();
  const store = {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void kept.set(key, value),
    removeItem: (/** @type {string} */ key) => void kept.delete(key),
  };
  let loads = 0;
  const reload = new Reload(store, () => (loads += 1));
  assert.deepEqual([reload.outdated(), reload.outdated(), reload.outdated()], [true, false, false]);
  reload.current();
  assert.equal(reload.outdated(), true);
  assert.equal(loads, 2);
  const forgetful = { getItem: () => null, setItem: () => {}, removeItem: () => {} };
  assert.equal(new Reload(forgetful, () => (loads += 1)).outdated(), false, 'without a store it never would end');
  assert.equal(loads, 2);
});

test('whoever made a room shows its secret, and enters as a guest where it is another one’s', () => {
  mock.method(console, 'warn', () => {});
  const { call, server } = called({ secret: 'made it' });
  const told = events(call);
  const said = () => {
    /** @type {any} */ (server()).onopen();
    return server().said.at(-1);
  };
  const join = { type: 'join', room: 'tea', name: 'Ann', protocol: PROTOCOL, chat: { epoch: 0, revision: 0 } };
  assert.deepEqual(said(), { ...join, secret: 'made it' });
  server().says(refusal('forbidden'));
  assert.deepEqual(told, ['secret-refused']);
  assert.deepEqual(said(), join);
  server().says(refusal('forbidden'));
  assert.deepEqual(told, ['secret-refused', 'ended forbidden'], 'nothing is tried for ever');
});
