import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Call } from '../../client/js/call/call.js';

/** @typedef {{ iceServers: unknown[], [other: string]: unknown }} Configuration */

/** As much of a connection as its configuration depends on. @type {FakePeer[]} */
let peers = [];

class FakePeer {
  connectionState = 'new';
  signalingState = 'stable';
  localDescription = { sdp: '' };
  /** What the next gathering uses. @type {Configuration} */
  configuration;
  /** @param {Configuration} configuration */
  constructor(configuration) {
    // A browser's own, or of somebody who wants it so: not ours to change.
    this.configuration = { iceTransportPolicy: 'relay', ...configuration };
    peers.push(this);
  }
  getConfiguration() {
    return this.configuration;
  }
  /** @param {Configuration} configuration */
  setConfiguration(configuration) {
    this.configuration = configuration;
  }
  createDataChannel() {}
  close() {}
  addTransceiver() {
    return { mid: null, sender: { track: null, replaceTrack: async () => {} } };
  }
  async createOffer() {
    return {};
  }
  async setLocalDescription() {}
  async setRemoteDescription() {}
}

/** @type {FakeSocket[]} */
let sockets = [];

class FakeSocket {
  static OPEN = 1;
  readyState = 1;
  /** @type {((event: { data: string }) => void) | null} */
  onmessage = null;
  constructor() {
    sockets.push(this);
  }
  /** @type {any[]} */
  said = [];
  /** @param {string} text */
  send(text) {
    this.said.push(JSON.parse(text));
  }
  close() {}
  /** @param {object} message */
  says(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

/** @param {string} credential */
const relay = (credential) => [{ urls: ['turn:turn.example.org'], username: '1:2', credential }];

/** @param {{ credential: string, resumed?: boolean }} options */
const welcome = ({ credential, resumed = false }) => ({
  type: 'welcome',
  peer: '8f3a6c0d91b2e475',
  token: 'token',
  resumed,
  media: false,
  room: { id: 'tea', name: 'Tea', listed: false, topology: 'sfu', createdAt: 0, people: 1 },
  slots: { pairs: 1, audioOnly: 0, videoSteps: [1] },
  iceServers: relay(credential),
});

/** A call whose server says what the test says. */
function called() {
  peers = [];
  sockets = [];
  const globals = { RTCPeerConnection: FakePeer, WebSocket: FakeSocket, MediaStream: class {} };
  Object.assign(globalThis, globals, { addEventListener() {}, removeEventListener() {} });
  const media = { on() {}, get: () => ({ on: false, track: null }) };
  const share = { on() {}, sharing: false, tracks: { video: null, audio: null } };
  const call = new Call(
    /** @type {any} */ ({ url: 'wss://localhost/ws', room: 'tea', name: 'Ann', media, share, back: null }),
  );
  call.start();
  return { call, server: () => /** @type {FakeSocket} */ (sockets.at(-1)) };
}

const used = () => peers.map(({ configuration }) => configuration.iceServers);

test('the connection there is and every later one use the newest credentials', () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
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
  mock.timers.reset();
});

test('a browser that does not take them goes on with those it has', () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
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
  warned.mock.restore();
  mock.timers.reset();
});

test('a connection that a browser does not even begin is told of, too', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
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
  mock.timers.reset();
});
