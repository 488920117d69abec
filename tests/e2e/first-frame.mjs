/**
 * Measures how long a person waits: from the click on Join to the first frame of somebody else, for each pair of browsers, and
 * where the time goes. `PLENARY_E2E_PAIR` measures one pair, sender first; arguments are options of the server. No test: no threshold.
 */

import { House } from './lib/house.js';
import { clockStages } from './lib/in-join.js';

/** @import { Engine } from './lib/browser.js' */

/** The median of so many. */
const TIMES = 10;

/** @type {[sender: Engine, receiver: Engine][]} */
const PAIRS = [
  ['chromium', 'chromium'],
  ['chromium', 'firefox'],
  ['firefox', 'chromium'],
  ['firefox', 'firefox'],
];

/** @param {number[]} values */
function median(values) {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length / 2;
  return Math.round(((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2);
}

/**
 * The median of each stage, in the order in which they are over, and how long it took after the one before.
 * @param {Record<string, number>[]} times
 */
function table(times) {
  const names = [...new Set(times.flatMap((time) => Object.keys(time)))];
  const rows = names.map((name) => ({ name, at: median(times.flatMap((time) => time[name] ?? [])) }));
  rows.sort((one, other) => one.at - other.at);
  return rows.map(
    ({ name, at }, place) => `  ${name.padEnd(20)} ${String(at).padStart(5)} (+${at - (rows[place - 1]?.at ?? 0)})`,
  );
}

/**
 * @param {Engine} sender who is inside
 * @param {Engine} receiver who comes in
 */
async function measure(sender, receiver) {
  const house = await House.open({ flags: process.argv.slice(2) });
  try {
    const ann = await house.person('Ann', 'red', { engine: sender });
    const invitation = await ann.createRoom(house.origin, 'Stopwatch');
    await ann.join(invitation);
    const visitors = await house.browser('green', { engine: receiver });
    /** @type {number[]} */
    const waits = [];
    /** @type {Record<string, number>[]} */
    const stages = [];
    let bytes = '';
    for (let time = 0; time < TIMES; time++) {
      const bob = await house.personIn(visitors, 'Bob', { also: [clockStages] });
      await bob.join(invitation);
      const shown = await bob.firstFrame();
      waits.push(shown);
      const before = await bob.page.evaluate(() => /** @type {any} */ (window).stages);
      stages.push({ ...before, 'first frame shown': shown });
      bytes = `offer ${bob.offers[0].sdp.length} bytes, answer ${bob.answers[0].sdp.length}`;
      await bob.sees('Ann', 'red');
      await bob.press('Leave');
      await bob.closePage();
      await ann.hasTilesOf([]);
    }
    const sorted = waits.map(Math.round).sort((a, b) => a - b);
    console.info(`${sender} sends, ${receiver} joins and receives: median ${median(waits)} ms (${sorted.join(', ')})`);
    console.info(`  ${bytes}`);
    for (const row of table(stages)) console.info(row);
  } finally {
    await house.close({ guarded: false });
  }
}

console.info(`join click to first remote frame, ${TIMES} times on loopback`);
const only = process.env.PLENARY_E2E_PAIR;
for (const [sender, receiver] of PAIRS) {
  if (!only || only === `${sender}-${receiver}`) await measure(sender, receiver);
}
