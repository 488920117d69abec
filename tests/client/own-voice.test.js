import assert from 'node:assert/strict';
import test from 'node:test';
import { VoiceJudge } from '../../client/js/rtc/own-voice.js';

/**
 * @param {VoiceJudge} judge
 * @param {number[]} levels
 * @param {number} [from] In milliseconds.
 */
const said = (judge, levels, from = 0) => levels.map((level, index) => judge.hears(level, from + 150 * index));

test('whoever speaks on while muted is told so, once', () => {
  assert.deepEqual(said(new VoiceJudge(), [0.1, 0.1, 0.1, 0.1, 0.1, 0.1]), [false, false, false, true, false, false]);
});

test('a quiet room, a cough and a key are no speech', () => {
  assert.ok(!said(new VoiceJudge(), Array(20).fill(0.004)).includes(true));
  assert.ok(!said(new VoiceJudge(), [0.5, 0.5, 0.001, 0.5, 0.5, 0.5, 0.001]).includes(true));
});

test('it is said again only after a while', () => {
  const judge = new VoiceJudge();
  const loud = Array(10).fill(0.1);
  assert.ok(said(judge, loud).includes(true));
  assert.ok(!said(judge, loud, 10_000).includes(true));
  assert.ok(said(judge, loud, 60_000).includes(true));
});
