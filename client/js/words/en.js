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

  // The call in a small window, and one’s own picture over the whole screen.
  'window.open': 'Show the call in a small window',
  'window.back': 'Bring the call back from the small window',
  'window.text': 'The call is in the small window.',
  'window.speaker': 'Show who speaks in a small window',
  'window.close': 'Close the small window',
  'window.refused': 'Your browser opened no small window',
  'window.controls': 'Controls',
  'window.own': 'your own picture',

  // Reactions, how loud each person is, and hearing nobody.
  'reactions.open': 'React',
  'reactions.row': 'Reactions',
  'reactions.thumbs-up': 'thumbs up',
  'reactions.clap': 'clapping',
  'reactions.heart': 'heart',
  'reactions.laugh': 'laughing',
  'reactions.surprise': 'surprise',
  'reactions.celebrate': 'celebrating',
  'reactions.told': { one: '{names} reacted: {reaction}', other: '{names} reacted: {reaction}' },
  'reactions.others': { one: '{names} and {n} other', other: '{names} and {n} others' },
  'reactions.own': 'You reacted: {reaction}',
  'reactions.lost': 'Your reaction did not reach anybody: the server is away',
  'volume.of': 'Volume of {name}',
  'volume.none': 'Not at all',
  'deafen.on': 'Hear nobody',
  'deafen.off': 'Hear the others again',
  'deafen.is': 'You hear nobody, and nobody hears you',
  'deafen.was': 'You hear the others again',
  'deafen.was-heard': 'You hear the others again, and they hear you',
  'deafen.hint': 'Your microphone is muted, too, until you hear the others again.',
};

/** What a text is known by. @typedef {keyof typeof words} Key */
/** The texts of one language. @typedef {Record<Key, string | Forms>} Words */

export default /** @type {Words} */ (words);
