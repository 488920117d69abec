import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { DirectLink, LINES } from '../../client/js/rtc/direct-link.js';
import { ratesFor } from '../../client/js/rtc/mesh.js';

/** As much of a connection to another browser as its words depend on. */
class FakePeer {
  connectionState = 'new';
  signalingState = 'stable';
  /** @type {any} */
  localDescription = null;
  /** @type {any[]} */
  lines = [];
  /** @type {any[]} */
  channels = [];
  /** @type {string[]} */
  did = [];
  bytes = 0;
  /** @type {any} */
  onnegotiationneeded;
  /** @type {any} */
  onconnectionstatechange;
  /** Whether the next description of the other side is refused. */
  refuses = false;
  /** @type {FakePeer[]} */
  static made = [];
  constructor() {
    FakePeer.made.push(this);
  }
  /** @param {string} kind */
  addTransceiver(kind) {
    const sender = {
      track: null,
      getParameters: () => ({ encodings: [{}] }),
      setParameters: async () => {},
      /** @param {any} track */
      replaceTrack: async (track) => (sender.track = track),
    };
    const receiver = { track: { kind }, getSynchronizationSources: () => [] };
    this.lines.push({ sender, receiver, direction: 'recvonly' });
  }
  getTransceivers() {
    return this.lines;
  }
  /**
   * @param {string} label
   * @param {any} options
   */
  createDataChannel(label, options) {
    const channel = {
      label,
      options,
      readyState: 'open',
      /** @type {any[]} */
      said: [],
      send: (/** @type {string} */ text) => channel.said.push(text),
      addEventListener: () => {},
      close: () => {},
    };
    this.channels.push(channel);
    return channel;
  }
  async setLocalDescription() {
    const type = this.signalingState === 'have-remote-offer' ? 'answer' : 'offer';
    this.signalingState = type === 'answer' ? 'stable' : 'have-local-offer';
    this.localDescription = { type, sdp: 'local', toJSON: () => ({ type, sdp: 'local' }) };
    this.did.push(`local ${type}`);
  }
  /** @param {any} description */
  async setRemoteDescription({ type, sdp }) {
    if (this.refuses || sdp === 'garbage') throw new Error('it is garbage');
    this.did.push(`remote ${type}`);
    if (type === 'offer' && this.lines.length === 0) for (const { kind } of LINES) this.addTransceiver(kind);
    this.signalingState = type === 'offer' ? 'have-remote-offer' : 'stable';
  }
  /** @param {any} candidate */
  async addIceCandidate(candidate) {
    if (candidate?.candidate === 'garbage') throw new Error('it is garbage');
    this.did.push('candidate');
  }
  restartIce() {
    this.did.push('restart');
  }
  async getStats() {
    return new Map([['in', { type: 'inbound-rtp', bytesReceived: this.bytes }]]);
  }
  close() {
    this.connectionState = 'closed';
  }
}

beforeEach(() => {
  mock.timers.enable({ apis: ['setInterval', 'Date'] });
  mock.method(performance, 'now', () => Date.now());
  mock.method(console, 'warn', () => {});
  Object.assign(globalThis, { RTCPeerConnection: FakePeer });
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/** @param {boolean} offers */
function linkOf(offers) {
  /** @type {any[]} */
  const signals = [];
  /** @type {string[]} */
  const states = [];
  const link = new DirectLink({
    offers,
    iceServers: [],
    signal: (data) => signals.push(data),
    tracks: [],
    rates: ratesFor(2),
  });
  link.on('state', (state) => states.push(state));
  const peer = /** @type {FakePeer} */ (FakePeer.made.at(-1));
  return { link, signals, states, peer };
}

/** Lets what was promised happen. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** @param {ReturnType<typeof linkOf>} side @param {object} word */
const says = ({ peer }, word) => peer.channels[0].onmessage({ data: JSON.stringify(word) });

test('who offers has the lines as agreed, and who answers takes them in their order', async () => {
  const offerer = linkOf(true);
  assert.deepEqual(
    offerer.peer.lines.map(({ receiver }) => receiver.track.kind),
    LINES.map(({ kind }) => kind),
  );
  const answerer = linkOf(false);
  assert.equal(answerer.peer.lines.length, 0);
  await answerer.link.hear({ description: { type: 'offer', sdp: 'fine' } });
  assert.deepEqual(answerer.signals, [{ description: { type: 'answer', sdp: 'local' } }]);
  assert.ok(answerer.peer.lines.every(({ direction }) => direction === 'sendrecv'));
  assert.deepEqual(
    [answerer.peer.channels[0].options, offerer.peer.channels[0].options],
    [
      { negotiated: true, id: 0 },
      { negotiated: true, id: 0 },
    ],
  );
  for (const { link } of [offerer, answerer]) link.close();
});

test('a description that the browser does not take is told, and candidates that it does not know are passed over', async () => {
  const { link, states } = linkOf(false);
  await link.hear({ candidate: { candidate: 'garbage' } });
  for (const data of [null, 7, 'x', [], {}, { description: 7 }]) await link.hear(data).catch(() => assert.fail());
  const broken = linkOf(false);
  await broken.link.hear({ description: { type: 'offer', sdp: 'garbage' } });
  assert.deepEqual(broken.states, ['refused']);
  assert.ok(!states.includes('connected'));
  for (const one of [link, broken.link]) one.close();
});

test('of two offers that cross the one of the smaller id holds', async () => {
  const impolite = linkOf(true);
  await impolite.peer.onnegotiationneeded();
  await settle();
  await impolite.link.hear({ description: { type: 'offer', sdp: 'crossed' } });
  assert.ok(!impolite.peer.did.includes('remote offer'), 'it is passed over');
  await impolite.link.hear({ description: { type: 'answer', sdp: 'fine' } });
  assert.equal(impolite.peer.signalingState, 'stable');
  const polite = linkOf(false);
  await polite.link.hear({ description: { type: 'offer', sdp: 'first' } });
  await polite.peer.onnegotiationneeded();
  await settle();
  await polite.link.hear({ description: { type: 'offer', sdp: 'crossed' } });
  assert.equal(polite.peer.did.filter((what) => what === 'remote offer').length, 2, 'it gives way');
  for (const { link } of [impolite, polite]) link.close();
});

test('it counts as connected once an answer has come back, not before', () => {
  const side = linkOf(true);
  says(side, { type: 'ping', sent: 1 });
  assert.deepEqual(side.states, [], 'that is one direction');
  assert.ok(side.peer.channels[0].said.includes(JSON.stringify({ type: 'pong', sent: 1 })));
  for (const data of ['', '{', '7', 'null', '[]', '{"type":7}']) side.peer.channels[0].onmessage({ data });
  says(side, { type: 'pong', sent: 'x' });
  assert.deepEqual(side.states, ['connected']);
  side.link.close();
});

test('of a sign of life its number comes back, and no more often than anybody asks', () => {
  const side = linkOf(true);
  const answers = () => side.peer.channels[0].said.filter((/** @type {string} */ text) => text.includes('pong'));
  says(side, { type: 'ping', sent: 1, more: 'x'.repeat(9000) });
  says(side, { type: 'ping', sent: 'x'.repeat(9000) });
  assert.deepEqual(answers(), ['{"type":"pong","sent":1}']);
  says(side, { type: 'ping', sent: 2, more: 'x'.repeat(60_000) });
  for (let ping = 0; ping < 1000; ping += 1) says(side, { type: 'ping', sent: 3 });
  assert.ok(answers().length <= 11, `${answers().length} answers`);
  assert.ok(!answers().includes('{"type":"pong","sent":2}'), 'it is not even read');
  side.link.close();
});

test('silence is answered with another path after a second and a half, and with the server after three', async () => {
  const side = linkOf(true);
  says(side, { type: 'pong', sent: 0 });
  const pass = async (/** @type {number} */ millis) => {
    for (let passed = 0; passed < millis; passed += 500) {
      mock.timers.tick(500);
      await settle();
    }
  };
  for (let second = 0; second < 20; second += 1) {
    side.peer.bytes += 100;
    await pass(1000);
  }
  assert.deepEqual(
    [side.states, side.peer.did.includes('restart')],
    [['connected'], false],
    'media alone is a sign of life',
  );
  await pass(2000);
  assert.ok(side.peer.did.includes('restart'));
  assert.deepEqual(side.states, ['connected']);
  await pass(2000);
  assert.deepEqual(side.states, ['connected', 'lost']);
  says(side, { type: 'pong', sent: 0 });
  assert.deepEqual(side.states, ['connected', 'lost'], 'what comes then is too late: the server decides anew');
  side.link.close();
});

test('a connection that never comes about is one without a path', () => {
  const side = linkOf(true);
  side.peer.connectionState = 'failed';
  side.peer.onconnectionstatechange();
  assert.deepEqual(side.states, ['no-path']);
  side.link.close();
});
