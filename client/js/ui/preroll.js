/**
 * Waits for the first picture of a stream without showing it: what is shown until then goes on.
 */

import { h } from '../core/dom.js';

/** Milliseconds after which a picture that does not come is not waited for. */
const WAIT = 2000;

export class Preroll {
  /** @type {HTMLVideoElement | null} */
  #video = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** What is waited for. @returns {MediaStream | null} */
  get stream() {
    return /** @type {MediaStream | null} */ (this.#video?.srcObject ?? null);
  }

  /**
   * @param {MediaStream} stream
   * @param {() => void} done There is a picture, or none in time. Not called after another one was begun or it was ended.
   */
  begin(stream, done) {
    this.end();
    const video = h('video', { autoplay: true, playsinline: true });
    video.muted = true;
    this.#video = video;
    const finish = () => {
      if (this.#video !== video) return;
      this.end();
      done();
    };
    video.addEventListener('loadeddata', finish);
    this.#timer = setTimeout(finish, WAIT);
    video.srcObject = stream;
    video.play().catch(() => {});
  }

  end() {
    clearTimeout(this.#timer);
    if (this.#video) this.#video.srcObject = null;
    this.#video = null;
  }
}
