/** A server, and tools that publish and watch by the standards. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { MEDIA_ADDRESS } from '../e2e/lib/server.js';
import { lineOf, start } from '../native/program.js';

/** @import { Program } from '../native/program.js' */

const SERVER = resolve(process.env.PLENARY_BINARY ?? 'target/debug/plenary');

const PYTHON = resolve(process.env.PLENARY_PYTHON ?? 'target/native/bin/python');

/** What runs a tool: aiortc and FFmpeg in an environment of their own, GStreamer as the system has it. */
const TOOLS = {
  aiortc: [PYTHON, resolve('tests/standard/aiortc_client.py')],
  ffmpeg: [PYTHON, resolve('tests/standard/ffmpeg_client.py')],
  gstreamer: ['/usr/bin/python3', resolve('tests/standard/gstreamer_client.py')],
};

/** @typedef {keyof typeof TOOLS} Tool */

/**
 * What a tool is to do besides.
 * @typedef {object} Wish
 * @property {string} [token]
 * @property {readonly number[]} [colour] of what is published
 * @property {'vp8' | 'h264'} [codec]
 * @property {boolean} [noise]
 */

/** A server of one's own, for one test. */
export class Place {
  #folder;
  #server;
  /** @type {Client[]} */
  #clients = [];

  /**
   * @param {string} folder
   * @param {Program} server
   * @param {string} base
   */
  constructor(folder, server, base) {
    this.#folder = folder;
    this.#server = server;
    this.base = base;
  }

  /** @param {string[]} [flags] more of the server's command line */
  static async open(flags = []) {
    const folder = await mkdtemp(join(tmpdir(), 'plenary-standard-'));
    const address = ['--http-address', '127.0.0.1', '--http-port', '0', '--udp-port', '0', '--announce', MEDIA_ADDRESS];
    const server = start(SERVER, ['--plain-http', ...address, ...flags], folder);
    const port = (await lineOf(server, /:\d+/)).match(/:(\d+)\/?\s*$/)?.[1];
    return new Place(folder, server, `http://127.0.0.1:${port}`);
  }

  /**
   * A request about rooms.
   * @param {string} method
   * @param {string} path
   * @param {{ body?: object, secret?: string }} [options]
   */
  async api(method, path, { body, secret } = {}) {
    const headers = { 'content-type': 'application/json', ...(secret ? { authorization: `Bearer ${secret}` } : {}) };
    const init = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) };
    const reply = await fetch(`${this.base}/api/rooms${path}`, init);
    const text = await reply.text();
    return text ? JSON.parse(text) : undefined;
  }

  /** A room, and its secret. @returns {Promise<{ id: string, secret: string }>} */
  async room() {
    return this.api('POST', '', { body: { name: 'Studio' } });
  }

  /**
   * Who is inside, by name.
   * @param {{ id: string, secret: string }} room
   * @returns {Promise<{ id: string, name: string, client: string }[]>}
   */
  async people({ id, secret }) {
    return (await this.api('GET', `/${id}/peers`, { secret })).peers;
  }

  /**
   * A token of `plenary token`.
   * @param {string[]} flags
   */
  async token(flags) {
    const { stdout } = await promisify(execFile)(SERVER, ['token', ...flags], { cwd: this.#folder });
    return stdout.trim().split('\n')[0] ?? '';
  }

  /**
   * A tool that publishes.
   * @param {Tool} tool
   * @param {string} path of the endpoint, after `/whip/`
   * @param {Wish} [wish]
   */
  publish(tool, path, wish) {
    return this.#client(tool, 'publish', `/whip/${path}`, wish);
  }

  /**
   * A tool that watches.
   * @param {Tool} tool
   * @param {string} path of the endpoint, after `/whep/`
   * @param {Wish} [wish]
   */
  watch(tool, path, wish) {
    return this.#client(tool, 'watch', `/whep/${path}`, wish);
  }

  /**
   * @param {Tool} tool
   * @param {'publish' | 'watch'} what
   * @param {string} path
   * @param {Wish} [wish]
   */
  #client(tool, what, path, { token, colour, codec, noise = false } = {}) {
    const [program = '', script = ''] = TOOLS[tool];
    const flags = [script, what, this.base + path, '--address', MEDIA_ADDRESS];
    if (token) flags.push('--token', token);
    if (colour) flags.push('--colour', colour.join(','));
    if (codec) flags.push('--codec', codec);
    if (noise) flags.push('--noise');
    const client = new Client(start(program, flags, this.#folder));
    this.#clients.push(client);
    return client;
  }

  /** Ends everything. The server ends as it should. */
  async close() {
    for (const client of this.#clients) client.kill();
    const { child, said } = this.#server;
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
    try {
      assert.deepEqual(await ended, [0, null], said());
      assert.doesNotMatch(said(), /[1-9]\d* violations/, 'the egress guard');
    } finally {
      clearTimeout(late);
      await rm(this.#folder, { recursive: true, force: true });
    }
  }
}

/** A tool that runs. */
class Client {
  #program;

  /** @param {Program} program */
  constructor(program) {
    this.#program = program;
  }

  /** @param {string} what the tool says */
  async #says(what) {
    return JSON.parse(await lineOf(this.#program, new RegExp(`^{"${what}"`)))[what];
  }

  /**
   * What the server answered its offer with.
   * @returns {Promise<{ status: number, headers: Record<string, string>, body: string }>}
   */
  async answered() {
    return this.#says('answered');
  }

  /**
   * That media goes out, or what came.
   * @returns {Promise<{ colour: number[], size: number[], heard: boolean, first: number }>}
   */
  async media() {
    return this.#says('media');
  }

  /**
   * It ends its session: the answer, and the answer to a second try.
   * @returns {Promise<{ status: number, again: number }>}
   */
  async end() {
    this.#program.child.stdin.end();
    return this.#says('ended');
  }

  /** It is no more, and says nothing of it. */
  kill() {
    this.#program.child.kill('SIGKILL');
  }
}
