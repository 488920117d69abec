import assert from 'node:assert/strict';
import test from 'node:test';
import { deviceTrack, firstOwn, ownTracks } from '../../client/js/call/own-tracks.js';
import { findCodec, preferred } from '../../client/js/rtc/codecs.js';
import { untouched } from '../../client/js/rtc/local-media.js';
import { explainShare, mayShareWithoutSound } from '../../client/js/rtc/screen-share.js';
import { applyCodec, applyLayers, Sender } from '../../client/js/rtc/sender.js';

/** What a browser offers, in its order. The H264 lines differ only in their parameters. */
const CODECS = [
  { mimeType: 'video/VP8', clockRate: 90_000 },
  { mimeType: 'video/rtx', clockRate: 90_000 },
  h264('42001f', 1),
  h264('42e01f', 0),
  h264('4d001f', 1),
  h264('42e01f', 1),
  { mimeType: 'video/VP9', clockRate: 90_000, sdpFmtpLine: 'profile-id=2' },
  { mimeType: 'video/VP9', clockRate: 90_000, sdpFmtpLine: 'profile-id=0' },
  { mimeType: 'video/AV1', clockRate: 90_000, sdpFmtpLine: 'level-idx=5;profile=1;tier=0' },
  { mimeType: 'video/AV1', clockRate: 90_000, sdpFmtpLine: 'level-idx=5;profile=0;tier=0' },
];

/**
 * @param {string} profile
 * @param {number} mode
 */
function h264(profile, mode) {
  const sdpFmtpLine = `level-asymmetry-allowed=1;packetization-mode=${mode};profile-level-id=${profile}`;
  return { mimeType: 'video/H264', clockRate: 90_000, sdpFmtpLine };
}

test('one name of the server is one profile of the browser', () => {
  assert.equal(findCodec(CODECS, 'VP8'), CODECS[0]);
  assert.equal(findCodec(CODECS, 'H264'), CODECS[5], 'constrained baseline in packetization mode 1 only');
  assert.equal(findCodec(CODECS, 'VP9'), CODECS[7]);
  assert.equal(findCodec(CODECS, 'AV1'), CODECS[9]);
  assert.equal(findCodec(CODECS.slice(0, 5), 'H264'), undefined);
  const bare = [
    { mimeType: 'video/VP9', clockRate: 90_000 },
    { mimeType: 'video/AV1', clockRate: 90_000 },
  ];
  assert.deepEqual([findCodec(bare, 'VP9'), findCodec(bare, 'AV1')], bare, 'profile 0 may go unsaid');
});

test('a codec that is preferred comes first and none is lost, repair neither', () => {
  const order = preferred(CODECS, 'H264');
  assert.equal(order[0], CODECS[5]);
  assert.deepEqual(order.slice(1), CODECS.toSpliced(5, 1));
});

test('a layer that the server does not list is not sent', () => {
  /** @type {RTCRtpEncodingParameters[]} */
  const three = [{ rid: 'q' }, { rid: 'h' }, { rid: 'f' }];
  const two = applyLayers(
    three,
    [
      { rid: 'q', maxBitrate: 100_000, scaleDown: 4 },
      { rid: 'h', maxBitrate: 400_000, scaleDown: 2 },
    ],
    true,
  );
  assert.deepEqual(
    two.map(({ rid, active, maxBitrate, scaleResolutionDownBy: scale }) => [rid, active, maxBitrate, scale]),
    [
      ['q', true, 100_000, 4],
      ['h', true, 400_000, 2],
      ['f', false, undefined, undefined],
    ],
  );
});

test('frames a second are those of the last wish, and unbounded where it names none', () => {
  const asked = { rid: 'q', maxBitrate: 150_000, scaleDown: 4 };
  const [slow] = applyLayers(
    /** @type {RTCRtpEncodingParameters[]} */ ([{ rid: 'q' }]),
    [{ ...asked, maxFramerate: 15 }],
    true,
  );
  assert.equal(slow?.maxFramerate, 15);
  const [free] = applyLayers(slow ? [slow] : [], [asked], true);
  assert.equal(free?.maxFramerate, undefined);
});

test('what the person allows is sent at once, without a word of the server', async () => {
  const raw = browserSender('takes');
  const sender = new Sender(/** @type {any} */ (raw), 'camera', () => {});
  const layers = [
    { rid: 'q', maxBitrate: 150_000, scaleDown: 4 },
    { rid: 'f', maxBitrate: 1_600_000, scaleDown: 1 },
  ];
  const active = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return raw.getParameters().encodings.map((encoding) => encoding.active);
  };
  sender.adjust({ stream: 'camera', kind: 'video', codec: 'VP8', layers });
  assert.deepEqual(await active(), [true, true]);
  sender.allow({ most: 180, saver: false });
  assert.deepEqual(await active(), [true, false]);
  sender.allow({ most: 720, saver: false });
  assert.deepEqual(await active(), [true, true]);
});

test('a server that wants one picture gets the largest, once', () => {
  /** @type {RTCRtpEncodingParameters[]} */
  const three = [{ rid: 'q' }, { rid: 'h' }, { rid: 'f' }];
  const one = applyLayers(three, [{ maxBitrate: 900_000, scaleDown: 1 }], true);
  assert.deepEqual(
    one.map(({ active }) => active),
    [false, false, true],
  );
});

test('every encoding gets the same codec, and layers within only where several of them need it', () => {
  const vp9 = { mimeType: 'video/VP9', clockRate: 90_000 };
  const flat = applyCodec([{ rid: 'q' }, { rid: 'f' }], vp9);
  assert.deepEqual(flat, [
    { rid: 'q', codec: vp9, scalabilityMode: 'L1T1' },
    { rid: 'f', codec: vp9, scalabilityMode: 'L1T1' },
  ]);
  const vp8 = { mimeType: 'video/VP8', clockRate: 90_000 };
  assert.deepEqual(applyCodec(flat, vp8), [
    { rid: 'q', codec: vp8 },
    { rid: 'f', codec: vp8 },
  ]);
});

/**
 * A sender as browsers have it.
 * @param {'takes' | 'ignores' | 'refuses'} codecs What it does with a codec in its parameters.
 */
function browserSender(codecs) {
  /** @type {{ codecs: typeof CODECS, encodings: any[] }} */
  let parameters = { codecs: CODECS, encodings: [{ rid: 'q' }, { rid: 'f' }] };
  return {
    /** @type {object | null} */
    track: {},
    /** @param {object | null} track */
    async replaceTrack(track) {
      this.track = track;
    },
    getParameters: () => structuredClone(parameters),
    /** @param {typeof parameters} wanted */
    setParameters: async (wanted) => {
      const named = wanted.encodings.some((encoding) => encoding.codec);
      if (named && codecs === 'refuses') throw new Error('InvalidModificationError');
      parameters = structuredClone(wanted);
      if (codecs === 'ignores') for (const encoding of parameters.encodings) delete encoding.codec;
    },
  };
}

/**
 * What becomes of the wish for H264 in such a browser.
 * @param {'takes' | 'ignores' | 'refuses'} codecs
 */
async function wishFor(codecs) {
  /** @type {string[]} */
  const negotiated = [];
  const raw = browserSender(codecs);
  const sender = new Sender(/** @type {any} */ (raw), 'camera', (codec) => negotiated.push(codec));
  const layers = [{ rid: 'f', maxBitrate: 500_000, scaleDown: 1 }];
  sender.adjust({ stream: 'camera', kind: 'video', codec: 'H264', layers });
  // The queue of the sender is done once a later change is.
  await new Promise((resolve) => setImmediate(resolve));
  return { negotiated, encodings: raw.getParameters().encodings };
}

test('without a picture nothing is sent, and with the next one what the server wants by then', async () => {
  const raw = browserSender('takes');
  const sender = new Sender(/** @type {any} */ (raw), 'camera', () => {});
  const active = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return raw.getParameters().encodings.map((encoding) => encoding.active);
  };
  const wish = (/** @type {string[]} */ ...rids) => {
    const layers = rids.map((rid) => ({ rid, maxBitrate: 500_000, scaleDown: 1 }));
    sender.adjust({ stream: 'camera', kind: 'video', codec: 'VP8', layers });
  };
  const track = /** @type {any} */ ({});
  sender.use(null);
  assert.deepEqual(await active(), [false, false]);
  sender.use(track);
  assert.deepEqual(await active(), [true, true], 'the server has said nothing yet');
  sender.use(null);
  wish('q');
  assert.deepEqual(await active(), [false, false]);
  sender.use(track);
  assert.deepEqual(await active(), [true, false]);
  wish('q', 'f');
  assert.deepEqual(await active(), [true, true]);

  sender.use(null);
  await active();
  const set = raw.setParameters;
  raw.setParameters = async () => {
    raw.setParameters = set;
    throw new DOMException('read before another change', 'InvalidStateError');
  };
  sender.use(track);
  assert.deepEqual(await active(), [true, true], 'one refusal does not leave it dark');
});

test('a browser that takes a codec in its parameters needs no negotiation', async () => {
  const { negotiated, encodings } = await wishFor('takes');
  assert.deepEqual(negotiated, []);
  assert.ok(encodings.every(({ codec }) => codec.sdpFmtpLine === CODECS[5]?.sdpFmtpLine));
});

test('a browser that ignores or refuses it is offered anew, and its layers are set all the same', async () => {
  for (const kind of /** @type {const} */ (['ignores', 'refuses'])) {
    const { negotiated, encodings } = await wishFor(kind);
    assert.deepEqual(negotiated, ['H264'], kind);
    assert.deepEqual(
      encodings.map(({ active }) => active),
      [false, true],
      kind,
    );
  }
});

const media = {
  /** @param {'camera' | 'microphone'} device */
  get: (device) => ({ ...untouched(), on: device === 'camera', live: device === 'camera' }),
};

test('a new connection has lines for camera and microphone, and for a screen only while it is shared', () => {
  const video = /** @type {MediaStreamTrack} */ ({});
  const kinds = (/** @type {MediaStreamTrack | null} */ shared) =>
    firstOwn(ownTracks(media, { tracks: { video: shared, audio: null } })).map(
      ({ stream, kind }) => `${stream} ${kind}`,
    );
  assert.deepEqual(kinds(null), ['camera audio', 'camera video']);
  assert.deepEqual(kinds(video), ['camera audio', 'camera video', 'screen video']);
});

test('the others are told what is muted: a device by its switch, a screen while nothing is shared', () => {
  assert.equal(deviceTrack(media, 'camera').muted, false);
  assert.equal(deviceTrack(media, 'microphone').muted, true);
  const video = /** @type {MediaStreamTrack} */ ({});
  const muted = ownTracks(media, { tracks: { video, audio: null } }).filter(({ stream }) => stream === 'screen');
  assert.deepEqual(
    muted.map((own) => [own.kind, own.muted]),
    [
      ['video', false],
      ['audio', true],
    ],
  );
});

test('who closes the picker is told nothing, who cannot share is told why', () => {
  assert.equal(explainShare('NotAllowedError', 'Permission denied by user'), null);
  assert.match(explainShare('NotAllowedError', 'Permission denied by system')?.advice ?? '', /system/);
  for (const name of ['NotFoundError', 'NotReadableError', 'InvalidStateError', 'Odd']) {
    const words = explainShare(name);
    assert.ok(words && words.title.endsWith('.') && words.advice.length > 10, name);
  }
});

test('without sound is tried only where the person has not said no', () => {
  assert.equal(mayShareWithoutSound('NotSupportedError'), true);
  assert.equal(mayShareWithoutSound('NotAllowedError'), false);
});
