/** The texts of the page, in German: people say “du” to each other here. */

/** @import { Words } from './en.js' */

/** @type {Words} */
const words = {
  // The language itself.
  'language.choose': 'Sprache',

  // After a call, or instead of one.
  'over.return': 'Zurück in den Raum',
  'over.try-again': 'Noch einmal versuchen',
  'over.ask': 'Um Einlass bitten',
  'over.left.title': 'Du hast den Raum verlassen',
  'over.left.text': 'Die anderen können weiterreden. Du kannst jederzeit zurückkommen.',
  'over.left-lobby.title': 'Du wartest nicht mehr',
  'over.left-lobby.text': 'Du kannst jederzeit um Einlass bitten.',

  // What holds for everybody in the room.
  'for-all.chat': 'Chat',
  'for-all.files': 'Dateien senden',
};

export default words;
