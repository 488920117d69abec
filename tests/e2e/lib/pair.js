/**
 * Which browsers meet. Tests of the call are run once for each pair: `PLENARY_E2E_PAIR=chromium-firefox` gives those
 * people Firefox of whom a test says that they use the {@link OTHER} browser.
 */

/** @import { Engine } from './browser.js' */

const [first = '', second = ''] = (process.env.PLENARY_E2E_PAIR || 'chromium-chromium').split('-');
for (const name of [first, second]) {
  if (name !== 'chromium' && name !== 'firefox') throw new Error(`PLENARY_E2E_PAIR: no such browser: "${name}"`);
}

/** The browser of people of whom nothing else is said. */
export const FIRST = /** @type {Engine} */ (first);

/** The browser of the others. */
export const OTHER = /** @type {Engine} */ (second);

/** For the names of tests. */
export const PAIR = `${FIRST}-${OTHER}`;
