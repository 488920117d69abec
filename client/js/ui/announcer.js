/**
 * When to say what into the live region: at once if it was quiet, together if much happens, and never losing a name. Pure
 * but for the timer it is given.
 */

/** @import { Sentence } from '../core/sentence.js' */

/** Milliseconds between two announcements, so that a screen reader can finish one. */
export const QUIET = 2000;

export class Announcer {
  #say;
  #later;
  /** @type {Sentence[]} */
  #waiting = [];
  #busy = false;

  /**
   * @param {(sentences: Sentence[]) => void} say
   * @param {(action: () => void, delay: number) => void} later
   */
  constructor(say, later) {
    this.#say = say;
    this.#later = later;
  }

  /** @param {Sentence} sentence */
  add(sentence) {
    this.#waiting.push(sentence);
    if (!this.#busy) this.#flush();
  }

  #flush() {
    const sentences = this.#waiting;
    this.#waiting = [];
    this.#busy = sentences.length > 0;
    if (!this.#busy) return;
    this.#say(sentences);
    this.#later(() => this.#flush(), QUIET);
  }
}
