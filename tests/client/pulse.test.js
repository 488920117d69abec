import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

import { PathWatch } from '../../client/js/rtc/path-watch.js';
import { Pulse, trafficOf } from '../../client/js/rtc/pulse.js';
import { StallWatch } from '../../client/js/rtc/stall-watch.js';

/** @import { Path } from '../../client/js/rtc/path-watch.js' */

beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'setInterval'] }));
afterEach(() => mock.timers.reset());

/** A page in a call, and what comes for it, a quarter of a second at a time. */
function connected({ channel = true, roundTrip = 20 } = {}) {
  /** @type {Path[]} */
  const told = [];
  let received = 0;
  let asked = 0;
  let open = channel;
  const watch = new PathWatch({ restartIce: () => {}, rebuild: () => {}, told: (path) => told.push(path) });
  const pulse = new Pulse(
    async () => {
      asked += 1;
      return open ? { received, roundTrip } : undefined;
    },
    (beats) => watch.felt(beats),
  );
  let media = 0;
  const stall = new StallWatch(
    () => media,
    () => pulse.check(),
  );
  watch.changed('connected');
  stall.start();
  /**
   * @param {number} seconds
   * @param {{ media: boolean, answers: boolean }} comes
   */
  const pass = async (seconds, comes) => {
    for (let quarter = 0; quarter < seconds * 4; quarter += 1) {
      if (comes.media) media += 1;
      if (comes.media || (comes.answers && asked > 0)) received += 1;
      mock.timers.tick(250);
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    }
  };
  const close = () => {
    open = false;
  };
  const giveUpPath = () => {
    received = 0;
  };
  return { told, watch, pulse, pass, close, giveUpPath, asked: () => asked };
}

const TALK = { media: true, answers: true };
const CUT = { media: false, answers: false };

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

test('others who stop are no lost path: the server acknowledges what is asked, and it is not asked on and on', async () => {
  const { told, pass, asked } = connected();
  await pass(3, TALK);
  await pass(30, { media: false, answers: true });
  assert.deepEqual(told, []);
  assert.equal(asked(), 2);
});

test('where nothing can be asked, silence says nothing', async () => {
  const { told, pass, asked } = connected({ channel: false });
  await pass(3, TALK);
  await pass(30, CUT);
  assert.deepEqual(told, []);
  assert.equal(asked(), 1);
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

test('a channel that closes and a path that is given up are no sign of life', async () => {
  for (const how of /** @type {const} */ (['close', 'giveUpPath'])) {
    const page = connected();
    await page.pass(3, TALK);
    await page.pass(2, CUT);
    page[how]();
    await page.pass(2, CUT);
    assert.deepEqual(page.told, ['lost'], how);
  }
});

test('a way that takes long is not lost for that', async () => {
  const { told, pass } = connected({ roundTrip: 900 });
  await pass(3, TALK);
  await pass(1, CUT);
  await pass(1, { media: false, answers: false });
  await pass(5, { media: false, answers: true });
  assert.deepEqual(told, []);
});

test('a check that was stopped says nothing any more', async () => {
  const { told, pulse, pass } = connected();
  await pass(3, TALK);
  await pass(1, CUT);
  pulse.stop();
  await pass(5, CUT);
  assert.deepEqual(told, []);
});

test('what came is what came over all the paths of a connection', () => {
  const report = /** @type {RTCStatsReport} */ (
    new Map([
      ['a', { type: 'candidate-pair', bytesReceived: 3, currentRoundTripTime: 0.04 }],
      ['b', { type: 'candidate-pair' }],
      ['c', { type: 'candidate-pair', bytesReceived: 4 }],
      ['d', { type: 'inbound-rtp', bytesReceived: 100 }],
    ])
  );
  assert.deepEqual(trafficOf(report), { received: 7, roundTrip: 40 });
});
