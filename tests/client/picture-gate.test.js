import assert from 'node:assert/strict';
import test from 'node:test';
import { PictureGate } from '../../client/js/ui/picture-gate.js';

const SLOT = /** @type {MediaStream} */ ({});

/** A video element that presents the frames it is told to, and the gate before it. */
function screen() {
  /** @type {((now: number, frame: { rtpTimestamp?: number }) => void) | null} */
  let waiting = null;
  const video = {
    srcObject: null,
    play: async () => {},
    /** @param {NonNullable<typeof waiting>} callback */
    requestVideoFrameCallback: (callback) => {
      waiting = callback;
      return 1;
    },
    cancelVideoFrameCallback: () => {
      waiting = null;
    },
  };
  let shown = false;
  const gate = new PictureGate(/** @type {any} */ (video), (now) => (shown = now));
  return {
    gate,
    shown: () => shown,
    /**
     * @param {number | undefined} rtpTimestamp
     * @param {number} [later] Milliseconds from now.
     */
    frame: (rtpTimestamp, later = 0) => {
      const callback = waiting;
      waiting = null;
      callback?.(performance.now() + later, rtpTimestamp === undefined ? {} : { rtpTimestamp });
    },
  };
}

test("the previous owner's frames are never shown under the new owner's name", () => {
  const { gate, shown, frame } = screen();
  gate.set(SLOT, '0', 1000);
  frame(900);
  frame(999);
  assert.equal(shown(), false);
  frame(1000);
  assert.equal(shown(), true);
  gate.set(SLOT, '0', 5000);
  assert.equal(shown(), false, 'hidden at once when the owner changes');
  frame(4000);
  assert.equal(shown(), false);
});

test('a screen that stands still is shown although its frame came before the word of it', () => {
  const { gate, shown, frame } = screen();
  gate.set(SLOT, '0', null);
  frame(1000);
  assert.equal(shown(), false);
  gate.set(SLOT, '0', 1000);
  assert.equal(shown(), true);
});

test('a frame that was there before the camera was turned off is not shown when it is turned on', () => {
  const { gate, shown, frame } = screen();
  gate.set(SLOT, '0', 1000);
  frame(1000);
  gate.set(SLOT, '0', null);
  assert.equal(shown(), false);
  gate.set(SLOT, '0', 9000);
  assert.equal(shown(), false);
});

test('a browser that counts frames in no way we know does not hide a picture for ever', () => {
  const without = screen();
  without.gate.set(SLOT, '0', 1000);
  without.frame(undefined);
  assert.equal(without.shown(), true);
  const odd = screen();
  odd.gate.set(SLOT, '0', 1000);
  odd.frame(7, 100);
  assert.equal(odd.shown(), false);
  odd.frame(7, 5000);
  assert.equal(odd.shown(), true);
});
