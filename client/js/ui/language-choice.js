/**
 * The choice of the language. The page is loaded again with it: whoever is in a call comes back into it.
 */

import { h } from '../core/dom.js';
import { LANGUAGES, isLanguage } from '../core/language.js';
import { remember } from '../core/storage.js';
import { spoken } from '../core/words.js';

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
}
