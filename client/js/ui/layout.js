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
