/**
 * The dialog about quality: how good pictures may be, and whether data are dear.
 */

import { byId, icon } from '../core/dom.js';
import { LINES } from '../rtc/encodings.js';

/** @import { Quality } from '../rtc/encodings.js' */

/**
 * @param {object} options
 * @param {Quality} options.quality As it was chosen before.
 * @param {(quality: Quality) => void} options.chosen
 * @returns {{ onToggle: (told: (open: boolean) => void) => void }}
 */
export function qualityDialog({ quality, chosen }) {
  const opener = byId('quality-open', HTMLButtonElement);
  const dialog = byId('quality', HTMLDialogElement);
  const most = byId('quality-most', HTMLSelectElement);
  const saver = byId('quality-saver', HTMLInputElement);
  opener.append(icon('quality'));
  most.value = String(quality.most);
  saver.checked = quality.saver;
  const show = () => {
    most.disabled = saver.checked;
  };
  const choose = () => {
    show();
    const lines = LINES.find((one) => String(one) === most.value) ?? LINES[0];
    if (lines) chosen({ most: lines, saver: saver.checked });
  };
  most.addEventListener('change', choose);
  saver.addEventListener('change', choose);
  show();

  /** @type {(open: boolean) => void} */
  let told = () => {};
  const open = () => {
    // Not modal: whoever looks why a picture is blurred wants to see it.
    dialog.show();
    opener.setAttribute('aria-expanded', 'true');
    told(true);
  };
  opener.addEventListener('click', () => (dialog.open ? dialog.close() : open()));
  byId('quality-close', HTMLButtonElement).addEventListener('click', () => dialog.close());
  dialog.addEventListener('keydown', (event) => event.key === 'Escape' && dialog.close());
  dialog.addEventListener('close', () => {
    opener.setAttribute('aria-expanded', 'false');
    opener.focus();
    told(false);
  });
  return {
    onToggle: (listener) => {
      told = listener;
    },
  };
}
