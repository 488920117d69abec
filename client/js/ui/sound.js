/**
 * The sound of the slots: one `<audio>` for each, and a button if the browser wants a tap first.
 */

import { h } from '../core/dom.js';

export class Sound {
  #root;
  #refused;
  /** @type {Map<number, HTMLAudioElement>} */
  #slots = new Map();

  /**
   * @param {HTMLElement} root Holds the elements.
   * @param {(refused: boolean) => void} refused The browser plays nothing before a tap, or plays.
   */
  constructor(root, refused) {
    this.#root = root;
    this.#refused = refused;
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
    void this.#play(audio);
  }

  /** After a tap. */
  async playAll() {
    this.#refused(false);
    await Promise.all([...this.#slots.values()].map((audio) => this.#play(audio)));
  }

  /** @param {HTMLAudioElement} audio */
  async #play(audio) {
    try {
      await audio.play();
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#refused(true);
    }
  }
}
