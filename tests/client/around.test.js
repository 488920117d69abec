/** A room in a frame: which messages of the page around it are obeyed, and to whom the page speaks. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { addressees, message, originsOf, peopleOf, readWish } from '../../client/js/core/around.js';

test('a wish prepares and turns off', () => {
  assert.deepEqual(readWish({ type: 'plenary:join', name: 'Ann' }), { type: 'join', name: 'Ann', off: [] });
  assert.deepEqual(readWish({ type: 'plenary:join', microphone: false, camera: true }), {
    type: 'join',
    name: null,
    off: ['microphone'],
  });
  assert.deepEqual(readWish({ type: 'plenary:mute', device: 'camera' }), { type: 'mute', device: 'camera' });
  assert.deepEqual(readWish({ type: 'plenary:mute', device: 'camera', muted: true }), {
    type: 'mute',
    device: 'camera',
  });
  assert.deepEqual(readWish({ type: 'plenary:leave' }), { type: 'leave' });
});

test('nothing is turned on by a message', () => {
  for (const device of ['camera', 'microphone']) {
    const wish = /** @type {any} */ (readWish({ type: 'plenary:mute', device, muted: false }));
    assert.deepEqual([wish.type, wish.code], ['wrong', 'needs-click']);
    assert.deepEqual(/** @type {any} */ (readWish({ type: 'plenary:join', [device]: true })).off, []);
  }
});

test('what is wrong is said, and what is for others passed over', () => {
  for (const wrong of [
    { type: 'plenary:join', name: 7 },
    { type: 'plenary:join', name: 'x'.repeat(65) },
    { type: 'plenary:join', camera: 'no' },
    { type: 'plenary:mute' },
    { type: 'plenary:mute', device: 'screen' },
    { type: 'plenary:mute', device: 'camera', muted: 1 },
    { type: 'plenary:unmute', device: 'camera' },
    { type: 'plenary:' },
  ]) {
    const wish = /** @type {any} */ (readWish(wrong));
    assert.deepEqual([wish?.type, wish?.code], ['wrong', 'bad-message'], JSON.stringify(wrong));
  }
  for (const foreign of [null, undefined, 7, 'plenary:leave', [], {}, { type: 7 }, { type: 'leave' }]) {
    assert.equal(readWish(foreign), null, JSON.stringify(foreign));
  }
});

test('origins are as browsers write them, and nothing else is one', () => {
  const origins = ['https://Blog.example.org:443', 'http://127.0.0.1:8080', 'https://blog.example.org', '*', 'null', 7];
  assert.deepEqual(originsOf({ origins }), ['https://blog.example.org', 'http://127.0.0.1:8080']);
  for (const nothing of [null, {}, { origins: 'https://a.example' }, []]) assert.deepEqual(originsOf(nothing), []);
});

test('who is around is spoken to if it is named, and each named one where that is not known', () => {
  const named = ['https://a.example', 'https://b.example'];
  assert.deepEqual(addressees(named, 'https://b.example'), ['https://b.example']);
  assert.deepEqual(addressees(named, 'https://c.example'), []);
  assert.deepEqual(addressees(named, undefined), named);
});

test('of people their names are told, and who is oneself', () => {
  const peers = /** @type {any[]} */ ([
    { id: '1', name: 'Ann', role: 'owner' },
    { id: '2', name: 'Bob' },
  ]);
  assert.deepEqual(peopleOf({ self: '2', peers }), [
    { id: '1', name: 'Ann', self: false },
    { id: '2', name: 'Bob', self: true },
  ]);
  assert.deepEqual(message('left', { why: 'left' }), { type: 'plenary:left', why: 'left' });
});
