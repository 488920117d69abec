/**
 * What others wrote while the server was away, for them or for this page: it comes directly, and stands at the end of the chat until the
 * server has it and says where it belongs. Pure.
 */

/** @import { ChatMessage } from '../proto/messages.js' */

/** Milliseconds the server has to tell of the same before it is shown: while it is there, nobody sees anything of this. */
export const AWAITED = 1500;
/** Characters of a text, as the server has it. */
const MOST_CHARS = 4000;
/** Texts that are kept at a time, of all together. */
const MOST_KEPT = 100;
/** What the server takes out of a text as well: what turns the direction of others, what is not seen, what controls. */
const UNSEEN = /[\u061c\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]|(?![\n\t])\p{Cc}/gu;

/** @typedef {{ key: string, from: string, name: string, text: string, at: number }} Word */

export class Beside {
  /** @type {Word[]} */
  #words = [];

  /**
   * Somebody wrote something, as their browser says: it may be anything.
   * @param {{ peer: string, name: string }} who
   * @param {Record<string, unknown>} word
   * @param {number} now In milliseconds since 1970.
   * @returns {boolean} Whether it is something to show.
   */
  heard({ peer, name }, { ref, text }, now) {
    if (typeof ref !== 'string' || ref.length > 64 || typeof text !== 'string') return false;
    const clean = [...text.replaceAll(UNSEEN, '')].slice(0, MOST_CHARS).join('').trim();
    const key = `${peer} ${ref}`;
    if (clean === '' || this.#words.some((one) => one.key === key)) return false;
    this.#words.push({ key, from: peer, name, text: clean, at: now });
    if (this.#words.length > MOST_KEPT) this.#words.shift();
    return true;
  }

  /** The server has it: the first of the same text of the same person. @param {Pick<ChatMessage, 'from' | 'text'>} message */
  told({ from, text }) {
    const same = (/** @type {Word} */ word) => word.from === from && squeezed(word.text) === squeezed(text);
    const at = this.#words.findIndex(same);
    if (at >= 0) this.#words.splice(at, 1);
  }

  /** What is to be shown. @param {number} now @returns {Word[]} In the order it came. */
  shown(now) {
    return this.#words.filter(({ at }) => now - at >= AWAITED);
  }
}

/** As far as the server leaves it alone. @param {string} text */
function squeezed(text) {
  return text.normalize('NFC').replaceAll(/\s+/g, ' ').trim();
}
