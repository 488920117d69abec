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

  // Devices in a call: what is chosen, and what is gone.
  'devices.unplugged.title': 'Das benutzte Mikrofon ist weg.',
  'devices.unplugged.advice':
    'Ein anderes ist bereit, aber stumm: Es hört vielleicht mehr, als du willst. Schalte es ein, um weiterzureden.',
  'settings.title': 'Einstellungen',
  'settings.close': 'Schließen',
  'settings.microphone': 'Mikrofon',
  'settings.camera': 'Kamera',
  'settings.speaker': 'Lautsprecher',
  'settings.speaker.test': 'Testen',
  'settings.speaker.system': 'Wie im System eingestellt',
  'settings.speaker.plays': 'Zwei Töne erklingen',
  'settings.speaker.silent': 'Die Töne ließen sich nicht abspielen.',
  'settings.speaker.lost': 'Dein Lautsprecher ist weg: Der Ton kommt aus dem des Systems',
  'settings.level': 'Pegel des Mikrofons',

  // Keys, and talking while one is held.
  'settings.keys': 'Sprechen und Tasten',
  'settings.push': 'Sprechtaste',
  'settings.push.hint': 'Du bist stumm, außer du hältst die Taste dafür oder den Knopf des Mikrofons gedrückt.',
  'settings.shortcuts': 'Tastenkürzel',
  'settings.single': 'Auch einzelne Buchstaben',
  'settings.single.hint':
    'Sonst bewirkt kein einzelner Buchstabe etwas, der versehentlich getippt oder gesprochen wird.',
  'keys.list': 'Tasten ändern',
  'keys.hand': 'Hand heben',
  'keys.chat': 'Chat',
  'keys.people': 'Personen',
  'keys.share': 'Bildschirm teilen',
  'keys.full-screen': 'Vollbild',
  'keys.leave': 'Verlassen',
  'keys.talk': 'Zum Sprechen halten',
  'keys.ctrl': 'Strg',
  'keys.meta': '⌘',
  'keys.alt': 'Alt',
  'keys.shift': 'Umschalt',
  'keys.space': 'Leertaste',
  'keys.none': 'Keine',
  'keys.press': 'Tasten drücken …',
  'keys.ask': 'Drücke die neuen Tasten für „{name}“. Escape behält die alten, Entf nimmt sie weg.',
  'keys.chosen': '{name}: {keys}.',
  'keys.lost': '„{name}“ hat jetzt keine.',
  'keys.reset': 'Wie am Anfang',
  'keys.were-reset': 'Alle Tasten sind wieder wie am Anfang.',
  'keys.refused.browser': 'Diese Tasten braucht der Browser: Nimm andere.',
  'keys.refused.reader': 'Diese Tasten braucht der Screenreader: Nimm andere.',
  'keys.refused.single': 'Erlaube erst einzelne Buchstaben, oder halte Strg oder ⌘ dazu.',
  'keys.refused.held': 'Nur eine einzelne Taste lässt sich halten: die Leertaste oder ein Buchstabe.',
  'keys.refused.other': 'Nimm einen Buchstaben oder eine Ziffer.',
  'keys.said.muted': 'Du bist stumm',
  'keys.said.heard': 'Man kann dich hören',
  'keys.said.unseen': 'Deine Kamera ist aus',
  'keys.said.seen': 'Deine Kamera ist an',
  'keys.hold': 'Sprechtaste: Halte {keys} oder den Knopf',
  'keys.hold-button': 'Sprechtaste: Halte den Knopf',

  // Camera and microphone are refused, or busy: where to click.
  'help.allow': 'So erlaubst du es',
  'help.free': 'So wird es frei',
  'help.chromium':
    'Klicke auf das Zeichen vor der Adresse, schalte „Kamera“ und „Mikrofon“ ein, und schalte sie hier wieder an.',
  'help.edge':
    'Klicke auf das Schloss vor der Adresse, öffne „Berechtigungen für diese Website“, stelle „Kamera“ und „Mikrofon“ auf „Zulassen“, und schalte sie hier wieder an.',
  'help.firefox':
    'Klicke auf die durchgestrichene Kamera oder das Mikrofon vor der Adresse, nimm die Sperre mit dem × weg, und schalte es hier wieder an.',
  'help.safari':
    'Öffne am Mac im Menü „Safari“ die „Einstellungen für diese Website“; tippe am Telefon auf das Zeichen in der Adressleiste, dann auf „Website-Einstellungen“. Stelle „Kamera“ und „Mikrofon“ auf „Erlauben“.',
  'help.other':
    'Suche in den Einstellungen des Browsers für diese Seite Kamera und Mikrofon, erlaube beide, und lade die Seite neu.',
  'help.system': 'Ist das schon erlaubt, verbietet es das System: Sieh in dessen Einstellungen unter Datenschutz nach.',
  'help.busy':
    'Schließe, was es benutzen kann: eine andere Besprechung, auch in einem anderen Tab, oder ein Programm für Bild oder Ton. Hilft das nicht, stecke es neu ein, oder starte den Browser neu.',

  // Who is inside, read at the door.
  'door.inside.none': 'Noch ist niemand da.',
  'door.inside.names': { one: '{names} ist da.', other: '{names} sind da.' },
  'door.inside.count': { one: 'Eine Person ist da.', other: '{n} Personen sind da.' },
  'door.inside.more': { one: 'noch jemand', other: '{n} weitere' },
};

export default words;
