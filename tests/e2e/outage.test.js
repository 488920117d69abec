/** One's own way to the server is gone: the page says so within seconds, and what to do. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { MEDIA_ADDRESS } from './lib/server.js';
import { TcpProxy } from './lib/tcp-proxy.js';
import { UdpProxy } from './lib/udp-proxy.js';
import { until } from './lib/until.js';

/** Five times what is promised: two seconds. */
const SEEN_WITHIN = 10_000;

/** Longer than the page looks for its own outage: 0.75 s until something has stopped, then 4 s. */
const LOOKED_FOR_MS = 6_000;

const house = await House.open();
after(() => house.close());

const router = house.also(await UdpProxy.open({ host: MEDIA_ADDRESS, port: house.server.ports.udp }));
const wire = house.also(await TcpProxy.open(house.server.ports.http));
const ann = await house.person('Ann', 'red', { engine: OTHER, relayPort: router.port });
const bob = await house.person('Bob', 'green');
let invitation = new URL(house.origin);

/**
 * @param {RegExp} words
 * @param {string} what happened just now
 */
async function reads(words, what) {
  const start = Date.now();
  await until(
    `Ann reads ${words}`,
    () => ann.readText(),
    (text) => words.test(text),
    { within: SEEN_WITHIN },
  );
  console.info(`${what}: seen after ${Date.now() - start} ms`);
}

house.opening('two people meet', async () => {
  const link = await bob.createRoom(house.origin, 'Tunnel');
  await bob.join(link);
  invitation = new URL(link);
  invitation.port = `${wire.port}`;
  await ann.join(invitation.href);
  await ann.sees('Bob', 'green');
  await ann.seesMovement('Bob');
});

house.scene('a network that is gone without a word is noticed, and so is its return', async () => {
  wire.standStill();
  router.cut();
  await reads(/out of reach/i, 'a network that is gone without a word');
  wire.goOn();
  router.mend();
  const back = Date.now();
  await until(
    'nothing is wrong any more',
    () => ann.page.locator('#banner').isVisible(),
    (wrong) => !wrong,
  );
  console.info(`nothing is wrong any more: seen after ${Date.now() - back} ms`);
  await ann.seesMovement('Bob');
});

house.scene('a way of media that is gone alone is noticed before the browser says so', async () => {
  const state = ann.stateWhenWarned();
  router.cut();
  await reads(/connection is lost/i, 'a way of media that is gone');
  await ann.screenshot('the way of media is gone');
  assert.equal(await state, 'connected');
  router.mend();
  await until(
    'nothing is wrong any more',
    () => ann.page.locator('#banner').isVisible(),
    (wrong) => !wrong,
  );
  await ann.seesMovement('Bob');
});

house.scene('others who fall silent are no outage, and in the place of a picture nothing is sent', async () => {
  // Not through a relay of this process, which a busy machine lets wait for a second.
  const cid = await house.person('Cid', 'blue', { engine: OTHER });
  await cid.join(invitation.href.replace(`${wire.port}`, `${house.server.ports.http}`));
  await cid.sees('Bob', 'green');
  for (const other of [ann, bob]) {
    await other.press('Turn off camera');
    await other.press('Mute microphone');
  }
  await cid.press('Turn off camera');
  for (const { name } of [ann, bob]) await cid.findsMarked(name, /muted/i);
  const warned = cid.stateWhenWarned().then(() => 'warned');
  const sends = async () => (await cid.connection()).packetsSent;
  const [packets, start] = [await sends(), Date.now()];
  const calm = until(
    'the page has looked for long enough',
    () => Date.now(),
    (now) => now > start + LOOKED_FOR_MS,
  ).then(() => 'calm');
  assert.equal(await Promise.race([warned, calm]), 'calm', await cid.account());
  const rate = ((await sends()) - packets) / ((Date.now() - start) / 1000);
  // Fifty a second are a voice. Firefox sends two thousand more in the place of a picture unless it is told not to.
  assert.ok(rate > 10 && rate < 200, `Cid sends a voice and nothing else: ${rate} packets a second`);
  await cid.press('Leave');
  for (const other of [ann, bob]) {
    await other.press('Turn on camera');
    await other.press('Unmute microphone');
  }
  await ann.seesMovement('Bob');
});

house.scene(
  'who goes in while the server is down reads that and can try again, and is in once it is back',
  async () => {
    await ann.press('Leave');
    await ann.page.goto(invitation.href);
    await ann.page.getByRole('textbox', { name: 'Your name' }).fill('Ann');
    await house.server.stop();
    await ann.page.getByRole('button', { name: 'Join' }).click();
    await reads(/does not answer/i, 'a server that is down');
    const again = ann.button('Try again');
    await ann.screenshot('the server is down');
    await again.click();
    await again.waitFor();
    await reads(/does not answer/i, 'a server that is still down');
    await house.server.start();
    await ann.sees('Bob', 'green');
    assert.equal(await ann.page.locator('#banner').isVisible(), false);
  },
);
