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

  // Devices in a call: what is chosen, and what is gone.
  'devices.unplugged.title': 'The microphone in use is gone.',
  'devices.unplugged.advice': 'Another one is ready, and muted: it may hear more than you want. Unmute it to go on.',
  'settings.title': 'Settings',
  'settings.close': 'Close',
  'settings.microphone': 'Microphone',
  'settings.camera': 'Camera',
  'settings.speaker': 'Speaker',
  'settings.speaker.test': 'Test',
  'settings.speaker.system': 'The system’s choice',
  'settings.speaker.plays': 'Two tones are playing',
  'settings.speaker.silent': 'The tones could not be played.',
  'settings.speaker.lost': 'Your speaker is gone: the sound comes from the system’s',
  'settings.level': 'Microphone level',

  // Keys, and talking while one is held.
  'settings.keys': 'Talking and keys',
  'settings.push': 'Push to talk',
  'settings.push.hint': 'You are muted, except while you hold the key for it or the microphone’s button.',
  'settings.shortcuts': 'Shortcuts',
  'settings.single': 'Single letters, too',
  'settings.single.hint': 'Without it no letter alone does anything, typed or spoken by accident.',
  'keys.list': 'Change keys',
  'keys.hand': 'Raise hand',
  'keys.chat': 'Chat',
  'keys.people': 'People',
  'keys.share': 'Share screen',
  'keys.full-screen': 'Full screen',
  'keys.leave': 'Leave',
  'keys.talk': 'Hold to talk',
  'keys.ctrl': 'Ctrl',
  'keys.meta': '⌘',
  'keys.alt': 'Alt',
  'keys.shift': 'Shift',
  'keys.space': 'Space',
  'keys.none': 'None',
  'keys.press': 'Press keys…',
  'keys.ask': 'Press the new keys for “{name}”. Escape keeps the old ones, Delete takes them away.',
  'keys.chosen': '{name}: {keys}.',
  'keys.lost': '“{name}” has none now.',
  'keys.reset': 'As at first',
  'keys.were-reset': 'All keys are as they were at first.',
  'keys.refused.browser': 'The browser needs these keys: take others.',
  'keys.refused.reader': 'The screen reader needs these keys: take others.',
  'keys.refused.single': 'Switch on single letters first, or hold Ctrl or ⌘ with it.',
  'keys.refused.held': 'One key alone can be held: the space bar, or a letter.',
  'keys.refused.other': 'Take a letter or a digit.',
  'keys.said.muted': 'You are muted',
  'keys.said.heard': 'You can be heard',
  'keys.said.unseen': 'Your camera is off',
  'keys.said.seen': 'Your camera is on',
  'keys.hold': 'Push to talk: hold {keys}, or the button',
  'keys.hold-button': 'Push to talk: hold the button',

  // Camera and microphone are refused, or busy: where to click.
  'help.allow': 'How to allow it',
  'help.free': 'How to free it',
  'help.chromium':
    'Click the sign at the start of the address, switch on “Camera” and “Microphone”, and turn them on here again.',
  'help.edge':
    'Click the lock at the start of the address, open “Permissions for this site”, set “Camera” and “Microphone” to “Allow”, and turn them on here again.',
  'help.firefox':
    'Click the crossed-out camera or microphone at the start of the address, take away the block with its ×, and turn it on here again.',
  'help.safari':
    'On a Mac open “Settings for this website” in the menu “Safari”; on a phone press the sign in the address bar, then “Website Settings”. Set “Camera” and “Microphone” to “Allow”.',
  'help.other':
    'Look for camera and microphone in the browser’s settings for this site, allow both, and load the page again.',
  'help.system': 'If that is allowed already, the system forbids it: look under privacy in its own settings.',
  'help.busy':
    'Close what may use it: another meeting, also in another tab, or a program for pictures or sound. If that does not help, plug it in again, or start the browser anew.',

  // Who is inside, read at the door.
  'door.inside.none': 'Nobody is inside yet.',
  'door.inside.names': { one: '{names} is inside.', other: '{names} are inside.' },
  'door.inside.count': { one: 'One person is inside.', other: '{n} people are inside.' },
  'door.inside.more': { one: 'one more', other: '{n} more' },
};

/** What a text is known by. @typedef {keyof typeof words} Key */
/** The texts of one language. @typedef {Record<Key, string | Forms>} Words */

export default /** @type {Words} */ (words);
