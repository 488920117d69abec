/**
 * Where everything on the stage is: a table of what there is goes in, rectangles come out. Pure.
 */

import { place, rowsFor, WIDEST } from './grid.js';

/** @import { Field, Rect } from './grid.js' */

/** Below this width or height, in CSS pixels, a stage is a phone's. */
const PHONE = { width: 600, height: 400 };

/**
 * @typedef {object} Rules
 * @property {number} gap Between tiles, in CSS pixels.
 * @property {number} narrowest The least width / height of a tile.
 * @property {number} alone The same of the only tile.
 * @property {number} lowest The least height of a tile, in CSS pixels: more tiles go to another page.
 * @property {number} page Tiles of a page at most.
 */

/**
 * The rules for a stage of this size: phones crop to upright tiles and take lower ones.
 * @param {number} width In CSS pixels.
 * @param {number} height In CSS pixels.
 * @returns {Rules}
 */
export function rulesFor(width, height) {
  return width < PHONE.width || height < PHONE.height
    ? { gap: 6, narrowest: 0.8, alone: 0.5, lowest: 100, page: 9 }
    : { gap: 8, narrowest: 0.85, alone: 0.8, lowest: 120, page: 25 };
}

/** Beside a shared screen people are seen small, and upright. */
const STRIP = { narrowest: 0.75, lowest: 84 };

/** Where one's own picture is: over the others, among them, or nowhere. @typedef {'corner' | 'grid' | 'hidden'} SelfView */

/**
 * The corners for one's own picture; a line of text goes from start to end.
 * @typedef {'bottom-end' | 'bottom-start' | 'top-start' | 'top-end'} Corner
 */

/**
 * @typedef {object} Area
 * @property {number} x
 * @property {number} y
 * @property {number} width In CSS pixels.
 * @property {number} height In CSS pixels.
 * @property {Rect[]} tiles Within the area.
 * @property {boolean} scrolls The tiles need more height than there is.
 */

/**
 * @typedef {object} StagePlan
 * @property {Area} large What has the large places.
 * @property {Area} people The others, and last oneself, unless the own tile floats or is hidden.
 * @property {Rect | null} own Where the own tile floats, on the stage.
 * @property {number} pages How many pages the others fill.
 * @property {number} page Which of them is shown, from 0.
 * @property {number} from The first of the others that is shown, from 0.
 * @property {number} to The one after the last.
 */

/**
 * Large pictures get most of the stage, people the rest: beside them where the stage is wide, below where it is upright.
 * @param {object} table
 * @param {number} table.width In CSS pixels.
 * @param {number} table.height In CSS pixels.
 * @param {number} table.large How many pictures have a large place.
 * @param {number} table.others How many other tiles there are.
 * @param {SelfView} [table.self]
 * @param {Corner} [table.at]
 * @param {number} [table.page] The wanted one, from 0.
 * @param {boolean} [table.strip] Whether people are seen beside what is large.
 * @returns {StagePlan}
 */
export function stageFor({ width, height, large, others, self = 'corner', at = 'bottom-end', page = 0, strip = true }) {
  const rules = rulesFor(width, height);
  if (large === 0) return gridPlan({ width, height }, rules, { others, self, at, page });
  const inStrip = strip ? others + (self === 'hidden' ? 0 : 1) : 0;
  const { big, small } = inStrip === 0 ? whole(width, height) : split({ width, height, large }, rules.gap);
  const floats = inStrip === 0 && self !== 'hidden';
  return {
    large:
      large === 1
        ? { ...big, tiles: [{ x: 0, y: 0, width: big.width, height: big.height }], scrolls: false }
        : area(big, { count: large, gap: rules.gap, narrowest: 1 }),
    people: area(small, { count: inStrip, gap: rules.gap, narrowest: STRIP.narrowest, lowest: STRIP.lowest }),
    own: floats ? corner({ width, height }, big, rules.gap, at) : null,
    pages: 1,
    page: 0,
    from: 0,
    to: strip ? others : 0,
  };
}

/**
 * @param {{ width: number, height: number }} stage
 * @param {Rules} rules
 * @param {{ others: number, self: SelfView, at: Corner, page: number }} who
 * @returns {StagePlan}
 */
function gridPlan(stage, rules, { others, self, at, page: wanted }) {
  const floats = self === 'corner' && others > 0;
  const own = floats || self === 'hidden' ? 0 : 1;
  const { fits, field } = pageFor(stage, rules, others + own);
  // Oneself is on every page.
  const each = Math.max(1, fits - own);
  const pages = Math.max(1, Math.ceil(others / each));
  const page = Math.max(0, Math.min(wanted, pages - 1));
  const from = page * each;
  const to = Math.min(others, from + each);
  const count = to - from + own;
  const people = area(
    { x: 0, y: 0, ...stage },
    { ...field, ...(count === 1 ? { narrowest: rules.alone } : {}), count },
  );
  const last = people.tiles.at(-1);
  return {
    large: { x: 0, y: 0, width: 0, height: 0, tiles: [], scrolls: false },
    people,
    own: floats && last ? corner(stage, last, rules.gap, at) : null,
    pages,
    page,
    from,
    to,
  };
}

/**
 * As many tiles as a page takes without becoming too low.
 * @param {{ width: number, height: number }} stage
 * @param {Rules} rules
 * @param {number} count
 */
function pageFor(stage, { gap, narrowest, lowest, page }, count) {
  const field = { ...stage, gap, narrowest };
  let fits = Math.min(count, page);
  while (fits > 2 && rowsFor({ ...field, count: fits }).height < lowest) fits -= 1;
  return { fits, field };
}

/**
 * @param {number} width
 * @param {number} height
 */
function whole(width, height) {
  return { big: { x: 0, y: 0, width, height }, small: { x: 0, y: height, width, height: 0 } };
}

/**
 * @param {{ width: number, height: number, large: number }} stage
 * @param {number} gap
 * @returns {{ big: Rect, small: Rect }}
 */
function split({ width, height, large }, gap) {
  if (width > height * 1.1) {
    const strip = Math.round(clamp(width * 0.22, 130, 320));
    const big = width - gap - strip;
    return { big: { x: 0, y: 0, width: big, height }, small: { x: big + gap, y: 0, width: strip, height } };
  }
  const big = Math.round(clamp((width * large) / WIDEST, height * 0.4, height * 0.65));
  const y = big + gap;
  return { big: { x: 0, y: 0, width, height: big }, small: { x: 0, y, width, height: height - y } };
}

/**
 * The own tile floats in a corner of the stage, and covers less than half of the tile that is there.
 * @param {{ width: number, height: number }} stage
 * @param {Rect} under The tile that is there.
 * @param {number} gap
 * @param {Corner} at
 * @returns {Rect}
 */
function corner(stage, under, gap, at) {
  const width = Math.round(clamp(Math.min(Math.max(stage.width * 0.2, 104), under.width * 0.42), 84, 260));
  const height = Math.round((width * 10) / 16);
  const x = at.endsWith('end') ? stage.width - width - gap : gap;
  const y = at.startsWith('bottom') ? stage.height - height - gap : gap;
  return { x, y, width, height };
}

/**
 * @param {Rect} where
 * @param {Pick<Field, 'count' | 'gap' | 'narrowest'> & { lowest?: number }} what
 * @returns {Area}
 */
function area(where, { lowest = 0, ...what }) {
  const field = { width: where.width, height: where.height, ...what };
  const rows = rowsFor(field);
  if (rows.height >= lowest || what.count === 0) return { ...where, tiles: place(field, rows), scrolls: false };
  return { ...where, tiles: place(field, scrolling(field, lowest)), scrolls: true };
}

/**
 * As many in a row as tiles of the least height allow; the rows go on below.
 * @param {Field} field
 * @param {number} lowest
 */
function scrolling({ width, count, gap, narrowest }, lowest) {
  const columns = Math.max(1, Math.min(count, Math.floor((width + gap) / (lowest * Math.max(1, narrowest) + gap))));
  const rows = Math.ceil(count / columns);
  const most = Math.ceil(count / rows);
  const tile = (width - (most - 1) * gap) / most;
  return { rows, most, height: Math.max(lowest, tile / WIDEST) };
}

/**
 * Which share of the stage the pictures of others fill, and one's own where it is not on one of theirs.
 * @param {{ large: Pick<Area, 'tiles'>, people: Pick<Area, 'tiles'> }} plan
 * @param {{ width: number, height: number }} stage
 */
export function fillOf({ large, people }, { width, height }) {
  const filled = [...large.tiles, ...people.tiles].reduce((sum, tile) => sum + tile.width * tile.height, 0);
  return filled / (width * height);
}

/** @type {(value: number, least: number, most: number) => number} */
const clamp = (value, least, most) => Math.min(most, Math.max(least, value));
