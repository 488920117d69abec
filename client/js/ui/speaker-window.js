/**
 * Whoever speaks, in the browser's own small window for one picture: for browsers that have no window for more.
 */

import { h } from '../core/dom.js';

/** Whether this browser shows pictures in small windows, and lets pages ask for it. */
export const picturesFloat = () => document.pictureInPictureEnabled === true;

export class SpeakerWindow {
  /** A picture never sounds: sound has elements of its own. */
  video = h('video', { class: 'hidden', autoplay: true, playsinline: true, tabindex: '-1', 'aria-hidden': 'true' });
  #changed;
  /** @type {PictureInPictureWindow | null} */
  #window = null;

  /** @param {() => void} changed It is open, has another size, or is closed. */
  constructor(changed) {
    this.#changed = changed;
    this.video.muted = true;
    this.video.addEventListener('enterpictureinpicture', (event) => {
      this.#window = /** @type {PictureInPictureEvent} */ (event).pictureInPictureWindow;
      this.#window.onresize = changed;
      changed();
    });
    this.video.addEventListener('leavepictureinpicture', () => {
      this.#window = null;
      changed();
    });
  }

  get isOpen() {
    return this.#window !== null;
  }

  /** How tall it is, in CSS pixels; null if it is closed. */
  get height() {
    return this.#window?.height ?? null;
  }

  /** What is to be seen in it from now on; null keeps what was there. @param {MediaStream | null} picture */
  show(picture) {
    const { video } = this;
    if (!picture || video.srcObject === picture) return;
    video.srcObject = picture;
    video.play().catch(() => {});
  }

  /** Needs a press of the person. @param {MediaStream | null} picture */
  async open(picture) {
    const { video } = this;
    if (!picture) throw new Error('nobody has a picture');
    this.show(picture);
    if (video.readyState === HTMLMediaElement.HAVE_NOTHING) {
      await new Promise((ready) => (video.onloadedmetadata = ready));
    }
    await video.requestPictureInPicture();
  }

  close() {
    if (document.pictureInPictureElement === this.video) document.exitPictureInPicture().catch(() => {});
    this.video.srcObject = null;
    this.#changed();
  }
}
