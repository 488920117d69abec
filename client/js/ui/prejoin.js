/**
 * The step before a call: see oneself, choose devices, say a name.
 */

import { byId, h } from '../core/dom.js';
import { hue, initials, nameToSay } from '../core/names.js';
import { remember, remembered } from '../core/storage.js';
import { DEVICES, listDevices } from '../rtc/devices.js';
import { deviceButton, deviceProblems } from './device-button.js';

/** @import { Device } from '../rtc/devices.js' */
/** @import { LocalMedia } from '../rtc/local-media.js' */

/**
 * @param {LocalMedia} media
 * @param {(name: string) => void} join
 * @returns {{ open: () => void, refuseName: () => void }} To open the door, also again; and to say that the name is none.
 */
export function prejoin(media, join) {
  const form = byId('prejoin-form', HTMLFormElement);
  const name = byId('name', HTMLInputElement);
  const problem = byId('name-problem', HTMLParagraphElement);
  const preview = byId('preview', HTMLVideoElement);
  const frame = byId('preview-frame', HTMLDivElement);
  const letters = byId('preview-letters', HTMLSpanElement);
  const hide = byId('door-hide', HTMLInputElement);
  hide.checked = remembered('hide-address') === 'yes';
  const pickers = {
    camera: byId('pick-camera', HTMLSelectElement),
    microphone: byId('pick-microphone', HTMLSelectElement),
  };

  const showName = () => {
    letters.textContent = initials(nameToSay(name.value));
    frame.style.setProperty('--hue', String(hue(nameToSay(name.value))));
  };
  name.value = remembered('name');
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
    close();
    join(nameToSay(name.value));
  });

  return {
    open() {
      close();
      stop = media.on('change', (device) => {
        if (device === 'camera') showCamera();
        void showDevices();
      });
      navigator.mediaDevices?.addEventListener('devicechange', showDevices);
      showCamera();
      void showDevices();
      name.focus();
    },
    refuseName() {
      name.setAttribute('aria-invalid', 'true');
      problem.textContent =
        'This name cannot be used: choose one of up to 64 characters, at least one that can be seen.';
      problem.hidden = false;
      name.select();
    },
  };
}

/**
 * @param {LocalMedia} media
 * @param {Device} device
 */
function idInUse(media, device) {
  const { id, track } = media.get(device);
  return track?.getSettings().deviceId ?? id;
}

/**
 * @param {HTMLSelectElement} picker
 * @param {{ id: string, label: string }[]} devices
 * @param {string} chosen
 */
function fill(picker, devices, chosen) {
  const offered = devices.length > 0 ? devices : [{ id: '', label: 'The browser’s choice' }];
  const known = [...picker.options].map((option) => [option.value, option.text]);
  // A list that is open closes when its options are replaced.
  if (JSON.stringify(known) !== JSON.stringify(offered.map(({ id, label }) => [id, label]))) {
    picker.replaceChildren(...offered.map(({ id, label }) => h('option', { value: id, text: label })));
  }
  picker.disabled = devices.length < 2;
  if (devices.some(({ id }) => id === chosen)) picker.value = chosen;
}
