/**
 * One `RTCPeerConnection` to the server: own lines, slots, and one offer at a time. When it breaks for good it is closed
 * and another one is made; who it belongs to and what the slots show is known elsewhere.
 */

import { Emitter } from '../core/emitter.js';
import { preferred, receivable } from './codecs.js';
import { withRateOfSpeech, withStereo } from './opus.js';
import { trafficOf } from './pulse.js';
import { BEST, offeredLayers } from './encodings.js';
import { Sender } from './sender.js';
import { firstLines, moreVideo } from './slot-plan.js';

/** @import { Encodings, IceServer, Kind, Limitation, Offer, PublishLayer, PublishTrack, SlotLimits, Stream, TrackLine } from '../proto/messages.js' */
/** @import { Quality } from './encodings.js' */
/** @import { Line } from './slot-plan.js' */

/** Milliseconds until an offer without an answer is sent again. */
const ANSWER_WITHIN = 15_000;
/** How pictures are offered where the server does not say: in one size each. */
const ONE_LAYER = { camera: [], screen: [] };

/** Something of one's own to send: what it is, and the track if there is one now. @typedef {{ stream: Stream, kind: Kind, track: MediaStreamTrack | null }} OwnTrack */
/** @typedef {{ stream: Stream, kind: Kind, transceiver: RTCRtpTransceiver, sender: Sender }} OwnLine */

/**
 * @typedef {object} LinkOptions
 * @property {IceServer[]} iceServers
 * @property {SlotLimits} limits
 * @property {Encodings | undefined} encodings As the server wants pictures to be offered.
 * @property {number} videoSlots
 * @property {() => number} nextOffer A number higher than all before.
 * @property {(offer: Offer) => void} send
 * @property {OwnTrack[]} tracks The lines to begin with.
 * @property {Quality} [quality] What the person allows.
 */

/**
 * @typedef {object} LinkEvents
 * @property {{ kind: Kind, slot: number, track: MediaStreamTrack }} slot A slot's track exists, before anything comes on it.
 * @property {RTCPeerConnectionState} state
 * @property {null} answered An answer was applied.
 * @property {null} broken The exchange failed in a way that only a new connection mends.
 */

/** @extends {Emitter<LinkEvents>} */
export class Link extends Emitter {
  #options;
  #quality;
  #pc;
  /** Nothing is said on it: it shows whether anything gets through. */
  #channel;
  /** @type {OwnLine[]} */
  #own = [];
  /** What one stream sends is played in step. @type {Record<Stream, MediaStream>} */
  #streams = { camera: new MediaStream(), screen: new MediaStream() };
  /** @type {{ line: Line, transceiver: RTCRtpTransceiver }[]} */
  #slots = [];
  #videoSlots;
  /** The codec each line was last offered with first. @type {Map<RTCRtpTransceiver, string>} */
  #preferred = new Map();
  /** The id of the newest offer, 0 before the first. */
  #newest = 0;
  #answered = false;
  #closed = false;
  #rests = false;
  /**
   * The id of the offer in flight; 0 while an offer is being made or its answer applied; null when there is none.
   * @type {number | null}
   */
  #flight = null;
  /** Asked for while an offer was in flight. @type {RTCOfferOptions | null} */
  #again = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #deadline;

  /** @param {LinkOptions} options */
  constructor(options) {
    super();
    this.#options = options;
    this.#quality = options.quality ?? BEST;
    this.#videoSlots = Math.max(options.videoSlots, options.limits.pairs);
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers: options.iceServers });
    this.#pc = pc;
    this.#channel = pc.createDataChannel('ctl', { ordered: false, maxRetransmits: 0 });
    for (const track of options.tracks) this.#addOwn(track);
    this.#addLines(firstLines(options.limits, this.#videoSlots));
    pc.ontrack = ({ track, transceiver }) => {
      const found = this.#slots.find((slot) => slot.transceiver === transceiver);
      if (found) this.emit('slot', { ...found.line, track });
    };
    pc.onconnectionstatechange = () => this.emit('state', pc.connectionState);
  }

  /** Makes an offer and throws it away: the first one takes browsers longest. */
  async rehearse() {
    await this.#pc.createOffer().catch((error) => console.warn('the browser makes no offer:', error));
  }

  /**
   * Serves a call that was not known when this was made.
   * @param {LinkOptions} options
   * @returns {boolean} Whether it can: nothing was offered yet, and it has the lines that such a connection begins with.
   */
  becomes(options) {
    if (this.#newest > 0 || shapeOf(this.#options) !== shapeOf(options)) return false;
    this.#options = options;
    this.useIceServers(options.iceServers);
    this.allow(options.quality ?? BEST);
    for (const own of options.tracks) this.#lineOf(own)?.sender.use(own.track);
    this.#makeRoom(options.videoSlots);
    return true;
  }

  /** The connection itself, for debugging. */
  get pc() {
    return this.#pc;
  }

  /** Makes the channel for files through the server: see `docs/protocol.md`. */
  openFiles() {
    return this.#pc.createDataChannel('files');
  }

  /** What the browser counts of it. */
  stats() {
    return this.#pc.getStats();
  }

  /** How many video slots it has. */
  get videoSlots() {
    return this.#videoSlots;
  }

  /** The line (mid) of a video slot, if it has been offered. @param {number} slot @returns {string[]} */
  midsOf(slot) {
    const found = this.#slots.find(({ line }) => line.kind === 'video' && line.slot === slot);
    return found?.transceiver.mid ? [found.transceiver.mid] : [];
  }

  /** When the newest packet of the first slots came: a number that changes with it, 0 before the first. */
  get newestPacket() {
    const first = this.#slots.filter(({ line }) => line.slot < this.#options.limits.pairs);
    const times = first.flatMap(({ transceiver }) =>
      transceiver.receiver.getSynchronizationSources().map(({ timestamp }) => timestamp),
    );
    return Math.max(0, ...times);
  }

  /**
   * When the newest packet of one slot came, or 0.
   * @param {Kind} kind
   * @param {number} slot
   */
  newestOf(kind, slot) {
    const found = this.#slots.find(({ line }) => line.kind === kind && line.slot === slot);
    return found?.transceiver.receiver.getSynchronizationSources()[0]?.timestamp ?? 0;
  }

  /** Sends nothing from now on, or again; the connection stays. @param {boolean} rests */
  rest(rests) {
    for (const { sender } of this.#own) sender.rest(rests);
    this.#rests = rests;
  }

  /**
   * Sends what the server acknowledges without a thought.
   * @returns {Promise<import('./pulse.js').Traffic | undefined>} What has come so far; undefined if nothing can be sent.
   */
  async ask() {
    if (this.#channel.readyState !== 'open') return undefined;
    this.#channel.send('?');
    return trafficOf(await this.#pc.getStats());
  }

  /** The id of the newest offer, 0 before the first. */
  get newest() {
    return this.#newest;
  }

  /** Whether the server has accepted this connection. */
  get answered() {
    return this.#answered;
  }

  /** Whether the server knows this connection and it may still carry media. */
  get usable() {
    return !this.#closed && this.#answered && !['failed', 'closed'].includes(this.#pc.connectionState);
  }

  /**
   * Offers what has changed. While an offer is in flight the next one waits for its answer.
   * @param {RTCOfferOptions} [options]
   */
  async negotiate(options = {}) {
    if (this.#closed) return;
    if (this.#flight !== null) {
      this.#again = { ...this.#again, ...options };
      return;
    }
    this.#flight = 0;
    try {
      await this.#describe(await this.#pc.createOffer(options));
    } catch (error) {
      if (!this.#closed) this.#fail(error);
      return;
    }
    if (!this.#closed) this.#send();
  }

  /** @param {RTCSessionDescriptionInit} offer */
  async #describe({ sdp = '' }) {
    try {
      await this.#pc.setLocalDescription({ type: 'offer', sdp: withStereo(sdp) });
    } catch (error) {
      // Browsers mean to allow fewer and fewer edits; a screen's sound in one channel is better than none.
      if (!(error instanceof DOMException && error.name === 'InvalidModificationError')) throw error;
      await this.#pc.setLocalDescription({ type: 'offer', sdp });
    }
  }

  /** @param {string} answer */
  #withOwnRates(answer) {
    const { sdp: offer, tracks } = this.#description();
    const speech = tracks.filter(({ stream, kind }) => stream === 'camera' && kind === 'audio');
    return withRateOfSpeech(answer, { offer, speech: speech.map(({ mid }) => mid) });
  }

  /** Sends the local description as an offer with a new id. */
  #send() {
    const id = this.#options.nextOffer();
    this.#flight = this.#newest = id;
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.offerAgain(), ANSWER_WITHIN);
    this.#options.send({ type: 'offer', id, fresh: !this.#answered, ...this.#description() });
  }

  /**
   * @param {number} id
   * @param {string} sdp
   */
  async answer(id, sdp) {
    if (this.#closed || id !== this.#flight) return;
    clearTimeout(this.#deadline);
    // Nothing is in flight any more, so nothing can be lost: an answer half applied must not be rolled back.
    this.#flight = 0;
    try {
      await this.#pc.setRemoteDescription({ type: 'answer', sdp: this.#withOwnRates(sdp) });
    } catch (error) {
      if (!this.#closed) this.#fail(error);
      return;
    }
    if (this.#closed) return;
    this.#answered = true;
    this.#flight = null;
    this.emit('answered', null);
    const again = this.#again;
    this.#again = null;
    if (again) await this.negotiate(again);
  }

  /**
   * The offer in flight, or its answer, was lost: sends it again. It is not rolled back, because new lines would then get
   * other mids than those the server knows if it was only the answer that was lost.
   */
  offerAgain() {
    if (!this.#closed && this.#flight) this.#send();
  }

  /**
   * Makes room for more pictures.
   * @param {number} videoSlots
   */
  grow(videoSlots) {
    if (this.#pc.signalingState !== 'closed' && this.#makeRoom(videoSlots)) void this.negotiate();
  }

  /**
   * @param {number} videoSlots
   * @returns {boolean} Whether there were fewer.
   */
  #makeRoom(videoSlots) {
    if (videoSlots <= this.#videoSlots) return false;
    this.#addLines(moreVideo(this.#videoSlots, videoSlots));
    this.#videoSlots = videoSlots;
    return true;
  }

  /**
   * Sends these from now on. What has no line yet gets one, and the lines are offered together.
   * @param {OwnTrack[]} wanted
   */
  use(wanted) {
    if (this.#closed) return;
    for (const own of wanted) this.#lineOf(own)?.sender.use(own.track);
    const added = wanted.filter((own) => own.track && !this.#lineOf(own));
    for (const own of added) this.#addOwn(own);
    if (added.length > 0) void this.negotiate();
  }

  /** @param {PublishTrack[]} tracks */
  publish(tracks) {
    for (const wish of tracks) this.#lineOf(wish)?.sender.adjust(wish);
  }

  /** What the person allows from now on. @param {Quality} quality */
  allow(quality) {
    this.#quality = quality;
    for (const { sender } of this.#own) sender.allow(quality);
  }

  /**
   * What keeps the browser from sending the pictures it was told to, at this moment.
   * @returns {Promise<{ stream: Stream, by: Limitation | null }[]>} Of each line that was offered.
   */
  async limitations() {
    const lines = this.#own.filter(({ kind, transceiver }) => kind === 'video' && transceiver.mid);
    return Promise.all(lines.map(async ({ stream, sender }) => ({ stream, by: await sender.limitation() })));
  }

  /**
   * Uses these from the next ICE restart on: what is gathered by then stays as it is.
   * @param {IceServer[]} iceServers
   */
  useIceServers(iceServers) {
    if (this.#closed) return;
    try {
      // The rest of the configuration has to be said again as it is.
      this.#pc.setConfiguration({ ...this.#pc.getConfiguration(), iceServers });
    } catch (error) {
      console.warn('the ICE servers are not taken:', error);
    }
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#deadline);
    this.#pc.ontrack = this.#pc.onconnectionstatechange = null;
    this.#pc.close();
  }

  /** @param {{ stream: Stream, kind: Kind }} which */
  #lineOf({ stream, kind }) {
    return this.#own.find((line) => line.stream === stream && line.kind === kind);
  }

  /** @param {OwnTrack} own */
  #addOwn({ stream, kind, track }) {
    const asked = (this.#options.encodings ?? ONE_LAYER)[stream];
    const hints = 'contentHint' in (globalThis.MediaStreamTrack?.prototype ?? {});
    const transceiver = this.#pc.addTransceiver(track ?? kind, {
      direction: 'sendonly',
      streams: [this.#streams[stream]],
      sendEncodings: kind === 'audio' ? [{}] : encodingsOf(offeredLayers(asked, stream, hints)),
    });
    const picture = kind === 'video' ? stream : null;
    const prefer = (/** @type {string} */ codec) => this.#prefer(transceiver, codec);
    const sender = new Sender(transceiver.sender, picture, prefer, this.#quality);
    sender.rest(this.#rests);
    this.#own.push({ stream, kind, transceiver, sender });
  }

  /**
   * The way to another codec for browsers that cannot change it by parameters.
   * @param {RTCRtpTransceiver} transceiver
   * @param {string} codec
   */
  #prefer(transceiver, codec) {
    const codecs = RTCRtpReceiver.getCapabilities('video')?.codecs;
    if (this.#closed || !codecs || this.#preferred.get(transceiver) === codec) return;
    this.#preferred.set(transceiver, codec);
    try {
      transceiver.setCodecPreferences(preferred(codecs, codec));
    } catch (error) {
      return console.warn(`${codec} cannot be preferred:`, error);
    }
    void this.negotiate();
  }

  /** @param {Line[]} lines */
  #addLines(lines) {
    for (const line of lines) {
      const transceiver = this.#pc.addTransceiver(line.kind, { direction: 'recvonly' });
      offerOnlyReceivable(transceiver, line.kind);
      this.#slots.push({ line, transceiver });
    }
  }

  /**
   * The own lines that have been offered. One that was added since has no mid yet; it is in the next offer.
   * @returns {TrackLine[]}
   */
  get tracks() {
    return this.#own.flatMap(({ stream, kind, transceiver }) =>
      transceiver.mid ? [{ mid: transceiver.mid, stream, kind }] : [],
    );
  }

  /** The local description and what its lines are. Mids exist only once it is set. */
  #description() {
    const slots = this.#slots.flatMap(({ line, transceiver }) =>
      transceiver.mid ? [{ mid: transceiver.mid, ...line }] : [],
    );
    return { sdp: this.#pc.localDescription?.sdp ?? '', tracks: this.tracks, slots };
  }

  /** @param {unknown} error */
  #fail(error) {
    console.warn('the offer failed:', error);
    this.emit('broken', null);
  }
}

/**
 * @param {RTCRtpTransceiver} transceiver
 * @param {Kind} kind
 */
function offerOnlyReceivable(transceiver, kind) {
  const codecs = receivable(RTCRtpReceiver.getCapabilities(kind)?.codecs ?? []);
  try {
    if (codecs.length > 0) transceiver.setCodecPreferences(codecs);
  } catch (error) {
    console.warn('a line offers all codecs:', error);
  }
}

/**
 * What a connection can only have from the beginning.
 * @param {LinkOptions} options
 */
function shapeOf({ limits, encodings = ONE_LAYER, tracks }) {
  return JSON.stringify([
    [limits.pairs, limits.audioOnly],
    encodings.camera.map(({ rid, scaleDown }) => [rid, scaleDown]),
    tracks.map(({ stream, kind }) => [stream, kind]),
  ]);
}

/**
 * @param {PublishLayer[]} layers
 * @returns {RTCRtpEncodingParameters[]} At least one.
 */
function encodingsOf(layers) {
  if (layers.length === 0) return [{}];
  return layers.map(({ rid, maxBitrate, scaleDown, maxFramerate }) => ({
    ...(rid === undefined ? {} : { rid }),
    ...(maxFramerate === undefined ? {} : { maxFramerate }),
    scaleResolutionDownBy: Math.max(1, scaleDown),
    maxBitrate,
  }));
}
