/**
 * A tile over the whole screen, and back.
 */

import { h, icon } from '../core/dom.js';
import { word } from '../core/words.js';

/**
 * @param {HTMLElement} tile
 * @param {string} label What the tile is called.
 * @returns {HTMLButtonElement | null} Null where the browser has no such thing.
 */
export function fullScreenButton(tile, label) {
  if (!document.fullscreenEnabled) return null;
  const button = h('button', { type: 'button', class: 'action full-screen' });
  const toggle = () => {
    const change = document.fullscreenElement === tile ? document.exitFullscreen() : tile.requestFullscreen();
    change.catch((error) => console.warn('no full screen:', error));
  };
  const show = () => {
    const full = document.fullscreenElement === tile;
    const name = full ? word('view.not-full') : word('view.full', { it: label });
    button.setAttribute('aria-label', name);
    button.title = name;
    button.replaceChildren(icon(full ? 'shrink' : 'expand'));
  };
  button.addEventListener('click', toggle);
  tile.addEventListener('dblclick', (event) => {
    if (!(event.target instanceof Node && button.contains(event.target))) toggle();
  });
  tile.addEventListener('fullscreenchange', show);
  show();
  return button;
}
