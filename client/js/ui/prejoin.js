/**
 * The step before a call: see oneself, choose devices, say a name.
 */

import { byId, h, nodesOf } from '../core/dom.js';
import { takesFocus } from '../core/frame.js';
import { cutToLength, hue, initials, nameToSay } from '../core/names.js';
import { said } from '../core/sentence.js';
import { remember, remembered } from '../core/storage.js';
import { word } from '../core/words.js';
import { DEVICES, listDevices } from '../rtc/devices.js';
import { deviceButton, deviceProblems } from './device-button.js';

/** @import { Device } from '../rtc/devices.js' */
/** @import { LocalMedia } from '../rtc/local-media.js' */

/** What somebody is called who says no name. */
const GUEST = word('door.guest');

/** What is said to who waits, and while the server is out of reach. */
const WAITS = word('door.waits');
const KNOCKS_AGAIN = word('door.asks-again');

/**
 * @typedef {object} Door
 * @property {() => void} open Also again.
 * @property {(asks: boolean) => void} asks Whether one asks to come in, and does not simply go.
 * @property {(here: { room: string, knocks: boolean }) => void} wait One asked, and waits; `knocks` as long as the server is there.
 * @property {() => void} close One is inside, or it is over.
 * @property {(why: string) => void} refuse To say why one does not come in now.
 * @property {() => void} refuseName To say that the name is none.
 */

/**
 * @param {LocalMedia} media
 * @param {(name: string) => void} join
 * @returns {Door}
 */
export function prejoin(media, join) {
  const form = byId('prejoin-form', HTMLFormElement);
  const name = byId('name', HTMLInputElement);
  const problem = byId('name-problem', HTMLParagraphElement);
  const preview = byId('preview', HTMLVideoElement);
  const frame = byId('preview-frame', HTMLDivElement);
  const letters = byId('preview-letters', HTMLSpanElement);
  const hide = byId('door-hide', HTMLInputElement);
  const waiting = byId('waiting', HTMLElement);
  const enter = byId('join', HTMLButtonElement);
  // It is called something when it does something.
  enter.textContent = word('door.join');
  hide.checked = remembered('hide-address') === 'yes';
  const pickers = {
    camera: byId('pick-camera', HTMLSelectElement),
    microphone: byId('pick-microphone', HTMLSelectElement),
  };

  const showName = () => {
    letters.textContent = initials(nameToSay(name.value, GUEST));
    frame.style.setProperty('--hue', String(hue(nameToSay(name.value, GUEST))));
  };
  name.value = cutToLength(remembered('name'), name.maxLength);
  name.addEventListener('input', () => {
    showName();
    name.removeAttribute('aria-invalid');
    problem.hidden = true;
  });
  showName();

  deviceButton(byId('preview-microphone', HTMLButtonElement), media, 'microphone');
  deviceButton(byId('preview-camera', HTMLButtonElement), media, 'camera');
  deviceProblems(byId('preview-problems', HTMLDivElement), media);

  const showDevices = async () => {
    const devices = await listDevices();
    for (const device of DEVICES) fill(pickers[device], devices[device], idInUse(media, device));
  };
  const showCamera = () => {
    const { track } = media.get('camera');
    frame.classList.toggle('live', track !== null);
    preview.srcObject = track ? new MediaStream([track]) : null;
    if (track) preview.play().catch(() => {});
  };
  let stop = () => {};
  const close = () => {
    stop();
    navigator.mediaDevices?.removeEventListener('devicechange', showDevices);
    preview.srcObject = null;
  };
  for (const device of DEVICES) {
    pickers[device].addEventListener('change', () => {
      remember(device, pickers[device].value);
      media.choose(device, pickers[device].value);
    });
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    remember('name', name.value.trim());
    remember('hide-address', hide.checked ? 'yes' : '');
    // The rest of the page may still be on its way.
    enter.disabled = true;
    join(nameToSay(name.value, GUEST));
  });

  const look = () => {
    close();
    stop = media.on('change', (device) => {
      if (device === 'camera') showCamera();
      void showDevices();
    });
    navigator.mediaDevices?.addEventListener('devicechange', showDevices);
    showCamera();
    void showDevices();
  };
  /** @param {boolean} waits */
  const show = (waits) => {
    enter.disabled = false;
    form.hidden = waits;
    waiting.hidden = !waits;
  };

  /** @param {string} why */
  const refuse = (why) => {
    problem.textContent = why;
    problem.hidden = false;
  };

  return {
    open() {
      show(false);
      look();
      if (takesFocus()) name.focus();
    },
    asks(asks) {
      enter.textContent = asks ? word('over.ask') : word('door.join');
      byId('door-asks', HTMLParagraphElement).hidden = !asks;
    },
    wait({ room, knocks }) {
      byId('waiting-text', HTMLParagraphElement).textContent = knocks ? WAITS : KNOCKS_AGAIN;
      if (!waiting.hidden) return;
      byId('waiting-room', HTMLElement).replaceChildren(...nodesOf(said`${room}`));
      show(true);
      look();
      byId('waiting-title', HTMLElement).focus();
    },
    close() {
      close();
      show(false);
    },
    refuse,
    refuseName() {
      name.setAttribute('aria-invalid', 'true');
      refuse(word('door.bad-name'));
      name.select();
    },
  };
}

/**
 * @param {LocalMedia} media
 * @param {Device} device
 */
export function idInUse(media, device) {
  const { id, track } = media.get(device);
  return track?.getSettings().deviceId ?? id;
}

/**
 * @param {HTMLSelectElement} picker
 * @param {{ id: string, label: string }[]} devices
 * @param {string} chosen
 */
export function fill(picker, devices, chosen) {
  const offered = devices.length > 0 ? devices : [{ id: '', label: word('door.browser-choice') }];
  const known = [...picker.options].map((option) => [option.value, option.text]);
  // A list that is open closes when its options are replaced.
  if (JSON.stringify(known) !== JSON.stringify(offered.map(({ id, label }) => [id, label]))) {
    picker.replaceChildren(...offered.map(({ id, label }) => h('option', { value: id, text: label })));
  }
  picker.disabled = devices.length < 2;
  if (devices.some(({ id }) => id === chosen)) picker.value = chosen;
}
