/** Where a network lets no UDP out, media goes over TCP; where both ways are open, over UDP. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { MEDIA_ADDRESS } from './lib/server.js';
import { TcpProxy } from './lib/tcp-proxy.js';

const house = await House.open();
after(() => house.close());

const proxy = house.also(await TcpProxy.open(house.server.ports.udp, MEDIA_ADDRESS));
const ann = await house.person('Ann', 'red', { engine: OTHER, udpBlocked: true, relayPort: proxy.port });
const bob = await house.person('Bob', 'green', { udpBlocked: true });
const cid = await house.person('Cid', 'blue', { engine: OTHER });

house.opening('two people without UDP and one with it meet', async () => {
  const invitation = await ann.createRoom(house.origin, 'Behind a firewall');
  for (const person of [ann, bob, cid]) await person.join(invitation);
});

house.scene('everyone sees and hears everyone', async () => {
  await Promise.all([ann.sees('Bob', 'green'), ann.sees('Cid', 'blue')]);
  await Promise.all([bob.sees('Ann', 'red'), bob.sees('Cid', 'blue')]);
  await Promise.all([cid.sees('Ann', 'red'), cid.sees('Bob', 'green')]);
  for (const [person, other] of /** @type {const} */ ([
    [ann, 'Bob'],
    [bob, 'Ann'],
    [cid, 'Ann'],
  ])) {
    await person.seesMovement(other);
  }
  await Promise.all([ann.hears(2), bob.hears(2), cid.hears(2)]);
});

house.scene('the media of those without UDP goes over TCP, and of the one with both over UDP', async () => {
  await Promise.all([ann.sendsOver('tcp'), bob.sendsOver('tcp')]);
  assert.match(cid.answers.at(-1).sdp, /^a=candidate:.* tcp .* typ host tcptype passive/m);
  await cid.sendsOver('udp');
  for (const person of [bob, cid]) {
    console.info(`${person.name}: join click to first remote frame ${Math.round(await person.firstFrame())} ms`);
  }
});

house.scene('a connection that breaks is replaced, and the pictures go on both ways', async () => {
  const { peerId } = ann;
  const before = proxy.count;
  const heard = bob.told.length;
  assert.ok(proxy.cut() > 0, 'there was a connection');
  await ann.seesMovement('Bob');
  await bob.seesMovement('Ann');
  await Promise.all([ann.hears(2), bob.hears(2)]);
  assert.ok(proxy.count > before, 'another connection');
  assert.equal(ann.peerId, peerId);
  const gone = bob.told.slice(heard).filter(({ type }) => type === 'peer-left' || type === 'peer-joined');
  assert.deepEqual(gone, [], 'Bob heard of no leave and no join');
});
