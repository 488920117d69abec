/**
 * The self-call: what operators see when a way in is closed, and when it is open again. Each server has a network of its own, where
 * the test drops what it likes.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { ROOT } from './lib/places.js';
import { attempt } from './lib/run.js';

const PROGRAM = process.env.PLENARY_BINARY ?? join(ROOT, 'target', 'debug', 'plenary');
const [HTTP, METRICS, MEDIA] = ['8080', '9464', '61000'];

/** A call that fails takes six seconds, one at the address behind it as long again, on a machine that may be busy. */
const LONG_MS = 60_000;

const folder = await mkdtemp(join(tmpdir(), 'plenary-self-call-'));
/** @type {Alone[]} */
const servers = [];
after(async () => {
  for (const server of servers) await server.end();
  await rm(folder, { recursive: true });
});

/** A server in a network of its own, which calls itself each second. */
class Alone {
  log = '';
  #child;

  /** @param {string[]} flags */
  constructor(flags) {
    const served = ['--plain-http', '--http-port', HTTP, '--udp-port', MEDIA, '--metrics', `127.0.0.1:${METRICS}`];
    const program = [PROGRAM, ...served, '--self-call', '1', '--state', join(folder, `${servers.length}`), ...flags];
    const alone = ['--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'];
    this.#child = spawn('unshare', [...alone, ...program], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr.on('data', (text) => (this.log += text));
    servers.push(this);
  }

  async end() {
    if (this.#child.exitCode !== null) return;
    const gone = new Promise((tell) => this.#child.once('exit', tell));
    this.#child.kill('SIGKILL');
    await gone;
  }

  /** Runs something in its network. @param {string[]} command */
  async inside(command) {
    return attempt(['nsenter', '--target', `${this.#child.pid}`, '--net', ...command]);
  }

  /** What it tells at this address there; nothing as long as it tells nothing. @param {string} port @param {string} path */
  async ask(port, path) {
    const request = `GET ${path} HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n\\r\\n`;
    const script = `exec 3<>/dev/tcp/127.0.0.1/${port} && printf '${request}' >&3 && cat <&3`;
    const { stdout } = await this.inside(['bash', '-c', script]);
    return stdout;
  }

  /**
   * Waits until its numbers are so.
   * @param {(text: string) => boolean} fits
   */
  async tells(fits) {
    const end = Date.now() + LONG_MS;
    for (;;) {
      const text = await this.ask(METRICS, '/metrics');
      if (fits(text)) return text;
      assert.ok(Date.now() < end, `what it tells: ${text.match(/^plenary_self_call.*$/gm)?.join('\n')}\n${this.log}`);
      await pause(200);
    }
  }

  /** Waits until it tells all of these lines. @param {...string} lines */
  has(...lines) {
    return this.tells((text) => lines.every((line) => text.split(/\r?\n/).includes(line)));
  }

  /** Drops what comes to the media port by UDP (`-I`), or lets it in again (`-D`). @param {'-I' | '-D'} action */
  async udp(action) {
    const { code, stderr } = await this.inside([
      'iptables',
      action,
      'INPUT',
      '-p',
      'udp',
      '--dport',
      MEDIA,
      '-j',
      'DROP',
    ]);
    assert.equal(code, 0, stderr);
  }

  /** How often its log says this. @param {string} what */
  says(what) {
    return this.log.split('\n').filter((line) => line.includes(what)).length;
  }
}

/** @param {string} what @param {string} way @param {number} number */
const is = (what, way, number) => `plenary_self_call_${what}{way="${way}"} ${number}`;

test('the self-call goes red when the UDP port is dropped, and green again', async () => {
  // Access tokens are for people; of two who talk at once only one is passed on.
  const server = new Alone(['--announce', '127.0.0.1', '--auth', 'token', '--creators', 'token', '--audio-top', '1']);
  await server.has(is('ok', 'udp', 1), is('ok', 'tcp', 1));
  await server.udp('-I');
  const red = [is('ok', 'udp', 0), is('broken', 'udp', 1), is('unreachable', 'udp', 0)];
  await server.has(...red, is('ok', 'tcp', 1), is('broken', 'tcp', 0));
  assert.match(await server.ask(HTTP, '/readyz'), /^HTTP\/1.1 200 /, 'people may come by TCP');
  // Another round says nothing new.
  const failures = /^plenary_self_call_failures_total\{way="udp"\} (\d+)/m;
  await server.tells((text) => Number(failures.exec(text)?.[1]) >= 2);
  await server.udp('-D');
  // Nobody sees who called.
  const nobody = ['people', 'rooms', 'microphones'].map((what) => `plenary_conference_${what} 0`);
  await server.has(is('ok', 'udp', 1), is('ok', 'tcp', 1), ...nobody);
  for (const [what, times] of /** @type {const} */ ([
    ['WARN  plenary::selfcall', 1],
    ['udp to 127.0.0.1 is broken: ICE', 1],
    ['udp to 127.0.0.1 is well again', 1],
    ['joined', 0],
    ['room made', 0],
  ])) {
    assert.equal(server.says(what), times, `${what}: ${server.log}`);
  }
  await server.end();
});

test('an address that does not lead back in is not called broken', async () => {
  const server = new Alone(['--announce', '127.0.0.1=192.0.2.7']);
  const unreachable = [is('unreachable', 'tcp', 1), is('broken', 'tcp', 0)];
  await server.has(is('ok', 'udp', 0), is('broken', 'udp', 0), is('unreachable', 'udp', 1), ...unreachable);
  // What does not work behind it either is.
  await server.udp('-I');
  await server.has(is('broken', 'udp', 1), ...unreachable);
  assert.equal(server.says('tcp to 192.0.2.7 cannot be reached from inside'), 1, server.log);
  await server.end();
});
