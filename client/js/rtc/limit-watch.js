/**
 * Watches what keeps the browser from sending pictures as it was asked to. Browsers change their mind within a second; what is
 * said here has held for some seconds, or is over for some.
 */

/** @import { Limitation, Stream } from '../proto/messages.js' */

/** @typedef {{ stream: Stream, by: Limitation | null }} Limited */

/** Milliseconds between two looks: one costs a report of each sender. */
export const EVERY = 2000;
/** Looks in a row that make it so. Every connection begins with less than it carries, and finds that out within ten seconds. */
const HOLDS = { cpu: 3, bandwidth: 5 };
/** Looks in a row after which it is over. */
const OVER = 5;

/** @typedef {{ told: Limitation | null, by: Limitation | null, looks: number }} Record */

export class LimitWatch {
  #look;
  #told;
  /** @type {Map<Stream, Record>} */
  #streams = new Map();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /**
   * @param {() => Promise<Limited[]>} look At this moment.
   * @param {(limited: Limited) => void} told When it has changed.
   */
  constructor(look, told) {
    this.#look = look;
    this.#told = told;
  }

  /** Whatever is so. @returns {Limited[]} */
  get current() {
    return [...this.#streams].map(([stream, { told }]) => ({ stream, by: told }));
  }

  start() {
    this.stop();
    this.#timer = setInterval(() => void this.#now(), EVERY);
  }

  stop() {
    clearInterval(this.#timer);
  }

  async #now() {
    let seen;
    try {
      seen = await this.#look();
    } catch {
      // Of a connection that is closed nothing can be read.
      return;
    }
    for (const { stream } of seen) {
      if (!this.#streams.has(stream)) this.#streams.set(stream, { told: null, by: null, looks: 0 });
    }
    for (const [stream, record] of this.#streams) {
      const by = seen.find((one) => one.stream === stream)?.by ?? null;
      record.looks = by === record.by ? record.looks + 1 : 1;
      record.by = by;
      if (by === record.told || record.looks < (by === null ? OVER : HOLDS[by])) continue;
      record.told = by;
      this.#told({ stream, by });
    }
  }
}
