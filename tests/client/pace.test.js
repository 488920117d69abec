import assert from 'node:assert/strict';
import test from 'node:test';

import { FRAME } from '../../client/js/rtc/files/frames.js';
import { CEILING, FLOOR, Pace, START } from '../../client/js/rtc/files/pace.js';
import { readingOf } from '../../client/js/rtc/files/pacer.js';

/** Milliseconds of a step. */
const STEP = 10;

/**
 * A line that carries so much and answers after so long, over which files go as fast as the pace has it.
 * @param {{ bytes: (now: number) => number, seconds: number, every?: number, piece?: number }} line `bytes` a second; how often an answer
 *   comes, in milliseconds
 */
function simulated({ bytes, seconds, every = 250, piece = 4096 }) {
  const pace = new Pace({ now: 0 });
  const delays = [];
  let [queue, carried, media, trip, answers] = [0, 0, 0, 40, 0];
  // Before anything is sent the browser knows the way.
  pace.sample(0, { trips: [{ source: 'pair', milliseconds: trip, answers }], available: null, media });
  for (let now = STEP; now <= seconds * 1000; now += STEP) {
    while (pace.room(now, 0) > 0) {
      queue += piece;
      pace.gave(piece);
    }
    const went = Math.min(queue, (bytes(now) * STEP) / 1000);
    queue -= went;
    carried += went;
    media += 10 * STEP;
    const delay = (1000 * queue) / bytes(now);
    delays.push(delay);
    if (now % every === 0) {
      trip = 40 + delay;
      answers += 1;
    }
    if (now % 250 === 0) {
      pace.sample(now, { trips: [{ source: 'pair', milliseconds: trip, answers }], available: null, media });
    }
  }
  return { pace, carried, delays };
}

test('a line of 1 Mbit/s is used, and nobody on it waits long', () => {
  for (const piece of [1024, 4096]) {
    const { carried, delays } = simulated({ bytes: () => 125_000, seconds: 40, piece });
    const most = Math.max(...delays.slice(3000 / STEP));
    assert.ok(most < 200, `${most} ms`);
    assert.ok(carried >= 0.6 * 40 * 125_000, `${carried} bytes`);
  }
});

test('other lines are used as well, from a slow one to one that holds nothing back', () => {
  for (const bytes of [40_000, 500_000, 2_500_000]) {
    const { carried, delays } = simulated({ bytes: () => bytes, seconds: 60 });
    const late = delays.slice(10_000 / STEP);
    assert.ok(Math.max(...late) < 400, `${bytes}: ${Math.max(...late)} ms`);
    assert.ok(carried >= 0.5 * 60 * bytes, `${bytes}: ${carried}`);
  }
  const { pace } = simulated({ bytes: () => 1e9, seconds: 30 });
  assert.equal(pace.rate, CEILING);
});

test('a line that becomes narrower is left alone soon, and used again once it is wide', () => {
  const { delays, carried } = simulated({
    bytes: (now) => (now > 20_000 && now < 40_000 ? 60_000 : 400_000),
    seconds: 60,
  });
  const late = delays.slice(25_000 / STEP, 40_000 / STEP);
  assert.ok(Math.max(...late) < 400, `${Math.max(...late)} ms`);
  assert.ok(carried > 0.5 * (40 * 400_000 + 20 * 60_000), `${carried}`);
});

test('one answer is one answer, however often it is read', () => {
  const pace = new Pace({ now: 0 });
  const sample = (/** @type {number} */ now, /** @type {number} */ milliseconds, /** @type {number} */ answers) =>
    pace.sample(now, { trips: [{ source: 'pair', milliseconds, answers }], available: null, media: now });
  sample(0, 20, 1);
  for (let now = 250; now <= 2500; now += 250) sample(now, 20, 1);
  assert.ok(Math.abs(pace.rate / START - 1.1 ** 4) < 1e-9, `${pace.rate}`);
  const before = pace.rate;
  for (let now = 2750; now <= 5000; now += 250) sample(now, 400, 2);
  assert.ok(Math.abs(pace.rate / before - 0.6) < 1e-9, `${pace.rate}`);
  for (let round = 0; round < 50; round += 1) sample(5000 + 250 * round, 400, 3 + round);
  assert.equal(pace.rate, FLOOR);
});

test('who stopped measuring does not hold anything back', () => {
  const pace = new Pace({ now: 0 });
  for (let now = 0; now < 20_000; now += 250) {
    const trips = [{ source: 'pair', milliseconds: 20, answers: now }];
    // A voice that was muted: its last answers were slow.
    if (now > 250) trips.push({ source: 'voice', milliseconds: now < 1000 ? 20 : 90, answers: Math.min(now, 1000) });
    pace.sample(now, { trips, available: null, media: now });
  }
  assert.ok(pace.rate > 4 * START, `${pace.rate}`);
});

test('once a browser finds the line full, files have a share of what media leaves', () => {
  const pace = new Pace({ now: 0 });
  const sample = (/** @type {number} */ now, /** @type {number} */ available) =>
    pace.sample(now, { trips: [{ source: 'pair', milliseconds: 9, answers: now }], available, media: now * 100 });
  for (let now = 0; now < 10_000; now += 250) sample(now, 2_000_000);
  assert.ok(pace.rate > 1_000_000, 'what it says without a queue is what media wants');
  sample(10_000, 1_200_000);
  assert.ok(Math.abs(pace.rate - 0.85 * (150_000 - 100_000)) < 1e-6, `${pace.rate}`);
  sample(10_250, 500_000);
  assert.equal(pace.rate, FLOOR);
});

test('where nothing is said and shown, nothing has to be left; where that begins, files begin anew', () => {
  const pace = new Pace({ now: 0 });
  const sample = (/** @type {number} */ now, /** @type {number} */ media) =>
    pace.sample(now, { trips: [], available: null, media });
  for (let now = 0; now <= 2500; now += 250) sample(now, 7);
  assert.equal(pace.rate, CEILING);
  sample(2750, 8);
  assert.equal(pace.rate, START);
});

test('what the connection has not sent yet counts, and one frame may always go', () => {
  const pace = new Pace({ now: 0 });
  assert.ok(pace.room(0, 0) > 0);
  assert.equal(pace.room(0, START), 0);
  pace.gave(FRAME);
  assert.equal(pace.room(0, 0), 0);
  assert.ok(pace.room(100_000, 0) <= START / 4, 'a pause is not made up for');
  assert.ok(new Pace({ now: 0, free: true }).rate === CEILING);
});

test('what browsers count of a connection is read as far as it is there', () => {
  const chromium = [
    { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
    { id: 'O', type: 'candidate-pair', currentRoundTripTime: 9, nominated: true },
    {
      id: 'P',
      type: 'candidate-pair',
      currentRoundTripTime: 0.02,
      responsesReceived: 4,
      availableOutgoingBitrate: 3e6,
    },
    { id: 'V', type: 'outbound-rtp', bytesSent: 100, headerBytesSent: 20 },
    { id: 'R', type: 'remote-inbound-rtp', roundTripTime: 0.03, roundTripTimeMeasurements: 2 },
    { id: 'S', type: 'remote-inbound-rtp', roundTripTimeMeasurements: 0 },
  ];
  const report = (/** @type {any[]} */ all) => new Map(all.map((one) => [one.id, one]));
  assert.deepEqual(readingOf(report(chromium)), {
    trips: [
      { source: 'P', milliseconds: 20, answers: 4 },
      { source: 'R', milliseconds: 30, answers: 2 },
    ],
    available: 3e6,
    media: 120,
  });
  const firefox = [
    { id: 'O', type: 'candidate-pair', currentRoundTripTime: 9, selected: false },
    { id: 'P', type: 'candidate-pair', currentRoundTripTime: 0.5, selected: true },
  ];
  assert.deepEqual(readingOf(report(firefox)), {
    trips: [{ source: 'P', milliseconds: 500, answers: null }],
    available: null,
    media: 0,
  });
  assert.deepEqual(readingOf(new Map()), { trips: [], available: null, media: 0 });
});
