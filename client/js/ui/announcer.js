/**
 * When to say what into the live region: at once if it was quiet, together if much happens, and in as few words as tell
 * it. Pure but for the timer it is given.
 */

import { isDid, sentenceOf, together } from '../core/news.js';
import { tongue } from '../core/words.js';

/** @import { Deed, News } from '../core/news.js' */
/** @import { Sentence } from '../core/sentence.js' */
/** @import { Tongue } from '../core/words.js' */

/** Milliseconds between two announcements, so that a screen reader can finish one. */
export const QUIET = 2000;

/** What is to be said, and whether it is shown too: what stands elsewhere on the page is only spoken. @typedef {{ news: News, shown: boolean }} Note */
/** The same as it is said. @typedef {{ sentence: Sentence, shown: boolean }} Said */

export class Announcer {
  #say;
  #later;
  #tongue;
  /** @type {Note[]} */
  #waiting = [];
  #busy = false;

  /**
   * @param {(notes: Said[]) => void} say
   * @param {(action: () => void, delay: number) => void} later
   * @param {Tongue} [by] The language.
   */
  constructor(say, later, by = tongue) {
    this.#say = say;
    this.#later = later;
    this.#tongue = by;
  }

  /** @param {Note} note */
  add(note) {
    this.#waiting.push(note);
    if (!this.#busy) this.#flush();
  }

  /** Nobody wants to hear what still waits. */
  clear() {
    this.#waiting = [];
  }

  #flush() {
    const notes = summarised(this.#waiting, this.#tongue);
    this.#waiting = [];
    this.#busy = notes.length > 0;
    if (!this.#busy) return;
    this.#say(notes);
    this.#later(() => this.#flush(), QUIET);
  }
}

/**
 * Says together what several people did, and nothing twice. Pure.
 * @param {Note[]} notes
 * @param {Tongue} by
 * @returns {Said[]} In the order of what happened first.
 */
function summarised(notes, by) {
  /** @type {Map<string, { did: Deed | null, names: Set<string>, note: Note }>} */
  const groups = new Map();
  for (const note of notes) {
    const { news, shown } = note;
    const did = isDid(news) ? news.did : null;
    const key = `${shown} ${isDid(news) ? news.did : news.join('\u0000')}`;
    const group = groups.get(key) ?? { did, names: new Set(), note };
    groups.set(key, group);
    if (isDid(news)) group.names.add(news.name);
  }
  return [...groups.values()].map(({ did, names, note: { news, shown } }) => ({
    sentence: did ? together(did, [...names], by) : sentenceOf(news),
    shown,
  }));
}
