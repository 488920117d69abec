/** A Plenary server of one's own: free ports, a certificate of its own, and what it said. */

import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { get, request } from 'node:https';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { until } from './until.js';

const PROGRAM = resolve(process.env.PLENARY_BINARY ?? 'target/debug/plenary');

/** The server promises to be gone this long after SIGTERM. */
const EXIT_MS = 5_000;

/**
 * Where to look for free ports: below those that Linux gives to whoever connects (from 32,768 on). One of those may become
 * the port of somebody's connection, or of a browser's media, before the server has it or while it restarts.
 */
const PORTS = { from: 20_000, count: 12_000 };

/**
 * The address browsers send media to: one of this machine's own. Only a machine without a network gets the loopback
 * address, which browsers do not use unless told to (see `browser.js`).
 */
export const MEDIA_ADDRESS =
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';

/**
 * Where a server runs, if not here.
 * @typedef {object} Place
 * @property {string} host where it is reached
 * @property {string[]} command what runs a program there
 */

/** @type {Place} */
const HERE = { host: '127.0.0.1', command: [] };

export class Server {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #child;
  #log = '';
  /** Where in the log the present life begins. */
  #lifeBegins = 0;
  #directory;
  #flags;
  #place;
  /** Where to find it. The same after a restart. */
  ports;

  /**
   * @param {string} directory
   * @param {{ http: number, udp: number }} ports
   * @param {string[]} flags
   * @param {Place} place
   */
  constructor(directory, ports, flags, place) {
    this.#directory = directory;
    this.#flags = flags;
    this.#place = place;
    this.ports = ports;
  }

  /**
   * Starts a server that keeps its certificate in `directory`, and waits until it answers.
   * @param {string} directory
   * @param {string[]} [flags] more of its command line
   * @param {Place} [place]
   */
  static async open(directory, flags = [], place = HERE) {
    const server = new Server(directory, { http: await freeTcpPort(), udp: await freeUdpPort() }, flags, place);
    await server.start();
    return server;
  }

  /** Of its present life. @returns {number} 0 if it does not run. */
  get pid() {
    return this.#child?.pid ?? 0;
  }

  /** Everything it printed, of all its lives. */
  get log() {
    return this.#log;
  }

  /**
   * Another life, with this command line.
   * @param {string[]} flags
   */
  async restart(flags) {
    // One that nobody came to has nothing to judge.
    await this.stop({ guarded: this.#lifeBegins > 0 });
    this.#flags = flags;
    await this.start();
  }

  /** Starts the program and waits until it is healthy. */
  async start() {
    const { http, udp } = this.ports;
    this.#lifeBegins = this.#log.length;
    const { host, command } = this.#place;
    const announced = command.length > 0 ? host : MEDIA_ADDRESS;
    const flags = ['--http-port', `${http}`, '--udp-port', `${udp}`, '--announce', announced, ...this.#flags];
    const [program, ...args] = /** @type {[string, ...string[]]} */ ([...command, PROGRAM, ...flags]);
    // Its certificate lands in certs/ of the folder it is started in.
    const child = spawn(program, args, { cwd: this.#directory, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    process.once('exit', () => child.kill('SIGKILL'));
    let failure = '';
    child.on('error', (error) => (failure = String(error)));
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (this.#log += text));
    await until(
      'the server answers',
      /** @returns {Promise<number | string>} */
      async () => {
        if (failure || child.exitCode !== null) return `it ended: ${failure || child.exitCode}\n${this.#log}`;
        return healthz(host, http);
      },
      (seen) => seen !== 0,
    ).then((seen) => {
      if (seen !== 200) throw new Error(`the server did not start: ${seen}`);
    });
  }

  /**
   * Stops it as an operator does, and holds it to what it promises: gone within {@link EXIT_MS}, with exit code 0,
   * not one packet that the egress guard objected to, and nothing of an honest sender dropped.
   * @param {{ guarded?: boolean }} [options] release builds have no egress guard
   */
  async stop({ guarded = true } = {}) {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`the server ended by itself (${child.exitCode ?? child.signalCode}):\n${this.#log}`);
    }
    const policed = guarded ? await this.#policed() : [];
    const exited = once(child, 'close');
    child.kill('SIGTERM');
    const done = await Promise.race([exited, pause(EXIT_MS, 'late', { ref: false })]);
    if (done === 'late') {
      child.kill('SIGKILL');
      await exited;
      throw new Error(`the server was still there ${EXIT_MS} ms after SIGTERM:\n${this.#log}`);
    }
    const [code, signal] = /** @type {[number | null, string | null]} */ (done);
    if (code !== 0) throw new Error(`the server ended with ${code ?? signal} after SIGTERM:\n${this.#log}`);
    if (guarded) this.#readGuard();
    if (policed.length > 0) throw new Error(`browsers are not honest enough for the server: ${policed.join(', ')}`);
  }

  /** What the server held against a sender. Browsers do what they are asked, so it has to be nothing. */
  async #policed() {
    const names = ['core_over_rate', 'core_layers_cut', 'core_told_too_much', 'core_ended_too_much'];
    const all = await Promise.all(names.map(async (name) => ({ name, count: await this.counted(name) })));
    return all.filter(({ count }) => count !== 0).map(({ name, count }) => `${name}: ${count}`);
  }

  /**
   * Damages the running server: `POST /api/faults`.
   * @param {{ worker: number, fault: string, millis?: number }} fault
   */
  async inject(fault) {
    const status = await post(this.#place.host, this.ports.http, '/api/faults', JSON.stringify(fault));
    if (status !== 202) throw new Error(`the server did not take the fault: ${status}`);
  }

  /**
   * What the first worker counted, by name: `GET /api/faults`. A second old at most.
   * @returns {Promise<Record<string, number>>}
   */
  async counters() {
    return (await this.#workers())[0] ?? {};
  }

  /** What all workers counted under one name. A second old at most. @param {string} name */
  async counted(name) {
    const workers = await this.#workers();
    return workers.reduce((sum, counters) => {
      const count = counters[name];
      // Of a worker that is gone nothing is known.
      if (count === undefined && Object.keys(counters).length > 0) throw new Error(`nobody counts ${name}`);
      return sum + (count ?? 0);
    }, 0);
  }

  /**
   * What each worker counted.
   * @returns {Promise<Record<string, number>[]>}
   */
  async #workers() {
    const { host } = this.#place;
    const asking = get({ host, port: this.ports.http, path: '/api/faults', rejectUnauthorized: false });
    const [response] = /** @type {[import('node:http').IncomingMessage]} */ (await once(asking, 'response'));
    let text = '';
    for await (const part of response) text += part;
    /** @type {{ counters?: Record<string, number> }[]} */
    const workers = JSON.parse(text).workers;
    return workers.map(({ counters }) => counters ?? {});
  }

  /** The word of the egress guards, one for each worker: debug builds of the server judge every packet they send, and open it again. */
  #readGuard() {
    const life = this.#log.slice(this.#lifeBegins);
    const verdicts = [...life.matchAll(/egress guard judged (\d+) packets?, (\d+) violations?, opened (\d+)/g)];
    if (verdicts.length === 0) throw new Error(`the egress guard said nothing:\n${this.#log}`);
    for (const [words, , violations, opened] of verdicts) {
      console.info(words);
      if (violations !== '0' || opened === '0') throw new Error(`${words}:\n${this.#log}`);
    }
  }
}

/**
 * @param {string} host
 * @param {number} port
 * @param {string} path
 * @param {string} body
 * @returns {Promise<number>} the status
 */
async function post(host, port, path, body) {
  const asking = request({
    host,
    port,
    path,
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    rejectUnauthorized: false,
  });
  asking.end(body);
  const [response] = /** @type {[import('node:http').IncomingMessage]} */ (await once(asking, 'response'));
  response.resume();
  return response.statusCode ?? 0;
}

/**
 * The status of `/healthz`, 0 while nobody answers.
 * @param {string} host
 * @param {number} port
 * @returns {Promise<number>}
 */
function healthz(host, port) {
  return new Promise((tell) => {
    const options = { host, port, path: '/healthz', rejectUnauthorized: false, timeout: 2_000 };
    const asking = get(options, (response) => {
      response.resume();
      tell(response.statusCode ?? 0);
    });
    asking.on('timeout', () => asking.destroy());
    asking.on('error', () => tell(0));
  });
}

/** One of {@link PORTS}. */
const anyPort = () => PORTS.from + Math.floor(Math.random() * PORTS.count);

/** @param {number} port */
async function isTcpTaken(port) {
  const listener = createServer();
  return isTaken(listener, () => listener.listen(port));
}

/** @param {number} port */
async function isUdpTaken(port) {
  const socket = createSocket('udp4');
  return isTaken(socket, () => socket.bind(port));
}

async function freeTcpPort() {
  for (;;) {
    const port = anyPort();
    if (!(await isTcpTaken(port))) return port;
  }
}

/** A port for one worker, and the next one for a second: of UDP, and of TCP. */
async function freeUdpPort() {
  for (;;) {
    const port = anyPort();
    const taken = await Promise.all([port, port + 1].flatMap((number) => [isUdpTaken(number), isTcpTaken(number)]));
    if (!taken.includes(true)) return port;
  }
}

/**
 * Whether a socket finds its port taken. It is closed again.
 * @param {import('node:dgram').Socket | import('node:net').Server} socket
 * @param {() => void} open
 * @returns {Promise<boolean>}
 */
function isTaken(socket, open) {
  return new Promise((tell) => {
    socket.once('error', () => tell(true));
    socket.once('listening', () => socket.close(() => tell(false)));
    open();
  });
}
