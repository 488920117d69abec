import assert from 'node:assert/strict';
import test from 'node:test';
import { awaited, NOTHING, offersTo, reports, sendsToServer, step } from '../../client/js/call/direct.js';

/** @import { Direct, Happening, Path } from '../../client/js/call/direct.js' */

/** @returns {Happening} */
const order = (/** @type {number} */ epoch, /** @type {Path} */ path) => ({
  type: 'order',
  order: { topology: 'mesh', epoch, path, reason: 'few-people' },
});
/** @returns {Happening} */
const people = (/** @type {string[]} */ ...others) => ({ type: 'people', self: 'm', others });

/**
 * @param {Readonly<Direct>} state
 * @param {Happening[]} happenings
 */
const after = (state, ...happenings) => happenings.reduce((now, happening) => step(now, happening), state);

/** With somebody at the other end of a direct call. */
const direct = () =>
  after(
    NOTHING,
    people('z'),
    order(1, 'server'),
    order(2, 'trying'),
    { type: 'link', peer: 'z', epoch: 2, state: 'connected' },
    order(2, 'direct'),
    { type: 'arrived', peer: 'z', path: 'direct' },
    { type: 'settled' },
  );

test('a call goes direct without a moment in which nobody is sent anything', () => {
  let state = after(NOTHING, people('z'), order(1, 'server'), order(2, 'trying'));
  assert.deepEqual(state.links, { z: { epoch: 2, state: '' } });
  assert.equal(sendsToServer(state), true);
  state = step(state, { type: 'link', peer: 'z', epoch: 2, state: 'connected' });
  assert.deepEqual(reports(state), [{ type: 'direct', epoch: 2, peer: 'z', state: 'connected' }]);
  assert.deepEqual(state.plays, [], 'the server decides when');
  state = step(state, order(2, 'direct'));
  assert.deepEqual(awaited(state), [{ peer: 'z', path: 'direct' }]);
  assert.deepEqual(state.plays, [], 'nothing of them has arrived there');
  state = step(state, { type: 'arrived', peer: 'z', path: 'direct' });
  assert.deepEqual(state.plays, ['z']);
  assert.equal(sendsToServer(state), true, 'the other one may still look at the server');
  state = step(state, { type: 'settled' });
  assert.equal(sendsToServer(state), false);
});

test('back on the server somebody is seen where they were until they are seen there', () => {
  let state = step(direct(), order(3, 'server'));
  assert.equal(sendsToServer(state), true);
  assert.deepEqual(state.plays, ['z']);
  assert.deepEqual([state.links, state.old], [{}, { z: { epoch: 2, state: 'connected' } }]);
  const seen = step(state, { type: 'arrived', peer: 'z', path: 'server' });
  assert.deepEqual([seen.plays, seen.old], [[], {}], 'and then the connection is of no use');
  state = step(state, { type: 'settled' });
  assert.deepEqual([state.plays, state.old], [[], {}], 'who is not seen in time is not waited for');
});

test('a connection that ends is told, and the server has everything at once, whether it hears that or not', () => {
  const state = step(direct(), { type: 'link', peer: 'z', epoch: 2, state: 'lost' });
  assert.deepEqual(reports(state), [{ type: 'direct', epoch: 2, peer: 'z', state: 'lost' }]);
  assert.equal(sendsToServer(state), true);
  assert.deepEqual(state.plays, []);
});

test('a page that was loaded anew has nothing of the call before and says so', () => {
  const state = after(NOTHING, people('z'), order(2, 'direct'), { type: 'settled' });
  assert.deepEqual(reports(state), [{ type: 'direct', epoch: 2, state: 'gone' }]);
  assert.deepEqual([state.links, sendsToServer(state)], [{}, true]);
  const again = after(state, order(3, 'server'), order(4, 'trying'));
  assert.deepEqual(again.links, { z: { epoch: 4, state: '' } });
  assert.deepEqual(reports(again), []);
});

test('of two the one with the smaller id offers', () => {
  assert.deepEqual([offersTo(direct(), 'z'), offersTo(direct(), 'a')], [true, false]);
});

test('whatever happens in whatever order to up to four people, nobody is cut off', () => {
  /** @type {{ state: Readonly<Direct>, newest: number }[]} */
  let frontier = [{ state: step(NOTHING, people('a')), newest: 0 }];
  const seen = new Set();
  let states = 0;
  for (let depth = 0; depth < 7; depth += 1) {
    const next = [];
    for (const { state, newest } of frontier) {
      for (const [happening, epoch] of possible(state, newest)) {
        const now = step(state, happening);
        judge(state, happening, now);
        const shape = JSON.stringify([now, epoch], (key, value) =>
          key === 'epoch' ? epoch - value : key === 'plays' ? [...value].sort() : value,
        );
        if (seen.has(shape)) continue;
        seen.add(shape);
        states += 1;
        next.push({ state: now, newest: epoch });
      }
    }
    frontier = next;
  }
  assert.ok(states > 400, `${states} states`);
});

/**
 * @param {Readonly<Direct>} state
 * @param {number} newest
 * @returns {[Happening, number][]}
 */
function possible(state, newest) {
  /** @type {[Happening, number][]} */
  const all = [
    [order(newest + 1, 'server'), newest + 1],
    [order(newest + 1, 'trying'), newest + 1],
    [{ type: 'settled' }, newest],
    [people('a'), newest],
    [people('a', 'z'), newest],
    [people('a', 'y', 'z'), newest],
  ];
  if (state.order.path === 'trying') all.push([order(newest, 'direct'), newest]);
  for (const peer of state.others) {
    for (const { epoch } of [state.links[peer], state.old[peer]].filter((link) => link !== undefined)) {
      all.push([{ type: 'link', peer, epoch, state: 'connected' }, newest]);
      all.push([{ type: 'link', peer, epoch, state: 'lost' }, newest]);
    }
    all.push([{ type: 'arrived', peer, path: 'server' }, newest]);
    all.push([{ type: 'arrived', peer, path: 'direct' }, newest]);
  }
  return all;
}

/**
 * @param {Readonly<Direct>} before
 * @param {Happening} happening
 * @param {Readonly<Direct>} now
 */
function judge(before, happening, now) {
  const context = () => JSON.stringify({ before, happening, now }, null, 1);
  for (const peer of now.plays) {
    assert.ok(now.others.includes(peer), context());
    const carries = [now.links[peer], now.old[peer]].some((link) => link?.state === 'connected');
    assert.ok(carries, `nobody is played from a connection that is not there: ${context()}`);
  }
  if (!sendsToServer(now)) {
    assert.equal(now.order.path, 'direct', context());
    assert.deepEqual(
      [...now.plays].sort(),
      [...now.others].sort(),
      `who sends to nobody but them sees them: ${context()}`,
    );
  }
  const wanted = now.order.path !== 'server' && !now.gone;
  assert.deepEqual(Object.keys(now.links), wanted ? now.others : [], `an offer finds somebody: ${context()}`);
  for (const link of Object.values(now.links)) assert.equal(link.epoch, now.order.epoch, context());
  for (const peer of Object.keys(now.old)) assert.ok(now.plays.includes(peer), `old ones go: ${context()}`);
  if (now.settled) {
    assert.deepEqual(awaited(now), [], `nobody is waited for without end: ${context()}`);
    if (now.order.path === 'server') assert.deepEqual([now.links, now.old], [{}, {}], context());
  }
  assert.deepEqual(step(now, happening), now, `said twice, it is so already: ${context()}`);
}
