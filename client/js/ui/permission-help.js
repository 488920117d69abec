/**
 * Where to click, in this browser, when camera or microphone are refused or busy.
 */

import { h } from '../core/dom.js';
import { word } from '../core/words.js';
import { DEVICES, noteOn } from '../rtc/devices.js';

/** @import { Key } from '../words/en.js' */
/** @import { LocalMedia } from '../rtc/local-media.js' */

/** @typedef {'chromium' | 'edge' | 'firefox' | 'safari' | 'other'} Kind */

/** @type {Record<Kind, Key>} */
const WHERE = {
  chromium: 'help.chromium',
  edge: 'help.edge',
  firefox: 'help.firefox',
  safari: 'help.safari',
  other: 'help.other',
};

const REFUSED = ['NotAllowedError', 'SecurityError', 'Revoked'];
const BUSY = ['NotReadableError', 'AbortError'];

/**
 * Where a browser keeps its permissions is nothing a page can find out but by its name. Pure.
 * @param {string} agent What it calls itself.
 * @returns {Kind}
 */
export function browserOf(agent) {
  // Each calls itself as those do that it descends from; on iOS all are Safari inside, and keep permissions as it does.
  if (/iPhone|iPad/.test(agent)) return 'safari';
  if (/Edg(e|A)?\//.test(agent)) return 'edge';
  if (/Firefox\//.test(agent)) return 'firefox';
  if (/Chrom(e|ium)\//.test(agent)) return 'chromium';
  return /Safari\//.test(agent) ? 'safari' : 'other';
}

/**
 * Shows it after the words about what is wrong, as long as it may help.
 * @param {HTMLElement} problems
 * @param {LocalMedia} media
 */
export function permissionHelp(problems, media) {
  const title = h('summary');
  const words = h('div');
  const place = h('details', { class: 'help', hidden: true }, title, words);
  problems.after(place);
  let shown = '';
  const show = () => {
    const notes = DEVICES.map((device) => noteOn(media.get(device)) ?? '');
    const kind = notes.some((note) => REFUSED.includes(note))
      ? 'refused'
      : notes.some((note) => BUSY.includes(note))
        ? 'busy'
        : '';
    place.hidden = kind === '';
    if (kind === shown || !kind) return;
    shown = kind;
    place.open = false;
    title.textContent = word(kind === 'refused' ? 'help.allow' : 'help.free');
    const steps =
      kind === 'refused' ? [word(WHERE[browserOf(navigator.userAgent)]), word('help.system')] : [word('help.busy')];
    words.replaceChildren(...steps.map((text) => h('p', { text })));
  };
  media.on('change', show);
  show();
}
