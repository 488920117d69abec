import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Onlooker } from '../../client/js/ui/onlooker.js';

/** @import { Page } from '../../client/js/ui/onlooker.js' */

/** A page that the test hides and shows. */
class FakePage extends EventTarget {
  hidden = false;
  /** @param {boolean} hidden */
  turn(hidden) {
    this.hidden = hidden;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

/** @param {boolean} hidden from the beginning */
function watched(hidden) {
  const page = new FakePage();
  page.hidden = hidden;
  /** @type {boolean[]} */
  const told = [];
  /** @type {Onlooker} */
  const onlooker = new Onlooker(/** @type {Page} */ (/** @type {unknown} */ (page)), () => told.push(onlooker.away));
  return { page, onlooker, told };
}

test('a page that is hidden for five seconds has nobody looking, and somebody at once when it is back', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const { page, told } = watched(false);
  page.turn(true);
  mock.timers.tick(4999);
  assert.deepEqual(told, []);
  mock.timers.tick(1);
  assert.deepEqual(told, [true]);
  mock.timers.tick(60_000);
  page.turn(false);
  assert.deepEqual(told, [true, false]);
});

test('a short look elsewhere is nothing, however often', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const { page, told } = watched(false);
  for (let times = 0; times < 10; times += 1) {
    page.turn(true);
    mock.timers.tick(3000);
    page.turn(false);
    mock.timers.tick(3000);
  }
  assert.deepEqual(told, []);
});

test('a page that begins in the background is one nobody looks at', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const { onlooker, told } = watched(true);
  assert.equal(onlooker.away, false);
  mock.timers.tick(5000);
  assert.deepEqual(told, [true]);
});
