import assert from 'node:assert/strict';
import test from 'node:test';
import { AWAITED, Beside } from '../../client/js/call/beside.js';

const ann = { peer: 'a', name: 'Ann' };

test('what comes directly is shown unless the server tells the same in time', () => {
  const beside = new Beside();
  assert.ok(beside.heard(ann, { ref: '1', text: 'one' }, 1000));
  assert.ok(beside.heard(ann, { ref: '2', text: 'two' }, 1000));
  assert.deepEqual(beside.shown(1000 + AWAITED - 1), []);
  beside.told({ from: 'a', text: 'one' });
  assert.deepEqual(
    beside.shown(1000 + AWAITED).map(({ name, text }) => [name, text]),
    [['Ann', 'two']],
  );
  beside.told({ from: 'b', text: 'two' });
  assert.equal(beside.shown(9000).length, 1, 'somebody else wrote that');
  beside.told({ from: 'a', text: 'two' });
  assert.deepEqual(beside.shown(9000), [], 'now it stands where the server says');
});

test('the same words twice are two, and said again they are one', () => {
  const beside = new Beside();
  beside.heard(ann, { ref: '1', text: 'yes' }, 0);
  beside.heard(ann, { ref: '2', text: 'yes' }, 0);
  assert.equal(beside.heard(ann, { ref: '2', text: 'yes' }, 0), false);
  assert.equal(beside.shown(AWAITED).length, 2);
  beside.told({ from: 'a', text: 'yes' });
  assert.equal(beside.shown(AWAITED).length, 1);
});

test('a browser that says anything gets nothing shown that is not text, and never much', () => {
  const beside = new Beside();
  for (const word of [{}, { ref: 1, text: 'x' }, { ref: 'a', text: {} }, { ref: 'x'.repeat(65), text: 'x' }]) {
    assert.equal(beside.heard(ann, word, 0), false);
  }
  for (const text of ['', ' \u200e\u202e ', '\u0007']) assert.equal(beside.heard(ann, { ref: 'r', text }, 0), false);
  beside.heard(ann, { ref: 'turned', text: 'a\u202eb\u2066c\u0000\nd' }, 0);
  assert.equal(beside.shown(AWAITED)[0]?.text, 'abc\nd');
  for (let i = 0; i < 1000; i += 1) beside.heard(ann, { ref: String(i), text: 'x'.repeat(9000) }, 0);
  const shown = beside.shown(AWAITED);
  assert.equal(shown.length, 100);
  assert.ok(shown.every(({ text }) => text.length <= 4000));
});
