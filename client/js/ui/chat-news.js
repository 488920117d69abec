/**
 * What is said to who has the chat closed: a message at once, and of those that follow soon how many they were. Files are told of in
 * the same way. Pure but for the timer it is given.
 */

/** Milliseconds in which what follows is gathered. */
export const GATHERED = 4000;

/** @template {{ name: string }} T What is told, and the name of whose it is. */
export class ChatNews {
  #tell;
  #count;
  #later;
  /** @type {T[]} */
  #waiting = [];
  #busy = false;

  /**
   * @param {(message: T) => void} tell
   * @param {(count: number, name: string) => void} count How many, and whose the last one is.
   * @param {(action: () => void, delay: number) => unknown} later
   */
  constructor(tell, count, later = (action, delay) => setTimeout(action, delay)) {
    this.#tell = tell;
    this.#count = count;
    this.#later = later;
  }

  /** @param {T} message */
  add(message) {
    this.#waiting.push(message);
    if (!this.#busy) this.#flush();
  }

  /** They are read: nobody wants to hear of them. */
  clear() {
    this.#waiting = [];
  }

  #flush() {
    const waiting = this.#waiting;
    this.#waiting = [];
    const last = waiting.at(-1);
    this.#busy = last !== undefined;
    if (!last) return;
    if (waiting.length === 1) this.#tell(last);
    else this.#count(waiting.length, last.name);
    this.#later(() => this.#flush(), GATHERED);
  }
}
