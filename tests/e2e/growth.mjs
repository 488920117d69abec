/**
 * Two hours of a room in some minutes: people come and go, and everything is opened, used and closed, over and over. What the pages hold
 * must not grow. `ROUNDS=n` plays so many (120).
 */

import { grown, Rounds } from './lib/growth.js';
import { House } from './lib/house.js';

const ROUNDS = Number(process.env.ROUNDS ?? 120);
/** By then everything there is has been made once. */
const SETTLED = Math.min(20, Math.floor(ROUNDS / 2));

const house = await House.open();
try {
  const rounds = await Rounds.open(house);
  const COLUMNS = /** @type {const} */ (['nodes', 'listeners', 'kilobytes', 'connections', 'tracks']);
  console.info(`${'round'.padEnd(12)}${COLUMNS.map((name) => name.padStart(12)).join('')}`);
  /** @type {Awaited<ReturnType<Rounds['held']>> | null} */
  let before = null;
  for (let round = 1; round <= ROUNDS; round++) {
    await rounds.next();
    if (round % 20 !== 0 && round !== ROUNDS && round !== SETTLED) continue;
    const held = await rounds.held();
    for (const name of /** @type {const} */ (['Ann', 'Bob'])) {
      const row = COLUMNS.map((column) => String(held[name][column]).padStart(12)).join('');
      console.info(`${`${round} ${name}`.padEnd(12)}${row}`);
      if (round !== ROUNDS || !before) continue;
      for (const words of grown(before[name], held[name], ROUNDS - SETTLED)) {
        console.error(`${name}: ${words}`);
        process.exitCode = 1;
      }
    }
    if (round === SETTLED) before = held;
  }
} finally {
  await house.close();
}
