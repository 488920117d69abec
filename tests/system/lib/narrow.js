/** A client's only way to the server is a line with a rate, a delay, jitter, loss and a queue, which change while it is used. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { SERVER, gatewayOf, addressOf, inside } from './net.js';
import { ROOT } from './places.js';
import { run } from './run.js';

/**
 * One way of the line. What is not named stays as it is.
 * @typedef {object} Way
 * @property {number | null} [rate] Bits a second of whole IP packets; null is a line without a limit.
 * @property {number} [delay] Seconds on the way.
 * @property {number} [jitter] So many seconds more at most.
 * @property {number} [loss] The share of packets that is lost, each by itself.
 * @property {number} [queue] Seconds: who would wait longer is dropped.
 */

/**
 * What came to one way of the line, and what became of it.
 * @typedef {{ came: number, bytes: number, arrived: number, lost: number, dropped: number }} Counts
 */

/** The program that carries the packets. */
const PROGRAM = join(ROOT, 'tests', 'system', 'link', 'link.py');

/** The client's end. */
const HOUSE = 'line';

/** The server's end. @param {string} client */
const streetOf = (client) => client.replace('plenary-', 'line-');

export class Narrow {
  #client;
  #child;
  #answers;

  /**
   * @param {string} client
   * @param {import('node:child_process').ChildProcessByStdio<import('node:stream').Writable, import('node:stream').Readable, null>} child
   */
  constructor(client, child) {
    this.#client = client;
    this.#child = child;
    this.#answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  /**
   * Puts the line in the place of a client's wire, with the same addresses.
   * @param {string} client
   */
  static async open(client) {
    const street = streetOf(client);
    const [program = '', ...args] = inside(SERVER, ['python3', '-B', PROGRAM, HOUSE, street]);
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const line = new Narrow(client, child);
    await line.#answer();
    const server = (/** @type {string[]} */ ...command) => run(inside(SERVER, ['ip', ...command]));
    const away = (/** @type {string[]} */ ...command) => run(inside(client, ['ip', ...command]));
    const own = addressOf(client);
    await server('link', 'set', HOUSE, 'netns', client);
    await server('link', 'set', street, 'up');
    await away('link', 'set', 'eth0', 'down');
    await away('address', 'add', `${own}/32`, 'dev', HOUSE);
    await away('link', 'set', HOUSE, 'up');
    await away('route', 'add', 'default', 'dev', HOUSE);
    await server('route', 'add', `${own}/32`, 'dev', street);
    return line;
  }

  async #answer() {
    const { value, done } = await this.#answers.next();
    if (done) throw new Error('the line has ended');
    return JSON.parse(value);
  }

  /**
   * From now on the line is like this. Without anything it stays as it is.
   * @param {{ down?: Way, up?: Way }} [changes]
   * @returns {Promise<{ down: Counts, up: Counts }>} what was counted until now
   */
  async set(changes = {}) {
    this.#child.stdin.write(`${JSON.stringify(changes)}\n`);
    return this.#answer();
  }

  /** The client has its wire back. */
  async close() {
    const ended = this.#child.exitCode === null ? once(this.#child, 'exit') : undefined;
    this.#child.stdin.end();
    await ended;
    await run(inside(this.#client, ['ip', 'link', 'set', 'eth0', 'up']));
    await run(inside(this.#client, ['ip', 'route', 'add', 'default', 'via', gatewayOf(this.#client)]));
  }
}
