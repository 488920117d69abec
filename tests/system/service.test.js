/** The unit for systemd: systemd understands it, it closes what the server does not need, and the server starts as it says. */

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { ROOT } from './lib/places.js';
import { attempt } from './lib/run.js';

const UNIT = join(ROOT, 'systemd', 'plenary.service');
const PROGRAM = process.env.PLENARY_BINARY ?? join(ROOT, 'target', 'debug', 'plenary');

/** Of 100, where less is better: `systemd-analyze security` calls what is below 20 safe but for what a server of media needs, the network. */
const EXPOSURE = 20;

const folder = await mkdtemp(join(tmpdir(), 'plenary-unit-'));
after(() => rm(folder, { recursive: true }));

/** The words of the first line of the unit that begins so. @param {string} key */
async function wordsOf(key) {
  const line = (await readFile(UNIT, 'utf8')).split('\n').find((one) => one.startsWith(`${key}=`));
  assert.ok(line, key);
  return line.slice(key.length + 1).split(' ');
}

test('systemd understands every line of the unit', async () => {
  const text = await readFile(UNIT, 'utf8');
  const unit = join(folder, 'plenary.service');
  await writeFile(unit, text.replaceAll('/usr/local/bin/plenary', PROGRAM).replace(/^Documentation=.*\n/m, ''));
  const { code, stdout, stderr } = await attempt([
    'systemd-analyze',
    'verify',
    '--man=no',
    '--recursive-errors=no',
    unit,
  ]);
  assert.deepEqual({ code, said: stdout + stderr }, { code: 0, said: '' });
});

test('the unit closes to the server what it does not need', async () => {
  const { code, stdout } = await attempt([
    ...['systemd-analyze', 'security', '--offline=true', '--no-pager', `--threshold=${EXPOSURE}`],
    UNIT,
  ]);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /Overall exposure level for plenary\.service: 1\.\d/);
});

test('the server takes what the unit starts it with, and an empty file of settings', async () => {
  await writeFile(join(folder, 'plenary.toml'), '');
  for (const key of ['ExecStartPre', 'ExecStart']) {
    const [program, ...args] = (await wordsOf(key)).map((word) =>
      word.replace('/etc/plenary/plenary.toml', join(folder, 'plenary.toml')),
    );
    assert.equal(program, '/usr/local/bin/plenary');
    // That the server would start is what `config check` says.
    const checked = key === 'ExecStart' ? ['config', 'check', ...args] : args;
    const { code, stderr } = await attempt([PROGRAM, ...checked], { cwd: folder });
    assert.equal(code, 0, stderr);
  }
});
