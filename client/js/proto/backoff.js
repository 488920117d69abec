/**
 * How long to wait before the next attempt to reach the server. Pure.
 */

/** Milliseconds before each attempt; the last value holds from there on. The first is at once: most cuts are short. */
const DELAYS = [0, 300, 1200, 2700, 4800, 7000];

/** From this attempt on (counted from 0) up to a second is added by chance, so that not everybody comes at once. */
const JITTER_FROM = 2;

/** Milliseconds added at most. */
const JITTER = 1000;

/**
 * @param {number} attempt From 0.
 * @param {() => number} random From 0 to below 1.
 * @returns {number} Milliseconds.
 */
export function delayBefore(attempt, random) {
  const base = DELAYS[Math.min(attempt, DELAYS.length - 1)] ?? 0;
  return base + (attempt >= JITTER_FROM ? random() * JITTER : 0);
}
