/**
 * Measures how long a person waits: from the click on Join to the first frame of somebody else, for each pair of browsers.
 * No test: no threshold.
 */

import { House } from './lib/house.js';

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

/**
 * @param {Engine} sender who is inside
 * @param {Engine} receiver who comes in
 */
async function measure(sender, receiver) {
  const house = await House.open();
  try {
    const ann = await house.person('Ann', 'red', { engine: sender });
    const invitation = await ann.createRoom(house.origin, 'Stopwatch');
    await ann.join(invitation);
    const visitors = await house.browser('green', { engine: receiver });
    /** @type {number[]} */
    const waits = [];
    for (let time = 0; time < TIMES; time++) {
      const bob = await house.personIn(visitors, 'Bob');
      await bob.join(invitation);
      waits.push(await bob.firstFrame());
      await bob.sees('Ann', 'red');
      await bob.press('Leave');
      await bob.closePage();
      await ann.hasTilesOf([]);
    }
    const sorted = waits.map(Math.round).sort((a, b) => a - b);
    const median = ((sorted[TIMES / 2 - 1] ?? 0) + (sorted[TIMES / 2] ?? 0)) / 2;
    console.info(`${sender} sends, ${receiver} joins and receives: median ${median} ms (${sorted.join(', ')})`);
  } finally {
    await house.close({ guarded: false });
  }
}

console.info(`join click to first remote frame, ${TIMES} times on loopback`);
for (const [sender, receiver] of PAIRS) await measure(sender, receiver);
