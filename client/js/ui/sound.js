/**
 * The sound of the slots: one `<audio>` for each.
 */

import { h } from '../core/dom.js';

export class Sound {
  #root;
  /** @type {Map<number, HTMLAudioElement>} */
  #slots = new Map();

  /** @param {HTMLElement} root Holds the elements. */
  constructor(root) {
    this.#root = root;
  }

  /**
   * @param {number} slot
   * @param {MediaStreamTrack} track
   */
  setSlot(slot, track) {
    const audio = this.#slots.get(slot) ?? h('audio', { autoplay: true });
    if (!this.#slots.has(slot)) {
      this.#slots.set(slot, audio);
      this.#root.append(audio);
    }
    audio.srcObject = new MediaStream([track]);
  }
}
