/**
 * Runs the tests of the deployment: makes the images, a network of namespaces, an engine in one of them, and runs the
 * files named on the command line at the desk. Whatever happens, everything goes again; the last test says so. With
 * `--no-engine` before the files there is the network only.
 *
 * Needs root. `make system` installs what it lacks.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { Engine, removeRuntime } from './lib/engine.js';
import { buildImages } from './lib/images.js';
import { machine } from './lib/machine.js';
import { DESK, SERVER, closeNetwork, inside, openNetwork } from './lib/net.js';
import { ROOT, WORK } from './lib/places.js';
import { attempt } from './lib/run.js';
import { HOST } from './lib/stack.js';

/** All files together. Each wait in them has a bound of its own; this is for what nobody thought of. */
const TESTS_MS = 1_200_000;

const withEngine = process.argv[2] !== '--no-engine';
const files = process.argv.slice(withEngine ? 2 : 3);
/** @type {Engine | undefined} */
let engine;
/** @type {import('node:child_process').ChildProcess | undefined} */
let testing;
let interrupted = '';

/** What is missing for an engine and namespaces of our own; nothing, as a rule. */
async function hindrance() {
  const { code, stderr } = await attempt(['unshare', '--net', '--mount', '--pid', '--fork', 'true']);
  if (code !== 0) return `no namespaces can be made here, which takes root (${stderr.trim()})`;
  const made = await attempt(['unshare', '--net', 'iptables', '--table', 'nat', '--list']);
  return made.code === 0 ? '' : `the kernel has no packet filter for us (${made.stderr.trim().split('\n')[0]})`;
}

/**
 * @param {string} what
 * @param {() => Promise<unknown>} work
 */
async function step(what, work) {
  if (interrupted) throw new Error(`ended by ${interrupted}`);
  const start = Date.now();
  await work();
  console.info(`-- ${what}: ${((Date.now() - start) / 1000).toFixed(1)} s`);
}

/** Ends and takes away everything of ours, of this run and of one that was killed. */
async function sweep() {
  await engine?.stop();
  engine = undefined;
  await closeNetwork();
  await removeRuntime();
}

/**
 * @param {string[]} chosen
 * @param {string} [namespace] where they run
 */
async function runTests(chosen, namespace) {
  const node = ['setpriv', '--pdeathsig', 'KILL', process.execPath];
  const command = [...node, '--test', '--test-concurrency=1', '--test-reporter=spec', ...chosen];
  const [program = '', ...args] = namespace ? inside(namespace, command) : command;
  const env = { ...process.env, PLENARY_E2E_HOST: HOST };
  testing = spawn(program, args, { stdio: 'inherit', cwd: ROOT, env });
  const late = setTimeout(() => testing?.kill('SIGTERM'), TESTS_MS);
  const [code] = await once(testing, 'close');
  clearTimeout(late);
  testing = undefined;
  return code === 0;
}

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    interrupted = signal;
    testing?.kill('SIGTERM');
  });
}

if (process.env.PLENARY_SYSTEM === 'off') {
  console.info('system tests: left out, because PLENARY_SYSTEM=off says so');
  process.exit(0);
}
const missing = await hindrance();
if (missing) {
  console.error(`system tests: ${missing}. PLENARY_SYSTEM=off leaves them out`);
  process.exit(1);
}

let good = false;
/** @type {unknown} */
let before;
try {
  await mkdir(WORK, { recursive: true });
  await step('what an earlier run left is gone', sweep);
  before = await machine();
  if (withEngine) await step('images', buildImages);
  await step('network', openNetwork);
  if (withEngine) await step('engine', async () => (engine = await Engine.start(SERVER)));
  await step('tests', async () => (good = await runTests(files, DESK)));
} catch (error) {
  console.error(`system tests: ${error instanceof Error ? error.message : error}`);
} finally {
  await sweep();
}
process.env.PLENARY_SYSTEM_BEFORE = JSON.stringify(before ?? null);
const gone = await runTests([join(import.meta.dirname, 'nothing-left.mjs')]);
if (interrupted) console.error(`system tests: ended by ${interrupted}`);
process.exitCode = good && gone && !interrupted ? 0 : 1;
