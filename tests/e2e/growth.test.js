/** Somebody stays while others come and go: what the page holds does not grow from round to round. The long form is `make growth`. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { Rounds } from './lib/growth.js';
import { House } from './lib/house.js';

/** @import { Held } from './lib/growth.js' */

/** By then everything there is has been made once. */
const WARM = 2;
const ROUNDS = 6;

const house = await House.open();
after(() => house.close());

house.scene('six rounds of coming, using everything and going leave nothing behind', async () => {
  const rounds = await Rounds.open(house);
  /** @type {Record<'Ann' | 'Bob', Held>[]} */
  const held = [];
  for (let round = 1; round <= ROUNDS; round++) {
    await rounds.next();
    if (round > WARM) held.push(await rounds.heldNow());
  }
  for (const name of /** @type {const} */ (['Ann', 'Bob'])) {
    for (const what of /** @type {const} */ (['nodes', 'listeners', 'connections', 'tracks'])) {
      const counts = held.map((each) => each[name][what]);
      // What was let go may be found a round later: of what is kept no later round has as little as the first ones.
      const grows = Math.min(...counts.slice(WARM)) > Math.max(...counts.slice(0, WARM));
      assert.ok(!grows, `${what} of ${name}: ${counts.join(', ')}`);
    }
  }
});
