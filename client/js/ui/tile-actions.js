/**
 * What one can do with a tile: hold on to it, take its picture out into a window of its own, show it over the whole screen.
 */

import { h, icon } from '../core/dom.js';
import { word } from '../core/words.js';
import { fullScreenButton } from './full-screen.js';

/**
 * @param {object} options
 * @param {HTMLElement} options.tile
 * @param {HTMLVideoElement} options.video
 * @param {string} options.label What the tile is called.
 * @param {() => void} options.pin The person holds on to the tile, or does no more.
 * @param {() => void} options.floats The picture went to a window of its own, changed its size there, or came back.
 */
export function tileActions({ tile, video, label, pin, floats }) {
  const pinButton = h('button', { type: 'button', class: 'action pin', 'aria-pressed': 'false' }, icon('pin'));
  const name = word('tile.keep', { tile: label });
  pinButton.setAttribute('aria-label', name);
  pinButton.title = name;
  pinButton.addEventListener('click', pin);
  const full = fullScreenButton(tile, label);
  const buttons = [pinButton, floatButton(video, label, floats), full].filter((button) => button !== null);
  // A tap on a tile shows what can be done with it.
  tile.tabIndex = -1;
  return {
    element: h('div', { class: 'tools' }, ...buttons),
    /** @param {boolean} pinned */
    set pinned(pinned) {
      pinButton.setAttribute('aria-pressed', String(pinned));
    },
  };
}

/**
 * @param {HTMLVideoElement} video
 * @param {string} label
 * @param {() => void} changed
 * @returns {HTMLButtonElement | null} Null where pages cannot do it. Firefox has a button of its own, and tells nobody.
 */
function floatButton(video, label, changed) {
  if (!document.pictureInPictureEnabled) return null;
  const name = word('tile.float', { tile: label });
  const button = h('button', { type: 'button', class: 'action float', title: name, 'aria-label': name }, icon('float'));
  button.addEventListener('click', () => {
    const out = document.pictureInPictureElement === video;
    const change = out ? document.exitPictureInPicture() : video.requestPictureInPicture();
    change.catch((error) => console.warn('no small window:', error));
  });
  video.addEventListener('enterpictureinpicture', (event) => {
    const small = /** @type {PictureInPictureEvent} */ (event).pictureInPictureWindow;
    small.onresize = changed;
    heights.set(video, small);
    changed();
  });
  video.addEventListener('leavepictureinpicture', () => {
    heights.delete(video);
    changed();
  });
  return button;
}

/** The window of each picture that has one. @type {WeakMap<HTMLVideoElement, PictureInPictureWindow>} */
const heights = new WeakMap();

/**
 * @param {HTMLVideoElement} video
 * @returns {number | null} How tall its window is, in CSS pixels; null if it has none.
 */
export function floatingHeight(video) {
  return heights.get(video)?.height ?? null;
}
