import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Entrance, GIVE_UP_AFTER, LOOK_AFTER } from '../../client/js/call/entrance.js';
import { EVERY, StallWatch } from '../../client/js/rtc/stall-watch.js';
import { troubleOf } from '../../client/js/ui/health.js';

/** @import { Waiting } from '../../client/js/call/entrance.js' */
/** @import { Health } from '../../client/js/call/health.js' */

beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'setInterval'] }));
afterEach(() => mock.timers.reset());

const settled = async () => {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
};

/** @param {boolean} answers Whether the server answers a plain request. */
function waiting(answers) {
  /** @type {Waiting[]} */
  const told = [];
  let stopped = 0;
  const entrance = new Entrance(
    (what) => told.push(what),
    () => (stopped += 1),
    async () => answers,
  );
  entrance.waits();
  return { entrance, told, stopped: () => stopped };
}

test('a server that refuses sockets is told from one that does not answer, at once', async () => {
  for (const answers of [true, false]) {
    const { entrance, told } = waiting(answers);
    await entrance.failed();
    assert.deepEqual(told.at(-1), { obstacle: answers ? 'no-socket' : 'no-answer', tries: true });
  }
});

test('who hears nothing at all for ten seconds is told why, and at the end that nothing more is tried', async () => {
  const { told, stopped, entrance } = waiting(true);
  assert.ok(LOOK_AFTER < 10_000);
  mock.timers.tick(LOOK_AFTER);
  await settled();
  assert.deepEqual(told.at(-1), { obstacle: 'no-socket', tries: true });
  mock.timers.tick(GIVE_UP_AFTER - LOOK_AFTER);
  await settled();
  assert.deepEqual(told.at(-1), { obstacle: 'no-socket', tries: false });
  assert.equal(stopped(), 1);
  entrance.waits();
  assert.deepEqual(told.at(-1), { obstacle: null, tries: true }, 'asked to, it tries again');
});

test('whoever was let in, or was told why not, is told nothing of it', async () => {
  const { told, stopped, entrance } = waiting(false);
  entrance.passed();
  mock.timers.tick(GIVE_UP_AFTER);
  await entrance.failed();
  assert.deepEqual(told, [{ obstacle: null, tries: true }]);
  assert.equal(stopped(), 0);
});

test('what flowed and flows no more is noticed within two seconds, once; what comes rarely is not', () => {
  let packets = 0;
  let stalls = 0;
  const watch = new StallWatch(
    () => packets,
    () => (stalls += 1),
  );
  watch.start();
  const looks = (/** @type {number} */ count, /** @type {(look: number) => boolean} */ comes) => {
    for (let look = 0; look < count; look += 1) {
      if (comes(look)) packets += 1;
      mock.timers.tick(EVERY);
    }
  };
  looks(30, (look) => look % 4 === 0);
  assert.equal(stalls, 0, 'a screen that stands still');
  looks(30, (look) => look % 3 !== 2);
  assert.equal(stalls, 0, 'a line that stutters');
  looks(Math.floor(1200 / EVERY), () => false);
  assert.equal(stalls, 1);
  looks(100, () => false);
  assert.equal(stalls, 1);
  watch.stop();
});

test('what is wrong is said in the order of what a person can do about it', () => {
  /** @type {Health} */
  const fine = { socket: true, silent: false, full: false, entrance: null, path: 'open' };
  const entrance = { obstacle: /** @type {const} */ ('no-socket'), tries: true };
  const cases = /** @type {[Partial<Health>, boolean, boolean, string | undefined][]} */ ([
    [{}, true, true, undefined],
    [{ socket: false }, false, true, undefined],
    [{ socket: false, entrance }, false, true, 'no-socket'],
    [{ socket: false, entrance }, false, false, 'offline'],
    [{ socket: false, entrance: { ...entrance, tries: false } }, false, true, 'no-socket-ended'],
    [{ socket: false, full: true }, false, true, 'full'],
    [{ socket: false }, true, true, 'unreachable'],
    [{ silent: true }, true, true, 'unreachable'],
    [{ silent: true }, true, false, 'offline'],
    [{ path: 'lost' }, true, true, 'lost'],
    [{ path: 'lost', silent: true }, true, true, 'unreachable'],
  ]);
  for (const [change, joined, online, trouble] of cases) {
    const found = troubleOf({ ...fine, ...change }, joined, online);
    assert.equal(found?.trouble, trouble, JSON.stringify(change));
    assert.ok((found?.after ?? 0) < 2000);
  }
});
