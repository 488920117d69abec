/** A screen to share of which one can tell whether it can be read, from its picture at the other end. */

import { LOOK } from '../../e2e/lib/viewer.js';

/** @import { Person } from '../../e2e/lib/person.js' */

/** How long one page of it stands, in milliseconds; which one it is, the clock says. */
const PAGE_MS = 5_000;

/** A window of 1280 x 720 has so many cells across and down: strokes of 4 pixels, as those of large type. */
const CELLS = { across: 160, down: 80, side: 4, left: 320, top: 200 };

/** Of so many cells that are told apart a text can be read: of 100 letters one is doubtful. */
const READ = 0.97;

/** So many different pages, one after the other. */
const PAGES_IN_ALL = 64;

/** What is on each page: a string of 0 and 1, for white and black, row by row. Not one is like another (Lehmer, modulus 2^31 - 1). */
const TEXTS = Array.from({ length: PAGES_IN_ALL }, (_, page) => {
  let state = 1 + page * 7_919;
  const next = () => (state = (state * 48_271) % 0x7fffffff) > 0x3fffffff;
  for (let turn = 0; turn < 9; turn++) next();
  return Array.from({ length: CELLS.across * CELLS.down }, () => (next() ? '1' : '0')).join('');
});

/** What is shared. */
export const PAGES = `<!doctype html>
  <title></title>
  <style>body { margin: 0; background: white; font: 40px sans-serif } canvas { position: fixed; inset: 0 }</style>
  <canvas width="1280" height="720"></canvas>
  <script>{
    const texts = ${JSON.stringify(TEXTS)};
    const { across, down, side, left, top } = ${JSON.stringify(CELLS)};
    const canvas = document.querySelector('canvas');
    const context = canvas.getContext('2d');
    let shown = -1;
    const draw = () => {
      const page = Math.floor(Date.now() / ${PAGE_MS}) % texts.length;
      if (page === shown) return;
      shown = page;
      context.fillStyle = 'white';
      context.fillRect(0, 0, 1280, 720);
      context.fillStyle = 'black';
      for (let cell = 0; cell < across * down; cell++) {
        if (texts[page][cell] === '0') continue;
        context.fillRect(left + (cell % across) * side, top + Math.floor(cell / across) * side, side, side);
      }
    };
    setInterval(draw, 20);
  }</script>`;

/**
 * What could be read, and how soon.
 * @typedef {object} Reading
 * @property {number} pages That were shown from their beginning to their end.
 * @property {number[]} after Seconds from a page's beginning until it could be read; {@link PAGE_MS} if it never could.
 * @property {number} worst The share of a page's cells that was told apart at its end, of the page that fared worst.
 */

/** @typedef {[at: number, right: number]} Glance When, in milliseconds since 1970, and the share of the cells that was told apart. */

/**
 * Looks at the picture again and again. Runs in the page, so it stands alone.
 * @param {Element} element
 * @param {{ cells: typeof CELLS, texts: string[], pageMs: number }} how
 */
function startReading(element, { cells: { across, down, side, left, top }, texts, pageMs }) {
  const video = /** @type {HTMLVideoElement} */ (element);
  const context = new OffscreenCanvas(1280, 720).getContext('2d', { willReadFrequently: true });
  /** @type {Glance[]} */
  const glances = [];
  Object.assign(window, { takeGlances: () => glances.splice(0) });
  setInterval(() => {
    if (!context || video.videoWidth === 0) return;
    context.drawImage(video, 0, 0, 1280, 720);
    const { data } = context.getImageData(left, top, across * side, down * side);
    const at = Date.now();
    const text = texts[Math.floor(at / pageMs) % texts.length] ?? '';
    let right = 0;
    for (let cell = 0; cell < text.length; cell++) {
      const [x, y] = [(cell % across) * side + side / 2, Math.floor(cell / across) * side + side / 2];
      const isDark = (data[4 * (y * across * side + x)] ?? 0) < 128;
      if (isDark === (text[cell] === '1')) right += 1;
    }
    glances.push([at, right / text.length]);
  }, 100);
}

export class Reader {
  #person;
  #label;

  /** @param {Person} person @param {string} label of the tile */
  constructor(person, label) {
    this.#person = person;
    this.#label = label;
  }

  /** From now on. */
  async open() {
    const how = { cells: CELLS, texts: TEXTS, pageMs: PAGE_MS };
    await this.#person.tile(this.#label).locator('video').evaluate(startReading, how, LOOK);
    return this;
  }

  /** Forgets what was read until now. */
  async begin() {
    await this.#person.page.evaluate(() => /** @type {any} */ (window).takeGlances());
  }

  /** @returns {Promise<Reading>} what was read of the pages that were seen from their beginning to their end */
  async end() {
    /** @type {Glance[]} */
    const glances = await this.#person.page.evaluate(() => /** @type {any} */ (window).takeGlances());
    const pageOf = (/** @type {Glance | undefined} */ glance) => Math.floor((glance?.[0] ?? 0) / PAGE_MS);
    /** @type {Reading} */
    const reading = { pages: 0, after: [], worst: 1 };
    for (let page = pageOf(glances[0]) + 1; page < pageOf(glances.at(-1)); page++) {
      const own = glances.filter((glance) => pageOf(glance) === page);
      const read = own.find(([, right]) => right >= READ);
      reading.pages += 1;
      reading.after.push(((read?.[0] ?? (page + 1) * PAGE_MS) - page * PAGE_MS) / 1_000);
      reading.worst = Math.min(reading.worst, own.at(-1)?.[1] ?? 0);
    }
    return reading;
  }
}
