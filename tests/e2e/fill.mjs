/**
 * Prints how much of a stage the pictures fill, by its size and by how many people are there: with the own picture in a corner,
 * among the others, and in the strip beside a shared screen. `space.test.js` prints the same of a real browser.
 */

import { fillOf, stageFor } from '../../client/js/ui/layout.js';

/** @import { SelfView } from '../../client/js/ui/layout.js' */

const STAGES = [
  [390, 700],
  [844, 300],
  [800, 900],
  [1280, 640],
  [1440, 780],
];
const PEOPLE = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 25];

const row = (/** @type {string} */ name, /** @type {(number | string)[]} */ cells) =>
  console.info(`${name.padEnd(22)}${cells.map((cell) => `${cell}`.padStart(5)).join('')}`);

for (const [width = 0, height = 0] of STAGES) {
  row(`${width} x ${height}, people`, PEOPLE);
  for (const self of /** @type {SelfView[]} */ (['corner', 'grid'])) {
    const cells = PEOPLE.map((people) => {
      const plan = stageFor({ width, height, large: 0, others: people - 1, self });
      return Math.round(100 * fillOf(plan, { width, height }));
    });
    row(`  self in ${self}, %`, cells);
  }
  const strips = PEOPLE.map((people) => {
    const { people: strip } = stageFor({ width, height, large: 1, others: people - 1 });
    return strip.scrolls ? '>' : Math.round(100 * fillOf({ large: { tiles: [] }, people: strip }, strip));
  });
  row('  strip of a share, %', strips);
}
