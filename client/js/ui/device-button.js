/**
 * The switches for camera and microphone. Their name says what a press will do.
 */

import { h, icon } from '../core/dom.js';
import { explain } from '../rtc/devices.js';

/** @import { Device } from '../rtc/devices.js' */
/** @import { LocalMedia } from '../rtc/local-media.js' */

/** @type {Device[]} */
const DEVICES = ['camera', 'microphone'];

const NAMES = {
  camera: { on: 'Turn off camera', off: 'Turn on camera' },
  microphone: { on: 'Mute microphone', off: 'Unmute microphone' },
};
const ICONS = {
  camera: { on: /** @type {const} */ ('camera'), off: /** @type {const} */ ('camera-off') },
  microphone: { on: /** @type {const} */ ('mic'), off: /** @type {const} */ ('mic-off') },
};

/**
 * Makes `button` switch `device`, and show what it is.
 * @param {HTMLButtonElement} button
 * @param {LocalMedia} media
 * @param {Device} device
 */
export function deviceButton(button, media, device) {
  const show = () => {
    const { on, problem } = media.get(device);
    const which = on ? 'on' : 'off';
    button.setAttribute('aria-label', NAMES[device][which]);
    button.title = NAMES[device][which];
    button.classList.toggle('off', !on);
    button.classList.toggle('problem', problem !== null);
    button.replaceChildren(icon(ICONS[device][which]));
  };
  button.addEventListener('click', () => void media.set(device, !media.get(device).on));
  media.on('change', (changed) => changed === device && show());
  show();
}

/**
 * Keeps `place` telling what is wrong with the devices.
 * @param {HTMLElement} place
 * @param {LocalMedia} media
 * @param {HTMLElement} [putAway] Has the focus once the words are put away. Without it they stay.
 */
export function deviceProblems(place, media, putAway) {
  media.on('change', () => {
    const problems = DEVICES.filter((device) => media.get(device).problem !== null);
    const [first, second] = problems;
    const same = first && second && media.get(first).problem === media.get(second).problem;
    const lines = (same ? [problems] : problems.map((device) => [device])).map((devices) => {
      const { title, advice } = explain(devices, media.get(devices[0] ?? 'camera').problem ?? '');
      return h('p', {}, h('strong', { text: title }), ` ${advice}`);
    });
    place.replaceChildren(...lines, ...(putAway ? [closeButton(place, putAway)] : []));
    place.hidden = problems.length === 0;
  });
}

/**
 * @param {HTMLElement} place
 * @param {HTMLElement} next
 */
function closeButton(place, next) {
  const close = () => {
    place.hidden = true;
    next.focus();
  };
  return h('button', { type: 'button', text: 'Close', onclick: close });
}
