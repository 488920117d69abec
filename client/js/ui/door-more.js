/**
 * What the door has beside the way in: does the microphone hear, does the speaker play, where to click if neither may, and which
 * language is spoken; and that the room has opened meanwhile.
 */

import { byId } from '../core/dom.js';
import { onceItIs } from '../core/moment.js';
import { word } from '../core/words.js';
import { speaker } from '../rtc/speaker.js';
import { languageChoice } from './language-choice.js';
import { levelMeter } from './meter.js';
import { permissionHelp } from './permission-help.js';
import { speakerMenu } from './speaker-menu.js';

/** @import { LocalMedia } from '../rtc/local-media.js' */

/**
 * @param {LocalMedia} media
 * @param {number} opens When the room does, in milliseconds since 1970; 0 if it is open.
 */
export function doorMore(media, opens) {
  if (opens) {
    const place = byId('door-opens', HTMLParagraphElement);
    onceItIs(opens, () => (place.textContent = word('door.opened')));
  }
  languageChoice(byId('language', HTMLSelectElement));
  const meter = levelMeter(media);
  byId('preview-frame', HTMLDivElement).append(meter.element);
  const menu = byId('pick-speaker', HTMLSelectElement);
  const look = speakerMenu(menu, byId('try-speaker', HTMLButtonElement), speaker);
  permissionHelp(byId('preview-problems', HTMLDivElement), media);
  // Their names come with the first permission.
  media.on('change', () => void look());
  navigator.mediaDevices?.addEventListener('devicechange', () => void look());
  // Nobody looks at it inside.
  const door = byId('prejoin', HTMLElement);
  const show = () => meter.look(!door.hidden);
  new MutationObserver(show).observe(door, { attributes: true, attributeFilter: ['hidden'] });
  show();
}
