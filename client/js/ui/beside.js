/**
 * Beside the stage there is place for one panel: whichever comes sends away the one that was there.
 */

export class Beside {
  /** @type {(() => void) | null} */
  #leave = null;

  /** @param {() => void} leave What closes the panel that comes. */
  comes(leave) {
    const before = this.#leave;
    this.#leave = leave;
    if (before !== leave) before?.();
  }

  /** @param {() => void} leave The same. */
  goes(leave) {
    if (this.#leave === leave) this.#leave = null;
  }
}
