/**
 * What somebody who means harm costs somebody else: each load against a server of its own, and how long a third person
 * waits meanwhile. No test: no threshold; those are in tests/attacks. `node tests/loads/run.mjs [PROGRAM] [LOAD...]`
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { Line, said } from './line.mjs';

const THIRD = '127.0.0.1';

/** @type {Record<string, string>} */
const LOADS = {
  'wrong-64k': '64 KiB of wrong JSON on a socket that never joined',
  'wrong-512k': 'a wrong offer of 512 KiB',
  'wrong-20x12': '20 sockets, 12 wrong messages of 64 KiB each',
  fragments: 'three sockets of empty fragments, 8 s',
  pings: 'three sockets of pings, 8 s',
  hellos: '200 TLS handshakes at once',
  idle: '8,300 idle connections',
  rooms: '8,600 rooms',
  joins: '99 joins to one room',
  offers: 'offers on ever new sockets, 3 s',
  unfinished: '200 unfinished messages of 548 kB',
  outside: '900 sockets that never join',
};

/** Those in which the third person is in no call: the room is what is fought for, or the protocol is TLS. */
const COMES_ANEW = new Set(['hellos', 'idle', 'rooms', 'joins', 'outside']);

/**
 * @param {string} program
 * @param {string} directory
 * @param {boolean} tls
 */
async function start(program, directory, tls) {
  const flags = ['--http-port', '0', '--udp-port', '0', '--announce', THIRD, '--log', 'error'];
  const child = spawn(program, tls ? flags : ['--plain-http', ...flags], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  for await (const text of createInterface({ input: child.stdout })) {
    const port = /localhost:(\d+)/.exec(text)?.[1];
    if (port !== undefined) return { child, port: Number(port) };
  }
  throw new Error(`${program} ended before it said where it is`);
}

/** @param {number | undefined} pid in MB */
const memory = async (pid) =>
  Math.round(Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024);

/** @param {number | undefined} pid milliseconds on a processor so far, which other work on the machine does not change */
async function worked(pid) {
  const tasks = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8')));
  return texts.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1e6, 0);
}

/** Somebody who means no harm: says `ping` in a call, or comes anew each time, and remembers the longest wait. */
class Third {
  #longest = 0;
  /** @type {number | undefined} */
  #since;
  #failed = 0;
  #answered = 0;
  #on = true;
  #act;

  /** @param {() => Promise<unknown>} act */
  constructor(act) {
    this.#act = act;
  }

  /** @param {Line} line */
  static inside(line) {
    return new Third(async () => {
      line.socket.write(said({ type: 'ping' }));
      if ((await line.answer('pong')).type !== 'pong') throw new Error('closed');
    });
  }

  /** @param {number} port @param {boolean} tls */
  static outside(port, tls) {
    return new Third(async () => {
      const line = await Line.open(port, THIRD);
      // In plain text an answer needs no handshake of one's own: the server says that HTTPS is spoken here.
      const status = await line.ask('GET /healthz HTTP/1.1').finally(() => line.socket.destroy());
      if (status !== 200 && !tls) throw new Error(`status ${status}`);
    });
  }

  async begin() {
    while (this.#on) {
      this.#since = performance.now();
      try {
        await this.#act();
        this.#answered += 1;
        this.#longest = Math.max(this.#longest, performance.now() - this.#since);
      } catch {
        this.#failed += 1;
      }
      this.#since = undefined;
      await pause(10);
    }
  }

  /** What it was like, the question that is not answered yet included. */
  end() {
    this.#on = false;
    if (this.#since !== undefined) this.#longest = Math.max(this.#longest, performance.now() - this.#since);
    const refused = this.#failed === 0 ? '' : `, ${this.#failed} times refused`;
    return `waits ${this.#longest.toFixed(0)} ms at most (${this.#answered} answers${refused})`;
  }
}

/** What another person still gets after the load. @param {string} name @param {number} port @param {string} room */
async function afterwards(name, port, room) {
  if (name === 'rooms') {
    const line = await Line.open(port, THIRD);
    const status = await line.ask('POST /api/rooms HTTP/1.1', JSON.stringify({ name: 'honest', listed: true }));
    return `makes a room: ${status}`;
  }
  if (name !== 'joins') return '';
  const answers = [];
  for (let person = 0; person < 3; person++) answers.push(await (await Line.socket(port, THIRD)).join(room, 'P'));
  return `three more join: ${answers.join(', ')}`;
}

/** @param {string} program @param {string} name */
async function measure(program, name) {
  const directory = await mkdtemp(join(tmpdir(), 'plenary-load-'));
  const tls = name === 'hellos';
  const { child, port } = await start(program, directory, tls);
  try {
    const rooms = ['den', 'den2', 'den3'];
    if (!tls) {
      const maker = await Line.open(port, THIRD);
      for (const room of rooms) {
        await maker.ask('POST /api/rooms HTTP/1.1', JSON.stringify({ name: room, listed: true }));
      }
    }
    let third = Third.outside(port, tls);
    if (!COMES_ANEW.has(name)) {
      const line = await Line.socket(port, THIRD);
      await line.join('den', 'Ann');
      third = Third.inside(line);
    }
    const [before, idle] = [await memory(child.pid), await worked(child.pid)];
    third.begin();
    await pause(200);
    const attack = new Worker(new URL('attacks.mjs', import.meta.url), { workerData: { name, port, rooms } });
    const [result] = await once(attack, 'message');
    const work = `server works ${((await worked(child.pid)) - idle).toFixed(0)} ms`;
    const grown = name === 'unfinished' ? `memory ${before} -> ${await memory(child.pid)} MB` : '';
    const waited = third.end();
    const after = await afterwards(name, port, 'den');
    await attack.terminate();
    const words = [result, work, grown, `third person ${waited}`, after].filter((text) => text !== '');
    console.info(`${(LOADS[name] ?? name).padEnd(52)} ${words.join('; ')}`);
  } finally {
    child.kill();
    await once(child, 'exit');
    await rm(directory, { recursive: true });
  }
}

const [program = process.env.PLENARY_BINARY ?? 'target/release/plenary', ...wanted] = process.argv.slice(2);
for (const name of wanted.length > 0 ? wanted : Object.keys(LOADS)) await measure(resolve(program), name);
process.exit();
