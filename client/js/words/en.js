/**
 * The texts of the page, in English. Who adds one here adds it to the other languages: the types and the tests ask for it.
 *
 * `{name}` stands for what is put there. A text that depends on a number has forms for it, by the rules of the language
 * (https://www.unicode.org/reports/tr35/tr35-numbers.html#Language_Plural_Rules): `n` is the number.
 */

/** Forms for numbers. @typedef {Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }} Forms */

const words = {
  // The language itself.
  'language.choose': 'Language',

  // After a call, or instead of one.
  'over.return': 'Return to the room',
  'over.try-again': 'Try again',
  'over.ask': 'Ask to join',
  'over.left.title': 'You left the room',
  'over.left.text': 'The others can still talk. You may come back at any time.',
  'over.left-lobby.title': 'You do not wait any more',
  'over.left-lobby.text': 'You may ask to come in at any time.',

  // What holds for everybody in the room.
  'for-all.chat': 'Chat',
  'for-all.files': 'Sending files',
};

/** What a text is known by. @typedef {keyof typeof words} Key */
/** The texts of one language. @typedef {Record<Key, string | Forms>} Words */

export default /** @type {Words} */ (words);
