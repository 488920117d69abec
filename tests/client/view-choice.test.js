import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { ViewChoice } from '../../client/js/ui/view-choice.js';

/** @type {Map<string, string>} */
const kept = new Map();

beforeEach(() => {
  kept.clear();
  Object.defineProperty(globalThis, 'localStorage', {
    configurable: true,
    value: {
      getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
      setItem: (/** @type {string} */ key, /** @type {string} */ value) => kept.set(key, value),
    },
  });
});

test('how a person wants the stage is remembered on this device', () => {
  const choice = new ViewChoice();
  assert.deepEqual([choice.layout, choice.self, choice.corner], ['auto', 'corner', 'bottom-end']);
  let changes = 0;
  choice.on('change', () => (changes += 1));
  choice.chooseLayout('sidebar');
  choice.chooseSelf('hidden');
  choice.nextCorner();
  assert.equal(changes, 3);
  const again = new ViewChoice();
  assert.deepEqual([again.layout, again.self, again.corner], ['sidebar', 'hidden', 'bottom-start']);
});

test('one’s own picture goes round the corners and comes back', () => {
  const choice = new ViewChoice();
  const seen = Array.from({ length: 4 }, () => {
    choice.nextCorner();
    return choice.corner;
  });
  assert.deepEqual(seen, ['bottom-start', 'top-start', 'top-end', 'bottom-end']);
});

test('what another version has remembered is no reason to show nothing', () => {
  kept.set('plenary.layout', 'mosaic');
  kept.set('plenary.self', 'upside-down');
  kept.set('plenary.corner', 'middle');
  const choice = new ViewChoice();
  assert.deepEqual([choice.layout, choice.self, choice.corner], ['auto', 'corner', 'bottom-end']);
});
