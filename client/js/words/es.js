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

  // Reactions, how loud each person is, and hearing nobody.
  'reactions.open': 'Reaccionar',
  'reactions.row': 'Reacciones',
  'reactions.thumbs-up': 'pulgar arriba',
  'reactions.clap': 'aplauso',
  'reactions.heart': 'corazón',
  'reactions.laugh': 'risa',
  'reactions.surprise': 'sorpresa',
  'reactions.celebrate': 'celebración',
  'reactions.told': {
    one: '{names} ha reaccionado: {reaction}',
    many: '{names} han reaccionado: {reaction}',
    other: '{names} han reaccionado: {reaction}',
  },
  'reactions.others': {
    one: '{names} y {n} persona más',
    many: '{names} y {n} personas más',
    other: '{names} y {n} personas más',
  },
  'reactions.own': 'Has reaccionado: {reaction}',
  'reactions.lost': 'Tu reacción no ha llegado a nadie: el servidor no está',
  'volume.of': 'Volumen de {name}',
  'volume.none': 'Nada',
  'deafen.on': 'No oír a nadie',
  'deafen.off': 'Volver a oír a los demás',
  'deafen.is': 'No oyes a nadie, y nadie te oye',
  'deafen.was': 'Vuelves a oír a los demás',
  'deafen.was-heard': 'Vuelves a oír a los demás, y ellos a ti',
  'deafen.hint': 'Tu micrófono también queda silenciado hasta que vuelvas a oír a los demás.',
};

export default words;
