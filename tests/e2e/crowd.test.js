/** A room fills up: there are five places for pictures at first, and more are made while the call goes on. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

const house = await House.open();
after(() => house.close());

/** Seven people on two cores: small pictures, ten a second. */
const SMALL = { width: 320, height: 180, rate: 10 };

const ann = await house.person('Ann', 'red', { engine: OTHER });
const crowd = await house.browser('green', { size: SMALL });
const names = ['Bea', 'Cem', 'Dan', 'Eva', 'Fay'];
let invitation = '';

house.opening('six people fit into the places of the first offer', async () => {
  invitation = await ann.createRoom(house.origin, 'All hands');
  await ann.join(invitation);
  for (const name of names) await (await house.personIn(crowd, name)).join(invitation);
  await ann.hasTilesOf(names);
  for (const name of names) await ann.sees(name, 'green');
  assert.equal((await ann.connection()).videoLines, 5);
});

house.scene('the seventh person gets a place made for them, and no other picture stops', async () => {
  await ann.rememberConnection();
  const gil = await house.personIn(await house.browser('blue', { size: SMALL }), 'Gil');
  await gil.join(invitation);
  await until(
    'Ann has nine places',
    async () => (await ann.connection()).videoLines,
    (lines) => lines === 9,
  );
  await ann.sees('Gil', 'blue');
  await ann.seesMovement('Gil');
  for (const name of names) await ann.sees(name, 'green');
  await ann.seesMovement('Bea');
  assert.equal(await ann.hasSameConnection(), true, 'a later offer, not a new RTCPeerConnection');
  await gil.sees('Ann', 'red');
  for (const name of names) await gil.sees(name, 'green');
});
