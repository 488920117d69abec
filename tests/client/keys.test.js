/** Keys that a person chooses: none does what it should not, and nobody's choice is lost. */

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { KeyTable, keysOf } from '../../client/js/ui/key-table.js';

/** @type {Map<string, string>} */
const kept = new Map();
Object.defineProperty(globalThis, 'localStorage', {
  configurable: true,
  value: {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => kept.set(key, value),
  },
});
beforeEach(() => kept.clear());

/** @param {string} key @param {string} code @param {object} [held] */
const pressed = (key, code, held = {}) =>
  keysOf({ key, code, ctrlKey: false, altKey: false, metaKey: false, shiftKey: false, ...held });

test('keys are known by the letter that is written, or by their place where others are written', () => {
  assert.equal(pressed('d', 'KeyD', { ctrlKey: true }), 'Ctrl+D');
  assert.equal(pressed('в', 'KeyD', { ctrlKey: true }), 'Ctrl+D');
  assert.equal(pressed('z', 'KeyY', { altKey: true, ctrlKey: true }), 'Ctrl+Alt+Z', 'a German keyboard');
  assert.equal(pressed('∂', 'KeyD', { altKey: true, metaKey: true }), 'Meta+Alt+D', 'Alt on a Mac');
  assert.equal(pressed(' ', 'Space'), 'Space');
  for (const key of ['Tab', 'Escape', 'Enter', 'ArrowLeft', 'F5', 'Control']) assert.equal(pressed(key, key), '');
});

test('no letter alone does anything before somebody wants that, and none after they want it no more', () => {
  const keys = new KeyTable(false);
  for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') assert.equal(keys.meant(letter), null);
  assert.equal(keys.refuses('microphone', 'M'), 'single');
  assert.equal(keys.refuses('microphone', 'Shift+M'), 'single');
  keys.single = true;
  assert.equal(keys.refuses('microphone', 'M'), null);
  keys.bind('microphone', 'M');
  keys.bind('chat', 'Ctrl+D');
  assert.equal(keys.meant('M'), 'microphone');
  keys.single = false;
  assert.equal(keys.meant('M'), null);
  assert.equal(keys.of('microphone'), '', 'its first keys are another’s by now');
  assert.equal(keys.meant('Ctrl+D'), 'chat');
});

test('what the browser or a screen reader needs is refused, and what is there at first is not', () => {
  for (const mac of [false, true]) {
    const keys = new KeyTable(mac);
    for (const action of /** @type {const} */ ([
      'microphone',
      'camera',
      'hand',
      'deafen',
      'chat',
      'people',
      'share',
      'talk',
    ])) {
      assert.equal(keys.refuses(action, keys.of(action)), null, `${action}: ${keys.of(action)}`);
    }
    const command = mac ? 'Meta' : 'Ctrl';
    for (const letter of 'WTNRLCVXAZPFQ') assert.equal(keys.refuses('chat', `${command}+${letter}`), 'browser');
    assert.equal(keys.refuses('chat', `${command}+Shift+T`), 'browser');
    assert.equal(keys.refuses('chat', 'Alt+D'), 'browser');
    assert.equal(keys.refuses('chat', 'Space'), 'other');
    assert.equal(keys.refuses('talk', 'Ctrl+D'), 'held');
  }
  assert.equal(new KeyTable(true).refuses('chat', 'Ctrl+Alt+C'), 'reader', 'VoiceOver');
});

test('keys belong to one action, and are kept until the next visit', () => {
  const keys = new KeyTable(false);
  let changes = 0;
  keys.on('change', () => changes++);
  assert.equal(keys.bind('camera', 'Ctrl+D'), 'microphone');
  assert.deepEqual([keys.of('microphone'), keys.meant('Ctrl+D')], ['', 'camera']);
  keys.push = true;
  keys.active = false;
  assert.equal(keys.meant('Ctrl+D'), null, 'all are off');
  assert.equal(keys.talks, true, 'but who pushes to talk can');
  keys.push = false;
  assert.equal(keys.talks, false);
  assert.equal(changes, 4);
  const later = new KeyTable(false);
  assert.deepEqual([later.active, later.of('camera'), later.of('microphone')], [false, 'Ctrl+D', '']);
  later.reset();
  assert.equal(later.of('camera'), 'Ctrl+E');
});

test('what is no choice is none', () => {
  for (const text of [
    '',
    'null',
    '[',
    '{"chosen":{"chat":"Ctrl+W","hand":7,"talk":"Ctrl+A"}}',
    '{"chosen":{"chat":"M"}}',
  ]) {
    kept.set('plenary.keys', text);
    const keys = new KeyTable(false);
    assert.deepEqual(
      [keys.active, keys.of('chat'), keys.of('hand'), keys.of('talk')],
      [true, 'Ctrl+Alt+C', 'Ctrl+Alt+H', 'Space'],
      text,
    );
  }
});

test('keys that were kept are of one action, the one they were chosen for', () => {
  kept.set('plenary.keys', JSON.stringify({ chosen: { people: 'Ctrl+E', leave: 'Ctrl+Y', share: 'Ctrl+Y' } }));
  const keys = new KeyTable(false);
  assert.deepEqual([keys.of('camera'), keys.meant('Ctrl+E')], ['', 'people'], 'not the first keys of another');
  assert.deepEqual([keys.of('share'), keys.of('leave')], ['Ctrl+Y', ''], 'two that were chosen');
});
