/**
 * Who waits to come in, at the top of the list of who is here.
 */

import { byId, h, nodesOf, phraseOf } from '../core/dom.js';
import { said } from '../core/sentence.js';
import { say, word } from '../core/words.js';
import { besideIn, keepFocus } from './keep-focus.js';

/** @import { Moderation } from '../call/moderation.js' */
/** @import { Knock } from '../proto/messages.js' */

/**
 * @param {Moderation} moderation
 * @param {HTMLElement} after Has the focus once nobody waits.
 */
export function waitingList(moderation, after) {
  const section = byId('people-waiting', HTMLElement);
  const list = byId('waiting-list', HTMLUListElement);
  const all = byId('admit-all', HTMLButtonElement);
  const count = byId('count-waiting', HTMLSpanElement);
  /** By knock. @type {Map<number, HTMLLIElement>} */
  const rows = new Map();

  /** @param {Knock} one */
  const made = ({ knock, name, banned }) => {
    const admit = h('button', { type: 'button', class: 'small primary' }, phraseOf(say('lobby.admit', { name })));
    const refuse = h('button', { type: 'button', class: 'small' }, phraseOf(say('lobby.refuse', { name })));
    admit.addEventListener('click', () => moderation.wish({ action: 'admit', knock }));
    refuse.addEventListener('click', () => moderation.wish({ action: 'refuse', knock }));
    const row = h('li', {}, h('span', { class: 'who' }, ...nodesOf(said`${name}`)));
    if (banned) row.append(h('span', { class: 'hint', text: word('lobby.banned') }));
    row.append(h('div', { class: 'buttons' }, admit, refuse));
    rows.set(knock, row);
    return row;
  };

  const show = () => {
    const { waiting } = moderation;
    for (const [knock, row] of rows) {
      if (waiting.some((one) => one.knock === knock)) continue;
      row.remove();
      rows.delete(knock);
    }
    for (const [place, one] of waiting.entries()) {
      const row = rows.get(one.knock) ?? made(one);
      if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
    }
    section.hidden = waiting.length === 0;
    all.hidden = waiting.length < 2;
    count.hidden = waiting.length === 0;
    count.textContent = word('lobby.count', { n: waiting.length });
    count.dataset.count = String(waiting.length);
  };

  all.addEventListener('click', () => moderation.wish({ action: 'admit' }));
  moderation.on('change', () => {
    const focused = document.activeElement?.closest('li') ?? null;
    const place = focused ? [...list.children].indexOf(focused) : 0;
    keepFocus(section, show, () => besideIn(list, Math.max(0, place), focused) ?? after);
  });
}
