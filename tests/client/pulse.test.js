import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

import { PathWatch } from '../../client/js/rtc/path-watch.js';
import { Pulse, trafficOf } from '../../client/js/rtc/pulse.js';
import { StallWatch } from '../../client/js/rtc/stall-watch.js';

/** @import { Path } from '../../client/js/rtc/path-watch.js' */

beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'setInterval'] }));
afterEach(() => mock.timers.reset());

/** A page in a call: what its connection carries is added a quarter of a second at a time. */
function connected() {
  /** @type {Path[]} */
  const told = [];
  const traffic = { sent: 0, received: 0 };
  const watch = new PathWatch({ restartIce: () => {}, rebuild: () => {}, told: (path) => told.push(path) });
  const pulse = new Pulse(
    async () => ({ ...traffic }),
    (beats) => watch.felt(beats),
  );
  const stall = new StallWatch(
    () => traffic.received,
    () => pulse.check(),
  );
  watch.changed('connected');
  stall.start();
  /**
   * @param {number} seconds
   * @param {{ sent: number, received: number }} rate bytes a quarter of a second
   */
  const pass = async (seconds, { sent, received }) => {
    for (let quarter = 0; quarter < seconds * 4; quarter += 1) {
      traffic.sent += sent;
      traffic.received += received;
      mock.timers.tick(250);
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    }
  };
  return { told, watch, pulse, pass };
}

const TALK = { sent: 1000, received: 9000 };
const CUT = { sent: 1000, received: 0 };

test('a path that is lost is seen within two seconds though the browser still calls it connected, and so is its return', async () => {
  const { told, pass } = connected();
  await pass(3, TALK);
  await pass(2, CUT);
  assert.deepEqual(told, ['lost']);
  await pass(20, CUT);
  assert.deepEqual(told, ['lost'], 'said once');
  await pass(0.5, TALK);
  assert.deepEqual(told, ['lost', 'open']);
  await pass(3, TALK);
  await pass(2, CUT);
  assert.deepEqual(told, ['lost', 'open', 'lost'], 'and again the next time');
});

test('others who stop are no lost path: the server goes on answering what is sent', async () => {
  const { told, pass } = connected();
  await pass(3, TALK);
  await pass(1, CUT);
  await pass(30, { sent: 1000, received: 50 });
  assert.deepEqual(told, []);
});

test('of who sends nothing, silence says nothing', async () => {
  const { told, pass } = connected();
  await pass(3, { sent: 0, received: 9000 });
  await pass(30, { sent: 0, received: 0 });
  assert.deepEqual(told, []);
});

test('what the browser says comes first: a path it calls lost is not called open for a late packet', async () => {
  const { told, watch, pass } = connected();
  await pass(3, TALK);
  await pass(2, CUT);
  watch.changed('disconnected');
  await pass(1, TALK);
  assert.deepEqual(told, ['lost']);
  watch.changed('connected');
  assert.deepEqual(told, ['lost', 'open']);
});

test('a check that was stopped says nothing any more', async () => {
  const { told, pulse, pass } = connected();
  await pass(3, TALK);
  await pass(1, CUT);
  pulse.stop();
  await pass(5, CUT);
  assert.deepEqual(told, []);
});

test('the traffic of a connection is that of all its paths', () => {
  const report = /** @type {RTCStatsReport} */ (
    new Map([
      ['a', { type: 'candidate-pair', bytesSent: 10, bytesReceived: 3 }],
      ['b', { type: 'candidate-pair' }],
      ['c', { type: 'candidate-pair', bytesSent: 5, bytesReceived: 4 }],
      ['d', { type: 'inbound-rtp', bytesReceived: 100 }],
    ])
  );
  assert.deepEqual(trafficOf(report), { sent: 15, received: 7 });
});
