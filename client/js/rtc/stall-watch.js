/**
 * Notices that sound and pictures which came without a pause come no more: the first sign that the own network is gone,
 * seconds before sockets and connections say so. It may also be the others who have stopped, so it is a reason to ask, not
 * an answer.
 */

/** Milliseconds between two looks. */
export const EVERY = 250;
/** Looks in a row with something new that make a flow. */
const FLOW = 5;
/** Looks in a row without anything new that end it. Speech and moving pictures have no pause of 0.75 s. */
const STALL = 3;

export class StallWatch {
  #newest;
  #stalled;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  #last = 0;
  #flowing = 0;
  #still = 0;

  /**
   * @param {() => number} newest When the newest packet came; any number that changes with it.
   * @param {() => void} stalled
   */
  constructor(newest, stalled) {
    this.#newest = newest;
    this.#stalled = stalled;
  }

  start() {
    this.stop();
    this.#timer = setInterval(() => this.#look(), EVERY);
  }

  stop() {
    clearInterval(this.#timer);
    this.#flowing = this.#still = 0;
  }

  #look() {
    const newest = this.#newest();
    const flows = newest !== this.#last;
    this.#last = newest;
    if (flows) {
      this.#flowing += 1;
      this.#still = 0;
      return;
    }
    this.#still += 1;
    if (this.#still < STALL) return;
    if (this.#flowing >= FLOW) this.#stalled();
    this.#flowing = 0;
  }
}
