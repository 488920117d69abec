/**
 * Which language the page speaks: the one that was chosen here, else the first of the browser's that there are words in.
 */

import { remembered } from './storage.js';

/** @import { Words } from '../words/en.js' */

/** English is always there; the words of another language are fetched when it is spoken. */
const FETCHED = {
  de: () => import('../words/de.js'),
  es: () => import('../words/es.js'),
  fr: () => import('../words/fr.js'),
};

/** @typedef {'en' | keyof typeof FETCHED} Language */

/** Each by the name that its own speakers look for. @type {Readonly<Record<Language, string>>} */
export const LANGUAGES = { en: 'English', de: 'Deutsch', es: 'Español', fr: 'Français' };

/**
 * @param {string} name
 * @returns {name is Language}
 */
export function isLanguage(name) {
  return Object.hasOwn(LANGUAGES, name);
}

/**
 * @param {string} chosen Empty if nothing was.
 * @param {readonly string[]} preferred Language tags (BCP 47), the best first.
 * @returns {Language}
 */
export function languageOf(chosen, preferred) {
  const names = [chosen, ...preferred].map((tag) => tag.split('-')[0]?.toLowerCase() ?? '');
  return names.find(isLanguage) ?? 'en';
}

/**
 * The language with the region that the browser has for it: English of Great Britain has the day before the month.
 * @param {string} spoken
 * @param {readonly string[]} preferred Language tags (BCP 47), the best first.
 * @returns {string} A tag, or the language alone if there is none of it that is known.
 */
export function regionOf(spoken, preferred) {
  const own = preferred.filter((tag) => tag.toLowerCase().startsWith(`${spoken}-`));
  return own.find(isKnown) ?? spoken;
}

/** @param {string} tag */
function isKnown(tag) {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(tag).length > 0;
  } catch {
    return false;
  }
}

export const language = languageOf(remembered('language'), globalThis.navigator?.languages ?? []);

/** The words, unless they are the English ones; begun here, so that who asks first does not ask late. */
export const fetched = language === 'en' ? null : fetchWords(language);

/**
 * @param {Exclude<Language, 'en'>} name
 * @returns {Promise<Words | null>} Nothing if they do not come: English is spoken then.
 */
async function fetchWords(name) {
  try {
    return (await FETCHED[name]()).default;
  } catch (error) {
    console.warn('the words of this language could not be loaded:', error);
    return null;
  }
}
