/**
 * A text of another browser as harmless as the server makes them: see `src/conference/text.rs`. What is not seen goes; of what changes what is
 * seen, joiners and selectors, the most common uses stay. Pure.
 */

/** How many times longer than its limit a text may be before it is cleaned: one longer than that is not read. */
const UNCLEANED = 4;
/** What is a line break, whatever it was. */
const BREAKS = /\r\n|[\r\v\f\u0085\u2028\u2029]/g;
/** Neither seen nor of use: controls, halves of characters, annotations, objects that are not there, and what is no character. */
const NOTHING = /(?![\n\t])\p{Cc}|[\p{Cs}\p{Noncharacter_Code_Point}\ufff9-\ufffc\u{1d159}]/gu;
/** Between letters or pictures they change what is seen. */
const JOINS =
  /(?<=[\p{L}\p{M}])[\u200c\u200d](?=[\p{L}\p{M}])|(?<=[\p{Emoji}\ufe0f])\u200d(?=\p{Extended_Pictographic})/u;
const SELECTS = /(?<=\p{Extended_Pictographic})[\ufe0e\ufe0f]|(?<=[0-9#*])\ufe0f(?=\u20e3)/u;
const UNSEEN = new RegExp(`${JOINS.source}|${SELECTS.source}|(\\p{Default_Ignorable_Code_Point})`, 'gu');
/** More marks than a letter bears. */
const MARKS = /(\p{M}{4})\p{M}+/gu;
/** What can be seen. */
const SEEN = /[^\p{M}\p{Z}\p{C}\p{Default_Ignorable_Code_Point}\u2800]/u;

/**
 * @param {string} text
 * @param {number} most Characters.
 * @returns {string} Empty if nothing of it can be seen, or if it is too long.
 */
export function plain(text, most) {
  // A character has two units at most.
  if (text.length > most * UNCLEANED * 2) return '';
  const bare = text
    .replaceAll(BREAKS, '\n')
    .replaceAll(NOTHING, '')
    .replaceAll(UNSEEN, (found, unseen) => (unseen === undefined ? found : ''))
    .normalize('NFC')
    .replaceAll(MARKS, '$1');
  const clean = bare
    .replaceAll(/[^\S\n]+(?=\n|$)/g, '')
    .replaceAll(/\n{3,}/g, '\n\n')
    .replaceAll(/^\n+|\n+$/g, '');
  return [...clean].length <= most && SEEN.test(clean) ? clean : '';
}

/** What is left of a text whatever else was taken out of it: by that one is known again. @param {string} text */
export function gist(text) {
  return text.normalize('NFC').replaceAll(/[\p{M}\p{Z}\p{C}\p{Default_Ignorable_Code_Point}]/gu, '');
}
