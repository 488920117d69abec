/**
 * What a person in a call should know until they put it away: above the stage, where it covers nobody.
 */

import { byId, h } from '../core/dom.js';
import { word } from '../core/words.js';

/**
 * @param {object} words
 * @param {string} words.title
 * @param {string} words.advice
 * @param {{ name: string, act: () => void }} [words.deed] What can be done about it.
 * @param {HTMLElement} next Has the focus once the words are put away.
 * @returns {() => void} Takes them away, if they are still there.
 */
export function notice({ title, advice, deed }, next) {
  // An alert that is filled once it is there is said by every screen reader.
  const place = h('div', { class: 'problems', role: 'alert' });
  byId('told', HTMLElement).append(place);
  const close = () => {
    if (place.contains(document.activeElement)) next.focus();
    place.remove();
  };
  const act = () => {
    close();
    deed?.act();
  };
  place.append(
    h('p', {}, h('strong', { text: title }), ` ${advice}`),
    ...(deed ? [h('button', { type: 'button', text: deed.name, onclick: act })] : []),
    h('button', { type: 'button', text: word('notice.close'), onclick: close }),
  );
  return close;
}
