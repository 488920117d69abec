/** The same with the machine's own network (docker-compose.host.yml): people meet, and the relay leads nowhere else. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from '../e2e/lib/until.js';
import { Guests, meet, pathOf } from './lib/guests.js';
import { ANN, BOB, PUBLIC, fence, unfence } from './lib/net.js';
import { DENIED } from './lib/peers.js';
import { probe } from './lib/probe.js';
import { Stack } from './lib/stack.js';
import { TurnClient, credentialsFor } from './lib/turn.js';

/** @type {Stack} */
let stack;
/** @type {Guests} */
let guests;

before(async () => {
  stack = await Stack.up({ COMPOSE_FILE: 'docker-compose.yml:docker-compose.host.yml' });
  guests = await Guests.open();
});

after(async () => {
  await guests?.close();
  await stack?.down();
});

test('two people meet, one of them over the relay', { timeout: 120_000 }, async () => {
  await fence(ANN, [
    { protocol: 'tcp', ports: '443' },
    { protocol: 'tcp', ports: '3478' },
  ]);
  await unfence(BOB);
  const [annsBrowser, bobsBrowser] = await Promise.all([guests.chromium(ANN, 'red'), guests.chromium(BOB, 'green')]);
  const [ann, bob] = [await guests.person('Ann', annsBrowser), await guests.person('Bob', bobsBrowser)];
  try {
    await meet(ann, bob);
    const anns = await pathOf(ann);
    assert.deepEqual([anns.local.type, anns.local.relay, anns.remote.address], ['relay', 'tcp', PUBLIC]);
    // A connection takes what answers first, and goes on to what is nearer.
    const direct = () => pathOf(bob);
    const bobs = await until("Bob's media goes directly", direct, ({ local }) => local.type !== 'relay');
    assert.deepEqual([bobs.local.protocol, bobs.remote.address], ['udp', PUBLIC]);
    await guests.leave();
  } catch (error) {
    await guests.keepEvidence('host');
    throw error;
  } finally {
    await unfence(ANN);
  }
});

test("the relay leads to the server's address and to nowhere else", async () => {
  const secret = (await stack.exec('coturn', ['cat', '/run/turn-secret/secret'])).stdout;
  const client = await TurnClient.open({ host: PUBLIC, transport: 'udp' });
  try {
    const answer = await client.allocate(credentialsFor(secret, Math.floor(Date.now() / 1000) + 600));
    assert.equal(answer.kind, 'success', answer.reason);
    const machine = { what: "the machine's other addresses", peers: ['10.213.77.1', '10.213.77.2', '198.51.100.5'] };
    const ranges = { refused: [...DENIED, machine], allowed: [{ what: 'the server', peers: [PUBLIC] }] };
    assert.deepEqual((await probe(client, ranges)).wrong, []);
  } finally {
    await client.close();
  }
});
