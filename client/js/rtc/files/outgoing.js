/**
 * A file that is sent, from its offer to its end.
 */

import { Digest } from './digest.js';
import { CHUNK } from './frames.js';
import { cleanName } from './name.js';

/** @import { Control, Reason } from './frames.js' */

/**
 * What is read of a `File`.
 * @typedef {object} Source
 * @property {string} name
 * @property {number} size
 * @property {number} lastModified
 * @property {(from: number, to: number) => { arrayBuffer: () => Promise<ArrayBuffer> }} slice
 */

/**
 * `offered`: the other side has not decided. `waiting`: it wants the file, and others are sent first. `sending`. `sent`: all of it,
 * and the other side has not confirmed it. Then one of four ends.
 * @typedef {'offered' | 'waiting' | 'sending' | 'sent' | 'done' | 'refused' | 'cancelled' | 'failed'} OutgoingState
 */

/**
 * @typedef {object} Wire
 * @property {(control: Control) => void} say
 * @property {(id: number, bytes: Uint8Array) => void} chunk
 * @property {() => Promise<void>} room Resolves once more may be sent, or nothing can be any more.
 * @property {() => void} changed
 */

export class Outgoing {
  #wire;
  #file;
  /** As they were when it was offered. */
  #size;
  #modified;
  /** @type {OutgoingState} */
  #state = 'offered';
  /** @type {Reason | null} */
  #reason = null;
  #sent = 0;

  /**
   * @param {number} id
   * @param {Source} file
   * @param {Wire} wire
   */
  constructor(id, file, wire) {
    this.id = id;
    this.#file = file;
    this.#wire = wire;
    this.#size = file.size;
    this.#modified = file.lastModified;
    wire.say({ type: 'offer', id, name: cleanName(file.name), size: file.size });
  }

  get name() {
    return this.#file.name;
  }

  get size() {
    return this.#size;
  }

  /** Bytes given to the channel. */
  get sent() {
    return this.#sent;
  }

  get state() {
    return this.#state;
  }

  /** Why it was not sent to its end. */
  get reason() {
    return this.#reason;
  }

  get isOver() {
    return ['done', 'refused', 'cancelled', 'failed'].includes(this.#state);
  }

  /** It is not to be sent any more. */
  cancel() {
    if (this.isOver) return;
    this.end('cancelled', 'withdrawn');
    this.#wire.say({ type: 'cancel', id: this.id, reason: 'withdrawn' });
  }

  /** @returns {boolean} False if it was not asked for, or wanted already. */
  accepted() {
    return this.#go('offered', 'waiting');
  }

  /** @returns {boolean} False if not all of it was sent. */
  received() {
    return this.#go('sent', 'done');
  }

  /**
   * @param {'refused' | 'cancelled' | 'failed'} state
   * @param {Reason} reason
   */
  end(state, reason) {
    if (this.isOver) return;
    this.#reason = reason;
    this.#state = state;
    this.#wire.changed();
  }

  /** Sends it. Ends once that is over, in one way or another. */
  async run() {
    if (!this.#go('waiting', 'sending')) return;
    const digest = new Digest();
    while (this.#sent < this.#size) {
      await this.#wire.room();
      if (!this.#isSending()) return;
      const bytes = await this.#read();
      if (!this.#isSending()) return;
      if (typeof bytes === 'string') return this.#fail(bytes);
      digest.add(bytes);
      this.#sent += bytes.length;
      this.#wire.chunk(this.id, bytes);
      this.#wire.changed();
    }
    const value = await digest.value();
    if (this.#isChanged()) return this.#fail('changed');
    if (this.#go('sending', 'sent')) this.#wire.say({ type: 'done', id: this.id, digest: value });
  }

  // Asked anew after whatever takes time.
  #isSending() {
    return this.#state === 'sending';
  }

  /** @returns {Promise<Uint8Array | Reason>} The next chunk, or why there is none. */
  async #read() {
    const most = Math.min(CHUNK, this.#size - this.#sent);
    try {
      const bytes = await this.#file.slice(this.#sent, this.#sent + most).arrayBuffer();
      return bytes.byteLength === most && !this.#isChanged() ? new Uint8Array(bytes) : 'changed';
    } catch {
      // Browsers refuse to read a file that is another one than was chosen, or gone.
      return this.#isChanged() ? 'changed' : 'unreadable';
    }
  }

  #isChanged() {
    return this.#file.size !== this.#size || this.#file.lastModified !== this.#modified;
  }

  /** @param {Reason} reason */
  #fail(reason) {
    if (this.isOver) return;
    this.end('failed', reason);
    this.#wire.say({ type: 'cancel', id: this.id, reason });
  }

  /**
   * @param {OutgoingState} from
   * @param {OutgoingState} to
   */
  #go(from, to) {
    if (this.#state !== from) return false;
    this.#state = to;
    this.#wire.changed();
    return true;
  }
}
