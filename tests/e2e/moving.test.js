/** The network moves under a call: a router gives the browser another port, and the pictures go on, both ways. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { MEDIA_ADDRESS } from './lib/server.js';
import { UdpProxy } from './lib/udp-proxy.js';
import { until } from './lib/until.js';

const house = await House.open();
after(() => house.close());

const router = house.also(await UdpProxy.open({ host: MEDIA_ADDRESS, port: house.server.ports.udp }));
const ann = await house.person('Ann', 'red', { relayPort: router.port });
const bob = await house.person('Bob', 'green');

/** A server that waits for the browser's own time-outs needs 10 s and more; one that follows the client, about one. */
const FOLLOWED = { within: 8_000 };

house.opening('two people meet, one of them behind a router', async () => {
  const invitation = await ann.createRoom(house.origin, 'On the train');
  await ann.join(invitation);
  await bob.join(invitation);
  await ann.sees('Bob', 'green');
  await bob.sees('Ann', 'red');
  assert.ok(router.media.toServer > 0 && router.media.toBrowser > 0, "Ann's media goes through the router");
});

for (const time of ['first', 'second']) {
  house.scene(`the router changes its port a ${time} time, and the pictures go on`, async () => {
    await ann.rememberConnection();
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
  });
}
