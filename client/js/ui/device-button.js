/**
 * The switches for camera and microphone. Their name says what a press will do.
 */

import { h, icon } from '../core/dom.js';
import { spoken, word } from '../core/words.js';
import { DEVICES, explain, noteOn } from '../rtc/devices.js';

/** @import { Device } from '../rtc/devices.js' */
/** @import { LocalMedia } from '../rtc/local-media.js' */

const NAMES = {
  camera: {
    on: word('device.camera.on'),
    off: word('device.camera.off'),
    opening: word('device.camera.opening'),
  },
  microphone: {
    on: word('device.microphone.on'),
    off: word('device.microphone.off'),
    opening: word('device.microphone.opening'),
  },
};
const ICONS = {
  camera: { on: /** @type {const} */ ('camera'), off: /** @type {const} */ ('camera-off') },
  microphone: { on: /** @type {const} */ ('mic'), off: /** @type {const} */ ('mic-off') },
};

/**
 * What one may not do, and why.
 * @typedef {object} Rights
 * @property {() => string} why Empty if one may.
 * @property {(why: string) => void} say Somebody tries it all the same.
 */

/**
 * Makes a switch that may not be used say why. It stays where it is: whoever looks for it finds the reason.
 * @param {HTMLButtonElement} button
 * @param {string} name What it would do.
 * @param {string} why Empty if it may be used.
 */
export function nameSwitch(button, name, why) {
  const whole = why ? word('device.forbidden', { what: [name], why: [afterColon(why)] }) : name;
  button.setAttribute('aria-label', whole);
  button.title = whole;
  if (why) button.setAttribute('aria-disabled', 'true');
  else button.removeAttribute('aria-disabled');
}

/**
 * A sentence after a colon: only German writes it as any other.
 * @param {string} sentence
 */
function afterColon(sentence) {
  return spoken === 'de' ? sentence : `${sentence[0]?.toLowerCase()}${sentence.slice(1)}`;
}

/**
 * Makes `button` switch `device`, and show what it is.
 * @param {HTMLButtonElement} button
 * @param {LocalMedia} media
 * @param {Device} device
 * @param {Rights} [rights]
 * @returns {() => void} Shows it again, when the rights changed.
 */
export function deviceButton(button, media, device, rights) {
  const show = () => {
    const { on, opening, problem, silenced } = media.get(device);
    const which = opening ? 'opening' : on ? 'on' : 'off';
    nameSwitch(button, NAMES[device][which], rights?.why() ?? '');
    button.classList.toggle('off', which === 'off');
    button.classList.toggle('opening', opening);
    button.classList.toggle('problem', problem !== null || silenced);
    describe(button, problem !== null || silenced ? explain([device], noteOn(media.get(device)) ?? '').title : '');
    button.replaceChildren(icon(ICONS[device][which === 'off' ? 'off' : 'on']));
  };
  button.dataset.switch = device;
  button.addEventListener('click', () => {
    const why = rights?.why();
    if (why) rights?.say(why);
    else media.set(device, !media.get(device).on);
  });
  media.on('change', (changed) => changed === device && show());
  show();
  return show;
}

/**
 * Says beside the name of a switch what its exclamation mark means.
 * @param {HTMLButtonElement} button
 * @param {string} words Empty if nothing is wrong.
 */
function describe(button, words) {
  if (!words) return button.removeAttribute('aria-description');
  button.setAttribute('aria-description', words);
  button.title = `${button.title}. ${words}`;
}

/**
 * Keeps `place` telling what is wrong with the devices, or what they wait for.
 * @param {HTMLElement} place
 * @param {LocalMedia} media
 * @param {HTMLElement} [putAway] Has the focus once the words are put away. Without it they stay.
 */
export function deviceProblems(place, media, putAway) {
  let told = '';
  const show = () => {
    const notes = DEVICES.map((device) => ({ device, note: noteOn(media.get(device)) })).filter(({ note }) => note);
    // What was said, or put away, is not said again because something else has changed.
    const saying = JSON.stringify(notes);
    if (saying === told) return;
    told = saying;
    const [first, second] = notes;
    const groups = first && second && first.note === second.note ? [notes] : notes.map((one) => [one]);
    const lines = groups.map((group) => {
      const devices = group.map(({ device }) => device);
      const { title, advice } = explain(devices, group[0]?.note ?? '');
      return h('p', {}, h('strong', { text: title }), ` ${advice}`);
    });
    place.replaceChildren(...lines, ...(putAway ? [closeButton(place, putAway)] : []));
    place.hidden = notes.length === 0;
  };
  media.on('change', show);
  show();
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
  return h('button', { type: 'button', text: word('bar.close'), onclick: close });
}
