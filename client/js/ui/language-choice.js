/**
 * The choice of the language. The page is loaded again with it: whoever is in a call comes back into it.
 */

import { h } from '../core/dom.js';
import { LANGUAGES, isLanguage } from '../core/language.js';
import { keepsChoices, remember } from '../core/storage.js';
import { spoken, word } from '../core/words.js';

/** Keys that choose something else in a menu that is closed. */
const CHOOSING = /^(Arrow|Page|Home|End)|^\S$/u;

/**
 * Fills the menu, and obeys it.
 * @param {HTMLSelectElement} menu
 */
export function languageChoice(menu) {
  const options = Object.entries(LANGUAGES).map(([name, text]) => h('option', { value: name, lang: name, text }));
  menu.replaceChildren(...options);
  menu.value = spoken;
  menu.addEventListener('change', () => {
    if (!isLanguage(menu.value)) return;
    remember('language', menu.value);
    location.reload();
  });
  menu.addEventListener('keydown', (event) => openFirst(menu, event));
  if (keepsChoices()) return;
  // The page would come back as it was, and not into the call.
  menu.disabled = true;
  const why = h('p', { id: `${menu.id}-why`, class: 'hint', text: word('language.not-kept') });
  menu.setAttribute('aria-describedby', why.id);
  menu.after(why);
}

/**
 * Who looks through a menu with the keys has not chosen yet: it opens instead, as it does on a Mac.
 * @param {HTMLSelectElement} menu
 * @param {KeyboardEvent} event
 */
function openFirst(menu, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || !CHOOSING.test(event.key) || isOpen(menu)) return;
  if (!('showPicker' in menu)) return;
  event.preventDefault();
  try {
    menu.showPicker();
  } catch (error) {
    console.warn('the menu does not open:', error);
  }
}

/** @param {HTMLSelectElement} menu */
function isOpen(menu) {
  try {
    return menu.matches(':open');
  } catch {
    // Who does not tell is left alone: an open menu needs its keys.
    return true;
  }
}
