/** `plenary doctor` behind a firewall of its own: it says what is dropped, and nothing else. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { ROOT } from './lib/places.js';
import { attempt } from './lib/run.js';

const PROGRAM = process.env.PLENARY_BINARY ?? join(ROOT, 'target', 'debug', 'plenary');

/** Of a machine with this one address, for documentation (RFC 5737), in a network namespace that ends with the command. */
const ADDRESS = '203.0.113.9';
const PORT = 24_000;

const folder = await mkdtemp(join(tmpdir(), 'plenary-doctor-'));
after(() => rm(folder, { recursive: true }));

/**
 * What it finds where the firewall has this rule.
 * @param {string} rule
 * @returns {Promise<{ name: string, severity: string, seen: string, advice: string }[]>}
 */
async function findings(rule) {
  const set = ['ip link set lo up', `ip address add ${ADDRESS}/32 dev lo`, rule];
  const doctor = `exec ${PROGRAM} doctor --json --http-port 0 --udp-port ${PORT} --announce ${ADDRESS} --state ${folder}/state`;
  const { stdout, stderr } = await attempt(['unshare', '--net', 'sh', '-ec', [...set, doctor].join('; ')]);
  assert.ok(stdout.startsWith('{'), stderr);
  return JSON.parse(stdout).findings;
}

test('a port that this machine drops is named, by its protocol', async () => {
  for (const [rule, expected] of /** @type {const} */ ([
    ['true', ''],
    [`iptables -A INPUT -p udp --dport ${PORT} -j DROP`, 'UDP'],
    [`iptables -A INPUT -p tcp --dport ${PORT} -j DROP`, 'TCP'],
  ])) {
    const found = await findings(rule);
    const reach = found.find(({ name }) => name === 'announced-reach');
    assert.ok(reach, JSON.stringify(found));
    assert.equal(reach.severity, expected ? 'error' : 'good', JSON.stringify(reach));
    if (expected) assert.match(reach.advice, new RegExp(`let ${expected} port ${PORT} in`));
    const others = found.filter(({ name, severity }) => severity === 'error' && name !== 'announced-reach');
    assert.deepEqual(others, []);
  }
});
