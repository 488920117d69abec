/** A room on two workers: people see each other wherever they are, and a worker that fails takes its own people only. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

const house = await House.open({ flags: ['--workers', '2', '--spill-at', '0'] });
after(() => house.close());

const size = { width: 320, height: 180, rate: 15 };

/** Five times what it takes (3.7 s, of which 30 frames are 2 s), in milliseconds: once in some hundred times a busy machine took 11 s. */
const AGAIN_WITHIN = 20_000;

const ann = await house.person('Ann', 'red', { size });
const bob = await house.person('Bob', 'green', { engine: OTHER, size });
const cid = await house.person('Cid', 'blue', { engine: OTHER, size });
const people = [ann, bob, cid];

/** @type {Record<string, string>} */
const colours = { Ann: 'red', Bob: 'green', Cid: 'blue' };

const pairs = people.flatMap((from) =>
  people.filter((to) => to !== from).map((to) => /** @type {const} */ ([from, to])),
);

async function allSeeEachOther() {
  await Promise.all(pairs.map(([from, to]) => from.sees(to.name, /** @type {any} */ (colours[to.name]))));
}

house.opening('a room that is on both workers', async () => {
  const invitation = await ann.createRoom(house.origin, 'Wide room');
  for (const person of people) await person.join(invitation);
  await allSeeEachOther();
  const ports = people.map((person) => person.mediaPort);
  assert.equal(new Set(ports).size, 2, `people are on two workers: ${ports}`);
  assert.equal((await house.server.counted('core_crossed')) > 0, true, 'and what they send crosses');
});

house.scene('somebody turns their camera off and on, and everybody sees that, on whichever worker', async () => {
  await ann.press('Turn off camera');
  await ann.button('Turn on camera').waitFor();
  for (const person of [bob, cid]) await person.findsMarked('Ann', /camera (is )?off/i);
  await ann.press('Turn on camera');
  await allSeeEachOther();
});

house.scene(
  'a worker fails: its people come back on the other one, and who was there builds no new connection',
  async () => {
    const failing = ann.mediaPort;
    const [lost, kept] = [true, false].map((there) =>
      people.filter((person) => (person.mediaPort === failing) === there),
    );
    const before = new Map(people.map((person) => [person, person.offers.length]));
    await house.server.inject({ worker: failing - house.server.ports.udp, fault: 'panic' });
    const since = Date.now();
    /** @type {string[]} What was over when, for whoever reads that it took too long. */
    const course = [];
    const passed = (/** @type {string} */ what) => course.push(`${what} after ${Date.now() - since} ms`);
    for (const person of lost ?? []) {
      await until(
        `${person.name} was told to build a new connection`,
        () => person.offers.at(-1).fresh && person.offers.length,
        (offers) => offers > (before.get(person) ?? 0),
        { within: AGAIN_WITHIN },
      );
      passed(`${person.name} was told`);
    }
    await Promise.all(
      pairs.map(async ([from, to]) => {
        await from.seesMovement(to.name);
        passed(`${from.name} saw ${to.name}`);
      }),
    );
    const again = Date.now() - since;
    await allSeeEachOther();
    console.info(`all see each other move again, 30 frames, ${again} ms after a worker failed`);
    assert.ok(again < AGAIN_WITHIN, `they saw each other move again after ${again} ms: ${course.join(', ')}`);
    for (const person of kept ?? []) {
      assert.equal(person.offers.length, before.get(person), `${person.name} built nothing anew`);
    }
    assert.equal(new Set(people.map((person) => person.mediaPort)).size, 1, 'they are all on the worker that was left');
  },
);
