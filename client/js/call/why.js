/**
 * Why a picture is what it is, as a mark and as a sentence. Pure.
 */

import { said } from '../core/sentence.js';
import { rateWords } from '../core/rates.js';

/** @import { Sentence } from '../core/sentence.js' */
/** @import { Lines } from '../rtc/encodings.js' */
/** @import { TileModel } from './room-state.js' */

/**
 * How good a picture is: nothing is to be seen, small, medium, as good as it can be shown.
 * @typedef {0 | 1 | 2 | 3} Level
 */

/** Reasons that nobody would mend. */
const GOOD = ['full', 'tile-size', 'direct'];

/** What a person may have chosen that keeps pictures small: data saver, or so many lines at most. @typedef {'saver' | Lines} Choice */

/** @typedef {Pick<TileModel, 'name' | 'stream' | 'reason' | 'layer' | 'blocked'>} Shown */

/**
 * @param {Shown} tile
 * @returns {Level | null} Null while nothing is known, or the server says something that this page does not know.
 */
export function levelOf({ reason, layer, blocked }) {
  if (blocked) return 0;
  if (reason === null) return null;
  if (GOOD.includes(reason)) return 3;
  if (layer === null) return 0;
  return layer === 'q' ? 1 : 2;
}

/**
 * One sentence on why somebody is shown like this.
 * @param {Shown} tile
 * @param {object} known
 * @param {number} known.lines Of the picture that is shown; 0 if there is none.
 * @param {number | null} known.downlink What one's own connection carries, in bits a second.
 * @param {Choice | null} known.choice What of one's own choices keeps it smaller than its place.
 * @returns {Sentence}
 */
export function whyWords(tile, { lines, downlink, choice }) {
  const { name, stream, reason, layer } = tile;
  const who = stream === 'screen' ? said`${name}'s screen` : said`${name}`;
  const carries = downlink === null ? 'Your connection is slow' : `Your connection carries ${rateWords(downlink)}`;
  const size = lines > 0 ? ` at ${lines}p` : '';
  switch (reason) {
    case 'full':
      return joined(who, ` is shown${size}, as large as it is sent`);
    case 'direct':
      return joined(who, ` is shown${size}, as it comes directly from them`);
    case 'tile-size':
      return joined(who, ` is shown${size}: ${placeWords(choice)}`);
    case 'your-downlink':
      return layer === null
        ? joined([`${carries}; `], who, ' is paused until it carries more')
        : joined([`${carries}; `], who, ` is shown${size} until it carries more`);
    case 'audio-only':
      return [`${carries}: enough for sound only`];
    case 'their-uplink':
      return joined(who, ` is shown${size}: more does not get through from there`);
    case 'their-device':
      return joined(who, ` is shown${size}: the device there cannot encode more`);
    case 'codec':
      return joined(who, ' comes in a format this browser cannot play');
    case 'off-screen':
      return joined(who, ' is not seen here at present, and so not sent');
    case null:
      return joined(who, ` is shown${size}`);
  }
}

/** @param {Choice | null} choice */
function placeWords(choice) {
  if (choice === null) return 'a larger picture would not be seen in this place';
  return choice === 'saver' ? 'data saver is on' : `you allow ${choice}p at most`;
}

/**
 * @param {...(Sentence | string)} parts
 * @returns {Sentence}
 */
function joined(...parts) {
  /** @type {string[]} */
  const all = [''];
  for (const part of parts) {
    const [first = '', ...rest] = typeof part === 'string' ? [part] : part;
    all.push(`${all.pop()}${first}`, ...rest);
  }
  return all;
}
