import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { BEST } from '../../client/js/rtc/encodings.js';
import { choiceFor, Settling, wishesOf } from '../../client/js/ui/wishes.js';

/** @import { Seen } from '../../client/js/ui/wishes.js' */

/**
 * A tile in view.
 * @param {Partial<Seen>} [what]
 * @returns {Seen}
 */
const tile = (what = {}) => ({
  peer: 'ann',
  stream: 'camera',
  inView: true,
  width: 640,
  height: 360,
  aspect: 16 / 9,
  pinned: false,
  floats: null,
  ...what,
});

/** @type {Parameters<typeof wishesOf>[1]} */
const page = { away: false, ratio: 2, quality: BEST };

test('what is in view is wished for, in device pixels, and the rest is not', () => {
  const seen = [tile(), tile({ peer: 'bob', inView: false }), tile({ peer: 'eve', height: 90 })];
  assert.deepEqual(wishesOf(seen, page), [
    { peer: 'ann', stream: 'camera', height: 720 },
    { peer: 'eve', stream: 'camera', height: 180 },
  ]);
});

test('that nothing is seen is a wish of its own: an empty list', () => {
  assert.deepEqual(wishesOf([tile({ inView: false })], page), []);
  assert.deepEqual(wishesOf([tile()], { ...page, away: true }), []);
});

test('a picture in a window of its own is seen, also while nobody looks at the page', () => {
  const seen = [tile({ floats: 200 }), tile({ peer: 'bob' })];
  assert.deepEqual(wishesOf(seen, { ...page, away: true }), [{ peer: 'ann', stream: 'camera', height: 400 }]);
  assert.equal(wishesOf(seen, page)[0]?.height, 720, 'where it is larger counts');
  const scrolledAway = [tile({ inView: false, floats: 200 })];
  assert.equal(wishesOf(scrolledAway, page)[0]?.height, 400);
});

test('what the person holds on to comes first, and says so', () => {
  const [first, second] = wishesOf([tile(), tile({ peer: 'bob', pinned: true })], page);
  assert.deepEqual([first?.peer, first?.pinned], ['bob', true]);
  assert.deepEqual([second?.peer, second?.pinned], ['ann', undefined]);
});

test('a screen is shown whole: in a high tile it has no more lines than its width allows', () => {
  const upright = { stream: /** @type {const} */ ('screen'), width: 320, height: 640 };
  assert.equal(wishesOf([tile(upright)], page)[0]?.height, 360);
  assert.equal(wishesOf([tile({ ...upright, aspect: 1 })], page)[0]?.height, 640);
  assert.equal(wishesOf([tile({ width: 320, height: 640 })], page)[0]?.height, 1280, 'a camera fills it');
});

test('nothing is wished for beyond what the person allows', () => {
  const seen = [tile({ height: 700 }), tile({ stream: 'screen', width: 1920, height: 1080 })];
  const heights = (/** @type {typeof BEST} */ quality) =>
    wishesOf(seen, { ...page, quality }).map((wish) => wish.height);
  assert.deepEqual(heights(BEST), [1400, 2160]);
  assert.deepEqual(heights({ most: 360, saver: false }), [360, 2160]);
  assert.deepEqual(heights({ most: 720, saver: true }), [180, 720]);
});

test('a choice keeps a picture small only where its place is larger', () => {
  const of = (
    /** @type {typeof BEST} */ quality,
    /** @type {Partial<typeof BEST & { height: number, stream: 'screen' }>} */ seen,
  ) => choiceFor(tile(seen), { ratio: 2, quality });
  const saver = { most: /** @type {const} */ (720), saver: true };
  assert.equal(of(saver, { height: 200 }), 'saver');
  assert.equal(of(saver, { height: 90 }), null, 'a larger one would not be seen');
  assert.equal(of(saver, { height: 700, stream: 'screen' }), 'saver');
  assert.equal(of({ most: 360, saver: false }, { height: 200 }), 360);
  assert.equal(of({ most: 360, saver: false }, { height: 700, stream: 'screen' }), null, 'that is about cameras');
  assert.equal(of(BEST, { height: 2000 }), null);
});

test('of a thousand tiles the protocol is told as many as it can say, and no height it cannot', () => {
  const wishes = wishesOf(new Array(1000).fill(tile({ height: 1e9 })), page);
  assert.equal(wishes.length, 128);
  assert.ok(wishes.every(({ height }) => height === 65_535));
});

test('the view is told 100 ms after the last change, and after 500 ms in any case', (t) => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  t.after(() => mock.timers.reset());
  let told = 0;
  const settling = new Settling(() => (told += 1), { quiet: 100, most: 500 });
  settling.soon();
  mock.timers.tick(99);
  settling.soon();
  mock.timers.tick(99);
  assert.equal(told, 0);
  mock.timers.tick(1);
  assert.equal(told, 1);
  for (let time = 0; time < 1000; time += 50) {
    settling.soon();
    mock.timers.tick(50);
  }
  assert.equal(told, 3, 'who scrolls on and on sees something meanwhile');
  mock.timers.tick(1000);
  assert.equal(told, 3);
});
