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
};

export default words;
