/**
 * Rates for people. Pure.
 */

import { spoken } from './words.js';

/** Bits a second below which a tenth of a megabit is too coarse. */
const SMALL = 95_000;

const tenths = new Intl.NumberFormat(spoken, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/**
 * @param {number} bits A second.
 * @returns {string}
 */
export function rateWords(bits) {
  return bits < SMALL ? `${Math.round(bits / 1000)} kbit/s` : `${tenths.format(bits / 1e6)} Mbit/s`;
}
