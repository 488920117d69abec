/**
 * Why a picture is what it is, as a mark and as a sentence. Pure.
 */

import { rateWords } from '../core/rates.js';
import { say } from '../core/words.js';

/** @import { Key } from '../words/en.js' */
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

/** A sentence about each stream, without the lines of its picture and with them. @typedef {Record<TileModel['stream'], { bare: Key, at: Key }>} Why */
/** The same where there is no picture. @typedef {Record<TileModel['stream'], Key>} Unseen */

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
export function whyWords({ name, stream, reason, layer }, { lines, downlink, choice }) {
  const key = keyOf({ reason, paused: layer === null, slow: downlink === null, choice });
  const why = typeof key === 'string' ? key : key[stream];
  const said = typeof why === 'string' ? why : lines > 0 ? why.at : why.bare;
  // Numbers of lines are names of sizes: nothing is put between their digits.
  return say(said, { name, lines: [`${lines}`], most: [`${choice}`], rate: [rateWords(downlink ?? 0)] });
}

/**
 * @param {object} known
 * @param {Shown['reason']} known.reason
 * @param {boolean} known.paused
 * @param {boolean} known.slow What the connection carries is not known.
 * @param {Choice | null} known.choice
 * @returns {Key | Unseen | Why}
 */
function keyOf({ reason, paused, slow, choice }) {
  switch (reason) {
    case 'full':
      return FULL;
    case 'direct':
      return DIRECT;
    case 'tile-size':
      if (choice === null) return PLACE;
      return choice === 'saver' ? SAVER : MOST;
    case 'your-downlink':
      if (paused) return slow ? PAUSED_SLOW : PAUSED;
      return slow ? LESS_SLOW : LESS;
    case 'audio-only':
      return slow ? 'why.sound.slow' : 'why.sound';
    case 'their-uplink':
      return UPLINK;
    case 'their-device':
      return DEVICE;
    case 'codec':
      return CODEC;
    case 'off-screen':
      return OFF_SCREEN;
    case null:
      return PLAIN;
  }
}

/** @type {Why} */
const PLAIN = {
  camera: { bare: 'why.plain', at: 'why.plain.at' },
  screen: { bare: 'why.plain.screen', at: 'why.plain.screen.at' },
};

/** @type {Why} */
const FULL = {
  camera: { bare: 'why.full', at: 'why.full.at' },
  screen: { bare: 'why.full.screen', at: 'why.full.screen.at' },
};

/** @type {Why} */
const DIRECT = {
  camera: { bare: 'why.direct', at: 'why.direct.at' },
  screen: { bare: 'why.direct.screen', at: 'why.direct.screen.at' },
};

/** @type {Why} */
const PLACE = {
  camera: { bare: 'why.place', at: 'why.place.at' },
  screen: { bare: 'why.place.screen', at: 'why.place.screen.at' },
};

/** @type {Why} */
const SAVER = {
  camera: { bare: 'why.saver', at: 'why.saver.at' },
  screen: { bare: 'why.saver.screen', at: 'why.saver.screen.at' },
};

/** @type {Why} */
const UPLINK = {
  camera: { bare: 'why.uplink', at: 'why.uplink.at' },
  screen: { bare: 'why.uplink.screen', at: 'why.uplink.screen.at' },
};

/** @type {Why} */
const DEVICE = {
  camera: { bare: 'why.device', at: 'why.device.at' },
  screen: { bare: 'why.device.screen', at: 'why.device.screen.at' },
};

/** @type {Why} */
const LESS = {
  camera: { bare: 'why.less', at: 'why.less.at' },
  screen: { bare: 'why.less.screen', at: 'why.less.screen.at' },
};

/** @type {Why} */
const LESS_SLOW = {
  camera: { bare: 'why.less.slow', at: 'why.less.slow.at' },
  screen: { bare: 'why.less.slow.screen', at: 'why.less.slow.screen.at' },
};

/** Of a screen nobody allows so many lines only. @type {Why} */
const MOST = { camera: { bare: 'why.most', at: 'why.most.at' }, screen: PLACE.screen };

/** @type {Unseen} */
const PAUSED = { camera: 'why.paused', screen: 'why.paused.screen' };

/** @type {Unseen} */
const PAUSED_SLOW = { camera: 'why.paused.slow', screen: 'why.paused.slow.screen' };

/** @type {Unseen} */
const CODEC = { camera: 'why.codec', screen: 'why.codec.screen' };

/** @type {Unseen} */
const OFF_SCREEN = { camera: 'why.off-screen', screen: 'why.off-screen.screen' };
