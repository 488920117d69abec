/**
 * A dialog beside the call, which goes on: what opens it closes it, too, and has the focus again afterwards.
 */

/**
 * @param {HTMLButtonElement} opener
 * @param {HTMLDialogElement} dialog
 * @param {HTMLButtonElement} close In the dialog.
 */
export function sheet(opener, dialog, close) {
  opener.addEventListener('click', () => {
    if (dialog.open) return dialog.close();
    dialog.show();
    opener.setAttribute('aria-expanded', 'true');
  });
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('keydown', (event) => event.key === 'Escape' && dialog.close());
  dialog.addEventListener('close', () => {
    opener.setAttribute('aria-expanded', 'false');
    opener.focus();
  });
}
