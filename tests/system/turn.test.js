/** Who may use the relay, and where to: nobody without fresh credentials, and to nowhere but the server itself. */

import assert from 'node:assert/strict';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { PUBLIC } from './lib/net.js';
import { DENIED, MAPPED } from './lib/peers.js';
import { ROOT } from './lib/places.js';
import { HOST, Stack, authority } from './lib/stack.js';
import { TCP, TurnClient, credentialsFor } from './lib/turn.js';

/** @import { Answer } from './lib/stun.js' */
/** @import { Transport } from './lib/turn.js' */

const TABLE = join(ROOT, 'target', 'ssrf.md');
const MEDIA_PORT = 61_000;
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

/** @param {Answer} answer */
const word = ({ kind, code }) => (kind === 'success' ? 'allowed' : `${code}`);

/**
 * What the relay says to every address, and which of them it should not have said.
 * @param {string} title
 */
async function probe(title) {
  const own = await stack.addresses();
  const network = { what: "the containers' network", peers: [...own.values()].flatMap((ip) => [ip, `::ffff:${ip}`]) };
  const client = await admitted();
  const rows = [`${title}\n`, '| Peer | What it is | CreatePermission | ChannelBind |', '|---|---|---|---|'];
  /** @type {string[]} */
  const wrong = [];
  let channel = 0x4000;
  const ask = async (/** @type {string} */ peer, /** @type {string} */ what, /** @type {boolean} */ welcome) => {
    const permission = await client.createPermission([peer], MEDIA_PORT);
    const bound = await client.channelBind(channel++, peer, MEDIA_PORT);
    rows.push(`| ${peer} | ${what} | ${word(permission)} | ${word(bound)} |`);
    // Forbidden, or of another family than the relayed address (RFC 8656, 9.2 and 11.2).
    const refused = [permission, bound].every(({ code }) => code === 403 || code === 443);
    const allowed = [permission, bound].every(({ kind }) => kind === 'success');
    if (welcome ? !allowed : !refused) wrong.push(`${peer} (${what}): ${word(permission)}, ${word(bound)}`);
  };
  for (const { what, peers } of [...DENIED, network]) for (const peer of peers) await ask(peer, what, false);
  await ask(MAPPED, "the server's address, mapped into IPv6", false);
  await ask(PUBLIC, 'the server itself', true);
  await client.close();
  await appendFile(TABLE, `${rows.join('\n')}\n\n`);
  assert.deepEqual(wrong, []);
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
  await probe(`The public address is ${PUBLIC}.`);
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
