/**
 * Where many people are, those are shown whose names have what is typed.
 */

import { byId } from '../core/dom.js';
import { word } from '../core/words.js';

/** So many people are found by looking. */
const FEW = 8;

/** @param {string} text As it is compared: `É` and `e` are one letter, and so are `ß` and `ss`. */
const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toUpperCase();

/**
 * Whose names have each of the words, wherever it stands in them. Pure.
 * @template {{ name: string }} T
 * @param {readonly T[]} people
 * @param {string} sought
 * @returns {T[]} In the same order.
 */
export function called(people, sought) {
  const words = plain(sought).split(/\s+/);
  return people.filter(({ name }) => {
    const text = plain(name);
    return words.every((part) => text.includes(part));
  });
}

export class PeopleSearch {
  #place = byId('people-search', HTMLDivElement);
  #box = byId('people-sought', HTMLInputElement);
  #told = byId('people-found', HTMLParagraphElement);

  /**
   * @param {HTMLDialogElement} dialog It is forgotten with it, and Escape takes it back before it closes that.
   * @param {() => void} changed Others are looked for.
   */
  constructor(dialog, changed) {
    const forget = () => {
      this.#box.value = '';
      changed();
    };
    this.#box.addEventListener('input', changed);
    dialog.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || this.#box.value === '') return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!event.isComposing) forget();
    });
    dialog.addEventListener('close', forget);
  }

  /**
   * @template {{ name: string }} T
   * @param {readonly T[]} people
   * @returns {T[]} Those who are looked for.
   */
  among(people) {
    const { value } = this.#box;
    // It does not go from under somebody's hands when others leave.
    this.#place.hidden = people.length <= FEW && value === '' && document.activeElement !== this.#box;
    const found = called(people, value);
    const told = value.trim() === '' ? '' : foundWords(found.length, people.length);
    if (this.#told.textContent !== told) this.#told.textContent = told;
    return found;
  }
}

/**
 * @param {number} found
 * @param {number} all
 */
function foundWords(found, all) {
  return found === 0 ? word('people.none') : word('people.found', { n: found, of: all });
}
