/**
 * A file that somebody else offers, from the offer to its end. Nothing of it is kept before it was accepted, and nothing after it
 * turned out to be another one than was offered.
 */

import { Digest } from './digest.js';
import { CHUNK } from './frames.js';
import { cleanName } from './name.js';

/** @import { Control, Reason } from './frames.js' */

/** Bytes that are handed to the browser as one piece, which it may keep outside of the page's memory. */
const PIECE = 4 * 1024 * 1024;

/**
 * `offered`: nobody has decided. `receiving`. `checking`: all of it came. Then one of four ends.
 * @typedef {'offered' | 'receiving' | 'checking' | 'done' | 'refused' | 'cancelled' | 'failed'} IncomingState
 */

/**
 * @typedef {object} Wire
 * @property {(control: Control) => void} say
 * @property {(size: number) => boolean} fits Whether so much more may be received now.
 * @property {() => void} changed
 */

export class Incoming {
  #wire;
  /** @type {IncomingState} */
  #state = 'offered';
  /** @type {Reason | null} */
  #reason = null;
  #received = 0;
  /** The last chunk was not full, and not the last of the file. */
  #short = false;
  /** @type {Blob[]} */
  #pieces = [];
  /** Of the next piece. @type {Uint8Array<ArrayBuffer>[]} */
  #held = [];
  #heldBytes = 0;
  #digest = new Digest();
  /** @type {Blob | null} */
  #blob = null;

  /**
   * @param {{ id: number, name: string, size: number }} offer
   * @param {Wire} wire
   */
  constructor({ id, name, size }, wire) {
    this.id = id;
    this.name = cleanName(name);
    this.size = size;
    this.#wire = wire;
  }

  get received() {
    return this.#received;
  }

  get state() {
    return this.#state;
  }

  /** Why it did not come to its end. */
  get reason() {
    return this.#reason;
  }

  /** The file, once it is done. It is never to be opened, only saved: see `saveable.js`. */
  get blob() {
    return this.#blob;
  }

  get isOver() {
    return ['done', 'refused', 'cancelled', 'failed'].includes(this.#state);
  }

  /** Whether its bytes come now. */
  get isExpected() {
    return this.#state === 'receiving' || this.#state === 'checking';
  }

  /** @returns {boolean} False if it is not offered any more, or too much is being received to take it now. */
  accept() {
    if (this.#state !== 'offered' || !this.#wire.fits(this.size)) return false;
    this.#become('receiving');
    this.#wire.say({ type: 'accept', id: this.id });
    return true;
  }

  /** It is not wanted, or not any more. */
  refuse() {
    this.end('refused', 'declined');
  }

  /** Lets go of the file, which was saved or is not wanted. */
  release() {
    this.#blob = null;
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes The next of it. */
  take(bytes) {
    if (this.#state !== 'receiving') return this.end('failed', 'order');
    const rest = this.size - this.#received;
    if (bytes.length > rest) return this.end('failed', 'too-long');
    if (this.#short || bytes.length === 0) return this.end('failed', 'order');
    // Nothing may come after one that is not full: then it is the last one, of a file that ended too soon.
    this.#short = bytes.length < Math.min(CHUNK, rest);
    this.#received += bytes.length;
    this.#digest.add(bytes);
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= PIECE) this.#put();
    this.#wire.changed();
  }

  /** @param {string} digest The sender says that this is all. */
  async done(digest) {
    if (this.#state !== 'receiving') return this.end('failed', 'order');
    if (this.#received < this.size) return this.end('failed', 'too-short');
    this.#become('checking');
    const value = await this.#digest.value();
    if (this.isOver) return;
    if (value !== digest) return this.end('failed', 'digest');
    this.#put();
    this.#blob = new Blob(this.#pieces);
    this.#pieces = [];
    this.#become('done');
    this.#wire.say({ type: 'received', id: this.id });
  }

  /**
   * It ends without a file. The sender hears of it, unless it is the one who said so.
   * @param {'refused' | 'cancelled' | 'failed'} state
   * @param {Reason} reason
   */
  end(state, reason) {
    if (this.isOver) return;
    this.#reason = reason;
    this.#pieces = [];
    this.#held = [];
    this.#digest = new Digest();
    this.#become(state);
    if (state !== 'cancelled' && reason !== 'lost') this.#wire.say({ type: 'refuse', id: this.id, reason });
  }

  #put() {
    this.#pieces.push(new Blob(this.#held));
    this.#held = [];
    this.#heldBytes = 0;
  }

  /** @param {IncomingState} state */
  #become(state) {
    this.#state = state;
    this.#wire.changed();
  }
}
