/** Pictures of one page as it is now, on every screen and in both colour schemes. */

import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** @import { Page } from './browser.js' */

/** A small phone, a phone, a tablet, a low laptop, a desktop. */
export const SIZES = [
  { width: 360, height: 640 },
  { width: 390, height: 844 },
  { width: 800, height: 900 },
  { width: 1280, height: 640 },
  { width: 1440, height: 900 },
];

const SCHEMES = /** @type {const} */ (['light', 'dark']);

/** Of 100: what letters stay readable with. */
const QUALITY = 55;

/** Stands alone: it runs in the page. Sizes are observed, what they change is drawn, and no colour is on its way to another. */
async function drawn() {
  // Each element follows the one around it a frame later.
  for (let rounds = 0; rounds < 4; rounds += 1) {
    for (const animation of document.getAnimations()) animation.finish();
    for (let frames = 0; frames < 2; frames += 1) await new Promise((next) => requestAnimationFrame(next));
  }
}

export class Album {
  #where;
  #bytes = 0;

  /** @param {string} where the folder */
  constructor(where) {
    this.#where = where;
  }

  /** What all pictures have, in bytes. */
  get bytes() {
    return this.#bytes;
  }

  /**
   * @param {Page} page
   * @param {string} state what it shows
   * @param {() => Promise<unknown>} [ready] before each picture: brings about, or waits for, what passes
   */
  async take(page, state, ready = async () => {}) {
    const folder = join(this.#where, state);
    await mkdir(folder, { recursive: true });
    for (const size of SIZES) {
      await page.setViewportSize(size);
      for (const colorScheme of SCHEMES) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await ready();
        await page.evaluate(drawn);
        const path = join(folder, `${size.width}x${size.height}-${colorScheme}.jpg`);
        await page.screenshot({ path, type: 'jpeg', quality: QUALITY });
        this.#bytes += (await stat(path)).size;
      }
    }
    await page.setViewportSize({ width: 1280, height: 720 });
  }
}
