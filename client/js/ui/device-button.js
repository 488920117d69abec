/**
 * The switches for camera and microphone. Their name says what a press will do.
 */

import { icon } from '../core/dom.js';

/** @import { Device } from '../rtc/devices.js' */
/** @import { LocalMedia } from '../rtc/local-media.js' */

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
 */
export function deviceProblems(place, media) {
  media.on('change', () => {
    const problems = [media.get('camera').problem, media.get('microphone').problem].filter(
      (problem) => problem !== null,
    );
    place.replaceChildren(
      ...problems.map(({ title, advice }) => {
        const line = document.createElement('p');
        const strong = document.createElement('strong');
        strong.textContent = title;
        line.append(strong, ` ${advice}`);
        return line;
      }),
    );
    place.hidden = problems.length === 0;
  });
}
