/**
 * A Docker engine of our own. It has a mount and a PID namespace: when its first process ends, by whatever cause, the
 * kernel ends every container and takes away every mount with it. It ends with us, even if we are killed.
 */

import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

import { until } from '../../e2e/lib/until.js';
import { inside } from './net.js';
import { DATA, DOCKER_CONFIG, RUNTIME, WORK } from './places.js';
import { attempt, run } from './run.js';

/** @import { ChildProcess } from 'node:child_process' */
/** @import { Outcome, RunOptions } from './run.js' */

/** The control groups of our containers, below each controller. */
const CGROUP = 'plenary-system';

/** An engine is up in 6 s; on a machine that compiles at the same time in 20. */
const START_MS = 60_000;

/** It stops its containers, which have up to 10 s each. */
const STOP_MS = 30_000;

/** What is added to keep the first network of the machine as it is: for builds. */
const NO_NETWORK = ['--bridge=none', '--iptables=false', '--ip-forward=false', '--ip-masq=false'];

/** The environment in which the command line finds this engine, and nothing of anybody's own settings. */
export const DOCKER_ENV = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(DOCKER|COMPOSE|BUILDX|PLENARY)_/.test(name)),
  ),
  DOCKER_CONFIG,
  DOCKER_HOST: `unix://${join(RUNTIME, 'docker.sock')}`,
  DOCKER_BUILDKIT: '1',
  BUILDKIT_PROGRESS: 'plain',
};

/**
 * A command of the engine that must succeed.
 * @param {string[]} args
 * @param {Omit<RunOptions, 'env'>} [options]
 */
export const docker = (args, options) => run(['docker', ...args], { ...options, env: DOCKER_ENV });

/**
 * A command of the engine that may fail.
 * @param {string[]} args
 * @param {Omit<RunOptions, 'env'>} [options]
 * @returns {Promise<Outcome>}
 */
export const tryDocker = (args, options) => attempt(['docker', ...args], { ...options, env: DOCKER_ENV });

export class Engine {
  #child;

  /** @param {ChildProcess} child */
  constructor(child) {
    this.#child = child;
  }

  /**
   * Starts it with the images of earlier runs, but no containers, networks or volumes of theirs.
   * @param {string} [namespace] whose network it has; the machine's own, untouched, if none is given
   */
  static async start(namespace) {
    await mkdir(DATA, { recursive: true });
    await mkdir(RUNTIME, { recursive: true, mode: 0o700 });
    for (const kept of ['containers', 'network', 'volumes']) {
      await rm(join(DATA, kept), { recursive: true, force: true });
    }
    const daemon = [
      ...['setpriv', '--pdeathsig', 'KILL'],
      ...['unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'],
      // As the first process it reaps what containers leave behind, which dockerd does not.
      ...['tini', '--', 'dockerd', '--data-root', DATA, '--exec-root', join(RUNTIME, 'exec')],
      ...['--pidfile', join(RUNTIME, 'docker.pid'), '--host', `unix://${join(RUNTIME, 'docker.sock')}`],
      ...[`--cgroup-parent=/${CGROUP}`, ...(namespace ? [] : NO_NETWORK)],
    ];
    const [program = '', ...args] = namespace ? inside(namespace, daemon) : daemon;
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(join(WORK, 'engine.log'), { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const engine = new Engine(child);
    const answers = async () => {
      if (child.exitCode !== null) return `it ended with ${child.exitCode}`;
      return (await tryDocker(['version', '--format', '{{.Server.Version}}'])).stdout.trim();
    };
    const seen = await until('the engine answers', answers, Boolean, { within: START_MS });
    if (seen.startsWith('it ended')) throw new Error(`the engine did not start: ${seen}; see target/system/engine.log`);
    return engine;
  }

  /** Stops it as its operator would; harder, if it does not go. */
  async stop() {
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((tell) => child.once('close', tell));
      // `unshare` ignores the signal; its only child is the engine's first process.
      const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').catch(() => '');
      for (const pid of children.split(' ').filter(Boolean)) process.kill(Number(pid), 'SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await gone;
      clearTimeout(late);
    }
    await removeRuntime();
  }
}

/** Takes away what an engine leaves in the file system besides its images. */
export async function removeRuntime() {
  await rm(RUNTIME, { recursive: true, force: true });
  for (const group of await cgroupsLeft()) await removeGroup(group);
}

/** Our control groups that exist. */
export async function cgroupsLeft() {
  const root = '/sys/fs/cgroup';
  const controllers = await readdir(root);
  /** @type {string[]} */
  const left = [];
  for (const folder of [root, ...controllers.map((name) => join(root, name))]) {
    const names = await readdir(folder).catch(() => /** @type {string[]} */ ([]));
    if (names.includes(CGROUP)) left.push(join(folder, CGROUP));
  }
  return left;
}

/** A control group goes by `rmdir`, those below it first. @param {string} folder */
async function removeGroup(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) await removeGroup(join(folder, entry.name));
  }
  // A process that was just ended may be in it for a moment.
  const gone = () =>
    rmdir(folder).then(
      () => true,
      (error) => error.code === 'ENOENT',
    );
  await until(`${folder} goes`, gone, Boolean, { within: 5_000 });
}
