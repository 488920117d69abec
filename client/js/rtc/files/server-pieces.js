/**
 * A file that comes through the server, in pieces of any size: they become the chunks that were sent, and what says that these were all
 * comes after them. Pure.
 */

import { CHUNK, chunkFrame } from './frames.js';

export class Pieces {
  #id;
  #size;
  #give;
  /** Of the next chunk. */
  #held = new Uint8Array(CHUNK);
  #length = 0;
  #given = 0;
  /** What came before the last bytes did. @type {string | null} */
  #done = null;

  /**
   * @param {{ id: number, size: number }} offer
   * @param {(frame: string | ArrayBuffer) => void} give
   */
  constructor({ id, size }, give) {
    this.#id = id;
    this.#size = size;
    this.#give = give;
  }

  /** @param {Uint8Array} bytes */
  take(bytes) {
    for (let from = 0; from < bytes.length;) {
      const rest = this.#size - this.#given;
      // What comes beyond the end is a chunk of its own: whoever gets it knows that it is too much.
      const full = rest > 0 ? Math.min(CHUNK, rest) : CHUNK;
      const part = bytes.subarray(from, from + full - this.#length);
      this.#held.set(part, this.#length);
      this.#length += part.length;
      from += part.length;
      if (this.#length === full || rest === 0) this.#put();
    }
    this.#finish();
  }

  /** @param {string} done As it is to be given. */
  done(done) {
    this.#done ??= done;
    this.#finish();
  }

  #put() {
    const frame = chunkFrame(this.#id, this.#held.subarray(0, this.#length));
    this.#given += this.#length;
    this.#length = 0;
    this.#give(frame.buffer);
  }

  #finish() {
    if (this.#done === null || this.#given < this.#size) return;
    const done = this.#done;
    this.#done = null;
    this.#give(done);
  }
}
