/**
 * Rates for people. Pure.
 */

/** Bits a second below which a tenth of a megabit is too coarse. */
const SMALL = 95_000;

/**
 * @param {number} bits A second.
 * @returns {string}
 */
export function rateWords(bits) {
  return bits < SMALL ? `${Math.round(bits / 1000)} kbit/s` : `${(bits / 1e6).toFixed(1)} Mbit/s`;
}
