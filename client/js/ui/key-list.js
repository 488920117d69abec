/**
 * The keys of each action, to read and to change.
 */

import { h } from '../core/dom.js';
import { word } from '../core/words.js';
import { ACTIONS, keysOf } from './key-table.js';
import { keyWords } from './key-words.js';

/** @import { Key } from '../words/en.js' */
/** @import { Action, KeyTable, Refusal } from './key-table.js' */

/** @type {Record<Action, Key>} */
const NAMES = {
  microphone: 'settings.microphone',
  camera: 'settings.camera',
  hand: 'keys.hand',
  deafen: 'deafen.on',
  chat: 'keys.chat',
  people: 'keys.people',
  share: 'keys.share',
  'full-screen': 'keys.full-screen',
  leave: 'keys.leave',
  talk: 'keys.talk',
};

/** @type {Record<Refusal, Key>} */
const REFUSALS = {
  browser: 'keys.refused.browser',
  reader: 'keys.refused.reader',
  single: 'keys.refused.single',
  held: 'keys.refused.held',
  other: 'keys.refused.other',
};

/** Keys that only come with others. */
const HELPERS = ['Control', 'Shift', 'Alt', 'Meta', 'AltGraph'];

/**
 * @param {KeyTable} keys
 * @returns {HTMLElement}
 */
export function keyList(keys) {
  const status = h('p', { class: 'hint', role: 'status' });
  const tell = (/** @type {string} */ text) => (status.textContent = text);
  const rows = ACTIONS.map((action) => keyRow(action, keys, tell));
  const reset = h('button', { type: 'button', class: 'small', text: word('keys.reset') });
  reset.addEventListener('click', () => {
    keys.reset();
    tell(word('keys.were-reset'));
  });
  const list = h('ul', { class: 'keys', 'aria-label': word('keys.list') }, ...rows);
  return h('div', {}, list, status, reset);
}

/**
 * @param {Action} action
 * @param {KeyTable} keys
 * @param {(text: string) => void} tell
 */
function keyRow(action, keys, tell) {
  const name = word(NAMES[action]);
  const button = h('button', { type: 'button', class: 'small' });
  let asks = false;
  let taken = false;
  const show = () => {
    const now = keyWords(keys.of(action));
    button.textContent = asks ? word('keys.press') : now;
    button.setAttribute('aria-label', asks ? `${name}: ${word('keys.press')}` : `${name}: ${now}`);
    button.classList.toggle('asks', asks);
  };
  /** @param {boolean} now */
  const ask = (now) => {
    asks = now;
    show();
  };
  /** @param {string} pressed Empty for none. */
  const choose = (pressed) => {
    ask(false);
    const before = keys.bind(action, pressed);
    const said = word('keys.chosen', { name, keys: keyWords(pressed) });
    tell(before ? `${said} ${word('keys.lost', { name: word(NAMES[before]) })}` : said);
  };
  button.addEventListener('click', () => {
    ask(true);
    tell(word('keys.ask', { name }));
  });
  button.addEventListener('blur', () => ask(false));
  button.addEventListener('keydown', (event) => {
    if (!asks || HELPERS.includes(event.key)) return;
    if (event.key === 'Tab') return;
    // They do nothing else for once.
    event.preventDefault();
    event.stopPropagation();
    taken = true;
    if (event.repeat) return;
    if (event.key === 'Escape') {
      ask(false);
      return tell('');
    }
    if (event.key === 'Delete' || event.key === 'Backspace') return choose('');
    const pressed = keysOf(event);
    const refusal = keys.refuses(action, pressed);
    if (refusal) tell(word(REFUSALS[refusal]));
    else choose(pressed);
  });
  // The space bar presses a button when it is let go.
  button.addEventListener('keyup', (event) => {
    if (taken) event.preventDefault();
    taken = false;
  });
  keys.on('change', show);
  show();
  return h('li', {}, h('span', { text: name }), button);
}
