/** The texts of the page, in French. */

/** @import { Words } from './en.js' */

/** @type {Words} */
const words = {
  // The language itself.
  'language.choose': 'Langue',

  // After a call, or instead of one.
  'over.return': 'Revenir dans la salle',
  'over.try-again': 'Réessayer',
  'over.ask': 'Demander à entrer',
  'over.left.title': 'Vous avez quitté la salle',
  'over.left.text': 'Les autres peuvent continuer à parler. Vous pouvez revenir à tout moment.',
  'over.left-lobby.title': 'Vous n’attendez plus',
  'over.left-lobby.text': 'Vous pouvez demander à entrer à tout moment.',

  // The call in a small window, and one’s own picture over the whole screen.
  'window.open': 'Afficher l’appel dans une petite fenêtre',
  'window.back': 'Ramener l’appel de la petite fenêtre',
  'window.text': 'L’appel est dans la petite fenêtre.',
  'window.speaker': 'Afficher qui parle dans une petite fenêtre',
  'window.close': 'Fermer la petite fenêtre',
  'window.refused': 'Votre navigateur n’a pas ouvert de petite fenêtre',
  'window.controls': 'Commandes',
  'window.own': 'votre propre image',

  // Reactions, how loud each person is, and hearing nobody.
  'reactions.open': 'Réagir',
  'reactions.row': 'Réactions',
  'reactions.thumbs-up': 'pouce levé',
  'reactions.clap': 'applaudissements',
  'reactions.heart': 'cœur',
  'reactions.laugh': 'rire',
  'reactions.surprise': 'surprise',
  'reactions.celebrate': 'fête',
  'reactions.told': {
    one: '{names} a réagi : {reaction}',
    many: '{names} ont réagi : {reaction}',
    other: '{names} ont réagi : {reaction}',
  },
  'reactions.others': { one: '{names} et {n} autre', many: '{names} et {n} autres', other: '{names} et {n} autres' },
  'reactions.own': 'Vous avez réagi : {reaction}',
  'reactions.lost': 'Votre réaction n’est parvenue à personne : le serveur est absent',
  'volume.of': 'Volume de {name}',
  'volume.none': 'Pas du tout',
  'deafen.on': 'N’entendre personne',
  'deafen.off': 'Entendre à nouveau les autres',
  'deafen.is': 'Vous n’entendez personne, et personne ne vous entend',
  'deafen.was': 'Vous entendez à nouveau les autres',
  'deafen.was-heard': 'Vous entendez à nouveau les autres, et ils vous entendent',
  'deafen.hint': 'Votre micro est alors coupé aussi, jusqu’à ce que vous entendiez à nouveau les autres.',

  // Devices in a call: what is chosen, and what is gone.
  'devices.unplugged.title': 'Le micro utilisé n’est plus là.',
  'devices.unplugged.advice':
    'Un autre est prêt, mais coupé : il peut entendre plus que vous ne voulez. Rétablissez-le pour continuer.',
  'settings.title': 'Paramètres',
  'settings.close': 'Fermer',
  'settings.microphone': 'Micro',
  'settings.camera': 'Caméra',
  'settings.speaker': 'Haut-parleur',
  'settings.speaker.test': 'Tester',
  'settings.speaker.system': 'Celui du système',
  'settings.speaker.plays': 'Deux sons sont joués',
  'settings.speaker.silent': 'Les sons n’ont pas pu être joués.',
  'settings.speaker.lost': 'Votre haut-parleur n’est plus là : le son passe par celui du système',
  'settings.level': 'Niveau du micro',

  // Keys, and talking while one is held.
  'settings.keys': 'Parole et touches',
  'settings.push': 'Appuyer pour parler',
  'settings.push.hint': 'Vous êtes coupé, sauf tant que vous maintenez la touche ou le bouton du micro.',
  'settings.shortcuts': 'Raccourcis clavier',
  'settings.single': 'Aussi des lettres seules',
  'settings.single.hint': 'Sinon, aucune lettre seule n’agit, tapée ou dictée par erreur.',
  'keys.list': 'Changer les touches',
  'keys.hand': 'Lever la main',
  'keys.chat': 'Discussion',
  'keys.people': 'Personnes',
  'keys.share': 'Partager l’écran',
  'keys.full-screen': 'Plein écran',
  'keys.leave': 'Quitter',
  'keys.talk': 'Maintenir pour parler',
  'keys.ctrl': 'Ctrl',
  'keys.meta': '⌘',
  'keys.alt': 'Alt',
  'keys.shift': 'Maj',
  'keys.space': 'Espace',
  'keys.none': 'Aucune',
  'keys.press': 'Appuyez…',
  'keys.ask': 'Appuyez sur les nouvelles touches pour « {name} ». Échap garde les anciennes, Suppr les retire.',
  'keys.chosen': '{name} : {keys}.',
  'keys.lost': '« {name} » n’en a plus.',
  'keys.reset': 'Comme au début',
  'keys.were-reset': 'Toutes les touches sont comme au début.',
  'keys.refused.browser': 'Le navigateur a besoin de ces touches : prenez-en d’autres.',
  'keys.refused.reader': 'Le lecteur d’écran a besoin de ces touches : prenez-en d’autres.',
  'keys.refused.single': 'Autorisez d’abord les lettres seules, ou ajoutez Ctrl ou ⌘.',
  'keys.refused.held': 'Une seule touche peut être maintenue : l’espace, ou une lettre.',
  'keys.refused.other': 'Prenez une lettre ou un chiffre.',
  'keys.said.muted': 'Votre micro est coupé',
  'keys.said.heard': 'On peut vous entendre',
  'keys.said.unseen': 'Votre caméra est éteinte',
  'keys.said.seen': 'Votre caméra est allumée',
  'keys.hold': 'Appuyer pour parler : maintenez {keys} ou le bouton',
  'keys.hold-button': 'Appuyer pour parler : maintenez le bouton',

  // Camera and microphone are refused, or busy: where to click.
  'help.allow': 'Comment l’autoriser',
  'help.free': 'Comment le libérer',
  'help.chromium':
    'Cliquez sur le signe au début de l’adresse, activez « Caméra » et « Micro », puis rallumez-les ici.',
  'help.edge':
    'Cliquez sur le cadenas au début de l’adresse, ouvrez « Autorisations pour ce site », mettez « Caméra » et « Micro » sur « Autoriser », puis rallumez-les ici.',
  'help.firefox':
    'Cliquez sur la caméra ou le micro barrés au début de l’adresse, retirez le blocage avec son ×, puis rallumez-le ici.',
  'help.safari':
    'Sur un Mac, ouvrez « Réglages pour ce site web » dans le menu « Safari » ; sur un téléphone, touchez le signe dans la barre d’adresse, puis « Réglages du site web ». Mettez « Caméra » et « Micro » sur « Autoriser ».',
  'help.other':
    'Cherchez caméra et micro dans les réglages du navigateur pour ce site, autorisez les deux, puis rechargez la page.',
  'help.system': 'Si c’est déjà autorisé, le système l’interdit : regardez dans ses réglages de confidentialité.',
  'help.busy':
    'Fermez ce qui peut l’utiliser : une autre réunion, même dans un autre onglet, ou un programme d’image ou de son. Si cela n’aide pas, rebranchez-le ou relancez le navigateur.',

  // Who is inside, read at the door.
  'door.inside.none': 'Il n’y a encore personne.',
  'door.inside.names': { one: '{names} est déjà là.', other: '{names} sont déjà là.' },
  'door.inside.count': { one: 'Une personne est déjà là.', other: '{n} personnes sont déjà là.' },
  'door.inside.more': { one: 'une autre personne', other: '{n} autres' },
};

export default words;
