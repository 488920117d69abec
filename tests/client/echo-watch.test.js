import assert from 'node:assert/strict';
import test from 'node:test';
import { EchoWatch } from '../../client/js/call/echo-watch.js';

/** Tabs of one browser: what one says, the others hear. */
class Tabs {
  /** @type {Set<{ onmessage: ((event: { data: unknown }) => void) | null }>} */
  #open = new Set();

  open() {
    /** @type {import('../../client/js/call/echo-watch.js').Channel} */
    const channel = {
      onmessage: null,
      postMessage: (word) => {
        for (const other of this.#open) if (other !== channel) other.onmessage?.({ data: structuredClone(word) });
      },
      close: () => this.#open.delete(channel),
    };
    this.#open.add(channel);
    return channel;
  }
}

test('every tab of a browser that is in a room is told how many there are', () => {
  const tabs = new Tabs();
  /** @type {Record<string, number[]>} */
  const told = { first: [], second: [], third: [] };
  new EchoWatch(tabs.open(), (count) => told.first?.push(count));
  assert.deepEqual(told.first, [], 'one alone hears nobody');
  const second = new EchoWatch(tabs.open(), (count) => told.second?.push(count));
  assert.deepEqual([told.first, told.second], [[2], [2]]);
  new EchoWatch(tabs.open(), (count) => told.third?.push(count));
  assert.deepEqual(
    [told.first, told.second, told.third],
    [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
  );
  second.close();
});

test('a tab that goes is not counted, and one that is loaded again is counted once', () => {
  const tabs = new Tabs();
  /** @type {number[]} */
  const told = [];
  new EchoWatch(tabs.open(), (count) => told.push(count));
  const second = new EchoWatch(tabs.open(), () => {});
  second.close();
  assert.deepEqual(told, [2, 1]);
  const again = new EchoWatch(tabs.open(), () => {});
  assert.deepEqual(told, [2, 1, 2]);
  const third = new EchoWatch(tabs.open(), () => {});
  third.close();
  again.close();
  assert.deepEqual(told, [2, 1, 2, 3, 2, 1]);
});

test('what another version says there is no reason to warn', () => {
  const tabs = new Tabs();
  /** @type {number[]} */
  const told = [];
  new EchoWatch(tabs.open(), (count) => told.push(count));
  const other = tabs.open();
  for (const word of [null, 7, 'hello', {}, { tab: 3 }]) other.postMessage(/** @type {any} */ (word));
  assert.deepEqual(told, []);
});
