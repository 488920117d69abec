/** A worker fails or stalls: its people see each other again on another one, and those of other rooms notice nothing. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

const house = await House.open({ flags: ['--workers', '2'] });
after(() => house.close());

const size = { width: 320, height: 180, rate: 15 };

/** What the product promises, in milliseconds. */
const AGAIN_WITHIN = 10_000;

/** Longer than any pause of two busy cores, shorter than what a rejoin takes, in milliseconds. */
const NO_PAUSE = 1_500;

const ann = await house.person('Ann', 'red', { size });
const bob = await house.person('Bob', 'green', { engine: OTHER, size });
const cid = await house.person('Cid', 'blue', { engine: OTHER, size });
const dan = await house.person('Dan', 'yellow', { size });

house.opening('two rooms, each on a worker of its own', async () => {
  for (const [room, host, guest] of /** @type {const} */ ([
    ['First room', ann, bob],
    ['Second room', cid, dan],
  ])) {
    const invitation = await host.createRoom(house.origin, room);
    await host.join(invitation);
    await guest.join(invitation);
  }
  await ann.sees('Bob', 'green');
  await bob.sees('Ann', 'red');
  await cid.sees('Dan', 'yellow');
  await dan.sees('Cid', 'blue');
  assert.equal(ann.mediaPort, bob.mediaPort);
  assert.equal(cid.mediaPort, dan.mediaPort);
  assert.notEqual(ann.mediaPort, cid.mediaPort);
});

for (const fault of /** @type {const} */ (['panic', 'stall'])) {
  house.scene(`a worker that ${fault}s: its room goes on elsewhere, the other room does not pause`, async () => {
    const affected = ann.welcomes.length + bob.welcomes.length;
    const peers = [ann.peerId, bob.peerId];
    const offers = [ann, bob, cid, dan].map((person) => person.offers.length);
    await dan.watchForPauses('Cid');
    const worker = ann.mediaPort - house.server.ports.udp;
    await house.server.inject({ worker, fault, ...(fault === 'stall' ? { millis: 15_000 } : {}) });
    const since = Date.now();
    await until(
      'Ann and Bob were told to build a new connection',
      () => [ann, bob].map((person) => person.offers.at(-1).fresh && person.offers.length),
      ([a, b]) => a > (offers[0] ?? 0) && b > (offers[1] ?? 0),
      { within: AGAIN_WITHIN },
    );
    await ann.sees('Bob', 'green', { within: AGAIN_WITHIN });
    await bob.sees('Ann', 'red', { within: AGAIN_WITHIN });
    await ann.seesMovement('Bob', { within: AGAIN_WITHIN });
    await bob.seesMovement('Ann', { within: AGAIN_WITHIN });
    console.info(`${fault}: both see each other move again ${Date.now() - since} ms after it`);
    assert.deepEqual([ann.peerId, bob.peerId], peers, 'the same people');
    assert.equal(ann.welcomes.length + bob.welcomes.length, affected, 'on the same sockets');
    const longest = await dan.longestPause('Cid');
    console.info(`${fault}: the longest pause of the other room was ${longest} ms`);
    assert.ok(longest < NO_PAUSE, `the other room paused for ${longest} ms`);
    assert.deepEqual(
      [cid, dan].map((person) => person.offers.length),
      offers.slice(2),
      'and negotiated nothing',
    );
    await cid.sees('Dan', 'yellow');
  });
}
