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
  const ids = [ann.peerId, bob.peerId];

  // Held to its promises: gone within five seconds with exit code 0, everyone told (1012).
  await house.server.stop();
  for (const person of [ann, bob]) {
    await until(
      `${person.name} was told that the server restarts`,
      () => person.closeCodes(),
      ([first]) => first === 1012,
    );
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
  assert.deepEqual([ann.peerId, bob.peerId], ids, 'everybody is who they were');
  for (const { page } of [ann, bob]) await page.getByRole('heading', { name: 'Maintenance', exact: true }).waitFor();
});

house.scene('a reload after the restart brings the same person back, too', async () => {
  const id = bob.peerId;
  await bob.reload();
  await bob.sees('Ann', 'red');
  assert.equal(bob.peerId, id);
  assert.equal(bob.welcomes.at(-1).resumed, true);
  await ann.hasTilesOf(['Bob']);
});

house.scene(
  'a link leads into its room when everybody has left and the server knows nothing of it any more',
  async () => {
    const invitation = ann.page.url();
    for (const person of [ann, bob]) await person.press('Leave');
    await house.server.restart([]);
    // Each is the first one at the door in turn: whoever has the link may make the room again.
    await bob.page.goto(house.origin);
    await bob.goTo(invitation);
    await bob.page.getByRole('heading', { name: 'maintenance' }).waitFor();
    await bob.join(invitation);
    await ann.page.goto(house.origin);
    await ann.join(invitation);
    await bob.sees('Ann', 'red');
    await ann.sees('Bob', 'green');
  },
);

house.scene('a public room comes back with those who were inside, and ends with them', async () => {
  for (const person of [ann, bob]) await person.press('Leave');
  const stage = await ann.createRoom(house.origin, 'Open Stage', { listed: true });
  await ann.join(stage);
  await until(
    'Ann is inside',
    () => ann.welcomes.at(-1).room.listed,
    (listed) => listed,
  );
  const id = ann.peerId;
  const welcomes = ann.welcomes.length;
  await house.server.stop();
  await house.server.start();
  await until(
    'Ann is welcome again',
    () => ann.welcomes.length,
    (now) => now > welcomes,
    { within: 60_000 },
  );
  assert.equal(ann.peerId, id);
  await bob.page.goto(house.origin);
  const list = bob.page.getByRole('region', { name: 'Public rooms' });
  await list.getByRole('link', { name: 'Open Stage' }).waitFor();
  await bob.join(stage);
  await bob.sees('Ann', 'red');
  for (const person of [ann, bob]) await person.press('Leave');
  await house.server.restart([]);
  await bob.page.goto(stage);
  await bob.page.getByRole('heading', { name: 'There is no such room' }).waitFor();
  // Its name is free: whoever wants it makes another room of it.
  assert.equal(await bob.createRoom(house.origin, 'Open Stage', { listed: true }), stage);
  await bob.join(stage);
  await ann.page.goto(house.origin);
  await ann.join(stage);
  await bob.sees('Ann', 'red');
});

house.scene('a page of another protocol than the server loads itself again on the way in', async () => {
  await ann.press('Leave');
  await ann.page.goto(house.origin);
  await ann.goTo(bob.page.url());
  await ann.page.evaluate(() => {
    /** @type {any} */ (window).hindrance = 'future';
  });
  await ann.page.getByRole('textbox', { name: 'Your name' }).fill('Ann');
  await ann.page.getByRole('button', { name: 'Join' }).click();
  await until(
    'the page is another one',
    () => ann.page.evaluate(() => sessionStorage.getItem('plenary.reloaded')),
    (reloaded) => reloaded === '1',
  );
  await ann.goTo(bob.page.url());
  await ann.screenshot('loaded again');
  await ann.page.getByRole('button', { name: 'Join' }).click();
  await ann.sees('Bob', 'green');
  await bob.sees('Ann', 'red');
  assert.equal(await ann.page.evaluate(() => sessionStorage.getItem('plenary.reloaded')), null, 'it may do so again');
});

house.scene('a room that is to last is there after a restart, with its door and its owner', async () => {
  const invitation = await ann.createRoom(house.origin, 'Every Monday', { lasts: true, lobby: true });
  await ann.join(invitation);
  await ann.press('Leave');
  await house.server.stop();
  await house.server.start();
  await ann.page.goto(house.origin);
  await bob.knock(invitation);
  await ann.join(invitation);
  await ann.press('Admit Bob');
  await ann.sees('Bob', 'green');
  assert.equal(await ann.page.locator('#room-name').textContent(), 'Every Monday');
});
