/** Tools that publish by WHIP (RFC 9725) and watch by WHEP: what people see and hear of them, and what they are refused. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { COLOURS, nameOf } from '../e2e/lib/colours.js';
import { until } from '../e2e/lib/until.js';
import { Place } from './lib.js';

/** A tool has a patience of its own, and says what it waits for. */
const CASE_MS = 60_000;

/** What ends somebody who is silent, with what a busy machine adds. */
const SILENCE_MS = 10_000 + 4_000;

/**
 * @param {string} name
 * @param {string[]} flags of the server
 * @param {(place: Place) => Promise<void>} body
 */
function scene(name, flags, body) {
  test(name, { timeout: CASE_MS }, async () => {
    const place = await Place.open(flags);
    try {
      await body(place);
    } finally {
      await place.close();
    }
  });
}

/** @param {ReturnType<Place['watch']>} viewer */
async function seen(viewer) {
  const { colour, heard, first } = await viewer.media();
  console.info(`the first picture after ${first} s`);
  return { colour: nameOf(colour), heard };
}

scene('one publishes, another watches, and DELETE ends both', [], async (place) => {
  const { id } = await place.room();
  const publisher = place.publish('aiortc', `${id}?name=Stage`);
  const { status, headers } = await publisher.answered();
  assert.equal(status, 201);
  assert.match(headers['location'] ?? '', /^\/whip\/[^/]+\/[0-9a-f]{32}$/);
  await publisher.media();
  const viewer = place.watch('aiortc', id);
  assert.deepEqual(await seen(viewer), { colour: 'green', heard: true });
  assert.deepEqual(await viewer.end(), { status: 200, again: 404 });
  assert.deepEqual(await publisher.end(), { status: 200, again: 404 });
});

scene('?peer= shows one of two, and one who is killed is gone while the other goes on', [], async (place) => {
  const room = await place.room();
  const names = /** @type {const} */ (['red', 'blue']);
  const all = names.map((name) => place.publish('aiortc', `${room.id}?name=${name}`, { colour: COLOURS[name] ?? [] }));
  await Promise.all(all.map((one) => one.media()));
  const people = await place.people(room);
  assert.deepEqual(people.map(({ name, client }) => `${name} ${client}`).sort(), ['blue whip', 'red whip']);
  const watching = people.map(async ({ id, name }) => {
    const viewer = place.watch('aiortc', `${room.id}?peer=${id}`);
    assert.deepEqual(await seen(viewer), { colour: name, heard: true });
    return viewer;
  });
  for (const viewer of await Promise.all(watching)) await viewer.end();
  all[0]?.kill();
  const begun = Date.now();
  await until(
    'the one that was killed is gone',
    async () => (await place.people(room)).map(({ name }) => name),
    (left) => JSON.stringify(left) === '["blue"]',
    { within: SILENCE_MS },
  );
  console.info(`gone after ${Date.now() - begun} ms`);
  const viewer = place.watch('aiortc', room.id);
  assert.deepEqual(await seen(viewer), { colour: 'blue', heard: true }, 'who is left goes on');
});

for (const { why, flags, lock } of [
  { why: 'everybody needs a token', flags: ['--auth', 'token'], lock: false },
  { why: 'the room is locked', flags: [], lock: true },
]) {
  scene(`who shows no token where ${why} is told so, and comes in with one`, flags, async (place) => {
    const made = await place.token(['--create']);
    const room = await place.api('POST', '', { body: { name: 'Studio' }, secret: made });
    // A room is locked as long as somebody is inside.
    const inside = lock ? place.publish('aiortc', room.id) : undefined;
    await inside?.media();
    if (lock) await place.api('PATCH', `/${room.id}`, { body: { locked: true }, secret: room.secret });
    const refused = place.publish('aiortc', room.id);
    const { status, headers } = await refused.answered();
    assert.deepEqual([status, headers['www-authenticate']], [401, 'Bearer']);
    const token = await place.token(['--room', room.id, '--name', 'Studio', '--moderate']);
    const publisher = place.publish('aiortc', room.id, { token });
    assert.equal((await publisher.answered()).status, 201);
    await publisher.media();
    assert.ok((await place.people(room)).some(({ name }) => name === 'Studio'));
    assert.deepEqual(await publisher.end(), { status: 200, again: 404 });
  });
}

scene(
  'FFmpeg publishes, another watches, and its end is the end of the session',
  ['--auth', 'token'],
  async (place) => {
    const made = await place.token(['--create']);
    const room = await place.api('POST', '', { body: { name: 'Studio' }, secret: made });
    const token = await place.token(['--room', room.id]);
    const publisher = place.publish('ffmpeg', room.id, { token, colour: COLOURS['magenta'] ?? [] });
    await publisher.media();
    const viewer = place.watch('aiortc', room.id, { token });
    assert.deepEqual(await seen(viewer), { colour: 'magenta', heard: true });
    await viewer.end();
    await publisher.end();
    assert.deepEqual(await place.people(room), [], 'at once, not after ten seconds of silence');
  },
);

for (const codec of /** @type {const} */ (['vp8', 'h264'])) {
  scene(`GStreamer publishes ${codec} and another GStreamer watches it`, [], async (place) => {
    const { id } = await place.room();
    const publisher = place.publish('gstreamer', id, { codec, colour: COLOURS['magenta'] ?? [] });
    const { status, body } = await publisher.answered();
    assert.equal(status, 201);
    assert.match(body, new RegExp(`a=rtpmap:96 ${codec}/90000`, 'i'));
    await publisher.media();
    const viewer = place.watch('gstreamer', id, { codec });
    assert.deepEqual(await seen(viewer), { colour: 'magenta', heard: true });
    assert.deepEqual(await viewer.end(), { status: 200, again: 404 });
    assert.deepEqual(await publisher.end(), { status: 200, again: 404 });
  });
}

scene(
  'who sends more than is passed on is ended, and who says so before is not let in',
  ['--whip-bitrate', '200000'],
  async (place) => {
    const room = await place.room();
    const greedy = place.publish('aiortc', room.id, { noise: true });
    assert.equal((await greedy.answered()).status, 201);
    await until(
      'the one that sends too much is gone',
      () => place.people(room),
      (people) => people.length === 0,
    );
    assert.equal((await greedy.end()).status, 404);
    const offer = await readFile('tests/standard/obs.sdp', 'utf8');
    const says = offer.replace(/(m=video[^]*?c=.*\r?\n)/, '$1b=AS:300\n');
    assert.equal((await post(place, room.id, says)).status, 422);
    assert.equal((await post(place, room.id, offer)).status, 201);
  },
);

scene('the offer of OBS is answered with all that OBS needs', [], async (place) => {
  const { id } = await place.room();
  const reply = await post(place, `${id}?name=OBS`, await readFile('tests/standard/obs.sdp', 'utf8'));
  assert.equal(reply.status, 201);
  // OBS puts a path that begins with / after the address that it asked.
  assert.match(reply.headers.get('location') ?? '', /^\/whip\/[^?]+$/);
  const answer = await reply.text();
  assert.match(answer, /^v=0\r\n/);
  const [, audio = '', video = ''] = answer.split(/^m=/m);
  assert.match(audio, /^audio [1-9]\d* UDP\/TLS\/RTP\/SAVPF 111\r\n/);
  assert.match(video, /^video [1-9]\d* UDP\/TLS\/RTP\/SAVPF 96\r\n[^]*a=rtpmap:96 H264\/90000\r\n/);
  for (const line of [audio, video]) assert.match(line, /a=recvonly\r\n/);
  assert.match(audio, /a=candidate:\S+ 1 udp \d+ [\d.]+ \d+ typ host\r\n/, 'it asks for nothing more');
  assert.match(answer, /a=setup:passive\r\n/);
});

/**
 * @param {Place} place
 * @param {string} path after `/whip/`
 * @param {string} body
 */
function post(place, path, body) {
  return fetch(`${place.base}/whip/${path}`, { method: 'POST', body, headers: { 'content-type': 'application/sdp' } });
}
