/**
 * A connection to another browser: four lines for what both send, a channel for words and one for files. Whoever offers first is agreed; a
 * restart may come from both at once, which is settled as in perfect negotiation (WebRTC 1.0, section 10.7).
 */

import { Emitter } from '../core/emitter.js';
import { BEST } from './encodings.js';
import { Sender } from './sender.js';

/** @import { IceServer, Kind, PublishLayer, Stream } from '../proto/messages.js' */
/** @import { Quality } from './encodings.js' */
/** @import { OwnTrack } from './link.js' */
/** @import { LinkState } from '../call/direct.js' */

/** The lines of every connection, in their order: nobody has to say which is which. @type {{ stream: Stream, kind: Kind }[]} */
export const LINES = [
  { stream: 'camera', kind: 'audio' },
  { stream: 'camera', kind: 'video' },
  { stream: 'screen', kind: 'video' },
  { stream: 'screen', kind: 'audio' },
];

/** Milliseconds between two signs of life. */
const BEAT = 500;
/** Milliseconds without anything at all after which a connection is lost. */
const SILENT_FOR = 3000;
/** Bits a second below which the server, that is sent everything once, does better by a camera than a line to each of the others. */
const STARVED = 150_000;
/** Characters of a word; the longest honest one is a message of the chat. */
const MOST_CHARS = 32_768;
/** Signs of life that are answered: twice as many a second as come of an honest page, and so many at once. */
const ANSWERS = { rate: 4, burst: 10 };
/** Milliseconds without anything after which another path is looked for. */
const RESTART_AFTER = 1500;

/**
 * @typedef {object} DirectLinkOptions
 * @property {boolean} offers Whether this side offers first; the other one is polite.
 * @property {IceServer[]} iceServers
 * @property {(data: unknown) => void} signal Says something to the other side, through the server.
 * @property {OwnTrack[]} tracks
 * @property {Record<Stream, PublishLayer>} rates How pictures are sent.
 * @property {Quality} [quality]
 */

/**
 * @typedef {object} DirectLinkEvents
 * @property {LinkState} state
 * @property {{ stream: Stream, kind: Kind, track: MediaStreamTrack }} track Something of the other side's can come on it.
 * @property {{ type: string }} word What the other side said on the channel, but for the signs of life.
 * @property {RTCDataChannel} files The channel for files is open.
 */

/** @extends {Emitter<DirectLinkEvents>} */
export class DirectLink extends Emitter {
  #options;
  #pc;
  /** For words. @type {RTCDataChannel | null} */
  #channel = null;
  /** @type {{ stream: Stream, kind: Kind, transceiver: RTCRtpTransceiver, sender: Sender }[]} */
  #lines = [];
  #quality;
  /** @type {OwnTrack[]} */
  #tracks;
  #rates;
  #making = false;
  #ignoring = false;
  #settingAnswer = false;
  #closed = false;
  /** @type {LinkState} */
  #state = '';
  #heard = performance.now();
  #received = 0;
  #restarted = false;
  /** Milliseconds there and back; null before the first answer. @type {number | null} */
  #roundTrip = null;
  #answers = { left: ANSWERS.burst, at: performance.now() };
  #timer;

  /** @param {DirectLinkOptions} options */
  constructor(options) {
    super();
    this.#options = options;
    this.#quality = options.quality ?? BEST;
    this.#tracks = options.tracks;
    this.#rates = options.rates;
    const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers: options.iceServers });
    this.#pc = pc;
    pc.ontrack = ({ track, transceiver }) => {
      const line = LINES[pc.getTransceivers().indexOf(transceiver)];
      if (line) this.emit('track', { ...line, track });
    };
    pc.onicecandidate = ({ candidate }) => options.signal({ candidate: candidate ? candidate.toJSON() : null });
    pc.onnegotiationneeded = () => void this.#describe();
    pc.onconnectionstatechange = () => {
      if (pc.connectionState === 'failed') this.#become(this.#state === 'connected' ? 'lost' : 'no-path');
    };
    if (options.offers) {
      for (const { kind } of LINES) pc.addTransceiver(kind, { direction: 'sendrecv', sendEncodings: [{}] });
      this.#adopt();
    }
    this.#timer = setInterval(() => void this.#beat(), BEAT);
  }

  /** For debugging and for tests. */
  get pc() {
    return this.#pc;
  }

  get state() {
    return this.#state;
  }

  /** Milliseconds there and back; null if that is not known. */
  get roundTrip() {
    return this.#roundTrip;
  }

  /** Whether a stream's sound or picture has arrived. */
  get flows() {
    return this.#lines.some(({ transceiver }) => transceiver.receiver.getSynchronizationSources().length > 0);
  }

  /** How loud the other person is now, from 0 to 1. */
  get level() {
    const voice = this.#lines.find(({ stream, kind }) => stream === 'camera' && kind === 'audio');
    return voice?.transceiver.receiver.getSynchronizationSources()[0]?.audioLevel ?? 0;
  }

  /** Sends these from now on. @param {OwnTrack[]} tracks */
  use(tracks) {
    for (const own of tracks) {
      this.#tracks = [...this.#tracks.filter((one) => one.stream !== own.stream || one.kind !== own.kind), own];
      this.#lineOf(own)?.sender.use(own.track);
    }
  }

  /** What the person allows from now on. @param {Quality} quality */
  allow(quality) {
    this.#quality = quality;
    for (const { sender } of this.#lines) sender.allow(quality);
  }

  /** How pictures are sent from now on. @param {Record<Stream, PublishLayer>} rates */
  rate(rates) {
    this.#rates = rates;
    for (const { stream, kind, sender } of this.#lines) {
      if (kind === 'video') sender.adjust({ layers: [rates[stream]] });
    }
  }

  /** What keeps the browser from sending a camera that is worth it. */
  async limitation() {
    const sender = this.#lineOf({ stream: 'camera', kind: 'video' })?.sender;
    const by = (await sender?.limitation()) ?? null;
    if (by !== 'bandwidth') return by;
    const rate = (await sender?.target()) ?? 0;
    return rate < STARVED ? by : null;
  }

  /**
   * Says something to the other side, without the server.
   * @param {{ type: string }} word
   * @returns {boolean} Whether it could be said.
   */
  say(word) {
    if (this.#channel?.readyState !== 'open') return false;
    try {
      this.#channel.send(JSON.stringify(word));
      return true;
    } catch {
      return false;
    }
  }

  /** What the other side said through the server. Of another page it may be anything. @param {unknown} data */
  async hear(data) {
    if (this.#closed || typeof data !== 'object' || data === null) return;
    const { description, candidate } = /** @type {{ description?: unknown, candidate?: unknown }} */ (data);
    try {
      if (description !== undefined) await this.#described(/** @type {RTCSessionDescriptionInit} */ (description));
      else if (candidate !== undefined) await this.#candidate(/** @type {RTCIceCandidateInit | null} */ (candidate));
    } catch (error) {
      if (this.#closed) return;
      console.warn('what another browser said was not taken:', error);
      if (description !== undefined) this.#become('refused');
    }
  }

  /** How many bytes were sent in all. */
  async sent() {
    let sum = 0;
    for (const stats of (await this.#pc.getStats()).values()) {
      if (stats.type === 'candidate-pair') sum += stats.bytesSent ?? 0;
    }
    return sum;
  }

  close() {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#pc.ontrack = this.#pc.onicecandidate = this.#pc.onnegotiationneeded = null;
    this.#pc.onconnectionstatechange = null;
    this.#pc.close();
  }

  /** @param {{ stream: Stream, kind: Kind }} which */
  #lineOf({ stream, kind }) {
    return this.#lines.find((line) => line.stream === stream && line.kind === kind);
  }

  /** The lines there are become those of `LINES`, and carry what this side sends. */
  #adopt() {
    if (this.#lines.length > 0) return;
    for (const [index, transceiver] of this.#pc.getTransceivers().slice(0, LINES.length).entries()) {
      const line = LINES[index];
      if (!line || transceiver.receiver.track.kind !== line.kind) throw new Error(`line ${index} is not as agreed`);
      transceiver.direction = 'sendrecv';
      const picture = line.kind === 'video' ? line.stream : null;
      const sender = new Sender(transceiver.sender, picture, () => {}, this.#quality);
      this.#lines.push({ ...line, transceiver, sender });
      sender.use(this.#tracks.find(({ stream, kind }) => stream === line.stream && kind === line.kind)?.track ?? null);
    }
    this.#channel = this.#pc.createDataChannel('words', { negotiated: true, id: 0 });
    this.#channel.onmessage = ({ data }) => this.#word(data);
    this.#channel.onopen = () => void this.#beat();
    this.#channel.onclose = () => !this.#closed && this.#state === 'connected' && this.#become('lost');
    const files = this.#pc.createDataChannel('files', { negotiated: true, id: 1 });
    files.onopen = () => !this.#closed && this.emit('files', files);
    // Words may wait behind a file: what comes of it is a sign of life too.
    files.addEventListener('message', () => (this.#heard = performance.now()));
  }

  async #describe() {
    try {
      this.#making = true;
      await this.#pc.setLocalDescription();
      this.#options.signal({ description: this.#pc.localDescription?.toJSON() });
    } catch (error) {
      if (!this.#closed) console.warn('the browser makes no description:', error);
    } finally {
      this.#making = false;
    }
  }

  /** @param {RTCSessionDescriptionInit} description */
  async #described(description) {
    const ready = !this.#making && (this.#pc.signalingState === 'stable' || this.#settingAnswer);
    this.#ignoring = description.type === 'offer' && !ready && this.#options.offers;
    if (this.#ignoring) return;
    this.#settingAnswer = description.type === 'answer';
    await this.#pc.setRemoteDescription(description);
    this.#settingAnswer = false;
    if (description.type === 'offer') {
      this.#adopt();
      await this.#pc.setLocalDescription();
      this.#options.signal({ description: this.#pc.localDescription?.toJSON() });
    }
    this.rate(this.#rates);
  }

  /** @param {RTCIceCandidateInit | null} candidate */
  async #candidate(candidate) {
    try {
      await this.#pc.addIceCandidate(candidate ?? undefined);
    } catch (error) {
      // Of an offer that was passed over; or one that a browser of another make does not know.
      if (!this.#ignoring && !this.#closed) console.warn('a candidate was not taken:', error);
    }
  }

  /** @param {unknown} data */
  #word(data) {
    if (typeof data !== 'string' || data.length > MOST_CHARS) return;
    this.#heard = performance.now();
    let word;
    try {
      word = JSON.parse(data);
    } catch {
      return;
    }
    if (typeof word?.type !== 'string') return;
    if (word.type === 'ping') this.#answer(word.sent);
    else if (word.type === 'pong') {
      if (typeof word.sent === 'number') this.#roundTrip = Math.max(0, performance.now() - word.sent);
      // The way there and the way back carry something.
      if (this.#state !== 'lost') this.#become('connected');
    } else this.emit('word', word);
  }

  /** A sign of life, with the time of the other one's clock. @param {unknown} sent */
  #answer(sent) {
    const now = performance.now();
    const left = Math.min(ANSWERS.burst, this.#answers.left + ((now - this.#answers.at) / 1000) * ANSWERS.rate);
    this.#answers = { left: Math.max(0, left - 1), at: now };
    if (left >= 1 && typeof sent === 'number') this.say(/** @type {{ type: string }} */ ({ type: 'pong', sent }));
  }

  async #beat() {
    this.say(/** @type {{ type: string }} */ ({ type: 'ping', sent: performance.now() }));
    if (this.#state !== 'connected') return;
    const received = await this.#receivedBytes();
    const now = performance.now();
    if (received > this.#received) this.#heard = now;
    this.#received = received;
    const silent = now - this.#heard;
    if (silent < RESTART_AFTER) this.#restarted = false;
    else if (!this.#restarted && !this.#closed) {
      this.#restarted = true;
      this.#pc.restartIce();
    }
    if (silent >= SILENT_FOR) this.#become('lost');
  }

  async #receivedBytes() {
    let sum = 0;
    try {
      for (const stats of (await this.#pc.getStats()).values()) {
        if (stats.type === 'inbound-rtp') sum += stats.bytesReceived ?? 0;
      }
    } catch {
      // Of a connection that is closed nothing can be read.
    }
    return sum;
  }

  /** @param {LinkState} state */
  #become(state) {
    if (this.#closed || this.#state === state || (this.#state !== '' && this.#state !== 'connected')) return;
    this.#state = state;
    this.#heard = performance.now();
    this.emit('state', state);
  }
}
