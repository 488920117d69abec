/**
 * A line over the last minute, its name and its newest value.
 */

import { h, svg } from '../core/dom.js';

/** Seconds that are shown. */
export const SPAN = 60;
/** Of the drawing; it is stretched to the place it has. */
const WIDTH = 240;
const HEIGHT = 40;

/**
 * The line through some values, the newest at the right edge. Pure.
 * @param {(number | null)[]} values One a second, the newest last; null where nothing is known.
 * @param {number} top The value at the upper edge.
 * @returns {string} The data of a path.
 */
export function lineOf(values, top) {
  const step = WIDTH / (SPAN - 1);
  let line = '';
  let drawn = false;
  for (const [index, value] of values.entries()) {
    if (value !== null) {
      const x = WIDTH - (values.length - 1 - index) * step;
      const y = HEIGHT - 1 - (HEIGHT - 2) * Math.min(1, Math.max(0, value / top));
      line += `${drawn ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
    }
    drawn = value !== null;
  }
  return line;
}

export class Plot {
  #least;
  #words;
  #value = h('dd', { text: '–' });
  #drawing = svg({ viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, ['']);
  /** @type {(number | null)[]} */
  #values = [];
  element;

  /**
   * @param {string} name
   * @param {object} scale
   * @param {number} scale.least The upper edge at least: little moves are to look little.
   * @param {(value: number) => string} scale.words A value for people.
   */
  constructor(name, { least, words }) {
    this.#least = least;
    this.#words = words;
    this.element = h('div', { class: 'plot' }, h('dt', { text: name }), this.#value, this.#drawing);
  }

  /** @param {number | null} value The newest; null if it is not known. */
  add(value) {
    this.#values = [...this.#values, value].slice(-SPAN);
    const known = this.#values.filter((one) => one !== null);
    this.#value.textContent = value === null ? '–' : this.#words(value);
    const top = Math.max(this.#least, ...known);
    this.#drawing.querySelector('path')?.setAttribute('d', lineOf(this.#values, top));
  }
}
