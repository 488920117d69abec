import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { PathWatch } from '../../client/js/rtc/path-watch.js';

/** A watch of a path that was open, unless it is the first, and what it has tried and said. */
function watched({ first = false } = {}) {
  /** @type {string[]} */
  const did = [];
  const watch = new PathWatch({
    restartIce: () => did.push('restart'),
    rebuild: () => did.push('rebuild'),
    told: (path) => did.push(path),
  });
  if (!first) watch.changed('connected');
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
    assert.deepEqual(did, ['lost', 'open']);
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
    assert.deepEqual(did, ['lost', 'restart', 'blocked', 'rebuild']);
    tick(60);
    assert.deepEqual(did, ['lost', 'restart', 'blocked', 'rebuild']);
  }));

test('a first connection that does not come is told of and helped, long before the browser gives up', () =>
  inTime((tick) => {
    const { watch, did } = watched({ first: true });
    watch.changed('connecting');
    tick(7.9);
    assert.deepEqual(did, []);
    tick(0.2);
    assert.deepEqual(did, ['slow', 'restart']);
    watch.changed('connected');
    tick(60);
    assert.deepEqual(did, ['slow', 'restart', 'open']);
  }));

test('a network that lets nothing through is named within twenty seconds, and stays named while more is tried', () =>
  inTime((tick) => {
    const { watch, did } = watched({ first: true });
    watch.changed('connecting');
    tick(8.1);
    tick(8.1);
    assert.deepEqual(did, ['slow', 'restart', 'blocked', 'rebuild']);
    // What the call does to rebuild.
    watch.stop();
    watch.changed('connecting');
    tick(8.1);
    tick(8.1);
    assert.deepEqual(did.slice(4), ['restart', 'rebuild']);
    watch.changed('connected');
    assert.equal(did.at(-1), 'open');
    watch.changed('disconnected');
    assert.equal(did.at(-1), 'lost', 'the next outage is one like others');
  }));

test('a restart that works is the end of it', () =>
  inTime((tick) => {
    const { watch, did } = watched();
    watch.changed('failed');
    tick(3);
    watch.changed('connected');
    tick(60);
    assert.deepEqual(did, ['lost', 'restart', 'open']);
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
