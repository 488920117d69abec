/** Who may use the relay, and where to: nobody without fresh credentials, and to nowhere but the server itself. */

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { until } from '../e2e/lib/until.js';
import { PUBLIC, SERVER, listenOn } from './lib/net.js';
import { DENIED, MAPPED, OF_IPV6 } from './lib/peers.js';
import { probe, word } from './lib/probe.js';
import { ROOT, SITE } from './lib/places.js';
import { HOST, Stack, authority } from './lib/stack.js';
import { TCP, TurnClient, credentialsFor } from './lib/turn.js';

/** @import { Range } from './lib/peers.js' */
/** @import { Ranges } from './lib/probe.js' */
/** @import { Transport } from './lib/turn.js' */

const TABLE = join(ROOT, 'target', 'ssrf.md');
const MEDIA_PORT = 61_000;
/** Where another program of the server's listens, such as its resolver of names. */
const OTHER_PORT = 5_353;
const HOUR = 3_600;
const now = () => Math.floor(Date.now() / 1000);

/** @type {Stack} */
let stack;
let secret = '';
/** @type {TurnClient[]} */
const clients = [];

/** @param {Transport} [transport] */
async function arrive(transport = 'udp') {
  const client = await TurnClient.open({ host: PUBLIC, transport, name: HOST, ca: await authority() });
  clients.push(client);
  return client;
}

const fresh = () => credentialsFor(secret, now() + HOUR);

/** @param {Transport} [transport] */
async function admitted(transport) {
  const client = await arrive(transport);
  const answer = await client.allocate(fresh());
  assert.equal(answer.kind, 'success', `an allocation by ${transport}: ${answer.code} ${answer.reason}`);
  return client;
}

/** @param {string} title @param {TurnClient} client @param {Ranges} ranges */
async function writeDown(title, client, ranges) {
  const { rows, wrong } = await probe(client, ranges);
  await appendFile(TABLE, `${title}\n\n${rows.join('\n')}\n\n`);
  assert.deepEqual(wrong, []);
}

/** The containers' own network, as it is and mapped into IPv6. @returns {Promise<Range>} */
async function ownNetwork() {
  const own = [...(await stack.addresses()).values()];
  return { what: "the containers' network", peers: [...own, ...own.map((ip) => `::ffff:${ip}`)] };
}

before(async () => {
  await mkdir(join(ROOT, 'target'), { recursive: true });
  await writeFile(TABLE, '');
  stack = await Stack.up();
  secret = (await stack.exec('coturn', ['cat', '/run/turn-secret/secret'])).stdout;
  assert.match(secret, /^[0-9a-f]{64}$/);
});

after(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await stack?.down();
});

for (const transport of /** @type {const} */ (['udp', 'tcp', 'tls'])) {
  test(`fresh credentials open the relay by ${transport}, and the way to the server`, async () => {
    const client = await admitted(transport);
    const answer = await client.createPermission([PUBLIC], MEDIA_PORT);
    assert.equal(answer.kind, 'success', word(answer));
    assert.equal((await client.createPermission(['127.0.0.1'])).code, 403);
  });
}

test('nobody gets in with expired, forged or missing credentials', async () => {
  const expired = await (await arrive()).allocate(credentialsFor(secret, now() - 1));
  assert.equal(word(expired), '401', 'expired a second ago');
  const long = await (await arrive()).allocate(credentialsFor(secret, now() - 24 * HOUR));
  assert.equal(word(long), '401', 'expired yesterday');
  const guessed = await (await arrive()).allocate(credentialsFor('0'.repeat(64), now() + HOUR));
  assert.equal(word(guessed), '401', 'signed with another secret');
  const { password } = fresh();
  const stretched = await (await arrive()).allocate({ user: `${now() + 10 * HOUR}:0123456789abcdef`, password });
  assert.equal(word(stretched), '401', 'a later end under an old signature');
  const nobody = await (await arrive()).ask('Allocate');
  assert.equal(word(nobody), '401', 'nobody');
  const unsigned = await (await arrive()).createPermission([PUBLIC]);
  assert.equal(unsigned.kind, 'error', 'a permission without an allocation');
});

test('the relay leads to the server and to nowhere else', async () => {
  const client = await admitted();
  const refused = [...DENIED, await ownNetwork(), { what: "the server's address, mapped into IPv6", peers: [MAPPED] }];
  const title = `From a relayed address of IPv4; the server is ${PUBLIC}.`;
  await writeDown(title, client, { refused, allowed: [{ what: 'the server itself', peers: [PUBLIC] }] });
});

test('of the server, the relay leads to the media ports and to no other', async () => {
  const client = await admitted();
  const neighbour = await listenOn(SERVER, PUBLIC, OTHER_PORT);
  try {
    const bound = await client.channelBind(0x4000, PUBLIC, OTHER_PORT);
    assert.equal(word(bound), 'allowed', 'turnserver looks at the address only');
    for (let i = 0; i < 20; i++) client.sendOn(0x4000, 'by the relay');
    // Answered after the relay has dealt with what came before.
    await client.createPermission([PUBLIC]);
    const direct = createSocket('udp4');
    direct.send('directly', OTHER_PORT, PUBLIC);
    await until('what is sent directly arrives', neighbour.heard, (heard) => heard.includes('directly'));
    direct.close();
    assert.ok(!neighbour.heard().includes('by the relay'));
  } finally {
    neighbour.close();
  }
});

test('an address that is allowed does not take one with it that is not', async () => {
  const client = await admitted();
  const answer = await client.createPermission([PUBLIC, '127.0.0.1'], MEDIA_PORT);
  assert.equal(word(answer), '403');
});

test('there is no relayed address of IPv6, from which IPv6 peers could be asked for', async () => {
  const answer = await (await arrive()).allocate(fresh(), { family: 2 });
  assert.equal(word(answer), '440');
});

test('nobody gets a relayed TCP connection', async () => {
  const allocation = await (await arrive('tcp')).allocate(fresh(), { transport: TCP });
  assert.equal(allocation.kind, 'error');
  const client = await admitted('tcp');
  for (const peer of [PUBLIC, '127.0.0.1', '10.0.0.1']) {
    const connection = await client.connect(peer, 443);
    assert.equal(connection.kind, 'error', `to ${peer}`);
  }
  await appendFile(TABLE, `A relayed TCP connection (RFC 6062): ${word(allocation)} on Allocate.\n\n`);
});

test('in a network with IPv6 the relay leads nowhere else, either', async () => {
  await Promise.all(clients.map((each) => each.close()));
  await stack.down();
  const [public6, network6] = ['2001:db8:77::1', 'fd00:213:77::'];
  stack = await Stack.unpack({ PLENARY_PUBLIC_ADDRESS: `${PUBLIC},${public6}` });
  await writeFile(join(SITE, 'docker-compose.override.yml'), withIpv6(network6));
  await stack.start();
  secret = (await stack.exec('coturn', ['cat', '/run/turn-secret/secret'])).stdout;
  const client = await arrive();
  const answer = await client.allocate(fresh(), { family: 2 });
  assert.equal(word(answer), 'allowed', 'a relayed address of IPv6');
  const network = { what: "the containers' network", peers: [1, 2, 3, 4].map((host) => `${network6}${host}`) };
  const mapped = { what: 'IPv4, mapped into IPv6', peers: [MAPPED, ...(await ownNetwork()).peers.filter(isIPv6)] };
  const title = `From a relayed address of IPv6; the server is ${PUBLIC} and ${public6}.`;
  const allowed = [{ what: 'the server itself', peers: [public6] }];
  await writeDown(title, client, { refused: [...OF_IPV6, network, mapped], allowed });
});

/** What an operator adds who wants IPv6 inside. @param {string} network */
const withIpv6 = (network) => `networks:
  plenary:
    enable_ipv6: true
    ipam: { config: [{ subnet: 10.213.77.0/28 }, { subnet: "${network}/64" }] }
`;
