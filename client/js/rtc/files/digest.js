/**
 * What a file is known by on both sides, however large it is. WebCrypto hashes only what it has as a whole, so it is a chain of
 * SHA-256 over the file's chunks: each link is the hash of the link before (32 zeros at first) and the next chunk. Chunks have
 * one size, so a file has one digest; it is not what `sha256sum` says of the file.
 */

const BYTES = 32;

export class Digest {
  /** @type {Promise<Uint8Array>} */
  #link = Promise.resolve(new Uint8Array(BYTES));

  /** @param {Uint8Array} chunk The next one, which must not change any more. */
  add(chunk) {
    this.#link = this.#link.then(async (link) => {
      const bytes = new Uint8Array(BYTES + chunk.length);
      bytes.set(link);
      bytes.set(chunk, BYTES);
      return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    });
  }

  /** @returns {Promise<string>} Of all that was added so far. */
  async value() {
    return Array.from(await this.#link, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
}
