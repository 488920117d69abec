/**
 * What others wrote while the server was away, for them or for this page: it comes directly, and stands at the end of the chat until the
 * server has it and says where it belongs. While the server is there for both nothing of this is seen, whatever comes. Pure.
 */

import { gist, plain } from './plain-text.js';

/** @import { ChatMessage } from '../proto/messages.js' */

/** Milliseconds the server has to tell of the same before it is shown. */
export const AWAITED = 1500;
/** Milliseconds for which something is kept that is not shown: so long the server may be away before that is noticed. */
export const KEPT = 60_000;
/** Characters of a text, as the server has it. */
const MOST_CHARS = 4000;
/** Texts that are kept at a time, of all together and of one person. */
const MOST_KEPT = 100;
const MOST_OF_ONE = 40;
/** What one person may write: so many a second, so many at once, as the server has it. */
const RATE = 2;
const BURST = 10;
/** Texts of the server that are remembered, for what comes directly after them. */
const MOST_TOLD = 50;
/** People whose rate is remembered. */
const MOST_PEOPLE = 16;

/** @typedef {{ key: string, from: string, name: string, text: string, at: number, shown: boolean }} Word */

export class Beside {
  /** @type {Word[]} */
  #words = [];
  /** What the server told first. @type {{ from: string, gist: string, at: number }[]} */
  #told = [];
  /** What everybody may write yet. @type {Map<string, { left: number, at: number }>} */
  #rates = new Map();

  /**
   * Somebody wrote something, as their browser says: it may be anything.
   * @param {{ peer: string, name: string }} who
   * @param {Record<string, unknown>} word
   * @param {number} now In milliseconds since 1970.
   * @returns {boolean} Whether it is something to show, if the server is away.
   */
  heard({ peer, name }, { ref, text }, now) {
    if (typeof ref !== 'string' || ref.length > 64 || typeof text !== 'string') return false;
    if (!this.#mayWrite(peer, now)) return false;
    const clean = plain(text, MOST_CHARS);
    const key = `${peer} ${ref}`;
    if (clean === '' || this.#words.some((one) => one.key === key)) return false;
    const told = this.#told.findIndex((one) => one.from === peer && one.gist === gist(clean) && now - one.at < KEPT);
    if (told >= 0) {
      this.#told.splice(told, 1);
      return false;
    }
    this.#words.push({ key, from: peer, name, text: clean, at: now, shown: false });
    const own = this.#words.filter(({ from }) => from === peer);
    if (own.length > MOST_OF_ONE) this.#words = this.#words.filter((word) => word !== own[0]);
    if (this.#words.length > MOST_KEPT) this.#words.shift();
    return true;
  }

  /**
   * The server has it: the first of the same text of the same person.
   * @param {Pick<ChatMessage, 'from' | 'text'>} message
   * @param {number} now
   */
  told({ from, text }, now) {
    const known = gist(text);
    const at = this.#words.findIndex((word) => word.from === from && gist(word.text) === known);
    if (at >= 0) this.#words.splice(at, 1);
    else this.#told = [...this.#told, { from, gist: known, at: now }].slice(-MOST_TOLD);
  }

  /**
   * Time has passed, or the server went away.
   * @param {number} now
   * @param {(peer: string) => boolean} away Whether the server is, for this page or for somebody.
   * @returns {Word[]} What is shown from now on.
   */
  review(now, away) {
    this.#words = this.#words.filter(({ shown, at }) => shown || now - at < KEPT);
    const fresh = this.#words.filter(({ from, shown, at }) => !shown && now - at >= AWAITED && away(from));
    for (const word of fresh) word.shown = true;
    return fresh;
  }

  /** What is to be shown, in the order it came. @returns {Word[]} */
  get shown() {
    return this.#words.filter(({ shown }) => shown);
  }

  /**
   * @param {string} peer
   * @param {number} now
   */
  #mayWrite(peer, now) {
    const { left, at } = this.#rates.get(peer) ?? { left: BURST, at: now };
    const filled = Math.min(BURST, left + (Math.max(0, now - at) / 1000) * RATE);
    this.#rates.delete(peer);
    this.#rates.set(peer, { left: Math.max(0, filled - 1), at: now });
    const [first] = this.#rates.keys();
    if (this.#rates.size > MOST_PEOPLE && first !== undefined) this.#rates.delete(first);
    return filled >= 1;
  }
}
