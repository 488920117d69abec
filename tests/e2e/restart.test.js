/** The operator restarts the server: everyone is back in the call without touching anything. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

const house = await House.open();
after(() => house.close());

const ann = await house.person('Ann', 'red');
const bob = await house.person('Bob', 'green', { engine: OTHER });

house.scene('a server that restarts finds everyone back by themselves', async () => {
  const invitation = await ann.createRoom(house.origin, 'Maintenance');
  await ann.join(invitation);
  await bob.join(invitation);
  await ann.sees('Bob', 'green');
  await bob.sees('Ann', 'red');
  const before = new Map([ann, bob].map((person) => [person, person.welcomes.length]));

  // Held to its promises: gone within five seconds with exit code 0, everyone told (1012).
  await house.server.stop();
  for (const person of [ann, bob]) {
    assert.equal((await person.closeCodes())[0], 1012, `${person.name} was told that the server restarts`);
    await person.isTold('reconnecting');
    await until(
      `${person.name} reads that the server is out of reach`,
      () => person.readText(),
      (text) => /out of reach.*reconnecting/i.test(text),
    );
  }
  await house.server.start();

  for (const [person, count] of before) {
    await until(
      `${person.name} is welcome again`,
      () => person.welcomes.length,
      (now) => now > count,
      { within: 60_000 },
    );
  }
  await ann.sees('Bob', 'green');
  await bob.sees('Ann', 'red');
  await ann.seesMovement('Bob');
  await bob.seesMovement('Ann');
  await Promise.all([ann.hears(1), bob.hears(1)]);
  await ann.hasTilesOf(['Bob']);
  await ann.isTold('connected again');
  assert.doesNotMatch(await ann.readText(), /out of reach/i);
  assert.equal(ann.page.url(), invitation, 'nobody was sent elsewhere');
});
