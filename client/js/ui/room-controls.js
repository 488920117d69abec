/**
 * What whoever moderates decides for everybody, and, for owners, the end of it.
 */

import { byId } from '../core/dom.js';
import { keepFocus } from './keep-focus.js';

/** @import { Moderation } from '../call/moderation.js' */
/** @import { Access, Screens } from '../proto/messages.js' */

/**
 * @param {Moderation} moderation
 * @param {HTMLElement} after Has the focus when one does not moderate any more.
 */
export function roomControls(moderation, after) {
  const place = byId('people-all', HTMLElement);
  const lock = byId('lock', HTMLInputElement);
  const access = byId('access', HTMLSelectElement);
  const screens = byId('screens', HTMLSelectElement);
  const chat = byId('allow-chat', HTMLInputElement);
  const files = byId('allow-files', HTMLInputElement);

  byId('mute-all', HTMLButtonElement).addEventListener('click', () =>
    moderation.wish({ action: 'mute', stream: 'camera', kind: 'audio' }),
  );
  byId('lower-all', HTMLButtonElement).addEventListener('click', () => moderation.wish({ action: 'lower-hand' }));
  lock.addEventListener('change', () => moderation.wish({ action: 'lock', locked: lock.checked }));
  access.addEventListener('change', () =>
    moderation.wish({ action: 'access', access: /** @type {Access} */ (access.value) }),
  );
  screens.addEventListener('change', () =>
    moderation.wish({ action: 'screens', screens: /** @type {Screens} */ (screens.value) }),
  );
  chat.addEventListener('change', () => moderation.wish({ action: 'chat', chat: chat.checked }));
  files.addEventListener('change', () => moderation.wish({ action: 'files', files: files.checked }));
  const end = endControl(moderation);

  const show = () => {
    place.hidden = !moderation.may('moderate');
    end.hidden = !moderation.may('own');
    const { kept } = moderation;
    lock.checked = kept.locked;
    access.value = kept.access;
    screens.value = kept.screens;
    chat.checked = kept.chat;
    files.checked = kept.files;
  };
  moderation.on('change', () => keepFocus(place, show, () => after));
  show();
}

/**
 * The end of the room, in two steps: nothing brings it back.
 * @param {Moderation} moderation
 * @returns {HTMLElement} Where it is.
 */
function endControl(moderation) {
  const ask = byId('end', HTMLButtonElement);
  const sure = byId('end-sure', HTMLElement);
  const no = byId('end-no', HTMLButtonElement);
  /** @param {boolean} asked */
  const show = (asked) => {
    sure.hidden = !asked;
    ask.hidden = asked;
    (asked ? no : ask).focus();
  };
  ask.addEventListener('click', () => show(true));
  no.addEventListener('click', () => show(false));
  byId('end-yes', HTMLButtonElement).addEventListener('click', () => {
    show(false);
    moderation.wish({ action: 'end' });
  });
  return byId('end-room', HTMLElement);
}
