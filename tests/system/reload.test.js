/** A certificate is renewed under a call: who comes gets the new one, and those inside notice nothing. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { after, before, test } from 'node:test';

import { until } from '../e2e/lib/until.js';
import { Guests, meet, pathOf, seeAndHear } from './lib/guests.js';
import { ANN, BOB, PUBLIC, fence, unfence } from './lib/net.js';
import { HOST, Stack, authority, renewCertificate } from './lib/stack.js';

/** @type {Stack} */
let stack;
/** @type {Guests} */
let guests;

before(async () => {
  stack = await Stack.up();
  guests = await Guests.open();
});

after(async () => {
  await guests?.close();
  await stack?.down();
});

/**
 * The fingerprint of what a port shows to whom comes now, judged by the present authority.
 * @param {number} port
 */
async function shownOn(port) {
  const socket = connect({ host: PUBLIC, port, servername: HOST, ca: await authority() });
  try {
    await once(socket, 'secureConnect');
    return socket.getPeerCertificate().fingerprint256;
  } finally {
    socket.destroy();
  }
}

test('nginx and coturn take a renewed certificate, and a call over both goes on', { timeout: 150_000 }, async () => {
  // Ann's media needs the TLS relay, so her call is on the old certificate in both places.
  await fence(ANN, [
    { protocol: 'tcp', ports: '443' },
    { protocol: 'tcp', ports: '5349' },
  ]);
  await unfence(BOB);
  const [annsBrowser, bobsBrowser] = await Promise.all([guests.chromium(ANN, 'red'), guests.chromium(BOB, 'green')]);
  const [ann, bob] = [await guests.person('Ann', annsBrowser), await guests.person('Bob', bobsBrowser)];
  try {
    await meet(ann, bob);
    assert.equal((await pathOf(ann)).local.relay, 'tls');
    const shown = [await shownOn(443), await shownOn(5349)];
    const sockets = [ann.sockets, bob.sockets];
    for (const person of [ann, bob]) await person.rememberConnection();

    await renewCertificate();
    for (const [i, port] of [443, 5349].entries()) {
      await until(
        `port ${port} shows a certificate of the new authority`,
        () => shownOn(port),
        (now) => Boolean(now) && now !== shown[i],
      );
    }

    await seeAndHear(ann, bob);
    await ann.press('Mute microphone');
    await bob.findsMarked('Ann', /muted|microphone off/i);
    assert.deepEqual([ann.sockets, bob.sockets], sockets, 'nobody needed a new WebSocket');
    for (const person of [ann, bob]) {
      assert.equal(await person.hasSameConnection(), true, 'nor a new connection for media');
      assert.deepEqual(await person.page.evaluate(() => /** @type {any} */ (window).seen.closed), []);
    }
    await guests.leave();
  } catch (error) {
    await guests.keepEvidence('renewal');
    throw error;
  } finally {
    await unfence(ANN);
  }
});
