/** A page that is open for hours holds no more than at first: the short form of `growth.mjs`. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { grown, Rounds } from './lib/growth.js';
import { House } from './lib/house.js';

/** Everything there is has been made once; and what may have grown since. */
const [SETTLED, MORE] = [3, 5];

const house = await House.open();
after(() => house.close());

house.scene(
  'people come and go, everything is used again and again, and the pages hold no more than before',
  async () => {
    const rounds = await Rounds.open(house);
    for (let round = 0; round < SETTLED; round++) await rounds.next();
    const before = await rounds.held();
    for (let round = 0; round < MORE; round++) await rounds.next();
    const now = await rounds.held();
    for (const name of /** @type {const} */ (['Ann', 'Bob'])) {
      assert.deepEqual(grown(before[name], now[name], MORE), [], `what the page of ${name} holds`);
    }
  },
);
