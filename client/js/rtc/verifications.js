/**
 * Who of those that are connected directly was compared with: one verification for each connection, begun by either side.
 */

import { Emitter } from '../core/emitter.js';
import { ofConnection } from './fingerprints.js';
import { Verification } from './verification.js';

/** @import { DirectLink } from './direct-link.js' */
/** @import { Sign } from './short-string.js' */
/** @import { Failure, State } from './verification.js' */

/** Milliseconds between two that the other side may begin: each asks somebody to look. */
const PAUSE = 2000;

/** @typedef {{ peer: string, state: State, signs: Sign[], reason: Failure | null }} Verified */

/** @extends {Emitter<{ change: Verified }>} */
export class Verifications extends Emitter {
  /** @type {Map<string, { self: string, link: DirectLink, verification: Verification, begun: number }>} */
  #all = new Map();

  /**
   * A connection that may be verified; of an earlier one to the same person nothing holds any more.
   * @param {string} self
   * @param {string} peer
   * @param {DirectLink} link
   */
  attach(self, peer, link) {
    const entry = { self, link, verification: this.#made(self, peer, link), begun: -Infinity };
    this.#all.set(peer, entry);
    link.pc.addEventListener('signalingstatechange', () => void entry.verification.check());
    link.on('word', (word) => {
      if (word.type !== 'verify' || this.#all.get(peer) !== entry) return;
      const { message } = /** @type {{ message?: { step?: unknown } }} */ (/** @type {unknown} */ (word));
      const over = ['done', 'failed'].includes(entry.verification.state);
      if (over && message?.step === 'commit') {
        if (performance.now() - entry.begun < PAUSE) return;
        entry.verification = this.#made(self, peer, link);
      }
      entry.begun = performance.now();
      void entry.verification.receive(message);
    });
    this.#tell(peer, entry.verification);
  }

  /** Begins to compare, also again. @param {string} peer */
  start(peer) {
    const entry = this.#all.get(peer);
    if (!entry) return;
    if (entry.verification.state !== 'idle') entry.verification = this.#made(entry.self, peer, entry.link);
    entry.begun = performance.now();
    void entry.verification.start();
  }

  /** What is known of somebody. @param {string} peer @returns {Verified | null} Null without a connection. */
  of(peer) {
    const verification = this.#all.get(peer)?.verification;
    return verification
      ? { peer, state: verification.state, signs: verification.signs, reason: verification.reason }
      : null;
  }

  /** The connection is no more. @param {string} peer @param {DirectLink} link */
  detach(peer, link) {
    if (this.#all.get(peer)?.link === link) this.#all.delete(peer);
  }

  /**
   * @param {string} self
   * @param {string} peer
   * @param {DirectLink} link
   */
  #made(self, peer, link) {
    /** @type {Verification} */
    const verification = new Verification({
      self,
      other: peer,
      fingerprints: () => ofConnection(link.pc),
      send: (message) => {
        if (!link.say(/** @type {{ type: string }} */ ({ type: 'verify', message }))) {
          throw new Error('nothing can be said');
        }
      },
      changed: () => this.#all.get(peer)?.verification === verification && this.#tell(peer, verification),
    });
    return verification;
  }

  /**
   * @param {string} peer
   * @param {Verification} verification
   */
  #tell(peer, { state, signs, reason }) {
    this.emit('change', { peer, state, signs, reason });
  }
}
