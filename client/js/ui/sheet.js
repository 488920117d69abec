/**
 * A dialog beside the call, which goes on: what opens it closes it, too, and has the focus again afterwards.
 */

/** @import { Beside } from './beside.js' */

/**
 * @param {HTMLButtonElement} opener
 * @param {HTMLDialogElement} dialog
 * @param {HTMLButtonElement} close In the dialog.
 * @param {Beside} [beside] Where it stands, if that is beside the stage.
 */
export function sheet(opener, dialog, close, beside) {
  let isSentAway = false;
  const leave = () => {
    isSentAway = true;
    dialog.close();
  };
  opener.addEventListener('click', () => {
    if (dialog.open) return dialog.close();
    beside?.comes(leave);
    dialog.show();
    opener.setAttribute('aria-expanded', 'true');
  });
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('keydown', (event) => event.key === 'Escape' && dialog.close());
  dialog.addEventListener('close', () => {
    beside?.goes(leave);
    opener.setAttribute('aria-expanded', 'false');
    // What came in its place has the focus.
    if (!isSentAway) opener.focus();
    isSentAway = false;
  });
}
