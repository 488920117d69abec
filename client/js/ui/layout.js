/**
 * How tiles fill the stage. Pure.
 */

/** The widest a tile gets, as width / height: what cameras send. */
const WIDEST = 16 / 9;

/**
 * @typedef {object} Grid
 * @property {number} columns
 * @property {number} rows
 * @property {number} width Of one tile, in CSS pixels.
 * @property {number} height Of one tile, in CSS pixels.
 */

/**
 * Tries every number of columns and keeps the one with the largest tiles. A tile's aspect may vary between `narrowest`
 * and 16:9; the picture is cropped a little to fill it.
 * @param {object} stage
 * @param {number} stage.width In CSS pixels.
 * @param {number} stage.height In CSS pixels.
 * @param {number} stage.count How many tiles.
 * @param {number} stage.gap Between tiles, in CSS pixels.
 * @param {number} stage.narrowest The least width / height of a tile.
 * @param {number} stage.lowest The least height of a tile, in CSS pixels: with more tiles the stage scrolls.
 * @returns {Grid}
 */
export function gridFor({ width, height, count, gap, narrowest, lowest }) {
  /** @type {Grid} */
  let best = { columns: 1, rows: Math.max(1, count), width: 0, height: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const cell = { width: (width - (columns - 1) * gap) / columns, height: (height - (rows - 1) * gap) / rows };
    if (cell.width <= 0 || cell.height <= 0) continue;
    const tile = fit(cell, narrowest);
    const gain = (tile.width * tile.height) / (best.width * best.height || 1);
    const fewerEmpty = columns * rows < best.columns * best.rows;
    if (best.width === 0 || gain > 1.0001 || (gain > 0.9999 && fewerEmpty)) best = { columns, rows, ...tile };
  }
  return best.height >= lowest || count === 0 ? floor(best) : scrolling({ width, count, gap, narrowest, lowest });
}

/**
 * @param {{ width: number, height: number }} cell
 * @param {number} narrowest
 */
function fit(cell, narrowest) {
  const aspect = cell.width / cell.height;
  if (aspect > WIDEST) return { width: cell.height * WIDEST, height: cell.height };
  return aspect >= narrowest ? cell : { width: cell.width, height: cell.width / narrowest };
}

/**
 * As many columns as tiles of the least height allow; the rows go on below.
 * @param {{ width: number, count: number, gap: number, narrowest: number, lowest: number }} stage
 * @returns {Grid}
 */
function scrolling({ width, count, gap, narrowest, lowest }) {
  const columns = Math.max(1, Math.min(count, Math.floor((width + gap) / (lowest * Math.max(1, narrowest) + gap))));
  const tile = (width - (columns - 1) * gap) / columns;
  return floor({ columns, rows: Math.ceil(count / columns), width: tile, height: Math.max(lowest, tile / WIDEST) });
}

/** @param {Grid} grid */
function floor(grid) {
  return { ...grid, width: Math.floor(grid.width), height: Math.floor(grid.height) };
}

/** Below this width, in CSS pixels, a stage is a phone's. */
const PHONE = 600;

/**
 * The rules for a stage of this size: phones crop to upright tiles and take lower ones.
 * @param {number} width In CSS pixels.
 * @returns {{ gap: number, narrowest: number, lowest: number }}
 */
export function rulesFor(width) {
  return width < PHONE ? { gap: 6, narrowest: 0.8, lowest: 120 } : { gap: 10, narrowest: 4 / 3, lowest: 150 };
}

/**
 * Whether the own picture floats in a corner: beside one other person a whole tile would be too much.
 * @param {number} remotes
 * @returns {boolean}
 */
export function ownTileFloats(remotes) {
  return remotes === 1;
}

/** Beside a shared screen people are seen small: lower tiles than otherwise will do, in CSS pixels. */
const LOWEST_IN_STRIP = 84;

/**
 * @typedef {object} Area
 * @property {number} width In CSS pixels.
 * @property {number} height In CSS pixels.
 * @property {{ width: number, height: number }} tile
 * @property {boolean} scrolls The tiles need more height than there is.
 */

/**
 * @typedef {object} StagePlan
 * @property {boolean} beside The people are beside the screens, not below or alone.
 * @property {boolean} floats The own tile is in a corner.
 * @property {number} gap Between tiles, and between screens and people, in CSS pixels.
 * @property {Area} screens
 * @property {Area} people
 */

/**
 * Shared screens get most of the stage, people the rest: beside them where the stage is wide, below where it is upright.
 * @param {object} stage
 * @param {number} stage.width In CSS pixels.
 * @param {number} stage.height In CSS pixels.
 * @param {number} stage.screens How many screens others share.
 * @param {number} stage.remotes How many other people have a tile.
 * @returns {StagePlan}
 */
export function stageFor({ width, height, screens, remotes }) {
  const rules = rulesFor(width);
  const floats = screens === 0 && ownTileFloats(remotes);
  const count = remotes + (floats ? 0 : 1);
  if (screens === 0) {
    const none = { width: 0, height: 0, tile: { width: 0, height: 0 }, scrolls: false };
    return { beside: false, floats, gap: rules.gap, screens: none, people: area({ width, height, count, ...rules }) };
  }
  const beside = width > height * 1.1;
  const { gap } = rules;
  const strip = beside
    ? { width: Math.round(clamp(width * 0.22, 130, 300)), height }
    : { width, height: Math.round(height - gap - clamp((width * screens) / WIDEST, height * 0.4, height * 0.65)) };
  const rest = beside ? { width: width - gap - strip.width, height } : { width, height: height - gap - strip.height };
  const large =
    screens === 1
      ? { ...rest, tile: rest, scrolls: false }
      : area({ ...rest, count: screens, gap, narrowest: 1, lowest: 0 });
  return {
    beside,
    floats,
    gap,
    screens: large,
    people: area({ ...strip, count, gap, narrowest: rules.narrowest, lowest: LOWEST_IN_STRIP }),
  };
}

/**
 * @param {Parameters<typeof gridFor>[0]} place
 * @returns {Area}
 */
function area(place) {
  const grid = gridFor(place);
  const { width, height, gap } = place;
  const scrolls = grid.rows * (grid.height + gap) - gap > height + 1;
  return { width, height, tile: { width: grid.width, height: grid.height }, scrolls };
}

/** @type {(value: number, least: number, most: number) => number} */
const clamp = (value, least, most) => Math.min(most, Math.max(least, value));
