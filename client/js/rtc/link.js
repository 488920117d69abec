/**
 * One `RTCPeerConnection` to the server: own lines, slots, and one offer at a time. When it breaks for good it is closed
 * and another one is made; who it belongs to and what the slots show is known elsewhere.
 */

import { Emitter } from '../core/emitter.js';
import { Sender } from './sender.js';
import { firstLines, moreVideo } from './slot-plan.js';

/** @import { IceServer, Kind, Offer, PublishTrack, SlotLimits } from '../proto/messages.js' */
/** @import { Line } from './slot-plan.js' */

/** Milliseconds until an offer without an answer is sent again. */
const ANSWER_WITHIN = 15_000;
/** Bits per second for the camera until the server says what it wants: enough for 720p. */
const FIRST_BITRATE = 1_700_000;

/**
 * @typedef {object} LinkOptions
 * @property {IceServer[]} iceServers
 * @property {SlotLimits} limits
 * @property {number} videoSlots
 * @property {() => number} nextOffer A number higher than all before.
 * @property {(offer: Offer) => void} send
 * @property {(kind: Kind) => MediaStreamTrack | null} track What to send at first.
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
  #pc;
  #senders;
  /** @type {{ line: Line, transceiver: RTCRtpTransceiver }[]} */
  #slots = [];
  #videoSlots;
  #answered = false;
  #closed = false;
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
    this.#videoSlots = Math.max(options.videoSlots, options.limits.pairs);
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers: options.iceServers });
    this.#pc = pc;
    pc.createDataChannel('ctl');
    const stream = new MediaStream();
    const own = (/** @type {Kind} */ kind) => {
      const encodings = kind === 'video' ? [{ maxBitrate: FIRST_BITRATE }] : [{}];
      const transceiver = pc.addTransceiver(options.track(kind) ?? kind, {
        direction: 'sendonly',
        streams: [stream],
        sendEncodings: encodings,
      });
      return { kind, transceiver, sender: new Sender(transceiver.sender) };
    };
    this.#senders = [own('audio'), own('video')];
    this.#addLines(firstLines(options.limits, this.#videoSlots));
    pc.ontrack = ({ track, transceiver }) => {
      const found = this.#slots.find((slot) => slot.transceiver === transceiver);
      if (found) this.emit('slot', { ...found.line, track });
    };
    pc.onconnectionstatechange = () => this.emit('state', pc.connectionState);
  }

  /** The connection itself, for debugging. */
  get pc() {
    return this.#pc;
  }

  /** How many video slots it has. */
  get videoSlots() {
    return this.#videoSlots;
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
      await this.#pc.setLocalDescription(await this.#pc.createOffer(options));
    } catch (error) {
      if (!this.#closed) this.#fail(error);
      return;
    }
    if (!this.#closed) this.#send();
  }

  /** Sends the local description as an offer with a new id. */
  #send() {
    const id = this.#options.nextOffer();
    this.#flight = id;
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
      await this.#pc.setRemoteDescription({ type: 'answer', sdp });
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
    if (videoSlots <= this.#videoSlots) return;
    this.#addLines(moreVideo(this.#videoSlots, videoSlots));
    this.#videoSlots = videoSlots;
    void this.negotiate();
  }

  /**
   * @param {Kind} kind
   * @param {MediaStreamTrack | null} track
   */
  use(kind, track) {
    for (const own of this.#senders) if (own.kind === kind) own.sender.use(track);
  }

  /** @param {PublishTrack[]} tracks */
  publish(tracks) {
    for (const { stream, kind, layers } of tracks) {
      if (stream !== 'camera') continue;
      for (const own of this.#senders) if (own.kind === kind) own.sender.adjust(layers, kind === 'video');
    }
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#deadline);
    this.#pc.ontrack = this.#pc.onconnectionstatechange = null;
    this.#pc.close();
  }

  /** @param {Line[]} lines */
  #addLines(lines) {
    for (const line of lines) {
      this.#slots.push({ line, transceiver: this.#pc.addTransceiver(line.kind, { direction: 'recvonly' }) });
    }
  }

  /** The local description and what its lines are. Mids exist only once it is set. */
  #description() {
    const tracks = this.#senders.map(({ kind, transceiver }) => ({
      mid: transceiver.mid ?? '',
      stream: /** @type {const} */ ('camera'),
      kind,
    }));
    // A line that was added after this offer was made has no mid yet; it is in the next one.
    const slots = this.#slots.flatMap(({ line, transceiver }) =>
      transceiver.mid ? [{ mid: transceiver.mid, ...line }] : [],
    );
    return { sdp: this.#pc.localDescription?.sdp ?? '', tracks, slots };
  }

  /** @param {unknown} error */
  #fail(error) {
    console.warn('the offer failed:', error);
    this.emit('broken', null);
  }
}
