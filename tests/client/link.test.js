import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { Link } from '../../client/js/rtc/link.js';
import { Spare, USUAL } from '../../client/js/rtc/spare.js';

/** @import { Offer } from '../../client/js/proto/messages.js' */

/** As much of a connection as the order of offers depends on: lines get their mids when a description is set. */
class FakePeer {
  /** @type {FakePeer[]} */
  static made = [];
  connectionState = 'new';
  signalingState = 'stable';
  localDescription = { sdp: '' };
  /** @type {any[]} */
  lines = [];
  /** @type {any} */
  configuration = {};
  constructor() {
    FakePeer.made.push(this);
  }
  createDataChannel() {}
  close() {
    this.signalingState = 'closed';
  }
  getConfiguration() {
    return this.configuration;
  }
  /** @param {any} configuration */
  setConfiguration(configuration) {
    this.configuration = configuration;
  }
  /**
   * @param {any} _what
   * @param {any} options
   */
  addTransceiver(_what, options) {
    const sender = {
      track: null,
      encodings: options.sendEncodings ?? [],
      /** @param {any} track */
      replaceTrack: async (track) => (sender.track = track),
    };
    const transceiver = {
      mid: null,
      sender,
      options,
      /** @type {{ mimeType: string, sdpFmtpLine?: string }[] | null} */
      codecs: null,
      /** @param {any[]} codecs */
      setCodecPreferences(codecs) {
        this.codecs = codecs;
      },
    };
    this.lines.push(transceiver);
    return transceiver;
  }
  async createOffer() {
    return { sdp: String(this.lines.length) };
  }
  /** @param {{ sdp: string }} description */
  async setLocalDescription(description) {
    this.localDescription = description;
    this.lines.forEach((line, index) => (line.mid = String(index)));
  }
  async setRemoteDescription() {}
}

/** What Chromium can receive, in part. */
const CODECS = {
  audio: ['opus', 'red', 'G722', 'CN'].map((name) => ({ mimeType: `audio/${name}`, clockRate: 48_000 })),
  video: [
    { mimeType: 'video/VP8' },
    { mimeType: 'video/rtx' },
    { mimeType: 'video/VP9', sdpFmtpLine: 'profile-id=0' },
    { mimeType: 'video/VP9', sdpFmtpLine: 'profile-id=2' },
    { mimeType: 'video/H264', sdpFmtpLine: 'packetization-mode=1;profile-level-id=42e01f' },
    { mimeType: 'video/H264', sdpFmtpLine: 'packetization-mode=0;profile-level-id=42e01f' },
    { mimeType: 'video/H264', sdpFmtpLine: 'packetization-mode=1;profile-level-id=64001f' },
    { mimeType: 'video/AV1', sdpFmtpLine: 'profile=0' },
    { mimeType: 'video/ulpfec' },
  ].map((codec) => ({ ...codec, clockRate: 90_000 })),
};

function fakeBrowser() {
  const RTCRtpReceiver = { getCapabilities: (/** @type {'audio' | 'video'} */ kind) => ({ codecs: CODECS[kind] }) };
  Object.assign(globalThis, { RTCPeerConnection: FakePeer, RTCRtpReceiver, MediaStream: class {} });
}

/** A connection before a server that hears each offer and answers when told to. */
async function connected() {
  fakeBrowser();
  /** @type {Offer[]} */
  const offers = [];
  let id = 0;
  const link = new Link({
    iceServers: [],
    limits: { pairs: 1, audioOnly: 0, videoSteps: [1] },
    encodings: {
      camera: [
        { rid: 'q', maxBitrate: 150_000, scaleDown: 4 },
        { rid: 'h', maxBitrate: 900_000, scaleDown: 2 },
        { rid: 'f', maxBitrate: 1_500_000, scaleDown: 1 },
      ],
      screen: [{ maxBitrate: 2_500_000, scaleDown: 1 }],
    },
    videoSlots: 1,
    nextOffer: () => (id += 1),
    send: (offer) => offers.push(offer),
    tracks: [
      { stream: 'camera', kind: 'audio', track: null },
      { stream: 'camera', kind: 'video', track: null },
    ],
  });
  await link.negotiate();
  const answer = () => link.answer(offers.at(-1)?.id ?? 0, '');
  await answer();
  return { link, offers, answer, peer: /** @type {FakePeer} */ (/** @type {unknown} */ (link.pc)) };
}

/**
 * @param {boolean} video
 * @param {boolean} audio
 * @returns {import('../../client/js/rtc/link.js').OwnTrack[]}
 */
const screen = (video, audio) => [
  { stream: 'screen', kind: 'video', track: video ? /** @type {any} */ ({ kind: 'video' }) : null },
  { stream: 'screen', kind: 'audio', track: audio ? /** @type {any} */ ({ kind: 'audio' }) : null },
];
const settled = () => new Promise((resolve) => setImmediate(resolve));
/** @param {Offer | undefined} offer */
const named = (offer) => offer?.tracks.map(({ stream, kind }) => `${stream} ${kind}`);

test('the camera is offered in three sizes, the smallest first', async () => {
  const { peer, link } = await connected();
  assert.deepEqual(
    peer.lines[1].options.sendEncodings.map((/** @type {any} */ one) => [one.rid, one.scaleResolutionDownBy]),
    [
      ['q', 4],
      ['h', 2],
      ['f', 1],
    ],
  );
  link.close();
});

test('the first share is one more offer with both lines, later ones need none', async () => {
  const { link, offers, answer, peer } = await connected();
  link.use(screen(true, true));
  await settled();
  assert.equal(offers.length, 2);
  assert.equal(offers[1]?.fresh, false);
  assert.deepEqual(named(offers[1]), ['camera audio', 'camera video', 'screen video', 'screen audio']);
  assert.equal(peer.lines.at(-2).options.sendEncodings.length, 1, 'a screen has one size');
  await answer();
  link.use(screen(false, false));
  await settled();
  assert.equal(peer.lines.at(-2).sender.track, null);
  link.use(screen(true, true));
  await settled();
  assert.equal(peer.lines.at(-2).sender.track.kind, 'video');
  assert.equal(offers.length, 2);
  link.close();
});

test('sound that comes only with a later share gets its line then', async () => {
  const { link, offers, answer } = await connected();
  link.use(screen(true, false));
  await settled();
  await answer();
  link.use(screen(true, true));
  await settled();
  assert.deepEqual(named(offers[2])?.at(-1), 'screen audio');
  link.close();
});

test('a share that begins while an offer is in flight is offered after its answer', async () => {
  const { link, offers, answer } = await connected();
  void link.negotiate({ iceRestart: true });
  await settled();
  link.use(screen(true, false));
  await settled();
  assert.equal(offers.length, 2);
  link.offerAgain();
  assert.deepEqual(named(offers[2]), ['camera audio', 'camera video'], 'what was said before, under a new number');
  assert.equal(link.newest, 3);
  await answer();
  await settled();
  assert.deepEqual(named(offers[3])?.at(-1), 'screen video');
  link.close();
});

test('a line to receive on offers what may come on it and nothing else', async () => {
  const { peer } = await connected();
  const offered = peer.lines.flatMap(({ options, codecs }) =>
    options.direction === 'recvonly'
      ? [codecs.map((/** @type {any} */ codec) => `${codec.mimeType} ${codec.sdpFmtpLine ?? ''}`.trim())]
      : [],
  );
  assert.deepEqual(offered, [
    ['audio/opus', 'audio/red'],
    [
      'video/VP8',
      'video/rtx',
      'video/VP9 profile-id=0',
      'video/H264 packetization-mode=1;profile-level-id=42e01f',
      'video/AV1 profile=0',
    ],
  ]);
  const own = peer.lines.filter(({ options }) => options.direction === 'sendonly');
  assert.ok(own.length > 0 && own.every(({ codecs }) => codecs === null), 'what can be sent is all told');
});

/**
 * What a call wants of a connection.
 * @param {Partial<import('../../client/js/rtc/link.js').LinkOptions>} [other]
 */
function wanted(other = {}) {
  /** @type {Offer[]} */
  const offers = [];
  const camera = /** @type {any} */ ({ kind: 'video' });
  const options = {
    ...USUAL,
    iceServers: [{ urls: ['turn:turn.example.org'] }],
    videoSlots: 5,
    nextOffer: () => 7,
    send: (/** @type {Offer} */ offer) => void offers.push(offer),
    tracks: /** @type {import('../../client/js/rtc/link.js').OwnTrack[]} */ ([
      { stream: 'camera', kind: 'audio', track: null },
      { stream: 'camera', kind: 'video', track: camera },
    ]),
    ...other,
  };
  return { options, offers, camera };
}

test('the connection made ahead is the one of the call, with its tracks, its slots and its ICE servers', async () => {
  fakeBrowser();
  const spare = new Spare();
  const { options, offers, camera } = wanted({ videoSlots: 9 });
  const made = FakePeer.made.length;
  const link = spare.take(options);
  assert.equal(FakePeer.made.length, made, 'no other is made');
  await link.negotiate();
  const peer = /** @type {FakePeer} */ (/** @type {unknown} */ (link.pc));
  assert.deepEqual(peer.configuration.iceServers, options.iceServers);
  assert.equal(peer.lines[1].sender.track, camera);
  assert.deepEqual([offers.length, offers[0]?.id, offers[0]?.fresh], [1, 7, true]);
  assert.deepEqual(named(offers[0]), ['camera audio', 'camera video']);
  assert.equal(offers[0]?.slots.filter(({ kind }) => kind === 'video').length, 9);
  const other = spare.take(options);
  assert.notEqual(other, link, 'the next one is made when it is needed');
  for (const one of [link, other]) one.close();
});

test('a server that wants other lines gets a connection with those, and none is left over', () => {
  const lines = { limits: { pairs: 4, audioOnly: 3, videoSteps: [4] }, videoSlots: 4 };
  const layers = { encodings: { camera: USUAL.encodings?.camera.slice(1) ?? [], screen: [] } };
  for (const other of [lines, layers, { encodings: undefined }]) {
    fakeBrowser();
    const spare = new Spare();
    const ahead = FakePeer.made.at(-1);
    const link = spare.take(wanted(other).options);
    assert.notEqual(link.pc, ahead);
    assert.equal(ahead?.signalingState, 'closed');
    link.close();
  }
});

test('what the server is expected to want is what its protocol says', async () => {
  const protocol = await readFile(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
  const examples = [...protocol.matchAll(/^```json server\n(.*?)^```/gms)].map(([, text = '']) => JSON.parse(text));
  const welcome = examples.find(({ type }) => type === 'welcome');
  assert.deepEqual(welcome.slots, USUAL.limits);
  const shapes = (/** @type {any[]} */ layers) => layers.map(({ rid, scaleDown }) => [rid, scaleDown]);
  assert.deepEqual(shapes(welcome.encodings.camera), shapes(USUAL.encodings?.camera ?? []));
});
