/** Waiting for what must become true in the end: never a sleep for luck, and never for ever. */

import { setTimeout as pause } from 'node:timers/promises';

/** Generous on purpose: two cores, several browsers. A test that passes does not wait for it. */
const WITHIN_MS = 30_000;

/** Between two looks. Short enough not to add up, long enough to leave the processor to the browsers. */
const EVERY_MS = 150;

/**
 * Looks again and again until `isRight` says so of what `look` returns, and returns that.
 * An error of `look` counts as "not yet": pages reload under our hands.
 * @template T
 * @param {string} what what the user would lose, for the message
 * @param {() => Promise<T> | T} look
 * @param {(seen: T) => boolean} isRight
 * @param {{ within?: number }} [options] milliseconds
 * @returns {Promise<T>}
 */
export async function until(what, look, isRight, { within = WITHIN_MS } = {}) {
  const end = Date.now() + within;
  let last;
  for (;;) {
    try {
      const seen = await look();
      if (isRight(seen)) return seen;
      last = JSON.stringify(seen) ?? 'undefined';
    } catch (error) {
      last = String(error);
    }
    if (Date.now() >= end) throw new Error(`${what}: not within ${within} ms. Last seen: ${last}`);
    await pause(EVERY_MS);
  }
}
