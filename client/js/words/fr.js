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

  // What holds for everybody in the room.
  'for-all.chat': 'Discussion écrite',
  'for-all.files': 'Envoi de fichiers',
};

export default words;
