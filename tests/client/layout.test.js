import assert from 'node:assert/strict';
import test from 'node:test';
import { gridFor, ownTileFloats, rulesFor, stageFor } from '../../client/js/ui/layout.js';

const SIZES = [
  [348, 480],
  [780, 780],
  [1420, 780],
  [1280, 200],
];

test('no tile is wider than the stage, and all fit unless they would become too low', () => {
  for (const [width = 0, height = 0] of SIZES) {
    const rules = rulesFor(width);
    for (let count = 1; count <= 49; count += 1) {
      const grid = gridFor({ width, height, count, ...rules });
      const at = `${count} on ${width}x${height}: ${JSON.stringify(grid)}`;
      assert.ok(grid.columns * grid.rows >= count, at);
      assert.ok(grid.columns * (grid.width + rules.gap) - rules.gap <= width, at);
      assert.ok(grid.width > 0 && grid.height > 0, at);
      const fits = grid.rows * (grid.height + rules.gap) - rules.gap <= height;
      assert.ok(fits || grid.height >= rules.lowest, at);
    }
  }
});

test('tiles keep an aspect between the narrowest and 16:9', () => {
  for (const [width = 0, height = 0] of SIZES.slice(0, 3)) {
    const rules = rulesFor(width);
    for (let count = 1; count <= 9; count += 1) {
      const grid = gridFor({ width, height, count, ...rules });
      const aspect = grid.width / grid.height;
      assert.ok(aspect > rules.narrowest * 0.97 && aspect < (16 / 9) * 1.03, `${count} on ${width}: ${aspect}`);
    }
  }
});

test('people lie beside each other on a desktop and above each other on a phone', () => {
  assert.equal(gridFor({ width: 1420, height: 780, count: 2, ...rulesFor(1420) }).columns, 2);
  assert.equal(gridFor({ width: 348, height: 600, count: 2, ...rulesFor(348) }).columns, 1);
  assert.equal(gridFor({ width: 1420, height: 780, count: 9, ...rulesFor(1420) }).columns, 3);
});

test('a hundred people on a phone scroll instead of becoming dots', () => {
  const grid = gridFor({ width: 348, height: 480, count: 100, ...rulesFor(348) });
  assert.equal(grid.columns, 2);
  assert.ok(grid.height >= 120);
});

test('the own picture floats beside exactly one other person', () => {
  assert.deepEqual([0, 1, 2, 9].map(ownTileFloats), [false, true, false, false]);
});

test('a shared screen gets most of the stage, and screens and people both fit into it', () => {
  for (const [width = 0, height = 0] of [...SIZES.slice(0, 3), [360, 520]]) {
    for (let screens = 1; screens <= 4; screens += 1) {
      for (let remotes = 1; remotes <= 30; remotes += 1) {
        const plan = stageFor({ width, height, screens, remotes });
        const at = `${screens} and ${remotes} on ${width}x${height}: ${JSON.stringify(plan)}`;
        const { screens: large, people } = plan;
        const both = plan.beside
          ? [large.width + people.width + plan.gap, Math.max(large.height, people.height)]
          : [Math.max(large.width, people.width), large.height + people.height + plan.gap];
        assert.ok((both[0] ?? 0) <= width && (both[1] ?? 0) <= height, at);
        assert.ok(large.width * large.height >= 0.38 * width * height, at);
        assert.ok(large.tile.width > 0 && large.tile.height > 0 && !large.scrolls, at);
        assert.ok(people.tile.height >= 84 || !people.scrolls, at);
        assert.equal(plan.floats, false, 'the own picture is with the others, not on the screen');
      }
    }
  }
});

test('people are beside a screen on a desktop and below it on a phone', () => {
  assert.equal(stageFor({ width: 1260, height: 593, screens: 1, remotes: 4 }).beside, true);
  const phone = stageFor({ width: 348, height: 520, screens: 1, remotes: 4 });
  assert.equal(phone.beside, false);
  assert.ok(phone.screens.tile.height >= (348 * 9) / 16, 'a wide screen fills the width');
});

test('without a screen the stage is the grid it was', () => {
  const { people, floats } = stageFor({ width: 1260, height: 593, screens: 0, remotes: 2 });
  assert.equal(floats, false);
  const grid = gridFor({ width: 1260, height: 593, count: 3, ...rulesFor(1260) });
  assert.deepEqual(people.tile, { width: grid.width, height: grid.height });
});

test('a layout costs a step or two for each tile, however large the room', (t) => {
  // Each number of columns that is tried is rounded up to rows once.
  const rounded = t.mock.method(Math, 'ceil');
  /** @param {{ screens: number, remotes: number }} people */
  const cost = (people) => {
    rounded.mock.resetCalls();
    for (const [width = 0, height = 0] of SIZES) stageFor({ width, height, ...people });
    return rounded.mock.callCount() / SIZES.length;
  };
  for (const remotes of [1, 24, 99, 999]) {
    for (const screens of [0, 1, 4]) {
      const steps = cost({ screens, remotes });
      assert.ok(
        steps > 0 && steps <= remotes + screens + 3,
        `${steps} steps for ${remotes} people, ${screens} screens`,
      );
    }
  }
});
