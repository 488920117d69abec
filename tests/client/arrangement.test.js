import assert from 'node:assert/strict';
import test from 'node:test';
import { arrange } from '../../client/js/ui/arrangement.js';

/** @import { Layout } from '../../client/js/ui/arrangement.js' */

const ann = { key: 'ann/camera', stream: /** @type {const} */ ('camera') };
const bob = { key: 'bob/camera', stream: /** @type {const} */ ('camera') };
const cid = { key: 'cid/camera', stream: /** @type {const} */ ('camera') };
const slides = { key: 'bob/screen', stream: /** @type {const} */ ('screen') };

/**
 * @param {Layout} layout
 * @param {{ tiles?: { key: string, stream: 'camera' | 'screen' }[], pinned?: string[], speaker?: string }} [table]
 */
function large(layout, { tiles = [slides, ann, bob, cid], pinned = [], speaker = '' } = {}) {
  const found = arrange({ tiles, pinned: new Set(pinned), layout, speaker });
  assert.deepEqual([...found.large, ...found.others].sort(), tiles.map(({ key }) => key).sort(), 'nobody is lost');
  assert.equal(found.strip, layout !== 'spotlight');
  return found.large;
}

test('screens and what is held on to are large, several at once, in an order that stays', () => {
  assert.deepEqual(large('auto'), ['bob/screen']);
  assert.deepEqual(large('auto', { pinned: ['cid/camera', 'ann/camera'] }), ['bob/screen', 'ann/camera', 'cid/camera']);
  assert.deepEqual(large('auto', { tiles: [ann, bob], speaker: 'bob/camera' }), []);
});

test('where all are alike only what is held on to is large', () => {
  assert.deepEqual(large('grid'), []);
  assert.deepEqual(large('grid', { pinned: ['ann/camera'] }), ['ann/camera']);
});

for (const layout of /** @type {const} */ (['spotlight', 'sidebar'])) {
  test(`large in ${layout}: what is held on to, or else screens, or else who spoke last`, () => {
    assert.deepEqual(large(layout, { pinned: ['ann/camera'], speaker: 'cid/camera' }), ['ann/camera']);
    assert.deepEqual(large(layout, { speaker: 'cid/camera' }), ['bob/screen']);
    assert.deepEqual(large(layout, { tiles: [ann, bob, cid], speaker: 'cid/camera' }), ['cid/camera']);
    assert.deepEqual(large(layout, { tiles: [ann, bob, cid] }), ['ann/camera']);
    assert.deepEqual(large(layout, { tiles: [] }), []);
  });
}
