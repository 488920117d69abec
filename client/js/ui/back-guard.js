/**
 * Back leaves a call only after a question: on a phone it is a stroke of the thumb.
 */

import { h } from '../core/dom.js';

/**
 * @param {() => void} leave
 * @returns {() => void} The call is over: Back leads back.
 */
export function guardBack(leave) {
  let on = true;
  const stay = h('button', { type: 'button', class: 'primary', text: 'Stay' });
  const go = h('button', { type: 'button', text: 'Leave the room' });
  const dialog = h(
    'dialog',
    { class: 'ask', 'aria-labelledby': 'back-title' },
    h('h2', { id: 'back-title', text: 'Leave the room?' }),
    h('p', { text: 'Back leads out of the call.' }),
    h('div', { class: 'actions' }, stay, go),
  );
  document.body.append(dialog);
  // A page that was loaded again in a call has the entry already.
  if (history.state?.call !== true) history.pushState({ call: true }, '');
  const asked = () => {
    if (!on) return;
    history.pushState({ call: true }, '');
    if (!dialog.open) dialog.showModal();
  };
  addEventListener('popstate', asked);
  stay.addEventListener('click', () => dialog.close());
  go.addEventListener('click', leave);
  return () => {
    if (!on) return;
    on = false;
    removeEventListener('popstate', asked);
    dialog.remove();
  };
}
