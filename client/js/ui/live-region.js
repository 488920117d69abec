/**
 * The `role="status"` region: told by screen readers, shown as short notes.
 */

import { h, nodesOf } from '../core/dom.js';
import { Announcer } from './announcer.js';

/** @import { Sentence } from '../core/sentence.js' */

/** Milliseconds a note is shown, and until it leaves the document. */
const SHOWN = 5000;
const KEPT = 30_000;

/**
 * @param {HTMLElement} region
 * @returns {(sentence: string | Sentence) => void} A string has no name in it.
 */
export function liveRegion(region) {
  const say = (/** @type {Sentence[]} */ sentences) => {
    const note = h('p', { class: 'note' });
    for (const sentence of sentences) note.append(note.hasChildNodes() ? ' ' : '', ...nodesOf(sentence), '.');
    region.append(note);
    setTimeout(() => note.classList.add('gone'), SHOWN);
    setTimeout(() => note.remove(), KEPT);
  };
  const announcer = new Announcer(say, (action, delay) => setTimeout(action, delay));
  return (sentence) => announcer.add(typeof sentence === 'string' ? [sentence] : sentence);
}
