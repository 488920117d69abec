/**
 * When to build the next connection: at once the first time, later after growing waits, because a server that refuses every
 * offer must not be flooded.
 */

/** Milliseconds between the first rebuilds; doubled with each that brings nothing, up to the last. */
const FIRST = 500;
const LAST = 8000;
/** Milliseconds a connection must hold until the next rebuild is at once again. */
const STEADY = 10_000;

export class RebuildPace {
  #rebuild;
  #count = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #steadyTimer;

  /** @param {() => void} rebuild */
  constructor(rebuild) {
    this.#rebuild = rebuild;
  }

  soon() {
    if (this.#timer !== undefined) return;
    const wait = this.#count === 0 ? 0 : Math.min(LAST, FIRST * 2 ** this.#count);
    this.#count += 1;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#rebuild();
    }, wait);
  }

  /** @param {boolean} connected Whether the connection there is carries media. */
  holds(connected) {
    clearTimeout(this.#steadyTimer);
    if (connected) this.#steadyTimer = setTimeout(() => (this.#count = 0), STEADY);
  }

  /** Nothing is due any more; what was counted is kept. */
  stop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#steadyTimer);
    this.#timer = undefined;
  }
}
