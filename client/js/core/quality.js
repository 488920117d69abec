/**
 * What the person allows, kept over reloads and visits.
 */

import { BEST, LINES } from '../rtc/encodings.js';
import { remember, remembered } from './storage.js';

/** @import { Quality } from '../rtc/encodings.js' */

/** What a shared screen is for. @typedef {'text' | 'motion'} Hint */

/** @returns {Quality} */
export function rememberedQuality() {
  const most = LINES.find((lines) => String(lines) === remembered('lines')) ?? BEST.most;
  return { most, saver: remembered('saver') === 'yes' };
}

/** @param {Quality} quality */
export function rememberQuality({ most, saver }) {
  remember('lines', String(most));
  remember('saver', saver ? 'yes' : '');
}

/** @returns {Hint} */
export function rememberedHint() {
  return remembered('share') === 'motion' ? 'motion' : 'text';
}

/** @param {Hint} hint */
export function rememberHint(hint) {
  remember('share', hint);
}
