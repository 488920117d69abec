/**
 * Sentences with names in them. A name may be written from right to left, or try to turn what stands around it: it is kept
 * apart from the words, in an element of its own or between isolating marks. Pure.
 */

/** Words and names in turns, beginning with words. @typedef {readonly string[]} Sentence */

/**
 * A sentence: said`${name} joined`.
 * @param {TemplateStringsArray} words
 * @param {...string} names
 * @returns {Sentence}
 */
export function said(words, ...names) {
  return words.flatMap((word, index) => (index < names.length ? [word, names[index] ?? ''] : [word]));
}

/**
 * As people read it, where nothing but text can stand and the order of its characters does not show.
 * @param {Sentence} sentence
 * @returns {string}
 */
export function textOf(sentence) {
  return sentence.join('');
}

/** Letters that are written from right to left: the blocks of Unicode that hold them. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * A name for the middle of a sentence that is an attribute or a title. One that is written like the sentence stays bare.
 * @param {string} name
 * @returns {string} Between FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE if need be.
 */
export function isolated(name) {
  return RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name;
}
