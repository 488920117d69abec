/**
 * Puts rectangles on elements. What is beside what follows the direction of the page.
 */

/** @import { Rect } from './grid.js' */
/** @import { Area } from './layout.js' */

/**
 * @param {HTMLElement} element
 * @param {Rect} rect
 */
export function put(element, { x, y, width, height }) {
  const { style } = element;
  style.insetInlineStart = `${x}px`;
  style.top = `${y}px`;
  style.width = `${width}px`;
  style.height = `${height}px`;
}

/**
 * A list of tiles as a part of the stage.
 * @param {HTMLElement} element
 * @param {Area} area
 * @param {number} edge Of the stage, in CSS pixels.
 */
export function putArea(element, area, edge) {
  put(element, { ...area, x: area.x + edge, y: area.y + edge });
  element.classList.toggle('scrolls', area.scrolls);
  // The keys scroll what has the focus.
  if (area.scrolls) element.tabIndex = 0;
  else element.removeAttribute('tabindex');
}

/** In CSS pixels: in so little room a name has a line of its own, below what is said of it by icons. */
const TIGHT = 120;

/**
 * Keeps what is to be read and pressed on a tile clear of the own tile, where that lies on it.
 * @param {HTMLElement} tile
 * @param {Rect} rect Of the tile.
 * @param {Rect | null} own Both as the stage counts.
 */
export function keepClear(tile, rect, own) {
  const { start, end, bottom } = own ? overlap(rect, own) : { start: 0, end: 0, bottom: true };
  tile.style.setProperty('--clear-start', `${bottom ? start : 0}px`);
  tile.style.setProperty('--clear-end', `${bottom ? end : 0}px`);
  tile.style.setProperty('--clear-tools', `${bottom ? 0 : end}px`);
  tile.classList.toggle('tight', bottom && start + end > 0 && rect.width - start - end < TIGHT);
}

/**
 * How far the own tile reaches in from the nearer side of another one. Pure.
 * @param {Rect} rect
 * @param {Rect} own
 * @returns {{ start: number, end: number, bottom: boolean }}
 */
export function overlap(rect, own) {
  const apart =
    own.x >= rect.x + rect.width ||
    own.x + own.width <= rect.x ||
    own.y >= rect.y + rect.height ||
    own.y + own.height <= rect.y;
  if (apart) return { start: 0, end: 0, bottom: true };
  const fromStart = own.x + own.width - rect.x;
  const fromEnd = rect.x + rect.width - own.x;
  const bottom = own.y + own.height / 2 > rect.y + rect.height / 2;
  return fromEnd <= fromStart ? { start: 0, end: fromEnd, bottom } : { start: fromStart, end: 0, bottom };
}

/**
 * Without an interruption where the browser can.
 * @param {HTMLElement} element
 * @param {HTMLElement & { moveBefore?: (node: Node, next: Node | null) => void }} parent
 * @param {Element | null} next
 */
export function move(element, parent, next) {
  if (element.isConnected && parent.moveBefore) parent.moveBefore(element, next);
  else parent.insertBefore(element, next);
}
