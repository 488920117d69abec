/** The TURN secret: made on the first start, one for each deployment, and seen by nobody who need not. */

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { docker } from './lib/engine.js';
import { ROOT } from './lib/places.js';
import { attempt } from './lib/run.js';
import { SERVICES, Stack } from './lib/stack.js';

/** @type {Stack | undefined} */
let stack;
after(() => stack?.down());

/** @param {Stack} from */
async function secretOf(from) {
  const { stdout } = await from.exec('coturn', ['cat', '/run/turn-secret/secret']);
  assert.match(stdout, /^[0-9a-f]{64}$/, 'as long as a key of 256 bits');
  return stdout;
}

let first = '';

test('the secret is made on the first start, and stays', async () => {
  stack = await Stack.up();
  first = await secretOf(stack);
  await stack.compose(['down']);
  await stack.start();
  assert.equal(await secretOf(stack), first, 'the same after all containers were made anew');
});

test("the key of rooms' links stays, too, and only Plenary reads it", async () => {
  assert.ok(stack);
  const keyOf = async () => (await stack?.exec('plenary', ['cat', '/var/lib/plenary/key']))?.stdout.trim() ?? '';
  const key = await keyOf();
  assert.match(key, /^[0-9a-f]{64}$/);
  const { stdout } = await stack.exec('plenary', [
    'stat',
    '-c',
    '%a %u %g',
    '/var/lib/plenary',
    '/var/lib/plenary/key',
  ]);
  assert.equal(stdout.trim(), '700 10001 10001\n600 10001 10001');
  await stack.compose(['down']);
  await stack.start();
  assert.equal(await keyOf(), key, 'the same after all containers were made anew');
  for (const other of /** @type {const} */ (['coturn', 'nginx'])) {
    assert.notEqual((await stack.exec(other, ['ls', '/var/lib/plenary'])).code, 0, `${other} has no such folder`);
  }
  assert.ok(!(await stack.logs()).includes(key));
});

test('the secret is readable by those two that need it, and by no other', async () => {
  assert.ok(stack);
  const { stdout } = await stack.exec('coturn', ['stat', '-c', '%a %u %g', '/run/turn-secret/secret']);
  assert.equal(stdout.trim(), '440 0 10001');
  assert.equal((await stack.exec('plenary', ['cat', '/run/turn-secret/secret'])).stdout, first);
  const overwritten = await stack.exec('plenary', ['sh', '-c', 'echo x >/run/turn-secret/secret']);
  assert.notEqual(overwritten.code, 0, 'plenary only reads it');
  assert.notEqual((await stack.exec('nginx', ['ls', '/run/turn-secret'])).code, 0, 'nginx has no such folder');
});

test('the secret is in no command line, no setting, no log, no image and no file of the repository', async () => {
  assert.ok(stack);
  const said = [await stack.logs()];
  for (const service of SERVICES) {
    const { Id, Image } = await stack.running(service);
    said.push(await docker(['inspect', Id]), await docker(['top', Id, '-eo', 'pid,args']));
    said.push(await docker(['image', 'inspect', Image]), await docker(['history', '--no-trunc', Image]));
    said.push((await stack.exec(service, ['env'])).stdout);
  }
  for (const text of said) assert.ok(!text.includes(first), text.slice(0, 200));
  const found = await attempt(['git', '-C', ROOT, 'grep', '--untracked', '--fixed-strings', first]);
  assert.equal(found.code, 1, found.stdout + found.stderr);
});

test('a deployment whose volumes are new has a secret of its own, and the key that was taken along', async () => {
  assert.ok(stack);
  await stack.down();
  stack = await Stack.unpack();
  const key = 'c0ffee'.repeat(10) + '1234';
  const put = ['--entrypoint', 'sh', 'plenary', '-c', 'umask 077; cat >/var/lib/plenary/key'];
  const { code, stderr } = await stack.compose(['run', '--rm', '-T', '--no-deps', ...put], { input: `${key}\n` });
  assert.equal(code, 0, stderr);
  await stack.start();
  assert.notEqual(await secretOf(stack), first);
  assert.equal((await stack.exec('plenary', ['cat', '/var/lib/plenary/key'])).stdout.trim(), key);
});
