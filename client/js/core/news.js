/**
 * What is told to whoever is in a call: a sentence, or what somebody did. What several did is one sentence, by the rules of its
 * language. Pure.
 */

import { textOf } from './sentence.js';
import { joined, tongue } from './words.js';

/** @import { Key } from '../words/en.js' */
/** @import { Sentence } from './sentence.js' */
/** @import { Tongue } from './words.js' */

/** What people do, as a text about one or several. @typedef {Extract<Key, `news.${string}`>} Deed */
/** Somebody did something. @typedef {{ did: Deed, name: string }} Did */
/** @typedef {Sentence | Did} News */

/** Names that are said before the others are only counted. */
const NAMED = 3;

/**
 * @param {News} news
 * @returns {news is Did}
 */
export function isDid(news) {
  return 'did' in news;
}

/**
 * @param {News} news
 * @returns {Sentence}
 */
export function sentenceOf(news) {
  return isDid(news) ? together(news.did, [news.name]) : news;
}

/**
 * As people read it, where nothing but text can stand.
 * @param {News} news
 */
export function newsText(news) {
  return textOf(sentenceOf(news));
}

/**
 * What one or several did.
 * @param {Deed} did
 * @param {readonly string[]} names
 * @param {Tongue} [by]
 * @returns {Sentence}
 */
export function together(did, names, by = tongue) {
  return by.say(did, { names: namesOf(names, by), n: names.length });
}

/**
 * @param {readonly string[]} names
 * @param {Tongue} by
 * @returns {Sentence}
 */
function namesOf(names, { say, listed }) {
  const [first = '', second = '', ...rest] = names;
  if (names.length > NAMED) return say('names.more', { first, second, n: rest.length });
  // English puts no comma before this "and".
  return names.length === NAMED ? joined(['', first, ', '], listed([second, ...rest])) : listed(names);
}
