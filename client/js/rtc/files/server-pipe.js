/**
 * Files to and from one other browser through the server, as an exchange wants to have it: what is said goes by signaling, bytes go
 * over the channel that all such files share.
 */

import { LOW } from './exchange.js';
import { parse } from './frames.js';
import { Sent } from './server-queue.js';
import { Pieces } from './server-pieces.js';

/** @import { Channel, FileExchange } from './exchange.js' */
/** @import { Control } from './frames.js' */
/** @import { ServerQueue } from './server-queue.js' */

/** Files of the other side's whose offers are remembered: an exchange has fewer. */
const MOST_OFFERED = 64;

/** A frame for the other browser, or for the server alone. @typedef {Control | { type: 'start', id: number }} Said */

/**
 * @typedef {object} PipeOptions
 * @property {(frame: Said) => void} say By signaling.
 * @property {ServerQueue} queue
 * @property {() => boolean} open Asks for the channel, and tells whether it is there; {@link ServerPipe.opened} is said once it is.
 * @property {() => void} closed Nothing goes or comes any more.
 */

/** @implements {Channel} */
export class ServerPipe {
  #options;
  /** Ours that are not over. @type {Map<number, Sent>} */
  #sent = new Map();
  /** Those of the other side: what was offered, and once we want it, what comes. @type {Map<number, { size: number, pieces: Pieces | null }>} */
  #offered = new Map();
  /** What was wanted before the channel was there. @type {Set<number>} */
  #wanted = new Set();
  #bytes = 0;
  #isClosed = false;
  /** Who reads what comes. @type {Pick<FileExchange, 'receive'> | null} */
  reader = null;
  /** @type {(() => void) | null} */
  onlow = null;

  /**
   * @param {string} peer
   * @param {PipeOptions} options
   */
  constructor(peer, options) {
    this.peer = peer;
    this.#options = options;
  }

  get bufferedAmount() {
    return this.#bytes;
  }

  /** @param {string | Uint8Array<ArrayBuffer>} data A frame of the exchange. */
  send(data) {
    if (this.#isClosed) throw new Error('closed');
    const frame = parse(typeof data === 'string' ? data : data.buffer);
    if (frame?.type === 'chunk') this.#chunk(frame.id, frame.bytes);
    else if (frame) this.#control(frame);
  }

  /** What the other browser said, or the server of a file of ours. @param {unknown} frame */
  heard(frame) {
    if (this.#isClosed || typeof frame !== 'object' || frame === null) return;
    const { type, id } = /** @type {Record<string, unknown>} */ (frame);
    if (type === 'wait') {
      const file = this.#sent.get(Number(id));
      if (file) this.#options.queue.wait(file);
      return;
    }
    const text = JSON.stringify(frame);
    const control = parse(text);
    if (control?.type === 'done' && this.#offered.get(control.id)?.pieces) {
      return this.#offered.get(control.id)?.pieces?.done(text);
    }
    if (control?.type === 'offer') this.#remember(control.id, control.size);
    else if (control?.type === 'cancel') this.#forget(control.id);
    else if (control?.type === 'refuse') this.#end(control.id);
    else if (control?.type === 'received' && this.#sent.has(control.id)) {
      const isWhole = this.#sent.get(control.id)?.isWhole ?? false;
      this.#end(control.id);
      // Nobody can have what did not go.
      if (!isWhole) return this.reader?.receive(JSON.stringify({ type: 'refuse', id: control.id, reason: 'order' }));
    }
    this.reader?.receive(text);
  }

  /**
   * Bytes of a file came.
   * @param {number} id
   * @param {Uint8Array} bytes
   */
  came(id, bytes) {
    if (!this.#isClosed) this.#offered.get(id)?.pieces?.take(bytes);
  }

  /**
   * The server has room for more of a file.
   * @param {number} id
   * @param {number} bytes
   */
  more(id, bytes) {
    const file = this.#sent.get(id);
    if (file) this.#options.queue.more(file, bytes);
  }

  /** The channel is there. */
  opened() {
    for (const id of this.#wanted) this.#options.say({ type: 'accept', id });
    this.#wanted.clear();
  }

  /** Bytes went. @param {number} bytes */
  went(bytes) {
    const before = this.#bytes;
    this.#bytes -= bytes;
    if (before > LOW && this.#bytes <= LOW) this.onlow?.();
  }

  /** @param {Said} frame */
  say(frame) {
    if (!this.#isClosed) this.#options.say(frame);
  }

  /** Nothing goes or comes any more, and the other side does not know. */
  close() {
    for (const id of this.#sent.keys()) this.say({ type: 'cancel', id, reason: 'lost' });
    for (const id of this.#offered.keys()) this.say({ type: 'refuse', id, reason: 'lost' });
    this.drop();
    this.#options.closed();
  }

  /** Nothing goes or comes any more. */
  drop() {
    this.#isClosed = true;
    for (const id of [...this.#sent.keys()]) this.#end(id);
    this.#offered.clear();
    this.#wanted.clear();
  }

  /** @param {Control} control What the exchange says. */
  #control(control) {
    const { type, id } = control;
    switch (type) {
      case 'offer':
        this.#sent.set(id, new Sent(id, this));
        break;
      case 'accept':
        return this.#accept(id);
      case 'done':
        return this.#done(control);
      case 'cancel':
        this.#end(id);
        break;
      default:
        this.#forget(id);
    }
    this.#options.say(control);
  }

  /** @param {number} id */
  #accept(id) {
    const offered = this.#offered.get(id);
    if (offered) offered.pieces = new Pieces({ id, size: offered.size }, (frame) => this.reader?.receive(frame));
    if (this.#options.open()) this.#options.say({ type: 'accept', id });
    else this.#wanted.add(id);
  }

  /**
   * @param {number} id
   * @param {Uint8Array<ArrayBuffer>} bytes
   */
  #chunk(id, bytes) {
    const file = this.#sent.get(id);
    if (!file) return;
    file.chunks.push(bytes);
    this.#bytes += bytes.length;
    this.#options.queue.push(file);
  }

  /** @param {Control} done */
  #done(done) {
    const file = this.#sent.get(done.id);
    if (!file) return;
    file.done = done;
    this.#options.queue.push(file);
  }

  /**
   * @param {number} id
   * @param {number} size
   */
  #remember(id, size) {
    if (this.#offered.has(id) || this.#offered.size >= MOST_OFFERED) return;
    this.#offered.set(id, { size, pieces: null });
  }

  /** @param {number} id */
  #forget(id) {
    this.#offered.delete(id);
    this.#wanted.delete(id);
  }

  /** @param {number} id */
  #end(id) {
    const file = this.#sent.get(id);
    this.#sent.delete(id);
    if (file) this.#options.queue.end(file);
  }
}
