import assert from 'node:assert/strict';
import test from 'node:test';
import {
  cutToLength,
  generatedRoomName,
  hue,
  initials,
  isLink,
  nameToSay,
  roomMeant,
} from '../../client/js/core/names.js';
import { isolated, said, textOf } from '../../client/js/core/sentence.js';
import { RETURN_WITHIN, putReturn, takeReturn } from '../../client/js/core/storage.js';
import { delayBefore } from '../../client/js/proto/backoff.js';
import { explain } from '../../client/js/rtc/devices.js';
import { applyLayers } from '../../client/js/rtc/sender.js';
import { firstLines, moreVideo, videoSlotsFor } from '../../client/js/rtc/slot-plan.js';

/** @type {import('../../client/js/rtc/devices.js').Device[][]} */
const DEVICES = [['camera'], ['microphone'], ['camera', 'microphone']];
const LIMITS = { pairs: 5, audioOnly: 3, videoSteps: [5, 9, 16, 25] };

test('a lost socket is tried again at once, then ever more patiently, and never all clients together', () => {
  const least = [0, 1, 2, 3, 4, 5, 6, 50].map((attempt) => delayBefore(attempt, () => 0));
  assert.deepEqual(least, [0, 300, 1200, 2700, 4800, 7000, 7000, 7000]);
  assert.equal(
    delayBefore(1, () => 0.999),
    300,
  );
  assert.equal(
    delayBefore(2, () => 0.5),
    1700,
  );
  assert.equal(
    delayBefore(50, () => 0.5),
    7500,
  );
});

test('the first offer has the pairs, sound before picture, then the sound-only slots', () => {
  const lines = firstLines(LIMITS, 5).map(({ kind, slot }) => kind.charAt(0) + slot);
  assert.deepEqual(lines, 'a0 v0 a1 v1 a2 v2 a3 v3 a4 v4 a5 a6 a7'.split(' '));
});

test('a rebuilt connection has the video slots it had before', () => {
  const lines = firstLines(LIMITS, 9).map(({ kind, slot }) => kind.charAt(0) + slot);
  assert.deepEqual(lines.slice(-4), ['v5', 'v6', 'v7', 'v8']);
  assert.equal(new Set(lines).size, 17);
  assert.deepEqual(moreVideo(9, 9), []);
});

test('video slots grow in steps as people come and stay when they go', () => {
  assert.equal(videoSlotsFor(LIMITS, 0, 0), 5);
  assert.equal(videoSlotsFor(LIMITS, 5, 5), 5);
  assert.equal(videoSlotsFor(LIMITS, 5, 6), 9);
  assert.equal(videoSlotsFor(LIMITS, 9, 10), 16);
  assert.equal(videoSlotsFor(LIMITS, 16, 99), 25);
  assert.equal(videoSlotsFor(LIMITS, 16, 2), 16);
});

test('the server rules the bitrate and size of each layer, and layers it does not want stop', () => {
  const one = applyLayers([{ active: true, maxBitrate: 5 }], [{ maxBitrate: 900_000, scaleDown: 2 }], true);
  assert.deepEqual(one, [{ active: true, maxBitrate: 900_000, scaleResolutionDownBy: 2 }]);
  const two = applyLayers([{ rid: 'q' }, { rid: 'f' }], [{ rid: 'q', maxBitrate: 150_000, scaleDown: 4 }], true);
  assert.deepEqual(two, [
    { rid: 'q', active: true, maxBitrate: 150_000, scaleResolutionDownBy: 4 },
    { rid: 'f', active: false },
  ]);
  assert.deepEqual(applyLayers([{ active: true }], [], true), [{ active: false }]);
  const sound = applyLayers([{}], [{ maxBitrate: 32_000, scaleDown: 1 }], false);
  assert.deepEqual(sound, [{ active: true, maxBitrate: 32_000 }], 'sound is not scaled');
});

test('a name is said as it was typed, and who types none is a guest', () => {
  assert.equal(nameToSay('  Ann\u202e  Lee ', 'Guest'), 'Ann\u202e  Lee');
  assert.equal(nameToSay('   ', 'Guest'), 'Guest');
});

test('a name that was kept is cut to what one may type, and not within a character', () => {
  assert.equal(cutToLength('Ann', 64), 'Ann');
  assert.equal(cutToLength('n'.repeat(5000), 64), 'n'.repeat(64));
  assert.equal(cutToLength(`${'n'.repeat(63)}🙂🙂`, 64), 'n'.repeat(63));
  assert.equal(cutToLength('🙂'.repeat(40), 64), '🙂'.repeat(32));
});

test('only a name that is written from right to left is set apart in an attribute', () => {
  for (const plain of ['Ann', 'Zoë', '王小明', '🙂', 'Ann (2)']) assert.equal(isolated(plain), plain);
  for (const turned of ['محمد', 'נועה', 'ߒߞߏ', '𞤀𞤣𞤢𞤥', 'Bob محمد']) {
    assert.equal(isolated(turned), `\u2068${turned}\u2069`);
  }
});

test('a sentence knows which of it are names', () => {
  assert.deepEqual(said`${'Ann'} joined`, ['', 'Ann', ' joined']);
  assert.deepEqual(said`no name`, ['no name']);
  assert.equal(textOf(said`${'Ann'} and ${'Bob'}`), 'Ann and Bob');
});

test('the server is asked for the name as it was typed, or for what stands in the link', () => {
  assert.equal(roomMeant('  Встреча № 1! '), 'Встреча № 1!');
  assert.equal(roomMeant(' '), '');
  const link = 'https://meet.example.org/r/team-room-k3x9q2ab-abcdefghijk23?x#y';
  assert.equal(roomMeant(link), 'team-room-k3x9q2ab-abcdefghijk23', 'whoever was sent a link pastes it');
  assert.equal(roomMeant(`Join: <${link.toUpperCase()}>`), 'TEAM-ROOM-K3X9Q2AB-ABCDEFGHIJK23');
  assert.equal(roomMeant('<https://meet.example.org/r/tea>.'), 'tea>.', 'the server knows what is no part of it');
  assert.equal(roomMeant('https://meet.example.org/r/%D0%B4%D0%BE%D0%BC/'), 'дом');
  assert.equal(roomMeant('https://meet.example.org/r/100%'), '100%');
  assert.deepEqual([link, `Join: <${link}>`, 'Team Room', 'r/tea', 'https://example.org/'].map(isLink), [
    true,
    true,
    false,
    false,
    false,
  ]);
  for (const luck of [0, 0.5, 0.9999]) {
    const name = generatedRoomName(() => luck, 'calm sunny', 'bay river');
    assert.match(name, /^(calm|sunny)-(bay|river)-[1-9]\d\d$/);
  }
});

test('an avatar shows the letters and the colour of its person', () => {
  assert.deepEqual(['Ann Lee', 'ann', 'José María de la Cruz', '李雷', '  ', '🙂'].map(initials), [
    'AL',
    'A',
    'JC',
    '李',
    '?',
    '🙂',
  ]);
  assert.equal(hue('Ann'), hue('Ann'));
  assert.ok(new Set(['Ann', 'Bob', 'Eve', 'Kim'].map(hue)).size >= 3);
});

/** @returns {import('../../client/js/core/storage.js').Store} */
function memory() {
  /** @type {Map<string, string>} */
  const map = new Map();
  return {
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
  };
}

const NOON = Date.UTC(2026, 0, 1, 12);
const BACK = { token: 't', name: 'Ann', offer: 3, camera: true, microphone: false, at: NOON };

test('the way back is there once, for its room only, so that a duplicated tab is somebody else', () => {
  const store = memory();
  putReturn(store, 'demo', BACK);
  assert.equal(takeReturn(store, 'other', NOON), null);
  assert.deepEqual(takeReturn(store, 'demo', NOON + 100), BACK);
  assert.equal(takeReturn(store, 'demo', NOON + 200), null);
});

test('a tab that is restored long after it was closed asks before it goes on air', () => {
  const store = memory();
  for (const later of [RETURN_WITHIN + 1, -RETURN_WITHIN - 1]) {
    putReturn(store, 'demo', BACK);
    assert.equal(takeReturn(store, 'demo', NOON + later), null);
  }
  putReturn(store, 'demo', BACK);
  assert.deepEqual(takeReturn(store, 'demo', NOON + RETURN_WITHIN), BACK);
});

test('a way back that somebody damaged is forgotten', () => {
  const store = memory();
  for (const text of ['{', 'null', '7', '{"token":5}']) {
    store.setItem('plenary.return.demo', text);
    assert.equal(takeReturn(store, 'demo', NOON), null);
    assert.equal(store.getItem('plenary.return.demo'), null);
  }
});

test('whoever has no device is told why and what to do', () => {
  for (const name of ['NotAllowedError', 'NotFoundError', 'NotReadableError', 'InsecureContext', 'Ended', 'Odd']) {
    for (const devices of DEVICES) {
      const { title, advice } = explain(devices, name);
      for (const device of devices) assert.match(title, new RegExp(device));
      assert.ok(advice.length > 10);
    }
  }
});
