/**
 * What of a stage the server is to send: which tiles are seen, how large, and which the person holds on to. Pure.
 */

import { mostLines } from '../rtc/encodings.js';

/** @import { Choice } from '../call/why.js' */
/** @import { Stream, Tile } from '../proto/messages.js' */
/** @import { Quality } from '../rtc/encodings.js' */

/** What the protocol can say. */
const HIGHEST = 65_535;
/** Tiles one `view` may name. */
const MOST_TILES = 128;
/** Lines of a screen while data are dear: text of a usual size can be read. */
const SAVED_SCREEN = 720;

/**
 * One tile of somebody else.
 * @typedef {object} Seen
 * @property {string} peer
 * @property {Stream} stream
 * @property {boolean} inView Some of it is on the stage, and nothing covers it.
 * @property {number} width In CSS pixels.
 * @property {number} height In CSS pixels.
 * @property {number} aspect Width of the picture by its height.
 * @property {boolean} pinned
 * @property {number | null} floats Its height in a window of its own, in CSS pixels; null if it has none.
 */

/**
 * @param {Seen[]} tiles In their order on the stage.
 * @param {object} page
 * @param {boolean} page.away Nobody looks at the page; a picture in a window of its own is seen all the same.
 * @param {number} page.ratio Device pixels by CSS pixels.
 * @param {Quality} page.quality
 * @returns {Tile[]} The most important first. None says that nobody looks.
 */
export function wishesOf(tiles, { away, ratio, quality }) {
  return tiles
    .filter(({ inView, floats }) => floats !== null || (inView && !away))
    .sort((a, b) => Number(b.pinned) - Number(a.pinned))
    .slice(0, MOST_TILES)
    .map((tile) => ({
      peer: tile.peer,
      stream: tile.stream,
      height: Math.min(HIGHEST, capOf(tile.stream, quality), Math.round(linesOf(tile, away) * ratio)),
      ...(tile.pinned ? { pinned: true } : {}),
    }));
}

/**
 * How tall the picture is shown, wherever it is largest.
 * @param {Seen} tile
 * @param {boolean} away
 */
function linesOf({ stream, inView, width, height, aspect, pinned, floats }, away) {
  // A camera fills its tile and is cropped; a screen, or what is held on to, is shown whole.
  const onStage = stream === 'screen' || pinned ? Math.min(height, width / aspect) : height;
  return Math.max(floats ?? 0, inView && !away ? onStage : 0);
}

/**
 * What the person has chosen that keeps a picture smaller than its place.
 * @param {Pick<Seen, 'stream' | 'height'>} tile
 * @param {object} page
 * @param {number} page.ratio Device pixels by CSS pixels.
 * @param {Quality} page.quality
 * @returns {Choice | null} Null if nothing does.
 */
export function choiceFor({ stream, height }, { ratio, quality }) {
  if (height * ratio <= capOf(stream, quality)) return null;
  return quality.saver ? 'saver' : mostLines(quality);
}

/**
 * @param {Stream} stream
 * @param {Quality} quality
 */
function capOf(stream, quality) {
  if (stream === 'camera') return quality.most === 720 && !quality.saver ? HIGHEST : mostLines(quality);
  return quality.saver ? SAVED_SCREEN : HIGHEST;
}

/** Runs an action once things have been quiet for a while, and in any case now and then. */
export class Settling {
  #action;
  #quiet;
  #most;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** Since when it is put off. @type {number | null} */
  #since = null;

  /**
   * @param {() => void} action
   * @param {object} pace
   * @param {number} pace.quiet Milliseconds after the last call.
   * @param {number} pace.most Milliseconds after the first one.
   */
  constructor(action, { quiet, most }) {
    this.#action = action;
    this.#quiet = quiet;
    this.#most = most;
  }

  soon() {
    const now = Date.now();
    this.#since ??= now;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.now(), Math.min(this.#quiet, Math.max(0, this.#since + this.#most - now)));
  }

  now() {
    clearTimeout(this.#timer);
    this.#since = null;
    this.#action();
  }
}
