/**
 * A file of somebody else's, to be saved and never shown: a blob's address is of our own origin, and a page in it would be ours.
 */

import { h } from '../../core/dom.js';
import { cleanName } from './name.js';

/** What no browser shows. */
const TYPE = 'application/octet-stream';

/**
 * A link that saves the file.
 * @param {string} name As the sender says it.
 * @param {Blob} blob Of whatever type.
 * @returns {{ element: HTMLAnchorElement, release: () => void }} `release` lets go of the file.
 */
export function saveable(name, blob) {
  const clean = cleanName(name);
  const href = URL.createObjectURL(new Blob([blob], { type: TYPE }));
  const element = h('a', { href, download: clean, type: TYPE, rel: 'noopener', text: clean });
  return { element, release: () => URL.revokeObjectURL(href) };
}
