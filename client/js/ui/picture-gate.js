/**
 * Says when the picture of a `<video>` may be seen: from the first frame of the slot's owner on, never earlier.
 */

import { isFrameOfOwner } from '../call/room-state.js';

/** Milliseconds of frames that seem to be the previous owner's, after which the browser's count of them is not believed. */
const DISBELIEF = 3000;

export class PictureGate {
  #video;
  #show;
  #gate = '';
  /** @type {number | 'any' | null} */
  #since = null;
  /** The RTP timestamp of the frame shown last, of any owner. @type {number | null} */
  #last = null;
  #callback = 0;
  #open = false;
  #asked = 0;

  /**
   * @param {HTMLVideoElement} video
   * @param {(shown: boolean) => void} show
   */
  constructor(video, show) {
    this.#video = video;
    this.#show = show;
    // Chromium reports frames for as long as the document lives in which it was first asked to: that must not be a small window's.
    if ('requestVideoFrameCallback' in video) video.cancelVideoFrameCallback(video.requestVideoFrameCallback(() => {}));
  }

  /**
   * @param {MediaStream | null} stream What comes in the slot; another one has other frames.
   * @param {string} owner Changes with the slot and with its owner.
   * @param {number | 'any' | null} since The RTP timestamp of the owner's first frame; null if there is none to show, and `any` where all
   *   frames are theirs.
   * @param {boolean} [keeps] It is the same picture that comes another way: if one is shown, it is not hidden.
   */
  set(stream, owner, since, keeps = false) {
    const video = this.#video;
    const other = video.srcObject !== stream;
    if (other) {
      video.srcObject = stream;
      this.#last = null;
    }
    const gate = since === null ? 'closed' : `${owner} ${since}`;
    if (!other && this.#gate === gate) return;
    this.#gate = gate;
    this.#since = since;
    this.#asked = performance.now();
    if (keeps && this.#open && since !== null) return;
    this.#set(false);
    if (!('requestVideoFrameCallback' in video)) {
      if (since !== null) this.#nextTime(gate);
      return;
    }
    video.cancelVideoFrameCallback(this.#callback);
    // A screen may stand still: its first frame can be there before the server has told of it.
    if (since !== null && this.#last !== null && isOwn(this.#last, since)) this.#set(true);
    else if (stream) this.#nextFrame();
  }

  /** Whether a picture is shown. */
  get open() {
    return this.#open;
  }

  /** @param {boolean} open */
  #set(open) {
    this.#open = open;
    this.#show(open);
  }

  #nextFrame() {
    this.#callback = this.#video.requestVideoFrameCallback((now, { rtpTimestamp }) => {
      this.#last = rtpTimestamp ?? null;
      if (this.#since !== null && !this.#open) {
        const own = rtpTimestamp === undefined || isOwn(rtpTimestamp, this.#since);
        if (own || now - this.#asked > DISBELIEF) return this.#set(true);
      }
      this.#nextFrame();
    });
  }

  /**
   * For browsers that do not report frames: the clock of the element moves with the next one.
   * @param {string} gate
   */
  #nextTime(gate) {
    const show = () => this.#gate === gate && this.#set(true);
    this.#video.addEventListener('timeupdate', show, { once: true });
  }
}

/**
 * @param {number} timestamp
 * @param {number | 'any'} since
 */
function isOwn(timestamp, since) {
  return since === 'any' || isFrameOfOwner(timestamp, since);
}
