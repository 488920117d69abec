/**
 * Gives bytes of files to a data channel, as fast as `pace.js` has it.
 */

import { LOW } from './exchange.js';
import { Pace } from './pace.js';

/** @import { Reading } from './pace.js' */

/** Milliseconds between two looks at the connection, and at whether more may be given. */
const LOOK = 250;
const TURN = 20;

/**
 * @typedef {object} PacerOptions
 * @property {() => string | Uint8Array<ArrayBuffer> | null} next The next frame to give; null if there is none now.
 * @property {() => void} failed The channel takes nothing any more.
 * @property {(() => Promise<RTCStatsReport>) | undefined} stats Of the connection; without, nothing holds it back.
 */

export class Pacer {
  #channel;
  #options;
  #pace;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #later;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #looking;
  /** Whether something was given since the last look. */
  #gave = false;
  #isGiving = false;
  #isClosed = false;

  /**
   * @param {RTCDataChannel} channel
   * @param {PacerOptions} options
   */
  constructor(channel, options) {
    this.#channel = channel;
    this.#options = options;
    this.#pace = new Pace({ now: performance.now(), free: options.stats === undefined });
    channel.bufferedAmountLowThreshold = LOW;
    channel.addEventListener('bufferedamountlow', () => this.wake());
  }

  /** For debugging and for tests: bytes a second. */
  get rate() {
    return this.#pace.rate;
  }

  /** There may be something to give. */
  wake() {
    // Whoever gives the next frame may say so once more.
    if (this.#isClosed || this.#isGiving) return;
    this.#isGiving = true;
    try {
      this.#give();
    } finally {
      this.#isGiving = false;
    }
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#later);
    clearInterval(this.#looking);
  }

  #give() {
    while (this.#pace.room(performance.now(), this.#channel.bufferedAmount) > 0) {
      const frame = this.#options.next();
      if (frame === null) return;
      try {
        // Two calls, because a browser tells text from bytes by what it is given.
        if (typeof frame === 'string') this.#channel.send(frame);
        else this.#channel.send(frame);
      } catch {
        this.close();
        return this.#options.failed();
      }
      this.#pace.gave(frame.length);
      this.#gave = true;
      this.#look();
    }
    this.#later ??= setTimeout(() => {
      this.#later = undefined;
      this.wake();
    }, TURN);
  }

  /** Looks at the connection for as long as something is given. */
  #look() {
    const { stats } = this.#options;
    if (stats === undefined || this.#looking !== undefined) return;
    const sample = async () => {
      const reading = readingOf(await stats().catch(() => new Map()));
      if (!this.#isClosed) this.#pace.sample(performance.now(), reading);
    };
    void sample();
    this.#looking = setInterval(() => {
      if (!this.#gave && this.#channel.bufferedAmount === 0 && this.#later === undefined) {
        clearInterval(this.#looking);
        this.#looking = undefined;
        return;
      }
      this.#gave = false;
      void sample();
    }, LOOK);
  }
}

/**
 * What a browser counts of a connection, as far as it says how full the line is. Pure.
 * @param {Iterable<[string, any]>} report
 * @returns {Reading}
 */
export function readingOf(report) {
  const all = [...report].map(([, stats]) => stats);
  const selected = all.find(({ type }) => type === 'transport')?.selectedCandidatePairId;
  const pairs = all.filter(({ type }) => type === 'candidate-pair');
  // Firefox has no `transport`.
  const pair = pairs.find(({ id, selected: is }) => (selected === undefined ? is === true : id === selected));
  /** @type {Reading} */
  const reading = { trips: [], available: numberOf(pair?.availableOutgoingBitrate), media: 0 };
  const trip = (/** @type {string} */ source, /** @type {unknown} */ seconds, /** @type {unknown} */ answers) => {
    const time = numberOf(seconds);
    if (time !== null) reading.trips.push({ source, milliseconds: 1000 * time, answers: numberOf(answers) });
  };
  if (pair) trip(pair.id, pair.currentRoundTripTime, pair.responsesReceived);
  for (const stats of all) {
    if (stats.type === 'outbound-rtp') reading.media += (stats.bytesSent ?? 0) + (stats.headerBytesSent ?? 0);
    if (stats.type === 'remote-inbound-rtp') trip(stats.id, stats.roundTripTime, stats.roundTripTimeMeasurements);
  }
  return reading;
}

/** @param {unknown} value @returns {number | null} */
function numberOf(value) {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}
