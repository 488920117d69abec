/** Measures how long a person waits: from the click on Join to the first frame of somebody else. No test: no threshold. */

import { House } from './lib/house.js';

/** The median of so many. */
const TIMES = 10;

const house = await House.open();
try {
  const ann = await house.person('Ann', 'red');
  const invitation = await ann.createRoom(house.origin, 'Stopwatch');
  await ann.join(invitation);
  const visitors = await house.browser('green');
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
  console.info(
    `join click to first remote frame, ${TIMES} times on loopback: median ${median} ms (${sorted.join(', ')})`,
  );
} finally {
  await house.close({ guarded: false });
}
