/**
 * Loads the page again where the server speaks another protocol than the page: once. A page that is still of another one
 * then comes out of something on the way, and would be loaded for ever.
 */

/** @import { Store } from './storage.js' */

const KEY = 'plenary.reloaded';

export class Reload {
  #store;
  #reload;

  /**
   * @param {Store} store Of this tab.
   * @param {() => void} reload
   */
  constructor(store, reload) {
    this.#store = store;
    this.#reload = reload;
  }

  /**
   * The page is of another protocol, and nobody is in a call in it.
   * @returns {boolean} Whether it goes.
   */
  outdated() {
    try {
      if (this.#store.getItem(KEY) !== null) return false;
      this.#store.setItem(KEY, '1');
      // A store that keeps nothing would let it go round and round.
      if (this.#store.getItem(KEY) === null) return false;
    } catch {
      return false;
    }
    this.#reload();
    return true;
  }

  /** The page is of the server's protocol. */
  current() {
    try {
      this.#store.removeItem(KEY);
    } catch {
      // Then nothing was put there either.
    }
  }
}
