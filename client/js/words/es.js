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

  // Devices in a call: what is chosen, and what is gone.
  'devices.unplugged.title': 'El micrófono en uso ya no está.',
  'devices.unplugged.advice':
    'Hay otro listo, pero silenciado: puede oír más de lo que quieres. Actívalo para seguir hablando.',
  'settings.title': 'Ajustes',
  'settings.close': 'Cerrar',
  'settings.microphone': 'Micrófono',
  'settings.camera': 'Cámara',
  'settings.speaker': 'Altavoz',
  'settings.speaker.test': 'Probar',
  'settings.speaker.system': 'El que elija el sistema',
  'settings.speaker.plays': 'Suenan dos tonos',
  'settings.speaker.silent': 'No se pudieron reproducir los tonos.',
  'settings.speaker.lost': 'Tu altavoz ya no está: el sonido sale por el del sistema',
  'settings.level': 'Nivel del micrófono',

  // Keys, and talking while one is held.
  'settings.keys': 'Hablar y teclas',
  'settings.push': 'Pulsar para hablar',
  'settings.push.hint': 'Estás en silencio, salvo mientras mantienes pulsada la tecla o el botón del micrófono.',
  'settings.shortcuts': 'Atajos de teclado',
  'settings.single': 'También letras sueltas',
  'settings.single.hint': 'Sin esto, ninguna letra suelta hace nada, se pulse o se diga por error.',
  'keys.list': 'Cambiar teclas',
  'keys.hand': 'Levantar la mano',
  'keys.chat': 'Chat',
  'keys.people': 'Personas',
  'keys.share': 'Compartir pantalla',
  'keys.full-screen': 'Pantalla completa',
  'keys.leave': 'Salir',
  'keys.talk': 'Mantener para hablar',
  'keys.ctrl': 'Ctrl',
  'keys.meta': '⌘',
  'keys.alt': 'Alt',
  'keys.shift': 'Mayús',
  'keys.space': 'Espacio',
  'keys.none': 'Ninguna',
  'keys.press': 'Pulsa teclas…',
  'keys.ask': 'Pulsa las teclas nuevas para «{name}». Escape conserva las de antes, Supr las quita.',
  'keys.chosen': '{name}: {keys}.',
  'keys.lost': '«{name}» se queda sin ninguna.',
  'keys.reset': 'Como al principio',
  'keys.were-reset': 'Todas las teclas vuelven a ser las del principio.',
  'keys.refused.browser': 'El navegador necesita esas teclas: elige otras.',
  'keys.refused.reader': 'El lector de pantalla necesita esas teclas: elige otras.',
  'keys.refused.single': 'Permite antes las letras sueltas, o pulsa Ctrl o ⌘ a la vez.',
  'keys.refused.held': 'Solo se puede mantener una tecla: el espacio o una letra.',
  'keys.refused.other': 'Elige una letra o una cifra.',
  'keys.said.muted': 'Estás en silencio',
  'keys.said.heard': 'Se te puede oír',
  'keys.said.unseen': 'Tu cámara está apagada',
  'keys.said.seen': 'Tu cámara está encendida',
  'keys.hold': 'Pulsar para hablar: mantén {keys} o el botón',
  'keys.hold-button': 'Pulsar para hablar: mantén el botón',

  // Camera and microphone are refused, or busy: where to click.
  'help.allow': 'Cómo permitirlo',
  'help.free': 'Cómo liberarlo',
  'help.chromium':
    'Haz clic en el icono al principio de la dirección, activa «Cámara» y «Micrófono», y enciéndelos aquí de nuevo.',
  'help.edge':
    'Haz clic en el candado al principio de la dirección, abre «Permisos para este sitio», pon «Cámara» y «Micrófono» en «Permitir», y enciéndelos aquí de nuevo.',
  'help.firefox':
    'Haz clic en la cámara o el micrófono tachados al principio de la dirección, quita el bloqueo con su ×, y enciéndelo aquí de nuevo.',
  'help.safari':
    'En un Mac, abre «Ajustes para este sitio web» en el menú «Safari»; en un teléfono, toca el icono de la barra de direcciones y «Ajustes del sitio web». Pon «Cámara» y «Micrófono» en «Permitir».',
  'help.other':
    'Busca cámara y micrófono en los ajustes del navegador para este sitio, permite ambos y vuelve a cargar la página.',
  'help.system': 'Si ya está permitido, lo prohíbe el sistema: mira en sus ajustes de privacidad.',
  'help.busy':
    'Cierra lo que pueda usarlo: otra reunión, también en otra pestaña, o un programa de imagen o sonido. Si no ayuda, vuelve a enchufarlo o reinicia el navegador.',

  // Who is inside, read at the door.
  'door.inside.none': 'Aún no hay nadie.',
  'door.inside.names': { one: '{names} ya está.', other: '{names} ya están.' },
  'door.inside.count': { one: 'Hay una persona.', other: 'Hay {n} personas.' },
  'door.inside.more': { one: 'una persona más', other: '{n} más' },
};

export default words;
