/**
 * Back leaves a call only after a question: on a phone it is a stroke of the thumb.
 */

import { h } from '../core/dom.js';
import { word } from '../core/words.js';

/**
 * @param {() => void} leave
 * @returns {() => void} The call is over: Back leads back.
 */
export function guardBack(leave) {
  let on = true;
  const stay = h('button', { type: 'button', class: 'primary', text: word('leaving.stay') });
  const go = h('button', { type: 'button', text: word('leaving.go') });
  const dialog = h(
    'dialog',
    { class: 'ask', 'aria-labelledby': 'back-title' },
    h('h2', { id: 'back-title', text: word('leaving.title') }),
    h('p', { text: word('leaving.text') }),
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
