/** The network moves under a call: a router gives the browser another port, and the pictures go on, both ways. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { MEDIA_ADDRESS } from './lib/server.js';
import { UdpProxy } from './lib/udp-proxy.js';
import { until } from './lib/until.js';

const house = await House.open();
after(() => house.close());

const router = house.also(await UdpProxy.open({ host: MEDIA_ADDRESS, port: house.server.ports.udp }));
const ann = await house.person('Ann', 'red', { engine: OTHER, relayPort: router.port });
const bob = await house.person('Bob', 'green');

/** A server that waits for the browser's own time-outs needs 10 s and more; one that follows the client, about one. */
const FOLLOWED = { within: 8_000 };

/** Longer than it takes a browser to notice, shorter than the time after which the server gives somebody up. */
const OUTAGE_MS = 12_000;

/** The server says so after 5 s; the rest is a loaded machine's. */
const SEEN_LOST_MS = 9_000;

house.opening('two people meet, one of them behind a router', async () => {
  const invitation = await ann.createRoom(house.origin, 'On the train');
  await ann.join(invitation);
  await bob.join(invitation);
  await ann.sees('Bob', 'green');
  await bob.sees('Ann', 'red');
  assert.ok(router.media.toServer > 0 && router.media.toBrowser > 0, "Ann's media goes through the router");
});

/** How many challenges browsers answered, to show that they receive at an address. */
const challenges = async () => (await house.server.counters()).core_challenges_answered ?? 0;

for (const time of ['first', 'second']) {
  house.scene(`the router changes its port a ${time} time, and the pictures go on`, async () => {
    await ann.rememberConnection();
    const before = await challenges();
    router.move();
    await until(
      'media from the new port',
      () => router.media.toServer,
      (count) => count > 0,
    );
    await ann.seesMovement('Bob', FOLLOWED);
    await bob.seesMovement('Ann', FOLLOWED);
    const lost = router.media.atOldPort;
    await ann.seesMovement('Bob');
    await ann.hears(1);
    assert.equal(router.media.atOldPort, lost, 'nothing more is sent to the port that is gone');
    assert.equal(await ann.hasSameConnection(), true, 'no new RTCPeerConnection');
    await until('a challenge that the browser answered at its new port', challenges, (count) => count > before);
  });
}

house.scene('the path is lost for twelve seconds, and the call goes on as if nothing had been', async () => {
  const { peerId } = ann;
  const told = bob.told.length;
  const sockets = ann.sockets;
  router.cut();
  const lost = Date.now();
  const end = lost + OUTAGE_MS;
  await bob.findsMarked('Ann', /cannot be seen or heard at present/i);
  const shown = Date.now() - lost;
  assert.ok(shown > 4_000 && shown < SEEN_LOST_MS, `Bob sees it after ${shown} ms`);
  await bob.isTold('Ann cannot be seen or heard at present');
  await bob.screenshot('Ann is lost');
  await ann.isTold('reconnecting', { within: OUTAGE_MS });
  await until('the outage is over', () => Date.now() >= end, Boolean);
  await bob.findsMarked('Ann', /cannot be seen or heard at present/i);
  router.mend();
  await bob.findsUnmarked('Ann', /cannot be seen or heard/i);
  await bob.isTold('Ann is back');
  await ann.seesMovement('Bob');
  await bob.seesMovement('Ann');
  await ann.sees('Bob', 'green');
  await bob.sees('Ann', 'red');
  await Promise.all([ann.hears(1), bob.hears(1)]);
  assert.equal((await ann.connection()).connection, 'connected');
  await ann.isTold('connected again');
  assert.equal(ann.peerId, peerId);
  assert.equal(ann.sockets, sockets, 'the socket was never gone');
  const heard = bob.told.slice(told).filter(({ type }) => type === 'peer-left' || type === 'peer-joined');
  assert.deepEqual(heard, [], 'Bob heard of no leave and no join');
});
