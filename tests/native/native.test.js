/** Participants that are no browsers: aiortc, over IPv4, and where there is nothing but IPv6. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

import { lineOf, start } from './program.js';

const PROGRAM = resolve(process.env.PLENARY_BINARY ?? 'target/debug/plenary');
const PYTHON = resolve(process.env.PLENARY_PYTHON ?? 'target/native/bin/python');
const CLIENT = resolve('tests/native/client.py');

/** The client has a patience of its own, and says what it waits for. */
const CASE_MS = 60_000;

for (const { family, address, url } of [
  { family: 'IPv4', address: '127.0.0.1', url: '127.0.0.1' },
  { family: 'IPv6 alone', address: '::1', url: '[::1]' },
]) {
  test(`two native clients see and hear each other over ${family}`, { timeout: CASE_MS }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'plenary-native-'));
    const flags = [
      '--plain-http',
      '--http-address',
      address,
      '--http-port',
      '0',
      '--udp-port',
      '0',
      '--announce',
      address,
    ];
    const server = start(PROGRAM, flags, folder);
    /** @type {import('./program.js').Program[]} */
    const people = [];
    try {
      const port = (await lineOf(server, /:\d+/)).match(/:(\d+)\/?\s*$/)?.[1];
      const body = JSON.stringify({ name: 'Native' });
      const headers = { 'content-type': 'application/json' };
      const made = await fetch(`http://${url}:${port}/api/rooms`, { method: 'POST', body, headers });
      const { id } = await made.json();
      for (const name of ['Ann', 'Bob']) {
        people.push(start(PYTHON, [CLIENT, `ws://${url}:${port}/ws`, id, name, address], folder));
      }
      const told = await Promise.all(people.map((person) => lineOf(person, /^\{/)));
      for (const line of told) {
        const { sounds, loud, pictures, local, remote } = JSON.parse(line);
        assert.deepEqual([local, remote], [address, address]);
        assert.ok(sounds >= 50 && loud && pictures >= 20, line);
      }
      for (const { child, said } of people) {
        const ended = once(child, 'close');
        child.stdin.end();
        assert.deepEqual(await ended, [0, null], said());
      }
      const ended = once(server.child, 'close');
      server.child.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null], server.said());
    } catch (error) {
      console.error(`the server said:\n${server.said()}`);
      throw error;
    } finally {
      for (const { child } of [server, ...people]) child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    }
  });
}
