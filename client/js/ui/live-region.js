/**
 * The `role="status"` region: told by screen readers, and shown as one short note at a time.
 */

import { h, nodesOf } from '../core/dom.js';
import { Announcer } from './announcer.js';

/** @import { News } from '../core/news.js' */
/** @import { Sentence } from '../core/sentence.js' */

/** Milliseconds a note is shown, and until it leaves the document. */
const SHOWN = 5000;
const KEPT = 30_000;

/**
 * @typedef {object} LiveRegion
 * @property {(news: string | News) => void} say A string has no name in it.
 * @property {(news: string | News) => void} speak What is to be read on the page already: it is said, not shown.
 * @property {() => void} clear Whatever was said is over.
 */

/**
 * @param {HTMLElement} region
 * @returns {LiveRegion}
 */
export function liveRegion(region) {
  /** @param {Sentence[]} sentences */
  const note = (sentences) => {
    const one = h('p', { class: 'note' });
    for (const sentence of sentences) one.append(one.hasChildNodes() ? ' ' : '', ...nodesOf(sentence), '.');
    one.title = one.textContent ?? '';
    region.append(one);
    setTimeout(() => one.remove(), KEPT);
    return one;
  };
  const announcer = new Announcer(
    (notes) => {
      const spoken = notes.filter(({ shown }) => !shown);
      const seen = notes.filter(({ shown }) => shown);
      if (spoken.length > 0) note(spoken.map(({ sentence }) => sentence)).classList.add('gone');
      if (seen.length === 0) return;
      for (const earlier of region.children) earlier.classList.add('gone');
      const shown = note(seen.map(({ sentence }) => sentence));
      setTimeout(() => shown.classList.add('gone'), SHOWN);
    },
    (action, delay) => setTimeout(action, delay),
  );
  /** @type {(news: string | News, shown: boolean) => void} */
  const add = (news, shown) => announcer.add({ news: typeof news === 'string' ? [news] : news, shown });
  return {
    say: (news) => add(news, true),
    speak: (news) => add(news, false),
    clear: () => {
      announcer.clear();
      region.replaceChildren();
    },
  };
}
