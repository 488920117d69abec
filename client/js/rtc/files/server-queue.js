/**
 * What is sent through the server, to everybody: three files have a place at a time, and of each no more goes than the server has room for.
 */

import { pieceFrame, PIECE } from './server-frames.js';

/** @import { Control } from './frames.js' */

/** Files whose bytes the server takes at a time. */
const MOST_STARTED = 3;
/** Milliseconds until it is asked again that had no place. */
const AGAIN = 5000;

/** `waiting`: for a place. `started`: the server was asked to take it. `resting`: it had no place. @typedef {'quiet' | 'waiting' | 'started' | 'resting'} Place */

/**
 * What is needed of the one whom a file goes to.
 * @typedef {object} Owner
 * @property {string} peer
 * @property {(control: Control | { type: 'start', id: number }) => void} say
 * @property {(bytes: number) => void} went So many bytes wait no longer.
 */

/** A file of ours, from its offer to its end. */
export class Sent {
  /** @type {Place} */
  place = 'quiet';
  /** @type {Uint8Array<ArrayBuffer>[]} */
  chunks = [];
  /** Bytes of the first chunk that went. */
  gone = 0;
  credit = 0;
  /** Whether the server has said anything of it. */
  isTaken = false;
  /** Said once all bytes went. @type {Control | null} */
  done = null;
  /** Whether that was said. */
  isWhole = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer;

  /**
   * @param {number} id
   * @param {Owner} owner
   */
  constructor(id, owner) {
    this.id = id;
    this.owner = owner;
  }

  /** Bytes that wait. */
  get bytes() {
    return this.chunks.reduce((sum, { length }) => sum + length, -this.gone);
  }

  /** The next of what waits. @param {number} most */
  take(most) {
    const [chunk = new Uint8Array()] = this.chunks;
    const bytes = chunk.subarray(this.gone, this.gone + most);
    this.gone += bytes.length;
    if (this.gone >= chunk.length) {
      this.chunks.shift();
      this.gone = 0;
    }
    return bytes;
  }
}

export class ServerQueue {
  #options;
  /** Those that are not over and want, or have, a place, the first ones first. @type {Sent[]} */
  #files = [];
  #isOpen = false;

  /**
   * @param {object} options
   * @param {() => void} options.open A channel is needed: `opened` is to be said once there is one.
   * @param {() => void} options.ready There is something to give.
   */
  constructor(options) {
    this.#options = options;
  }

  /** The channel is no more: nothing is asked for. */
  close() {
    this.#isOpen = false;
    for (const { timer } of this.#files) clearTimeout(timer);
    this.#files = [];
  }

  /** Something of a file waits. @param {Sent} file */
  push(file) {
    if (file.place === 'quiet') {
      file.place = 'waiting';
      this.#files.push(file);
      this.#start();
    }
    if (file.place === 'started') this.#options.ready();
    this.#finish(file);
  }

  /** The channel is open: what is to come on it may be asked for. */
  opened() {
    this.#isOpen = true;
    this.#start();
  }

  /**
   * The server has room for so many bytes more of it.
   * @param {Sent} file
   * @param {number} bytes
   */
  more(file, bytes) {
    if (file.place !== 'started') return;
    file.isTaken = true;
    file.credit = Math.min(Number.MAX_SAFE_INTEGER, file.credit + bytes);
    this.#options.ready();
  }

  /** The server has no place for a file now: others may have it meanwhile. @param {Sent} file */
  wait(file) {
    if (file.place !== 'started' || file.isTaken) return;
    file.place = 'resting';
    file.timer = setTimeout(() => {
      file.place = 'waiting';
      this.#files = [...this.#files.filter((one) => one !== file), file];
      this.#start();
    }, AGAIN);
    this.#start();
  }

  /** The socket is another one, and what was said on the one before may not have arrived: those that the server said nothing of are asked for again. */
  sayAgain() {
    for (const file of this.#files) if (file.place === 'started' && !file.isTaken) this.#ask(file);
  }

  /** A file is over: what waits of it goes nowhere. @param {Sent} file */
  end(file) {
    clearTimeout(file.timer);
    file.place = 'quiet';
    file.done = null;
    this.#files = this.#files.filter((one) => one !== file);
    const { bytes } = file;
    file.chunks = [];
    file.gone = 0;
    if (bytes > 0) file.owner.went(bytes);
    this.#start();
  }

  /** @returns {Uint8Array<ArrayBuffer> | null} The next frame for the channel, of the files in turns. */
  next() {
    const index = this.#files.findIndex((one) => one.place === 'started' && one.credit > 0 && one.chunks.length > 0);
    const [file] = index < 0 ? [] : this.#files.splice(index, 1);
    if (!file) return null;
    this.#files.push(file);
    const bytes = file.take(Math.min(PIECE, file.credit));
    file.credit -= bytes.length;
    const frame = pieceFrame({ peer: file.owner.peer, id: file.id, bytes });
    // Once it was given to the channel.
    queueMicrotask(() => this.#finish(file));
    file.owner.went(bytes.length);
    return frame;
  }

  #start() {
    if (!this.#isOpen) {
      if (this.#files.length > 0) this.#options.open();
      return;
    }
    for (const file of this.#files) {
      if (this.#files.filter(({ place }) => place === 'started').length >= MOST_STARTED) return;
      if (file.place === 'waiting') this.#ask(file);
    }
  }

  /** @param {Sent} file */
  #ask(file) {
    file.place = 'started';
    file.owner.say({ type: 'start', id: file.id });
    this.#finish(file);
  }

  /** Says that all of a file went, if that is so. @param {Sent} file */
  #finish(file) {
    const { done } = file;
    if (file.place !== 'started' || done === null || file.chunks.length > 0) return;
    file.done = null;
    file.isWhole = true;
    file.owner.say(done);
  }
}
