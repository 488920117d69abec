/**
 * Waits for a moment, however far away it is. Pure but for the clock.
 */

/** Milliseconds: timers count no further than 2 ** 31. What is later is looked at again. */
const MOST = 86_400_000;

/** The browser's. */
const CLOCK = {
  now: () => Date.now(),
  later: (/** @type {() => void} */ act, /** @type {number} */ after) => setTimeout(act, after),
};

/**
 * @param {number} moment In milliseconds since 1970.
 * @param {() => void} act Done once, then or soon after it.
 * @param {{ now: () => number, later: (act: () => void, after: number) => unknown }} [clock]
 */
export function onceItIs(moment, act, clock = CLOCK) {
  const left = moment - clock.now();
  if (left <= 0) return act();
  clock.later(() => onceItIs(moment, act, clock), Math.min(left, MOST));
  return undefined;
}
