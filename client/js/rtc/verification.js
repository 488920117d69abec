/**
 * Whether nobody sits between two browsers that are connected directly: both show a short string, which the people compare by voice.
 * As in ZRTP (RFC 6189 section 4.4.1) each side commits to a number before it sees the other's, so that who has a connection with
 * either has one guess among 2^42 and cannot search.
 *
 * ```text
 *   A, who starts                            B, who follows
 *   commit: H(A, A's fingerprint, nonce) ──►
 *                                        ◄── commit: H(B, B's fingerprint, nonce)
 *                                        ◄── reveal: nonce
 *   reveal: nonce ────────────────────────►
 *   both: the string of H(who, fingerprint and nonce of both)
 * ```
 *
 * Which message belongs to which attempt is in `comparison.js`; here are hashes and time.
 *
 * A reveal is held against the commit with the fingerprint that is seen in the connection, whatever anybody says it is. The
 * messages may go by any way, also through the server: who changes them gets another string shown, or none.
 */

import { begun, due, inFlight, step } from './comparison.js';
import { signs } from './short-string.js';

/** @import { Fresh, Failure, Happening, Message, Phase } from './comparison.js' */
/** @import { Sign } from './short-string.js' */

/** Bytes of a nonce, and of a hash. */
const BYTES = 32;
const HEX = /^[0-9a-f]{64}$/;
/** Messages that may wait while one is worked on: an honest side says three of an attempt at most. */
const MOST_WAITING = 8;

/**
 * @typedef {object} Ends
 * @property {string} self Our id, as the other side knows it.
 * @property {string} other
 * @property {() => { local: string, remote: string } | null} fingerprints As seen in the connection now: see `fingerprints.js`.
 * @property {(message: Message) => void} send In order.
 * @property {() => void} [changed] The state is another one.
 * @property {() => number} [now] In milliseconds.
 * @property {(action: () => void, delay: number) => unknown} [later]
 */

export class Verification {
  #ends;
  #state;
  /** @type {Sign[]} */
  #signs = [];
  /** What the connection had at the beginning. @type {{ local: string, remote: string } | null} */
  #seen = null;
  /** What it had when the last number was drawn. @type {{ local: string, remote: string } | null} */
  #drawnFor = null;
  /** What is done one after the other, as it came. @type {Promise<void>} */
  #work = Promise.resolve();
  #waiting = 0;
  #closed = false;

  /** @param {Ends} ends */
  constructor(ends) {
    this.#ends = {
      now: () => performance.now(),
      later: (/** @type {() => void} */ action, /** @type {number} */ delay) => setTimeout(action, delay),
      ...ends,
    };
    this.#state = begun(ends.other < ends.self);
  }

  /** @returns {Phase} */
  get state() {
    return this.#state.phase;
  }

  /** Why it failed. */
  get reason() {
    return this.#state.reason;
  }

  /** What to show and to read out, once it is done. */
  get signs() {
    return this.#signs;
  }

  /** Begins, if nothing is under way and nothing was done just now. The other side follows by itself. */
  start() {
    return this.#after(async () => this.#step({ type: 'press', fresh: await this.#fresh() }));
  }

  /**
   * Something came from the other side.
   * @param {unknown} message
   */
  receive(message) {
    if (this.#waiting >= MOST_WAITING) return this.#fail('order');
    return this.#after(() => this.#take(message));
  }

  /** The connection may have other ends now: to be called when it was negotiated anew. What was shown holds no longer then. */
  check() {
    if ((inFlight(this.#state) || this.state === 'done') && !this.#isSame(this.#seen)) this.#fail('fingerprint');
  }

  /** Nothing is said any more. */
  close() {
    this.#closed = true;
  }

  /** @param {() => Promise<void>} act */
  #after(act) {
    this.#waiting += 1;
    this.#work = this.#work.then(async () => {
      try {
        if (!this.#closed) await act();
      } catch (error) {
        console.warn('verification:', error);
        this.#fail('lost');
      } finally {
        this.#waiting -= 1;
      }
    });
    return this.#work;
  }

  /** @param {unknown} message */
  async #take(message) {
    if (typeof message !== 'object' || message === null) return this.#fail('malformed');
    const { step: which, hash, nonce, to } = /** @type {Record<string, unknown>} */ (message);
    if (which === 'commit' && isHex(hash) && (to === undefined || isHex(to))) {
      const fresh = await this.#fresh();
      return this.#step(to === undefined ? { type: 'commit', hash, fresh } : { type: 'commit', hash, to, fresh });
    }
    if (which === 'reveal' && isHex(nonce) && isHex(to)) return this.#revealed(nonce, to);
    this.#fail('malformed');
  }

  /** @param {string} nonce @param {string} to */
  async #revealed(nonce, to) {
    const { self, other } = this.#ends;
    const { own, phase } = this.#state;
    const { local, remote } = this.#seen ?? { local: '', remote: '' };
    const made = hex(await commitment(other, remote, nonce));
    const sides = [
      [self, local, own.nonce],
      [other, remote, nonce],
    ].sort(([one = ''], [two = '']) => (one < two ? -1 : 1));
    const digest = await hashed('plenary verification string 1', ...sides.flat());
    // It may have become another one, or have failed, while that was computed.
    if (phase === 'revealed' && !this.#isSame(this.#seen)) return this.#fail('fingerprint');
    this.#step({ type: 'reveal', nonce, to, made }, signs(digest));
  }

  /** A number that nobody knows yet, for the connection as it is now. @returns {Promise<Fresh>} */
  async #fresh() {
    const seen = this.#ends.fingerprints();
    this.#drawnFor = seen && { ...seen };
    const nonce = hex(crypto.getRandomValues(new Uint8Array(BYTES)));
    return { nonce, hash: hex(await commitment(this.#ends.self, seen?.local ?? '', nonce)) };
  }

  /**
   * @param {Happening} happening
   * @param {Sign[]} [string] What is shown if it is done with this.
   */
  #step(happening, string = []) {
    const now = this.#ends.now();
    const { state, say } = step(this.#state, happening, now);
    if (state === this.#state) return;
    const before = this.#state;
    const isFresh = 'fresh' in happening && state.own === happening.fresh;
    const seen = isFresh ? this.#drawnFor : this.#seen;
    if (say.length > 0 && !this.#isUsable(seen)) return this.#fail('fingerprint');
    this.#seen = seen;
    this.#state = state;
    if (state.phase !== 'done') this.#signs = [];
    else if (before.phase !== 'done') this.#signs = string;
    this.#wait(now);
    if (state.phase !== before.phase || isFresh) this.#ends.changed?.();
    for (const message of say) this.#ends.send(message);
  }

  /** Looks again when something happens by itself. @param {number} now */
  #wait(now) {
    const at = due(this.#state);
    if (at === Infinity) return;
    this.#ends.later(
      () => {
        // A timer may be early by a little.
        if (due(this.#state) === at && this.#ends.now() < at) return this.#wait(this.#ends.now());
        if (due(this.#state) !== at) return;
        void this.#after(async () => this.#step({ type: 'time', fresh: await this.#fresh() }));
      },
      Math.ceil(at - now),
    );
  }

  /** @param {{ local: string, remote: string } | null} seen */
  #isUsable(seen) {
    const { self, other } = this.#ends;
    return seen !== null && seen.local !== seen.remote && self !== other && this.#isSame(seen);
  }

  /** @param {{ local: string, remote: string } | null} seen */
  #isSame(seen) {
    const now = this.#ends.fingerprints();
    return seen !== null && now !== null && now.local === seen.local && now.remote === seen.remote;
  }

  /** @param {Failure} reason */
  #fail(reason) {
    this.#step({ type: 'fail', reason });
  }
}

/** @param {unknown} text @returns {text is string} */
function isHex(text) {
  return typeof text === 'string' && HEX.test(text);
}

/**
 * @param {string} who
 * @param {string} fingerprint
 * @param {string} nonce
 */
function commitment(who, fingerprint, nonce) {
  return hashed('plenary verification commit 1', who, fingerprint, nonce);
}

/**
 * SHA-256 over texts, none of which can pass for part of another.
 * @param {...string} parts
 */
async function hashed(...parts) {
  const bytes = new TextEncoder().encode(JSON.stringify(parts));
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** @param {Uint8Array} bytes */
function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
