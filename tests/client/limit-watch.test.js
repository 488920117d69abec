import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { EVERY, LimitWatch } from '../../client/js/rtc/limit-watch.js';

/** @import { Limitation } from '../../client/js/proto/messages.js' */
/** @import { TestContext } from 'node:test' */

/** @param {TestContext} t */
function watched(t) {
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  const now = { by: /** @type {Limitation | null} */ (null), open: true };
  /** @type {(Limitation | null)[]} */
  const told = [];
  const watch = new LimitWatch(
    async () => {
      if (!now.open) throw new Error('closed');
      return [{ stream: 'camera', by: now.by }];
    },
    ({ by }) => told.push(by),
  );
  watch.start();
  return {
    watch,
    now,
    told,
    /** @param {number} looks */
    async pass(looks) {
      for (let look = 0; look < looks; look += 1) {
        mock.timers.tick(EVERY);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

test('what has held for some seconds is told once, and told again when it is over', async (t) => {
  const { now, told, pass } = watched(t);
  await pass(10);
  assert.deepEqual(told, [], 'nothing was ever the matter');
  now.by = 'cpu';
  await pass(2);
  assert.deepEqual(told, []);
  await pass(10);
  assert.deepEqual(told, ['cpu']);
  now.by = null;
  await pass(4);
  assert.deepEqual(told, ['cpu'], 'it may be back in a moment');
  await pass(1);
  assert.deepEqual(told, ['cpu', null]);
});

test('a connection that finds out what it carries is not said to be limited', async (t) => {
  const { now, told, pass } = watched(t);
  now.by = 'bandwidth';
  await pass(4);
  now.by = null;
  await pass(10);
  assert.deepEqual(told, []);
});

test('what comes and goes is told of neither way', async (t) => {
  const { now, told, pass } = watched(t);
  for (let times = 0; times < 20; times += 1) {
    now.by = times % 2 ? 'cpu' : null;
    await pass(1);
  }
  assert.deepEqual(told, []);
});

test('what is so is known to whoever asks, also while a connection is made anew', async (t) => {
  const { watch, now, told, pass } = watched(t);
  now.by = 'bandwidth';
  await pass(5);
  now.open = false;
  await pass(20);
  assert.deepEqual(told, ['bandwidth']);
  assert.deepEqual(watch.current, [{ stream: 'camera', by: 'bandwidth' }]);
  watch.stop();
  now.open = true;
  now.by = null;
  await pass(20);
  assert.deepEqual(told, ['bandwidth'], 'nobody looks any more');
});
