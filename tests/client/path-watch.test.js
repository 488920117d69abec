import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { PathWatch } from '../../client/js/rtc/path-watch.js';

/** A watch, and what it has tried and said. */
function watched() {
  /** @type {string[]} */
  const did = [];
  const watch = new PathWatch({
    restartIce: () => did.push('restart'),
    rebuild: () => did.push('rebuild'),
    lost: (lost) => did.push(lost ? 'lost' : 'back'),
  });
  return { watch, did };
}

/** @param {(tick: (seconds: number) => void) => void} body */
function inTime(body) {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    body((seconds) => mock.timers.tick(seconds * 1000));
  } finally {
    mock.timers.reset();
  }
}

test('a short outage is shown and mends itself', () =>
  inTime((tick) => {
    const { watch, did } = watched();
    watch.changed('disconnected');
    tick(4);
    watch.changed('connected');
    tick(60);
    assert.deepEqual(did, ['lost', 'back']);
  }));

test('a longer outage is answered by an ICE restart, then by a new connection, each once', () =>
  inTime((tick) => {
    const { watch, did } = watched();
    watch.changed('disconnected');
    tick(5);
    assert.deepEqual(did, ['lost', 'restart']);
    watch.changed('connecting');
    watch.changed('failed');
    tick(7.9);
    assert.deepEqual(did, ['lost', 'restart']);
    tick(0.2);
    assert.deepEqual(did, ['lost', 'restart', 'rebuild']);
    tick(60);
    assert.deepEqual(did, ['lost', 'restart', 'rebuild']);
  }));

test('a first connection that does not come is told of and helped, long before the browser gives up', () =>
  inTime((tick) => {
    const { watch, did } = watched();
    watch.changed('connecting');
    tick(7.9);
    assert.deepEqual(did, []);
    tick(0.2);
    assert.deepEqual(did, ['lost', 'restart']);
    watch.changed('connected');
    tick(60);
    assert.deepEqual(did, ['lost', 'restart', 'back']);
  }));

test('a restart that works is the end of it', () =>
  inTime((tick) => {
    const { watch, did } = watched();
    watch.changed('failed');
    tick(3);
    watch.changed('connected');
    tick(60);
    assert.deepEqual(did, ['lost', 'restart', 'back']);
    watch.changed('disconnected');
    tick(5);
    assert.deepEqual(did.slice(3), ['lost', 'restart'], 'and the next outage begins anew');
  }));

test('what was stopped tries nothing more', () =>
  inTime((tick) => {
    const { watch, did } = watched();
    watch.changed('disconnected');
    watch.stop();
    tick(60);
    assert.deepEqual(did, ['lost']);
  }));
