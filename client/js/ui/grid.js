/**
 * How equal tiles fill an area: in rows, each as wide as the area lets it be. Pure.
 */

/** The widest a tile gets, as width / height: what cameras send. */
export const WIDEST = 16 / 9;

/**
 * In CSS pixels; `x` counts from where a line of text begins.
 * @typedef {{ x: number, y: number, width: number, height: number }} Rect
 */

/**
 * @typedef {object} Field
 * @property {number} width In CSS pixels.
 * @property {number} height In CSS pixels.
 * @property {number} count How many tiles.
 * @property {number} gap Between tiles, in CSS pixels.
 * @property {number} narrowest The least width / height of a tile.
 */

/**
 * Rows of tiles of one height; the last ones may hold one tile more, the others' are wider for it.
 * @typedef {object} Rows
 * @property {number} rows
 * @property {number} most Tiles in the fullest row.
 * @property {number} height Of a row, in CSS pixels.
 * @property {number} filled Square pixels.
 */

/**
 * Tries every number of rows and keeps the one whose tiles fill most. The aspect of a tile is between `narrowest` and 16:9; its
 * picture is cropped to fill it.
 * @param {Field} field
 * @returns {Rows}
 */
export function rowsFor(field) {
  const { width, height, count, gap, narrowest } = field;
  /** @type {Rows} */
  let best = { rows: 1, most: count, height: 0, filled: 0 };
  for (let rows = 1; rows <= count; rows += 1) {
    const most = Math.ceil(count / rows);
    const cell = (width - (most - 1) * gap) / most;
    const line = Math.min((height - (rows - 1) * gap) / rows, cell / narrowest);
    if (cell <= 0 || line <= 0) continue;
    const full = count - rows * (most - 1);
    const filled =
      line *
      (full * most * tileWidth(field, most, line) + (rows - full) * (most - 1) * tileWidth(field, most - 1, line));
    if (filled > best.filled * 1.0001) best = { rows, most, height: line, filled };
  }
  return best;
}

/**
 * @param {Pick<Field, 'width' | 'gap'>} field
 * @param {number} tiles In the row.
 * @param {number} height Of the row.
 */
function tileWidth({ width, gap }, tiles, height) {
  return tiles === 0 ? 0 : Math.min((width - (tiles - 1) * gap) / tiles, height * WIDEST);
}

/**
 * Where the tiles of such rows are: in the middle, or from the top on if they need more height than there is.
 * @param {Field} field
 * @param {Pick<Rows, 'rows' | 'most' | 'height'>} chosen
 * @returns {Rect[]}
 */
export function place(field, { rows, most, height }) {
  const { count, gap } = field;
  const full = count - rows * (most - 1);
  const top = Math.max(0, (field.height - rows * height - (rows - 1) * gap) / 2);
  /** @type {Rect[]} */
  const tiles = [];
  for (let row = 0; row < rows; row += 1) {
    const here = row < rows - full ? most - 1 : most;
    const width = tileWidth(field, here, height);
    const left = (field.width - here * width - (here - 1) * gap) / 2;
    const y = Math.floor(top + row * (height + gap));
    for (let column = 0; column < here; column += 1) {
      tiles.push({
        x: Math.floor(left + column * (width + gap)),
        y,
        width: Math.floor(width),
        height: Math.floor(height),
      });
    }
  }
  return tiles;
}
