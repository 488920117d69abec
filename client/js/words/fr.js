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
};

export default words;
