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

  // Reactions, how loud each person is, and hearing nobody.
  'reactions.open': 'Reagieren',
  'reactions.row': 'Reaktionen',
  'reactions.thumbs-up': 'Daumen hoch',
  'reactions.clap': 'Applaus',
  'reactions.heart': 'Herz',
  'reactions.laugh': 'Lachen',
  'reactions.surprise': 'Staunen',
  'reactions.celebrate': 'Feiern',
  'reactions.told': { one: '{names} hat reagiert: {reaction}', other: '{names} haben reagiert: {reaction}' },
  'reactions.others': { one: '{names} und {n} weitere Person', other: '{names} und {n} weitere' },
  'reactions.own': 'Du hast reagiert: {reaction}',
  'reactions.lost': 'Deine Reaktion hat niemanden erreicht: Der Server ist nicht da',
  'volume.of': 'Lautstärke von {name}',
  'volume.none': 'Gar nicht',
  'deafen.on': 'Niemanden hören',
  'deafen.off': 'Die anderen wieder hören',
  'deafen.is': 'Du hörst niemanden, und niemand hört dich',
  'deafen.was': 'Du hörst die anderen wieder',
  'deafen.was-heard': 'Du hörst die anderen wieder, und sie hören dich',
  'deafen.hint': 'Dein Mikrofon ist dann auch stumm, bis du die anderen wieder hörst.',
};

export default words;
