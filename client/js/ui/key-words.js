/**
 * What keys are called where they are read.
 */

import { word } from '../core/words.js';

/** @import { Key } from '../words/en.js' */

/** @type {Record<string, Key>} */
const NAMES = { Ctrl: 'keys.ctrl', Meta: 'keys.meta', Alt: 'keys.alt', Shift: 'keys.shift', Space: 'keys.space' };

/** @param {string} keys As the table writes them. */
export function keyWords(keys) {
  const part = (/** @type {string} */ name) => (NAMES[name] ? word(NAMES[name]) : name);
  return keys ? keys.split('+').map(part).join('+') : word('keys.none');
}
