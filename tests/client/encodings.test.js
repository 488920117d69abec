import assert from 'node:assert/strict';
import test from 'node:test';
import { BEST, cameraLayers, offeredLayers, screenLayers } from '../../client/js/rtc/encodings.js';

/** @import { Quality, Size } from '../../client/js/rtc/encodings.js' */

const ASKED = [
  { rid: 'q', maxBitrate: 150_000, scaleDown: 4, maxFramerate: 15 },
  { rid: 'h', maxBitrate: 450_000, scaleDown: 2, maxFramerate: 30 },
  { rid: 'f', maxBitrate: 1_600_000, scaleDown: 1, maxFramerate: 30 },
];

/**
 * Each layer as its lines and its rate.
 * @param {Size} capture
 * @param {Partial<Quality>} [quality]
 * @param {typeof ASKED} [asked]
 */
function sent(capture, quality = {}, asked = ASKED) {
  const lines = Math.min(capture.width, capture.height);
  return cameraLayers(asked, capture, { ...BEST, ...quality }).map(
    ({ rid, scaleDown, maxBitrate }) => `${rid} ${lines / scaleDown} ${maxBitrate}`,
  );
}

test('a camera of 720 lines sends what is asked for, on its side too', () => {
  const all = ['q 180 150000', 'h 360 450000', 'f 720 1600000'];
  assert.deepEqual(sent({ width: 1280, height: 720 }), all);
  assert.deepEqual(sent({ width: 720, height: 1280 }), all, 'a phone held upright');
});

test('a smaller capture has fewer layers, each named by how large it is, for fewer bits', () => {
  assert.deepEqual(sent({ width: 960, height: 540 }), ['q 135 84375', 'h 270 253125', 'f 540 900000']);
  assert.deepEqual(sent({ width: 640, height: 480 }), ['q 240 150000', 'h 480 450000']);
  assert.deepEqual(sent({ width: 640, height: 360 }), ['q 180 150000', 'h 360 450000']);
  assert.deepEqual(sent({ width: 320, height: 180 }), ['q 180 150000']);
  assert.deepEqual(sent({ width: 160, height: 120 }), ['q 120 80000'], 'less than this shows nothing');
});

test('a larger capture than is asked for does not cost more', () => {
  for (const layer of cameraLayers(ASKED, { width: 1920, height: 1080 }, BEST)) {
    assert.equal(layer.maxBitrate, ASKED.find(({ rid }) => rid === layer.rid)?.maxBitrate);
  }
});

test('the largest picture is the one the person allows', () => {
  const camera = { width: 1280, height: 720 };
  assert.deepEqual(sent(camera, { most: 360 }), ['q 180 150000', 'h 360 450000']);
  assert.deepEqual(sent(camera, { most: 180 }), ['q 180 150000']);
  assert.deepEqual(sent(camera, { most: 720, saver: true }), ['q 180 150000'], 'data are dear');
});

test('where the server asks for large pictures only they are sent smaller, and never none at all', () => {
  const camera = { width: 1280, height: 720 };
  assert.deepEqual(sent(camera, { most: 180 }, ASKED.slice(1)), ['h 180 112500']);
  assert.deepEqual(sent({ width: 320, height: 180 }, {}, ASKED.slice(2)), ['f 180 100000']);
  assert.deepEqual(sent(camera, {}, []), [], 'none is wanted');
});

test('every capture, whatever the person allows, sends something no larger than that and no dearer than asked', () => {
  for (let lines = 16; lines <= 2160; lines += 8) {
    for (const most of /** @type {const} */ ([720, 360, 180])) {
      for (let from = 0; from < ASKED.length; from += 1) {
        const layers = cameraLayers(ASKED.slice(from), { width: lines * 2, height: lines }, { most, saver: false });
        assert.ok(layers.length > 0);
        for (const { rid, scaleDown, maxBitrate } of layers) {
          assert.ok(scaleDown >= 1 && (most === 720 || lines / scaleDown <= most), `${rid} of ${lines} for ${most}`);
          assert.ok(maxBitrate <= (ASKED.find((layer) => layer.rid === rid)?.maxBitrate ?? 0));
        }
      }
    }
  }
});

test('a screen keeps its size while data are dear, with few frames', () => {
  const screen = [
    { rid: 'h', maxBitrate: 500_000, scaleDown: 2 },
    { rid: 'f', maxBitrate: 2_500_000, scaleDown: 1 },
  ];
  assert.deepEqual(screenLayers(screen, BEST), screen);
  assert.deepEqual(screenLayers(screen, { most: 180, saver: false }), screen, 'that is about cameras');
  assert.deepEqual(screenLayers(screen, { most: 720, saver: true }), [
    { rid: 'f', maxBitrate: 500_000, scaleDown: 1, maxFramerate: 5 },
  ]);
});

test('a screen is offered in two sizes, and in one without a name by a browser that knows no content hints', () => {
  const screen = [
    { rid: 'h', maxBitrate: 600_000, scaleDown: 2 },
    { rid: 'f', maxBitrate: 2_500_000, scaleDown: 1 },
  ];
  assert.deepEqual(offeredLayers(screen, 'screen', true), screen);
  assert.deepEqual(offeredLayers(screen, 'screen', false), [{ maxBitrate: 2_500_000, scaleDown: 1 }]);
  assert.deepEqual(offeredLayers(screen, 'camera', false), screen);
});
