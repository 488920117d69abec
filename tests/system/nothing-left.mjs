/** After everything: the machine is as it was. Run by `run.mjs`, which has ended the engine. */

import assert from 'node:assert/strict';
import { readFile, readdir, stat } from 'node:fs/promises';
import { test } from 'node:test';

import { cgroupsLeft } from './lib/engine.js';
import { machine } from './lib/machine.js';
import { namespacesLeft } from './lib/net.js';
import { DATA, RUNTIME } from './lib/places.js';
import { run } from './lib/run.js';

test('no namespace and no interface of ours is left', async () => {
  assert.deepEqual(await namespacesLeft(), []);
  const links = await run(['ip', '-oneline', 'link', 'show']);
  assert.doesNotMatch(links, / (to-(desk|ann|bob)|eth0)@if/);
});

test("the machine's own network is as it was: no engine's bridge, the same chains of rules, the same forwarding", async () => {
  const before = JSON.parse(process.env.PLENARY_SYSTEM_BEFORE ?? 'null');
  assert.ok(before, 'run.mjs says how it was');
  assert.deepEqual(await machine(), before);
});

test('no process of ours is left', async () => {
  /** @type {string[]} */
  const left = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
    const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
    if (words.includes(RUNTIME) || groups.includes('/plenary-system')) left.push(`${pid}: ${words}`);
  }
  assert.deepEqual(left, []);
});

test('no mount, no control group and no socket of ours is left', async () => {
  const mounts = await readFile('/proc/mounts', 'utf8');
  for (const place of [RUNTIME, DATA, '/run/netns/plenary-']) assert.ok(!mounts.includes(place), place);
  assert.deepEqual(await cgroupsLeft(), []);
  assert.equal(await stat(RUNTIME).catch(() => undefined), undefined);
});
