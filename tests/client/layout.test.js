import assert from 'node:assert/strict';
import test from 'node:test';
import { rowsFor } from '../../client/js/ui/grid.js';
import { fillOf, rulesFor, stageFor } from '../../client/js/ui/layout.js';
import { overlap } from '../../client/js/ui/places.js';

/** @import { Rect } from '../../client/js/ui/grid.js' */
/** @import { SelfView, StagePlan } from '../../client/js/ui/layout.js' */

/** Phones upright and on their side, a window beside another, a tablet, desktops. */
const SIZES = [
  [348, 480],
  [390, 700],
  [844, 260],
  [800, 900],
  [1280, 640],
  [1420, 780],
  [1280, 200],
];
/** @type {SelfView[]} */
const SELVES = ['corner', 'grid', 'hidden'];

/**
 * Every stage worth a look.
 * @param {(stage: { width: number, height: number, large: number, others: number, self: SelfView }, plan: StagePlan, at: string) => void} look
 */
function everywhere(look) {
  for (const [width = 0, height = 0] of SIZES) {
    for (const self of SELVES) {
      for (let large = 0; large <= 3; large += 1) {
        for (let others = 0; others <= 49; others += 1) {
          const stage = { width, height, large, others, self };
          const plan = stageFor(stage);
          look(stage, plan, `${JSON.stringify(stage)}: ${JSON.stringify(plan)}`);
        }
      }
    }
  }
}

/** @param {Rect} a @param {Rect} b */
const apart = (a, b) => a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;

/**
 * Square pixels that two of them share.
 * @param {Rect} a
 * @param {Rect} b
 */
function common(a, b) {
  const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return Math.max(0, across) * Math.max(0, down);
}

/**
 * How many tiles each row has.
 * @param {Rect[]} tiles
 */
function rowsOf(tiles) {
  const tops = [...new Set(tiles.map(({ y }) => y))];
  return tops.map((top) => tiles.filter(({ y }) => y === top).length);
}

test('no tile lies on another or hangs over the edge, and whoever does not fit is on another page or reached by scrolling', () => {
  everywhere(({ width, height, large, others, self }, plan, at) => {
    const own = self === 'hidden' || plan.own ? 0 : 1;
    assert.equal(plan.large.tiles.length, large, at);
    assert.equal(plan.people.tiles.length, plan.to - plan.from + own, at);
    if (plan.pages === 1) assert.equal(plan.to - plan.from, others, at);
    for (const { tiles, scrolls, ...area } of [plan.large, plan.people]) {
      assert.ok(area.x >= 0 && area.x + area.width <= width && area.y + area.height <= height, at);
      for (const [index, tile] of tiles.entries()) {
        assert.ok(tile.width > 0 && tile.height > 0 && tile.x >= 0 && tile.y >= 0, at);
        assert.ok(tile.x + tile.width <= area.width && (scrolls || tile.y + tile.height <= area.height), at);
        assert.ok(
          tiles.slice(0, index).every((other) => apart(tile, other)),
          at,
        );
      }
    }
    assert.ok(large === 0 || plan.people.tiles.length === 0 || apart(plan.large, plan.people), at);
  });
});

test('the pictures of the issue fill their share of the stage', () => {
  for (const [width, height, people, percent] of /** @type {const} */ ([
    [1280, 640, 5, 81],
    [390, 700, 3, 98],
    [1280, 640, 3, 75],
    [800, 900, 3, 75],
    [390, 700, 2, 95],
  ])) {
    for (const self of /** @type {const} */ (['corner', 'grid'])) {
      const plan = stageFor({ width, height, large: 0, others: people - 1, self });
      const fill = 100 * fillOf(plan, { width, height });
      assert.ok(fill >= percent, `${people} people on ${width}x${height}, self in ${self}: ${fill} %`);
    }
  }
});

test('no stage of a usual shape is less than two thirds full, whoever is there', () => {
  for (const [width = 0, height = 0] of [
    [390, 700],
    [800, 900],
    [1280, 640],
    [1420, 780],
  ]) {
    for (const self of /** @type {const} */ (['corner', 'grid'])) {
      for (let others = 1; others <= 24; others += 1) {
        const fill = fillOf(stageFor({ width, height, large: 0, others, self }), { width, height });
        assert.ok(fill > 0.67, `${others} others on ${width}x${height}, self in ${self}: ${fill}`);
      }
    }
  }
});

test('the strip beside a shared screen is used', () => {
  for (const [width = 0, height = 0] of [
    [800, 900],
    [1280, 640],
    [1420, 780],
  ]) {
    for (let others = 1; others <= 12; others += 1) {
      const { people } = stageFor({ width, height, large: 1, others });
      const filled = people.tiles.reduce((sum, tile) => sum + tile.width * tile.height, 0);
      const share = filled / (people.width * people.height);
      assert.ok(share > 0.75, `${others} others on ${width}x${height}: ${share}`);
    }
  }
});

test('nobody is alone in a row: the last row is as good as full', () => {
  everywhere((stage, { people }, at) => {
    if (stage.width < 600 || stage.large > 0 || people.tiles.length < 4) return;
    const counts = rowsOf(people.tiles);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, at);
  });
  const nine = stageFor({ width: 1280, height: 640, large: 0, others: 8, self: 'grid' });
  assert.deepEqual(rowsOf(nine.people.tiles), [4, 5]);
});

test('tiles keep an aspect between the narrowest and 16:9', () => {
  everywhere(({ width, height, large, others }, { people }, at) => {
    if (large > 0 || people.tiles.length === 0) return;
    const { narrowest, alone } = rulesFor(width, height);
    const least = others <= 1 ? Math.min(narrowest, alone) : narrowest;
    for (const tile of people.tiles) {
      const aspect = tile.width / tile.height;
      assert.ok(aspect > least * 0.97 && aspect < (16 / 9) * 1.03, `${aspect} at ${at}`);
    }
  });
});

test('people lie beside each other on a desktop and above each other on a phone', () => {
  const rows = (/** @type {number} */ width, /** @type {number} */ height, /** @type {number} */ others) =>
    new Set(stageFor({ width, height, large: 0, others }).people.tiles.map(({ y }) => y)).size;
  assert.equal(rows(1420, 780, 2), 1);
  assert.equal(rows(348, 600, 2), 2);
  assert.equal(rows(844, 260, 3), 1);
});

test('the own picture floats over the others, however many they are, and covers less than half of any of them', () => {
  for (const [width = 0, height = 0] of SIZES.slice(0, -1)) {
    for (let others = 1; others <= 49; others += 1) {
      for (const corner of /** @type {const} */ (['bottom-end', 'bottom-start', 'top-start', 'top-end'])) {
        const { own, people } = stageFor({ width, height, large: 0, others, at: corner });
        const at = `${others} on ${width}x${height} ${corner}`;
        assert.ok(own && own.x >= 0 && own.y >= 0 && own.x + own.width <= width && own.y + own.height <= height, at);
        assert.equal(own.x < width / 2, corner.endsWith('start'), at);
        assert.equal(own.y < height / 2, corner.startsWith('top'), at);
        for (const tile of people.tiles) {
          const covered = common(tile, own);
          assert.ok(covered < 0.5 * tile.width * tile.height, `${covered} of ${JSON.stringify(tile)}, ${at}`);
        }
      }
    }
  }
  assert.equal(stageFor({ width: 800, height: 600, large: 0, others: 0 }).own, null, 'alone one sees oneself large');
});

test('what is to be read on a tile is kept clear of the own one', () => {
  const tile = { x: 100, y: 100, width: 400, height: 300 };
  const own = { x: 400, y: 320, width: 90, height: 60 };
  assert.deepEqual(overlap(tile, own), { start: 0, end: 100, bottom: true });
  assert.deepEqual(overlap(tile, { ...own, x: 110 }), { start: 100, end: 0, bottom: true });
  assert.deepEqual(overlap(tile, { ...own, y: 110 }), { start: 0, end: 100, bottom: false });
  assert.deepEqual(overlap(tile, { ...own, x: 600 }), { start: 0, end: 0, bottom: true });
});

test('pages hold 25 people on a desktop and 9 on a phone, in an order that stays', () => {
  for (const [width, height, most] of /** @type {const} */ ([
    [1420, 780, 25],
    [390, 700, 9],
  ])) {
    for (const self of SELVES) {
      const each = self === 'grid' ? most - 1 : most;
      /** @type {number[]} */
      const seen = [];
      const { pages } = stageFor({ width, height, large: 0, others: 60, self });
      for (let page = 0; page < pages; page += 1) {
        const plan = stageFor({ width, height, large: 0, others: 60, self, page });
        assert.equal(plan.page, page);
        assert.ok(plan.to - plan.from <= each);
        for (let one = plan.from; one < plan.to; one += 1) seen.push(one);
      }
      assert.deepEqual(
        seen,
        Array.from({ length: 60 }, (_, index) => index),
        'everybody is on one page',
      );
      assert.equal(pages, Math.ceil(60 / each));
      assert.equal(stageFor({ width, height, large: 0, others: 60, self, page: 99 }).page, pages - 1);
    }
  }
});

test('the last page is filled like any other', () => {
  const last = stageFor({ width: 1420, height: 780, large: 0, others: 30, page: 1 });
  const five = stageFor({ width: 1420, height: 780, large: 0, others: 5 });
  assert.deepEqual(last.people.tiles, five.people.tiles);
});

test('tiles of a page are no lower than can be looked at', () => {
  for (const [width = 0, height = 0] of SIZES) {
    const { lowest } = rulesFor(width, height);
    const { people } = stageFor({ width, height, large: 0, others: 100 });
    const first = people.tiles[0];
    assert.ok(first && (first.height >= lowest - 1 || people.tiles.length <= 2), `${width}x${height}`);
  }
});

test('a shared screen gets most of the stage', () => {
  everywhere(({ width, height, large, others, self }, plan, at) => {
    if (large === 0 || height < 300) return;
    assert.ok(plan.large.width * plan.large.height >= 0.38 * width * height, at);
    if (others > 0) assert.equal(plan.own, null, 'the own picture is with the others, not on the screen');
    if (others === 0 && self === 'hidden') assert.equal(plan.large.width * plan.large.height, width * height, at);
  });
});

test('people are beside a screen on a desktop and below it on a phone', () => {
  const desktop = stageFor({ width: 1260, height: 593, large: 1, others: 4 });
  assert.ok(desktop.people.x > desktop.large.width);
  const phone = stageFor({ width: 348, height: 520, large: 1, others: 4 });
  assert.ok(phone.people.y > phone.large.height);
  assert.ok((phone.large.tiles[0]?.height ?? 0) >= (348 * 9) / 16, 'a wide screen fills the width');
});

test('who wants one picture alone has the whole stage for it', () => {
  const plan = stageFor({ width: 1260, height: 593, large: 1, others: 4, strip: false });
  assert.deepEqual(plan.large.tiles, [{ x: 0, y: 0, width: 1260, height: 593 }]);
  assert.deepEqual(plan.people.tiles, []);
  assert.ok(plan.own, 'and themselves in a corner');
});

test('a layout is counted in no time, however large the room', (t) => {
  // Each number of rows that is tried is rounded up to tiles once.
  const rounded = t.mock.method(Math, 'ceil');
  for (const others of [1, 24, 99, 999]) {
    for (const large of [0, 1, 4]) {
      for (const [width = 0, height = 0] of SIZES) {
        rounded.mock.resetCalls();
        stageFor({ width, height, large, others });
        // A page holds 25 at most; a strip has a place for each.
        const most = large === 0 ? 25 * 13 + 3 : others + large + 6;
        const steps = rounded.mock.callCount();
        assert.ok(steps > 0 && steps <= most, `${steps} steps for ${others} people, ${large} screens`);
      }
    }
  }
});

test('rows fill more than any other number of rows would', () => {
  const field = { width: 1280, height: 640, count: 5, gap: 8, narrowest: 1 };
  const { rows, most } = rowsFor(field);
  assert.deepEqual([rows, most], [2, 3]);
});
