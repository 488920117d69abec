/**
 * The stage in a small window above all others, with what one needs there: microphone, camera, and the way out. Closing the window
 * brings the stage back.
 */

import { h } from '../core/dom.js';
import { framed } from '../core/frame.js';
import { word } from '../core/words.js';
import { addPlace } from './key-places.js';

/** In CSS pixels, at first: a picture of 16 to 9, and the controls. */
const SIZE = { width: 400, height: 300 };

/** As much of `documentPictureInPicture` as it takes. @typedef {{ requestWindow: (size: typeof SIZE) => Promise<Window> }} Windows */

/** @returns {Windows | null} Null where the browser has no such windows, or has none for frames. */
export function smallWindows() {
  return framed
    ? null
    : (/** @type {{ documentPictureInPicture?: Windows }} */ (window).documentPictureInPicture ?? null);
}

export class SmallWindow {
  #windows;
  #stage;
  #moved;
  #away;
  #root;
  /** @type {Window | null} */
  #window = null;

  /**
   * @param {Windows} windows
   * @param {object} parts
   * @param {HTMLElement} parts.stage
   * @param {HTMLElement[]} parts.controls What is below it there.
   * @param {(small: Window | null) => void} parts.moved The stage is in that window, or back in the page.
   */
  constructor(windows, { stage, controls, moved }) {
    this.#windows = windows;
    this.#stage = stage;
    this.#moved = moved;
    this.#away = h('p', { class: 'stage elsewhere', text: word('window.text') });
    const toolbar = h('section', { class: 'toolbar', 'aria-label': word('window.controls') }, ...controls);
    this.#root = h('main', { class: 'call small-window' }, toolbar);
  }

  get isOpen() {
    return this.#window !== null;
  }

  /** Needs a press of the person. */
  async open() {
    const small = await this.#windows.requestWindow(SIZE);
    // A second press, before the first one had its window, has taken the place of that.
    this.close();
    this.#window = small;
    // The browser closes it, with whatever is in it.
    small.addEventListener('pagehide', () => this.#back(small));
    await furnish(small.document);
    if (this.#window !== small) return;
    small.document.body.append(this.#root);
    this.#stage.replaceWith(this.#away);
    this.#root.prepend(this.#stage);
    addPlace(small);
    this.#settle(small);
  }

  close() {
    const small = this.#window;
    if (!small) return;
    this.#back(small);
    small.close();
  }

  /** @param {Window} small */
  #back(small) {
    if (this.#window !== small) return;
    this.#window = null;
    if (this.#away.isConnected) this.#away.replaceWith(this.#stage);
    document.adoptNode(this.#root);
    this.#settle(null);
  }

  /** @param {Window | null} small */
  #settle(small) {
    this.#moved(small);
    // What goes from one document to another is paused.
    for (const video of this.#stage.querySelectorAll('video')) if (video.srcObject) video.play().catch(() => {});
  }
}

/**
 * An empty document becomes one of ours.
 * @param {Document} there
 */
async function furnish(there) {
  const { lang, dir } = document.documentElement;
  Object.assign(there.documentElement, { lang, dir });
  there.title = document.title;
  const links = /** @type {NodeListOf<HTMLLinkElement>} */ (document.querySelectorAll('link[rel=stylesheet]'));
  const settled = [...links].map(({ href }) => {
    const link = h('link', { rel: 'stylesheet', href });
    const styled = new Promise((settle) => {
      link.addEventListener('load', settle);
      link.addEventListener('error', settle);
    });
    there.head.append(link);
    return styled;
  });
  await Promise.all(settled);
}
