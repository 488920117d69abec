/**
 * The `role="status"` region: told by screen readers, shown as short notes.
 */

import { h } from '../core/dom.js';
import { Announcer } from './announcer.js';

/** Milliseconds a note is shown, and until it leaves the document. */
const SHOWN = 5000;
const KEPT = 30_000;

/**
 * @param {HTMLElement} region
 * @returns {(sentence: string) => void}
 */
export function liveRegion(region) {
  const say = (/** @type {string[]} */ sentences) => {
    const note = h('p', { class: 'note', text: `${sentences.join('. ')}.` });
    region.append(note);
    setTimeout(() => note.classList.add('gone'), SHOWN);
    setTimeout(() => note.remove(), KEPT);
  };
  const announcer = new Announcer(say, (action, delay) => setTimeout(action, delay));
  return (sentence) => announcer.add(sentence);
}
