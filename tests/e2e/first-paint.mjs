/**
 * Measures how long a page takes over a slow line, with nothing in the cache: until something is seen, until its button can be pressed,
 * until all of it is there. `TIMES` says how often (5). No test: no threshold.
 */

import { House } from './lib/house.js';
import { LINES, clockDoor, paint, summary } from './lib/paint.js';

const TIMES = Number(process.env.TIMES ?? 5);

const house = await House.open({ flags: process.argv.slice(2) });
try {
  const browser = await house.browser('red', { engine: 'chromium' });
  const ann = await house.personIn(browser, 'Ann');
  const invitation = await ann.createRoom(house.origin, 'Stopwatch');
  await ann.closePage();
  console.info(`median of ${TIMES}, with nothing in the cache`);
  console.info(
    '| page | line | something is seen | its button works | asked for until then | kB until then | all is there |',
  );
  console.info('|---|---|---|---|---|---|---|');
  for (const [name, address] of [
    ['home page', house.origin],
    ['door of a room', invitation],
  ]) {
    for (const line of LINES) {
      const paints = [];
      for (let time = 0; time < TIMES; time++) {
        const bob = await house.personIn(browser, 'Bob', { also: [clockDoor] });
        paints.push(await paint(bob, `${address}`, line));
        await bob.closePage();
      }
      const { shown, usable, requests, bytes, all, files } = summary(paints);
      const kilobytes = (bytes / 1000).toFixed(1);
      console.info(
        `| ${name} | ${line.name} | ${shown} ms | ${usable} ms | ${requests} | ${kilobytes} | ${all} ms (${files} requests) |`,
      );
    }
  }
} finally {
  await house.close({ guarded: false });
}
