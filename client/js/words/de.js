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

  // The call in a small window, and one’s own picture over the whole screen.
  'window.open': 'Das Gespräch in einem kleinen Fenster zeigen',
  'window.back': 'Das Gespräch aus dem kleinen Fenster zurückholen',
  'window.text': 'Das Gespräch ist im kleinen Fenster.',
  'window.speaker': 'Wer spricht, in einem kleinen Fenster zeigen',
  'window.close': 'Das kleine Fenster schließen',
  'window.refused': 'Dein Browser hat kein kleines Fenster geöffnet',
  'window.controls': 'Bedienung',
  'window.own': 'dein eigenes Bild',
};

export default words;
