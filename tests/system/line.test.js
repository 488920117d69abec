/** The line of the tests is what it is asked to be: in virtual time to the microsecond, and with real datagrams between two namespaces. */

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { after, before, test } from 'node:test';

import { until } from '../e2e/lib/until.js';
import { DESK, PUBLIC, SERVER, background, inside } from './lib/net.js';
import { Narrow } from './lib/narrow.js';
import { ROOT } from './lib/places.js';
import { run } from './lib/run.js';

/** Any port of the server's address that nobody has: the deployment does not run now. */
const PORT = 9;

/** Bytes of a datagram, and of the packet around it. */
const DATAGRAM = 1_000;
const PACKET = DATAGRAM + 28;

/** Sends whoever asks as many datagrams as they ask for, at once. */
const SOURCE = `const socket = require('dgram').createSocket('udp4');
  socket.on('message', (wanted, { port, address }) => {
    for (let n = 0; n < Number(wanted); n++) socket.send(Buffer.alloc(${DATAGRAM}), port, address);
  });
  socket.bind(${PORT}, '${PUBLIC}', () => console.log('listening'));`;

/** @type {Narrow} */
let line;
/** @type {Awaited<ReturnType<typeof background>>} */
let source;
/** When a datagram came, in milliseconds. @type {number[]} */
let came = [];
const socket = createSocket('udp4');

before(async () => {
  line = await Narrow.open(DESK);
  source = await background(inside(SERVER, [process.execPath, '--eval', SOURCE]));
  socket.on('message', () => came.push(performance.now()));
  await new Promise((done) => socket.connect(PORT, PUBLIC, () => done(undefined)));
});

after(async () => {
  socket.close();
  source?.close();
  await line?.close();
});

/**
 * Asks for so many datagrams.
 * @param {number} count
 * @returns {Promise<{ asked: number, counts: import('./lib/narrow.js').Counts }>} when, and what the line did with them
 */
async function receive(count) {
  const { down: old } = await line.set();
  came = [];
  const asked = performance.now();
  socket.send(`${count}`);
  const counted = async () => {
    const { down } = await line.set();
    const [lost, dropped, arrived] = [down.lost - old.lost, down.dropped - old.dropped, down.arrived - old.arrived];
    return { ...down, lost, dropped, arrived, came: down.came - old.came, bytes: down.bytes - old.bytes };
  };
  const counts = await until(`${count} datagrams have come through or not`, counted, (seen) => {
    return seen.came === count && seen.lost + seen.dropped + came.length === count;
  });
  return { asked, counts };
}

test('a line in virtual time: rate, delay, jitter, loss, queue', async () => {
  await run(['python3', '-B', '-m', 'unittest', 'discover', '--start-directory', 'tests/system/link'], { cwd: ROOT });
});

test('a datagram takes its delay both ways', async () => {
  await line.set({ down: { rate: null, delay: 0.04 }, up: { delay: 0.06 } });
  const { asked, counts } = await receive(1);
  const took = (came[0] ?? 0) - asked;
  assert.ok(took >= 99 && took < 1_000, `${took} ms`);
  assert.deepEqual([counts.arrived, counts.bytes], [1, PACKET]);
});

test('no more comes through than the rate, and all that the queue holds', async () => {
  await line.set({ down: { rate: 1_000_000, delay: 0, queue: 10 }, up: { delay: 0 } });
  const { counts } = await receive(100);
  const took = (came.at(-1) ?? 0) - (came[0] ?? 0);
  // The last one leaves 99 packets after the first. A machine that is busy is later, and never earlier by more than one wait.
  assert.ok(took >= 99 * PACKET * 0.008 - 20 && took < 4_000, `${took} ms`);
  assert.deepEqual([counts.arrived, counts.lost, counts.dropped], [100, 0, 0]);
});

test('what the queue does not hold is dropped, and nothing else', async () => {
  await line.set({ down: { rate: 1_000_000, queue: 0.1 } });
  const { counts } = await receive(100);
  assert.ok(counts.arrived >= 14 && counts.dropped >= 50, JSON.stringify(counts));
  assert.deepEqual([counts.arrived, counts.lost], [came.length, 0]);
});

test('the share that is asked for is lost, and nothing else', async () => {
  // Not faster than a busy receiver takes them out of its socket.
  await line.set({ down: { rate: 5_000_000, loss: 0.1, queue: 10 } });
  const { counts } = await receive(300);
  // Four standard deviations.
  assert.ok(Math.abs(counts.lost - 30) <= 21, JSON.stringify(counts));
  assert.deepEqual([counts.arrived, counts.dropped], [came.length, 0]);
});
