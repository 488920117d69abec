/**
 * Whether nobody sits between two browsers that are connected directly: both show a short string, which the people compare by voice.
 * As in ZRTP (RFC 6189 section 4.4.1) each side commits to a number before it sees the other's, so that who has a connection with
 * either has one guess among 2^42 and cannot search.
 *
 * ```text
 *   A                                        B
 *   commit: H(A, A's fingerprint, nonce) ──►
 *                                        ◄── commit: H(B, B's fingerprint, nonce)
 *   reveal: nonce ────────────────────────►      after B's commit has come
 *                                        ◄── reveal: nonce
 *   both: the string of H(who, fingerprint and nonce of both)
 * ```
 *
 * A reveal is held against the commit with the fingerprint that is seen in the connection, whatever anybody says it is. The
 * messages may go by any way, also through the server: who changes them gets another string shown, or none.
 */

import { signs } from './short-string.js';

/** @import { Sign } from './short-string.js' */

/** Bytes of a nonce, and of a hash. */
const BYTES = 32;
const HEX = /^[0-9a-f]{64}$/;
/** Messages that may wait while one is worked on: an honest side sends two in all. */
const MOST_WAITING = 4;

/**
 * @typedef {{ step: 'commit', hash: string } | { step: 'reveal', nonce: string }} VerificationMessage
 */

/**
 * Why there will be no string: something else came than may come now; what came is not of the form; a reveal is not
 * what was committed to, or was for another connection; the connection has no fingerprint, or another one than at the beginning;
 * nothing can be sent any more.
 * @typedef {'order' | 'malformed' | 'mismatch' | 'fingerprint' | 'lost'} Failure
 */

/**
 * `idle`: nobody began. `committed`: our commit has left. `revealed`: our nonce has, too. `done`: there is a string. `failed`: there
 * will be none, and a new one has to be begun by both.
 * @typedef {'idle' | 'committed' | 'revealed' | 'done' | 'failed'} State
 */

/**
 * @typedef {object} Ends
 * @property {string} self Our id, as the other side knows it.
 * @property {string} other
 * @property {() => { local: string, remote: string } | null} fingerprints As seen in the connection now: see `fingerprints.js`.
 * @property {(message: VerificationMessage) => void} send In order.
 * @property {() => void} [changed] The state is another one.
 */

export class Verification {
  #ends;
  /** @type {State} */
  #state = 'idle';
  /** @type {Failure | null} */
  #reason = null;
  /** @type {Sign[]} */
  #signs = [];
  /** What the connection had at the beginning. @type {{ local: string, remote: string } | null} */
  #seen = null;
  #nonce = '';
  #own = '';
  #commit = '';
  /** What is done one after the other, as it came. @type {Promise<void>} */
  #work = Promise.resolve();
  #waiting = 0;

  /** @param {Ends} ends */
  constructor(ends) {
    this.#ends = ends;
  }

  get state() {
    return this.#state;
  }

  /** Why it failed. */
  get reason() {
    return this.#reason;
  }

  /** What to show and to read out, once it is done. */
  get signs() {
    return this.#signs;
  }

  /** Begins, if nobody did. The other side follows by itself. */
  start() {
    return this.#after(() => this.#begin());
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
    if (this.#seen !== null && !this.#isSame()) this.#fail('fingerprint');
  }

  /** @param {() => Promise<void>} act */
  #after(act) {
    this.#waiting += 1;
    this.#work = this.#work.then(async () => {
      try {
        if (this.#state !== 'failed') await act();
      } catch (error) {
        console.warn('verification:', error);
        this.#fail('lost');
      } finally {
        this.#waiting -= 1;
      }
    });
    return this.#work;
  }

  async #begin() {
    if (this.#state !== 'idle') return;
    const seen = this.#ends.fingerprints();
    if (seen === null || seen.local === seen.remote || this.#ends.self === this.#ends.other) {
      return this.#fail('fingerprint');
    }
    this.#seen = { local: seen.local, remote: seen.remote };
    this.#nonce = hex(crypto.getRandomValues(new Uint8Array(BYTES)));
    this.#own = hex(await commitment(this.#ends.self, seen.local, this.#nonce));
    if (!this.#become('committed')) return;
    this.#ends.send({ step: 'commit', hash: this.#own });
  }

  /** @param {unknown} message */
  async #take(message) {
    if (typeof message !== 'object' || message === null) return this.#fail('malformed');
    const { step, hash, nonce } = /** @type {Record<string, unknown>} */ (message);
    if (step === 'commit' && typeof hash === 'string' && HEX.test(hash)) return this.#committed(hash);
    if (step === 'reveal' && typeof nonce === 'string' && HEX.test(nonce)) return this.#revealed(nonce);
    this.#fail('malformed');
  }

  /** @param {string} hash */
  async #committed(hash) {
    await this.#begin();
    if (this.#state !== 'committed') return this.#fail('order');
    if (hash === this.#own) return this.#fail('mismatch');
    if (!this.#isSame()) return this.#fail('fingerprint');
    this.#commit = hash;
    if (!this.#become('revealed')) return;
    this.#ends.send({ step: 'reveal', nonce: this.#nonce });
  }

  /** @param {string} nonce */
  async #revealed(nonce) {
    if (this.#state !== 'revealed' || this.#seen === null) return this.#fail('order');
    if (!this.#isSame()) return this.#fail('fingerprint');
    const { self, other } = this.#ends;
    const { local, remote } = this.#seen;
    if (hex(await commitment(other, remote, nonce)) !== this.#commit) return this.#fail('mismatch');
    const sides = [
      [self, local, this.#nonce],
      [other, remote, nonce],
    ].sort(([one = ''], [two = '']) => (one < two ? -1 : 1));
    const digest = await hashed('plenary verification string 1', ...sides.flat());
    // It may have changed, or something may have come that makes it fail, while that was computed.
    if (!this.#isSame()) return this.#fail('fingerprint');
    if (this.#state !== 'revealed') return;
    this.#signs = signs(digest);
    this.#become('done');
  }

  #isSame() {
    const now = this.#ends.fingerprints();
    return now !== null && now.local === this.#seen?.local && now.remote === this.#seen.remote;
  }

  /** @param {Failure} reason */
  #fail(reason) {
    if (this.#state === 'failed') return;
    this.#reason = reason;
    this.#signs = [];
    this.#nonce = '';
    this.#become('failed');
  }

  /**
   * @param {State} state
   * @returns {boolean} False if it failed, from which there is no way back.
   */
  #become(state) {
    if (this.#state === 'failed') return false;
    this.#state = state;
    this.#ends.changed?.();
    return true;
  }
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
