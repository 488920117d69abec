/**
 * Where one chooses how the stage is laid out: a part of a dialog.
 */

import { h } from '../core/dom.js';
import { word } from '../core/words.js';

/** @import { ViewChoice } from './view-choice.js' */

const LAYOUT_WORDS = {
  auto: word('view.auto'),
  grid: word('view.grid'),
  spotlight: word('view.spotlight'),
  sidebar: word('view.sidebar'),
};

const SELF_WORDS = {
  corner: word('view.self.corner'),
  grid: word('view.self.grid'),
  hidden: word('view.self.hidden'),
};

/**
 * @param {ViewChoice} choice
 * @returns {HTMLElement}
 */
export function viewFields(choice) {
  const layout = picker('view-layout', LAYOUT_WORDS, (value) => choice.chooseLayout(value));
  const self = picker('view-self', SELF_WORDS, (value) => choice.chooseSelf(value));
  const show = () => {
    layout.value = choice.layout;
    self.value = choice.self;
  };
  choice.on('change', show);
  show();
  return h(
    'section',
    { class: 'view', 'aria-labelledby': 'view-title' },
    h('h3', { id: 'view-title', text: word('view.title') }),
    h('label', { for: 'view-layout', text: word('view.pictures') }),
    layout,
    h('label', { for: 'view-self', text: word('view.self') }),
    self,
  );
}

/**
 * @param {string} id
 * @param {Record<string, string>} words By value.
 * @param {(value: string) => void} chosen
 */
function picker(id, words, chosen) {
  const options = Object.entries(words).map(([value, text]) => h('option', { value, text }));
  const select = h('select', { id }, ...options);
  select.addEventListener('change', () => chosen(select.value));
  return select;
}
