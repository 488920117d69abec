/**
 * What the page says, in the language of who reads it. Every text that people read is here by its key; the texts are in one file
 * for each language, in `words/`.
 */

import { fetched, language, regionOf } from './language.js';
import { isolated } from './sentence.js';
import en from '../words/en.js';

/** @import { Sentence } from './sentence.js' */
/** @import { Key, Words } from '../words/en.js' */

/**
 * What stands in a text where it says `{it}`: a name that somebody gave, a number, or words that need no care.
 * A text with forms for numbers goes by `n`.
 * @typedef {Record<string, string | number | Sentence>} Values
 */

/** @type {Words} */
const words = (await fetched) ?? en;

/** The language of those words, for what `Intl` writes. */
export const spoken = words === en ? 'en' : language;

/** The same for dates and times, as people write them where the browser says that its reader is. */
export const regional = regionOf(spoken, globalThis.navigator?.languages ?? []);

/** What says the texts of a language. @typedef {ReturnType<typeof tongueOf>} Tongue */

/**
 * A language that is spoken. Pure.
 * @param {Words} texts
 * @param {string} tag Of the language (BCP 47).
 */
export function tongueOf(texts, tag) {
  const plural = new Intl.PluralRules(tag);
  const number = new Intl.NumberFormat(tag);
  const list = new Intl.ListFormat(tag, { type: 'conjunction' });

  /**
   * @param {Values[string] | undefined} value
   * @returns {Sentence}
   */
  const valueOf = (value) => {
    if (value === undefined) return [''];
    if (typeof value === 'number') return [number.format(value)];
    return typeof value === 'string' ? ['', value, ''] : value;
  };

  return {
    /**
     * A sentence, its names kept apart from its words.
     * @param {Key} key
     * @param {Values} [values]
     * @returns {Sentence}
     */
    say(key, values = {}) {
      const entry = texts[key];
      const count = values.n;
      const rule = typeof count === 'number' ? plural.select(count) : 'other';
      const form = typeof entry === 'string' ? entry : (entry[rule] ?? entry.other);
      const parts = form.split(/\{(\w+)\}/).map((part, index) => (index % 2 === 0 ? [part] : valueOf(values[part])));
      return joined(...parts);
    },

    /**
     * Names one after the other: "Ann, Bob, and Eve".
     * @param {readonly string[]} names
     * @returns {Sentence}
     */
    listed(names) {
      const parts = list
        .formatToParts(names)
        .map(({ type, value }) => (type === 'element' ? ['', value, ''] : [value]));
      return joined(...parts);
    },
  };
}

/** The language of the page. */
export const tongue = tongueOf(words, spoken);

export const { say, listed } = tongue;

/**
 * The same where only text can stand.
 * @param {Key} key
 * @param {Values} [values]
 * @returns {string}
 */
export function word(key, values = {}) {
  return say(key, values)
    .map((part, index) => (index % 2 === 1 ? isolated(part) : part))
    .join('');
}

/**
 * Sentences as one.
 * @param {...Sentence} sentences
 * @returns {Sentence}
 */
export function joined(...sentences) {
  /** @type {string[]} */
  const all = [''];
  for (const [first = '', ...rest] of sentences) all.push(`${all.pop()}${first}`, ...rest);
  return all;
}

/**
 * Puts the words of this language into a page, which has the English ones where it says the keys of them.
 * @param {ParentNode} root
 */
export function translate(root) {
  document.documentElement.lang = spoken;
  if (words === en) return;
  for (const [attribute, put] of PLACES) {
    for (const element of root.querySelectorAll(`[${attribute}]`)) {
      put(element, word(/** @type {Key} */ (element.getAttribute(attribute))));
    }
  }
}

/** Which attribute has the key of what. @type {readonly [string, (element: Element, text: string) => void][]} */
const PLACES = [
  ['data-say', (element, text) => (element.textContent = text)],
  ['data-say-label', (element, text) => element.setAttribute('aria-label', text)],
  ['data-say-title', (element, text) => element.setAttribute('title', text)],
  ['data-say-content', (element, text) => element.setAttribute('content', text)],
  ['data-say-href', (element, text) => element.setAttribute('href', text)],
  ['data-say-placeholder', (element, text) => element.setAttribute('placeholder', text)],
];
