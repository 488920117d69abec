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

  // The call in a small window, and one’s own picture over the whole screen.
  'window.open': 'Mostrar la llamada en una ventana pequeña',
  'window.back': 'Traer la llamada de vuelta de la ventana pequeña',
  'window.text': 'La llamada está en la ventana pequeña.',
  'window.speaker': 'Mostrar a quien habla en una ventana pequeña',
  'window.close': 'Cerrar la ventana pequeña',
  'window.refused': 'Tu navegador no ha abierto ninguna ventana pequeña',
  'window.controls': 'Controles',
  'window.own': 'tu propia imagen',
};

export default words;
