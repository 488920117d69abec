/**
 * The settings of a call: which devices, which keys, which language. Each is obeyed at once, and remembered.
 */

import { byId, h, icon } from '../core/dom.js';
import { word } from '../core/words.js';
import { speaker } from '../rtc/speaker.js';
import { deviceMenus } from './device-menus.js';
import { keyList } from './key-list.js';
import { languageChoice } from './language-choice.js';
import { levelMeter } from './meter.js';
import { sheet } from './sheet.js';
import { speakerMenu } from './speaker-menu.js';

/** @import { Key } from '../words/en.js' */
/** @import { LocalMedia } from '../rtc/local-media.js' */
/** @import { KeyTable } from './key-table.js' */

/**
 * @param {object} options
 * @param {LocalMedia} options.media
 * @param {KeyTable} options.keys
 * @param {(sentence: string) => void} options.say
 */
export function settings({ media, keys, say }) {
  const opener = byId('settings-open', HTMLButtonElement);
  const dialog = byId('settings', HTMLDialogElement);
  const close = h('button', { type: 'button', text: word('settings.close') });
  const devices = devicePart(media);
  const title = h('h2', { id: 'settings-title', tabindex: '-1', autofocus: true, text: word('settings.title') });
  dialog.replaceChildren(
    title,
    waysIn(dialog),
    ...devices.nodes,
    ...keyPart(keys),
    ...languagePart(),
    h('div', { class: 'actions' }, close),
  );
  opener.replaceChildren(icon('settings'));
  sheet(opener, dialog, close);
  const look = () => devices.look(dialog.open);
  opener.addEventListener('click', look);
  dialog.addEventListener('close', look);

  speaker.follow(byId('call', HTMLElement));
  speaker.on('lost', () => say(word('settings.speaker.lost')));
}

/**
 * What the lines of a phone have no place for: each presses the button that is not to be seen there.
 * @param {HTMLDialogElement} dialog
 */
function waysIn(dialog) {
  const ways = ['quality-open', 'small-window'].map((id) => {
    const button = byId(id, HTMLButtonElement);
    const press = () => {
      // What opens takes the focus after the dialog has given it back.
      dialog.addEventListener('close', () => button.click(), { once: true });
      dialog.close();
    };
    const way = h('button', { type: 'button', class: `way-${id}`, onclick: press });
    const show = () => {
      way.hidden = button.hidden;
      way.textContent = button.getAttribute('aria-label');
    };
    return { way, show };
  });
  byId('settings-open', HTMLButtonElement).addEventListener('click', () => ways.forEach(({ show }) => show()));
  return h('div', { class: 'ways-in' }, ...ways.map(({ way }) => way));
}

/** @param {LocalMedia} media */
function devicePart(media) {
  const [microphone, camera, speakers] = [h('select'), h('select'), h('select')];
  const test = h('button', { type: 'button', text: word('settings.speaker.test') });
  const meter = levelMeter(media);
  const lookAtDevices = deviceMenus({ microphone, camera }, media);
  const nodes = [
    ...labelled('settings.microphone', microphone),
    meter.element,
    ...labelled('settings.camera', camera),
    ...labelled('settings.speaker', speakers, h('div', { class: 'speaker' }, speakers, test)),
  ];
  const lookAtSpeakers = speakerMenu(speakers, test, speaker);
  const list = () => void Promise.all([lookAtDevices(), lookAtSpeakers()]);
  navigator.mediaDevices?.addEventListener('devicechange', list);
  return {
    nodes,
    /** @param {boolean} open */
    look(open) {
      meter.look(open);
      if (open) list();
    },
  };
}

/** @param {KeyTable} keys */
function keyPart(keys) {
  const push = h('input', { type: 'checkbox', id: 'settings-push', 'aria-describedby': 'settings-push-hint' });
  const active = h('input', { type: 'checkbox', id: 'settings-keys' });
  const single = h('input', { type: 'checkbox', id: 'settings-single', 'aria-describedby': 'settings-single-hint' });
  const list = h('details', {}, h('summary', { text: word('keys.list') }), keyList(keys));
  const show = () => {
    push.checked = keys.push;
    active.checked = keys.active;
    single.checked = keys.single;
  };
  push.addEventListener('change', () => (keys.push = push.checked));
  active.addEventListener('change', () => (keys.active = active.checked));
  single.addEventListener('change', () => (keys.single = single.checked));
  keys.on('change', show);
  show();
  return [
    h('h3', { text: word('settings.keys') }),
    check(push, 'settings.push'),
    h('p', { id: 'settings-push-hint', class: 'hint', text: word('settings.push.hint') }),
    check(active, 'settings.shortcuts'),
    check(single, 'settings.single'),
    h('p', { id: 'settings-single-hint', class: 'hint', text: word('settings.single.hint') }),
    list,
  ];
}

function languagePart() {
  const menu = h('select');
  const nodes = labelled('language.choose', menu, h('div', {}, menu));
  languageChoice(menu);
  return nodes;
}

/**
 * @param {Key} key
 * @param {HTMLSelectElement} menu
 * @param {HTMLElement} [whole] What the menu is in.
 */
function labelled(key, menu, whole = menu) {
  menu.id = `settings-${key.replace('.', '-')}`;
  return [h('label', { for: menu.id, text: word(key) }), whole];
}

/**
 * @param {HTMLInputElement} box
 * @param {Key} key
 */
function check(box, key) {
  return h('label', { class: 'check', for: box.id }, box, ` ${word(key)}`);
}
