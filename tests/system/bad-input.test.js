/**
 * What an operator forgot or got wrong: the container that cannot work says so in one line and ends, and those that need
 * it are not started.
 */

import assert from 'node:assert/strict';
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';

import { until } from '../e2e/lib/until.js';
import { SERVER, background, inside } from './lib/net.js';
import { SITE } from './lib/places.js';
import { run } from './lib/run.js';
import { Stack, leftInEngine } from './lib/stack.js';

/** @import { Service } from './lib/stack.js' */

/** @type {Stack | undefined} */
let stack;
afterEach(async () => {
  await stack?.down();
  stack = undefined;
});

const CERTS = join(SITE, 'certs', 'coturn');

/**
 * @typedef {object} Mistake
 * @property {Record<string, string | undefined>} [settings]
 * @property {() => Promise<unknown>} [make] What else is wrong.
 * @property {Service} [who] The container that says so; else coturn, which is the first.
 * @property {RegExp} says
 */

/** @type {Record<string, Mistake>} */
const MISTAKES = {
  'no name': { settings: { PLENARY_HOST: undefined }, says: /^coturn: PLENARY_HOST is not set: .*\.env/ },
  'a name with https://': {
    settings: { PLENARY_HOST: 'https://meet.example.org/' },
    says: /^coturn: PLENARY_HOST in \.env is/,
  },
  'no public address': {
    settings: { PLENARY_PUBLIC_ADDRESS: undefined },
    says: /^coturn: PLENARY_PUBLIC_ADDRESS is not set: .*\.env/,
  },
  'a name for a public address': {
    settings: { PLENARY_PUBLIC_ADDRESS: 'meet.example.org' },
    says: /^coturn: PLENARY_PUBLIC_ADDRESS in \.env has "meet\.example\.org"/,
  },
  'a public address that is one of IPv4 in the clothes of IPv6': {
    settings: { PLENARY_PUBLIC_ADDRESS: '::ffff:203.0.113.1' },
    says: /^coturn: PLENARY_PUBLIC_ADDRESS in \.env has "::ffff:203\.0\.113\.1"/,
  },
  'no certificate': {
    make: () => rm(join(CERTS, 'cert.pem')),
    says: /^coturn: certs\/coturn\/cert\.pem is missing: run certs\/make-dev-certs\.sh/,
  },
  'a folder for a certificate': {
    make: () => rm(join(CERTS, 'cert.pem')).then(() => mkdir(join(CERTS, 'cert.pem'))),
    says: /^coturn: certs\/coturn\/cert\.pem cannot be read/,
  },
  'a certificate that is none': {
    make: () => writeFile(join(CERTS, 'cert.pem'), 'nothing'),
    says: /^coturn: certs\/coturn\/cert\.pem is no certificate/,
  },
  'a key of root': {
    make: () => chown(join(CERTS, 'key.pem'), 0, 0),
    says: /^coturn: certs\/coturn\/key\.pem is root's: give it to coturn's user, chown 10002/,
  },
  "another certificate's key": {
    make: () => run(['openssl', 'genpkey', '-algorithm', 'ED25519', '-out', join(CERTS, 'key.pem')]),
    says: /^coturn: certs\/coturn\/key\.pem does not belong to certs\/coturn\/cert\.pem/,
  },
};

for (const [what, { settings, make, who = 'coturn', says }] of Object.entries(MISTAKES)) {
  test(what, async () => {
    stack = await Stack.unpack(settings);
    await make?.();
    const { code } = await stack.compose(['up', '--detach', '--no-build']);
    assert.notEqual(code, 0, 'the operator is told at once');
    const ended = await until(
      `${who} ended`,
      async () => (await stack?.container(who))?.State.ExitCode,
      (exit) => exit !== undefined && exit !== 0,
    );
    assert.equal(ended, 1);
    // It is started again and again, in case somebody mends it: the line is always the same.
    const lines = [
      ...new Set(
        (await stack.logs(who))
          .split('\n')
          .filter((line) => line.trim())
          .map((line) => line.trim()),
      ),
    ];
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.match(lines[0] ?? '', says);
    for (const other of /** @type {const} */ (['plenary', 'nginx'])) {
      assert.equal((await stack.container(other))?.State.Status, 'created', `${other} was not started`);
    }
  });
}

test('a key that only its owner may read is no mistake', async () => {
  stack = await Stack.unpack();
  await chmod(join(CERTS, 'key.pem'), 0o400);
  await stack.start();
});

/** @type {[service: Service, protocol: 'udp' | 'tcp', port: number, waiting: Service[]][]} */
const TAKEN = [
  ['coturn', 'udp', 3478, ['plenary', 'nginx']],
  ['plenary', 'udp', 61_001, ['nginx']],
  ['plenary', 'tcp', 61_000, ['nginx']],
  ['nginx', 'tcp', 443, []],
];
for (const [service, protocol, port, waiting] of TAKEN) {
  test(`a port of ${service}'s is in use: ${port}/${protocol}`, async () => {
    const holder = await hold(protocol, port);
    try {
      stack = await Stack.unpack();
      const { code, stderr } = await stack.compose(['up', '--detach', '--no-build']);
      assert.notEqual(code, 0);
      assert.match(stderr, new RegExp(`:${port}\\b.*address already in use`), 'which port it is');
      assert.notEqual((await stack.container(service))?.State.Status, 'running');
      for (const other of waiting) assert.equal((await stack.container(other))?.State.Status, 'created');
    } finally {
      holder.close();
    }
  });
}

/**
 * Another program of the server's, that has the port.
 * @param {'udp' | 'tcp'} protocol
 * @param {number} port
 */
function hold(protocol, port) {
  const open =
    protocol === 'udp'
      ? `require('dgram').createSocket('udp4').bind(${port}, () => console.log('held'))`
      : `require('net').createServer().listen(${port}, '0.0.0.0', () => console.log('held'))`;
  return background(inside(SERVER, [process.execPath, '--eval', open]));
}

test('after `docker compose down --volumes` no container, network or volume is left', async () => {
  const own = await Stack.up();
  assert.equal((await leftInEngine()).length, 6, 'three containers, a network, two volumes');
  await own.down();
  assert.deepEqual(await leftInEngine(), []);
});
