/** A shared screen is sharp or smooth, as who shares it says, also while it is shared. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ScreenShare } from '../../client/js/rtc/screen-share.js';

test('what is chosen for a screen is told its track, before it is shared and while it is', async () => {
  /** @type {number[]} */
  const frames = [];
  const track = {
    contentHint: '',
    readyState: 'live',
    applyConstraints: async (/** @type {{ frameRate: { max: number } }} */ { frameRate }) => {
      frames.push(frameRate.max);
    },
  };
  const stream = { getVideoTracks: () => [track], getAudioTracks: () => [] };
  Object.defineProperty(globalThis, 'navigator', {
    configurable: true,
    value: { mediaDevices: { getDisplayMedia: async () => stream } },
  });
  const share = new ScreenShare('text');
  await share.start();
  assert.deepEqual([track.contentHint, frames], ['text', [15]]);
  share.hint = 'motion';
  assert.deepEqual([track.contentHint, frames], ['motion', [15, 30]]);
});
