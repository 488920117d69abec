import assert from 'node:assert/strict';
import test from 'node:test';
import { countsOf, receptionOf } from '../../client/js/rtc/reception.js';
import { lineOf, SPAN } from '../../client/js/ui/plot.js';
import { rateWords } from '../../client/js/core/rates.js';

/**
 * @param {number} at
 * @param {{ bytes?: number, packets?: number, lost?: number, frames?: Record<string, number> }} counted
 */
const counts = (at, { bytes = 0, packets = 0, lost = 0, frames = {} }) =>
  countsOf(at, [
    { type: 'candidate-pair', bytesReceived: bytes, nominated: true, currentRoundTripTime: 0.04 },
    { type: 'candidate-pair', bytesReceived: 0, nominated: false, currentRoundTripTime: 3 },
    { type: 'inbound-rtp', kind: 'audio', mid: '0', packetsReceived: packets, packetsLost: lost },
    ...Object.entries(frames).map(([mid, framesDecoded]) => ({
      type: 'inbound-rtp',
      kind: 'video',
      mid,
      framesDecoded,
    })),
  ]);

test('what came between two looks is a rate, what did not come a loss, what stood still is frozen', () => {
  const before = counts(1000, { bytes: 5000, packets: 100, lost: 2, frames: { 1: 10, 2: 20, 3: 30 } });
  const now = counts(3000, { bytes: 30_000, packets: 145, lost: 7, frames: { 1: 40, 2: 20, 3: 30 } });
  assert.deepEqual(receptionOf(before, now, ['1', '2']), { rate: 100_000, loss: 0.1, roundTrip: 40, frozen: 0.5 });
  assert.equal(receptionOf(before, now, [])?.frozen, 0, 'nobody has a picture: nothing stands still');
  assert.equal(receptionOf(before, now, ['1', '9'])?.frozen, 0, 'a line that has only begun does not, either');
});

test('what was sent again and came after all was not lost', () => {
  const of = (/** @type {number} */ lost) =>
    receptionOf(counts(0, { packets: 0, lost: 5 }), counts(1000, { packets: 10, lost }), [])?.loss;
  assert.equal(of(3), 0);
  assert.equal(of(5), 0);
});

test('counts of another connection say nothing', () => {
  const before = counts(1000, { bytes: 5000, packets: 100 });
  assert.equal(receptionOf(before, counts(2000, { bytes: 10, packets: 1 }), []), null);
  assert.equal(receptionOf(before, before, []), null, 'nor those of one moment');
});

test('a line ends at the right edge, has a gap where nothing is known, and stays within its place', () => {
  assert.equal(lineOf([], 1), '');
  assert.equal(lineOf([0, 1], 1).split(/[ML]/).at(-1), '240.0 1.0');
  assert.equal(lineOf([1, null, 1], 1).match(/M/g)?.length, 2);
  const full = lineOf(new Array(SPAN).fill(5), 1);
  assert.ok(full.startsWith('M0.0 1.0'));
});

test('a rate is said in the unit people know it by', () => {
  assert.deepEqual([0, 64_400, 612_000, 1_250_000, 12_000_000].map(rateWords), [
    '0 kbit/s',
    '64 kbit/s',
    '0.6 Mbit/s',
    '1.3 Mbit/s',
    '12.0 Mbit/s',
  ]);
});
