/**
 * Where one chooses how the stage is laid out: a part of a dialog.
 */

import { h } from '../core/dom.js';

/** @import { ViewChoice } from './view-choice.js' */

const LAYOUT_WORDS = {
  auto: 'What is shared large, people alike',
  grid: 'All alike',
  spotlight: 'One alone',
  sidebar: 'One large, the others beside',
};

const SELF_WORDS = { corner: 'In a corner', grid: 'Among the others', hidden: 'Hidden' };

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
    h('h3', { id: 'view-title', text: 'Your view' }),
    h('label', { for: 'view-layout', text: 'Pictures' }),
    layout,
    h('label', { for: 'view-self', text: 'Your own picture' }),
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
