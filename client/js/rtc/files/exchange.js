/**
 * Files between two browsers, both ways, over one channel that is theirs alone.
 */

import { chunkFrame, parse } from './frames.js';
import { Incoming } from './incoming.js';
import { Outgoing } from './outgoing.js';

/** @import { Control } from './frames.js' */
/** @import { Source } from './outgoing.js' */

/** Files of one side that are not over. */
export const MOST_FILES = 16;
/** Of these, how many are sent at a time; each has a like share of the line. */
const MOST_SENDING = 3;
/** Bytes that may wait in the channel before no more is given to it, and from where on more is. */
export const HIGH = 1024 * 1024;
export const LOW = 256 * 1024;
/** Bytes of a file that is taken, and of all that are being received: the page has to hold them. */
const MOST_BYTES = 1024 * 1024 * 1024;
const MOST_AT_ONCE = 2 * MOST_BYTES;
/** Milliseconds without a byte of any file after which those that are awaited are given up. */
const STALLED_AFTER = 60_000;
/** Offers a minute that people are asked about, and that get an answer before they count as mistakes. */
const OFFERS_PER_MINUTE = 60;
const MINUTE = 60_000;
/** Things that no page of ours says, after which the other side is not listened to any more. */
const MOST_MISTAKES = 64;

/**
 * What carries frames: in order, all of them, each as a whole.
 * @typedef {object} Channel
 * @property {(data: string | Uint8Array<ArrayBuffer>) => void} send May throw if it is closed.
 * @property {number} bufferedAmount Bytes that were not sent yet.
 * @property {(() => void) | null} onlow Called when these have become as few as `LOW`.
 * @property {() => void} close
 */

/**
 * @typedef {object} Options
 * @property {(file: Incoming) => void} [offered] The other side offers a file.
 * @property {() => void} [changed] Something is another than before, of any file.
 * @property {number} [mostBytes]
 * @property {number} [mostAtOnce]
 * @property {number} [first] The number of the first file that is offered.
 * @property {number} [mostSending] Files that are sent at a time.
 * @property {boolean} [isPatient] A file may wait for others to be sent, to whomever, before its first byte comes: whether the other side
 *   is there is known otherwise.
 */

export class FileExchange {
  #channel;
  #options;
  /** Those that are not over, by number. @type {Map<number, Outgoing>} */
  #outgoing = new Map();
  /** @type {Map<number, Incoming>} */
  #incoming = new Map();
  #next;
  /** The last number that the other side offered. */
  #last = 0;
  /** When the present minute began, and the offers in it. */
  #minute = { since: -Infinity, offers: 0 };
  #sending = 0;
  #mistakes = 0;
  #isOpen = true;
  /** Those who wait for room in the channel. @type {(() => void)[]} */
  #waiting = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #stall;

  /**
   * @param {Channel} channel Open.
   * @param {Options} [options]
   */
  constructor(channel, options = {}) {
    this.#channel = channel;
    this.#options = options;
    this.#next = options.first ?? 1;
    channel.onlow = () => this.#wake();
  }

  /** The number that the next file gets. */
  get next() {
    return this.#next;
  }

  /** Whether something can be sent and come still. */
  get isOpen() {
    return this.#isOpen;
  }

  /**
   * Offers a file.
   * @param {Source} file
   * @returns {Outgoing | null} `null` if there are too many, or the channel is closed.
   */
  offer(file) {
    if (!this.#isOpen || this.#outgoing.size >= MOST_FILES) return null;
    const id = this.#next++;
    const outgoing = new Outgoing(id, file, {
      say: (control) => this.#say(control),
      chunk: (of, bytes) => this.#send(chunkFrame(of, bytes)),
      room: () => this.#room(),
      changed: () => this.#changed(),
    });
    // Offering may have found the channel closed.
    if (this.#isOpen) this.#outgoing.set(id, outgoing);
    else outgoing.end('failed', 'lost');
    return outgoing;
  }

  /**
   * Something came.
   * @param {unknown} data
   */
  receive(data) {
    if (!this.#isOpen) return;
    const frame = parse(data);
    switch (frame?.type) {
      case 'chunk':
        return this.#take(frame.id, frame.bytes);
      case 'offer':
        return this.#offered(frame);
      case 'done':
        return void this.#incoming.get(frame.id)?.done(frame.digest);
      case 'cancel':
        return this.#incoming.get(frame.id)?.end('cancelled', frame.reason);
      case 'refuse':
        return this.#outgoing.get(frame.id)?.end('refused', frame.reason);
      case 'accept':
        if (this.#outgoing.get(frame.id)?.accepted() === false) this.#mistake();
        return this.#sendMore();
      case 'received':
        if (this.#outgoing.get(frame.id)?.received() === false) this.#mistake();
        return;
      default:
        this.#mistake();
    }
  }

  /** The channel is closed: whoever was at the other end is gone. */
  closed() {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearTimeout(this.#stall);
    for (const file of [...this.#outgoing.values(), ...this.#incoming.values()]) file.end('failed', 'lost');
    this.#wake();
  }

  /** @param {{ id: number, name: string, size: number }} offer */
  #offered(offer) {
    if (offer.id <= this.#last) return this.#mistake();
    this.#last = offer.id;
    if (this.#incoming.size >= MOST_FILES || !this.#mayAsk()) {
      this.#mistake();
      return this.#say({ type: 'refuse', id: offer.id, reason: 'too-many' });
    }
    if (offer.size > (this.#options.mostBytes ?? MOST_BYTES)) {
      return this.#say({ type: 'refuse', id: offer.id, reason: 'too-large' });
    }
    const file = new Incoming(offer, {
      say: (control) => this.#say(control),
      fits: (size) => this.#expected() + size <= (this.#options.mostAtOnce ?? MOST_AT_ONCE),
      changed: () => this.#changed(),
    });
    this.#incoming.set(offer.id, file);
    this.#options.offered?.(file);
  }

  /** Whether people may be asked once more: who offers and withdraws all the time asks nobody. */
  #mayAsk() {
    const now = performance.now();
    if (now - this.#minute.since >= MINUTE) this.#minute = { since: now, offers: 0 };
    this.#minute.offers += 1;
    return this.#minute.offers <= OFFERS_PER_MINUTE;
  }

  /**
   * @param {number} id
   * @param {Uint8Array<ArrayBuffer>} bytes
   */
  #take(id, bytes) {
    const file = this.#incoming.get(id);
    if (file !== undefined) {
      file.take(bytes);
      this.#watch();
    } else if (id > this.#last) {
      // Of one that was offered it may have been on its way when that ended.
      this.#mistake();
    }
  }

  /** Bytes of all files that are being received. */
  #expected() {
    const files = [...this.#incoming.values()].filter((file) => file.isExpected);
    return files.reduce((sum, file) => sum + file.size, 0);
  }

  /** Something of a file came or is awaited from now on: the time without any begins anew. */
  #watch() {
    clearTimeout(this.#stall);
    if (!this.#isOpen || this.#awaited().length === 0) return;
    this.#stall = setTimeout(() => {
      for (const file of this.#awaited()) file.end('failed', 'stalled');
    }, STALLED_AFTER);
  }

  /** Files of which more is to come before long. */
  #awaited() {
    const { isPatient = false } = this.#options;
    const files = [...this.#incoming.values()];
    return files.filter(({ state, received }) => state === 'receiving' && (received > 0 || !isPatient));
  }

  /** Sends those that the other side wants, the first ones first. */
  #sendMore() {
    for (const file of this.#outgoing.values()) {
      if (this.#sending >= (this.#options.mostSending ?? MOST_SENDING)) return;
      if (file.state !== 'waiting') continue;
      this.#sending += 1;
      void file.run().finally(() => {
        this.#sending -= 1;
        this.#sendMore();
      });
    }
  }

  /** @returns {Promise<void>} */
  async #room() {
    while (this.#isOpen && this.#channel.bufferedAmount >= HIGH) {
      await new Promise((resolve) => this.#waiting.push(() => resolve(undefined)));
    }
  }

  #wake() {
    for (const go of this.#waiting.splice(0)) go();
  }

  /** @param {Control} control */
  #say(control) {
    if (control.type === 'accept') this.#watch();
    this.#send(JSON.stringify(control));
  }

  /** @param {string | Uint8Array<ArrayBuffer>} data */
  #send(data) {
    if (!this.#isOpen) return;
    try {
      this.#channel.send(data);
    } catch {
      this.closed();
    }
  }

  #changed() {
    for (const files of [this.#outgoing, this.#incoming]) {
      for (const [id, file] of files) if (file.isOver) files.delete(id);
    }
    if (this.#awaited().length === 0) clearTimeout(this.#stall);
    this.#options.changed?.();
  }

  #mistake() {
    this.#mistakes += 1;
    if (this.#mistakes < MOST_MISTAKES) return;
    this.closed();
    this.#channel.close();
  }
}
