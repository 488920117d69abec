/**
 * How fast bytes of files may be given to a connection, so that voices and pictures on the same line do not wait behind them. A queue
 * on the way is seen in the time that answers take: while that is close to the least, more is given; once it is far above, less. Pure.
 */

import { FRAME } from './frames.js';

/** Bytes a second: at first, and within which bounds. */
export const START = 128_000;
export const FLOOR = 4000;
export const CEILING = 12_000_000;
/** Milliseconds above the least within which there is no queue to speak of, and beyond which there is one. */
const SHORT = 60;
const LONG = 120;
const RAISE = 1.1;
const LOWER = 0.6;
/** Milliseconds for which an answer counts as the least. */
const MEMORY = 60_000;
/** Into so many spans these are divided. */
const SPANS = 12;
/** How often one answer lets the rate be raised: browsers ask every 2.5 s only, as long as nothing seems to change. */
const RAISES_PER_ANSWER = 4;
/** Milliseconds for which an answer says something of the present. */
const CURRENT = 6000;
/** The share of what media leaves, where a browser says what the line carries. */
const SHARE = 0.85;
/**
 * Below this part of the most it said lately, a browser has found the line full. Otherwise what it says follows from what media wants
 * (about twice as much), and is nothing of the line.
 */
const FULL = 0.9;
/** Milliseconds after the last of it in which media counts as sent. */
const MEDIA_PAUSE = 2000;
/** Milliseconds of the rate that may wait in the connection, and that may be given at once. */
const WAITING = 250;

/**
 * What a browser says of a connection.
 * @typedef {object} Reading
 * @property {{ source: string, milliseconds: number, answers: number | null }[]} trips Times of answers, by who measures them; and how
 *   many there were so far, if that is said.
 * @property {number | null} available Bits a second that it carries.
 * @property {number} media Bytes of voices and pictures that were sent so far.
 */

export class Pace {
  #rate = START;
  /** What the line leaves, in bytes a second. */
  #most = CEILING;
  #isFree = false;
  #tokens = FRAME;
  #at = 0;
  /** @type {Map<string, Trip>} */
  #trips = new Map();
  #lines = new Trip();
  #raises = 0;
  #media = { bytes: -1, at: 0, sent: 0 };

  /** @param {{ now: number, free?: boolean }} begin `free`: nothing is known of the line, and nothing is to be left of it. */
  constructor({ now, free = false }) {
    this.#at = now;
    this.#media.sent = now;
    if (!free) return;
    this.#isFree = true;
    this.#tokens = (CEILING * WAITING) / 1000;
  }

  /** Bytes a second. */
  get rate() {
    return this.#isFree ? CEILING : Math.max(FLOOR, Math.min(this.#rate, this.#most));
  }

  /**
   * How many bytes may be given now. What is given as a whole may be more than that: then there is none for longer.
   * @param {number} now In milliseconds.
   * @param {number} waiting Bytes that the connection has not sent.
   */
  room(now, waiting) {
    const most = Math.max(FRAME, (this.rate * WAITING) / 1000);
    this.#tokens = Math.min(most, this.#tokens + (this.rate * Math.min(WAITING, now - this.#at)) / 1000);
    this.#at = now;
    return waiting >= most ? 0 : Math.max(0, this.#tokens);
  }

  /** @param {number} bytes That were given. */
  gave(bytes) {
    this.#tokens -= bytes;
  }

  /**
   * To be said a few times a second, while something is given.
   * @param {number} now
   * @param {Reading} reading
   */
  sample(now, { trips, available, media }) {
    const rate = this.#mediaRate(now, media);
    if (now - this.#media.sent > MEDIA_PAUSE) return this.#free();
    if (this.#isFree) {
      this.#isFree = false;
      this.#rate = START;
      this.#tokens = Math.min(this.#tokens, FRAME);
    }
    this.#most = this.#left(now, available, rate);
    this.#judge(now, trips);
    this.#rate = Math.max(FLOOR, Math.min(CEILING, this.#rate));
  }

  /**
   * @param {number} now
   * @param {number | null} available Bits a second.
   * @param {number} media Bytes a second.
   * @returns {number} Bytes a second.
   */
  #left(now, available, media) {
    if (available === null) return CEILING;
    // The most is what is the least the other way round.
    this.#lines.take(now, -available, null);
    return available < FULL * -this.#lines.least ? SHARE * (available / 8 - media) : CEILING;
  }

  /** No voice and no picture is sent: nothing has to be left to them. */
  #free() {
    this.#isFree = true;
    this.#tokens = Math.max(this.#tokens, FRAME);
  }

  /**
   * @param {number} now
   * @param {number} bytes
   * @returns {number} Bytes of media a second.
   */
  #mediaRate(now, bytes) {
    const before = this.#media;
    // Until two are known, something may be sent.
    const isFirst = before.bytes < 0;
    const sent = isFirst || bytes > before.bytes ? now : before.sent;
    this.#media = { bytes, at: now, sent };
    return isFirst || now <= before.at ? 0 : (1000 * Math.max(0, bytes - before.bytes)) / (now - before.at);
  }

  /**
   * @param {number} now
   * @param {Reading['trips']} trips
   */
  #judge(now, trips) {
    const seen = trips.map(({ source, milliseconds, answers }) => {
      const trip = this.#trips.get(source) ?? new Trip();
      this.#trips.set(source, trip);
      const isNew = trip.take(now, milliseconds, answers);
      return { isNew, isCurrent: trip.isCurrent(now), above: milliseconds - trip.least, counts: answers !== null };
    });
    if (seen.some(({ isNew, counts }) => isNew || !counts)) this.#raises = 0;
    const current = seen.filter(({ isCurrent }) => isCurrent);
    // One answer lowers it once: the next one tells whether that was enough.
    if (seen.some(({ isNew, above }) => isNew && above > LONG)) this.#rate = LOWER * this.rate;
    else if (current.length > 0 && current.every(({ above }) => above < SHORT) && this.#raises < RAISES_PER_ANSWER) {
      this.#raises += 1;
      // From what was in force: a rate that the line did not allow says nothing.
      this.#rate = RAISE * this.rate;
    }
  }
}

/** Times of answers from one who measures them, or another number of which the least of a while counts. */
class Trip {
  /** The newest last. @type {{ since: number, least: number }[]} */
  #spans = [];
  #milliseconds = -1;
  /** @type {number | null} */
  #answers = -1;
  #renewed = 0;

  /** In the last while. */
  get least() {
    return Math.min(...this.#spans.map(({ least }) => least));
  }

  /**
   * @param {number} now
   * @param {number} milliseconds
   * @param {number | null} answers
   * @returns {boolean} Whether it is another answer than before, as far as that can be told.
   */
  take(now, milliseconds, answers) {
    const isNew = answers === null ? milliseconds !== this.#milliseconds : answers !== this.#answers;
    if (isNew || answers === null) this.#renewed = now;
    this.#milliseconds = milliseconds;
    this.#answers = answers;
    this.#spans = this.#spans.filter(({ since }) => now - since < MEMORY);
    const last = this.#spans.at(-1);
    if (last && now - last.since < MEMORY / SPANS) last.least = Math.min(last.least, milliseconds);
    else this.#spans.push({ since: now, least: milliseconds });
    return isNew;
  }

  /** Whether its newest answer says something of the present: whoever stopped asking knows nothing. @param {number} now */
  isCurrent(now) {
    return now - this.#renewed < CURRENT;
  }
}
