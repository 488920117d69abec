/**
 * Who of those that are connected directly was compared with: one verification for each connection, begun by either side.
 */

import { Emitter } from '../core/emitter.js';
import { ofConnection } from './fingerprints.js';
import { Verification } from './verification.js';

/** @import { DirectLink } from './direct-link.js' */
/** @import { Sign } from './short-string.js' */
/** @import { Failure, Phase } from './comparison.js' */

/** @typedef {{ peer: string, state: Phase, signs: Sign[], reason: Failure | null }} Verified */

/** @extends {Emitter<{ change: Verified }>} */
export class Verifications extends Emitter {
  /** @type {Map<string, { link: DirectLink, verification: Verification }>} */
  #all = new Map();

  /**
   * A connection that may be verified; of an earlier one to the same person nothing holds any more.
   * @param {string} self
   * @param {string} peer
   * @param {DirectLink} link
   */
  attach(self, peer, link) {
    this.#all.get(peer)?.verification.close();
    const verification = this.#made(self, peer, link);
    this.#all.set(peer, { link, verification });
    link.pc.addEventListener('signalingstatechange', () => void verification.check());
    link.on('word', (word) => {
      if (word.type !== 'verify') return;
      void verification.receive(/** @type {{ message?: unknown }} */ (/** @type {unknown} */ (word)).message);
    });
    this.#tell(peer, verification);
  }

  /** Begins to compare, also again. @param {string} peer */
  start(peer) {
    void this.#all.get(peer)?.verification.start();
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
    if (this.#all.get(peer)?.link !== link) return;
    this.#all.get(peer)?.verification.close();
    this.#all.delete(peer);
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
