/**
 * Hears whether the person speaks while their microphone is muted. Nothing of it is kept or sent.
 */

import { measure } from './level.js';

/** @import { LocalMedia } from './local-media.js' */

/** The level (root mean square, 1 is full) of somebody who speaks; a quiet room is far below. */
const SPEECH = 0.02;
/** So many looks in a row: a cough or a key is shorter. */
const LASTS = 4;
/** Milliseconds until it is said again. */
const AGAIN_AFTER = 30_000;

/** Whether levels are somebody's speech, and whether that is to be said. Pure. */
export class VoiceJudge {
  #loud = 0;
  #saidAt = -Infinity;

  /**
   * @param {number} level
   * @param {number} now In milliseconds.
   * @returns {boolean} It is to be said now.
   */
  hears(level, now) {
    this.#loud = level >= SPEECH ? this.#loud + 1 : 0;
    if (this.#loud < LASTS || now - this.#saidAt < AGAIN_AFTER) return false;
    this.#saidAt = now;
    return true;
  }
}

/**
 * @param {LocalMedia} media
 * @param {() => void} told Somebody speaks who is muted.
 * @returns {() => void} Stops it.
 */
export function listenWhileMuted(media, told) {
  const judge = new VoiceJudge();
  /** @type {MediaStreamTrack | null} */
  let of = null;
  let stop = () => {};
  const look = () => {
    const { track, on } = media.get('microphone');
    const muted = on ? null : track;
    if (muted === of) return;
    stop();
    of = muted;
    stop = muted ? measure(muted, (level) => judge.hears(level, performance.now()) && told()) : () => {};
  };
  const unlisten = media.on('change', look);
  look();
  return () => {
    unlisten();
    stop();
    of = null;
  };
}
