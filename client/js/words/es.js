/** The texts of the page, in Spanish. */

/** @import { Words } from './en.js' */

/** @type {Words} */
const words = {
  // The language itself.
  'language.choose': 'Idioma',

  // After a call, or instead of one.
  'over.return': 'Volver a la sala',
  'over.try-again': 'Intentar de nuevo',
  'over.ask': 'Pedir entrar',
  'over.left.title': 'Has salido de la sala',
  'over.left.text': 'Los demás pueden seguir hablando. Puedes volver en cualquier momento.',
  'over.left-lobby.title': 'Ya no esperas',
  'over.left-lobby.text': 'Puedes pedir entrar en cualquier momento.',

  // What holds for everybody in the room.
  'for-all.chat': 'Chat',
  'for-all.files': 'Envío de archivos',
};

export default words;
