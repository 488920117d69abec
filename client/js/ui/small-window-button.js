/**
 * The button for a small window: of the whole stage where the browser has windows for that, of whoever speaks where it has windows
 * for one picture, and none where it has neither.
 */

import { byId, icon } from '../core/dom.js';
import { say, word } from '../core/words.js';
import { SmallWindow, smallWindows } from './small-window.js';
import { picturesFloat, SpeakerWindow } from './speaker-window.js';

/** @import { Sentence } from '../core/sentence.js' */
/** @import { Key } from '../words/en.js' */
/** @import { Windows } from './small-window.js' */
/** @import { Stage } from './stage.js' */

/**
 * @typedef {object} Way
 * @property {Key} name What a press does.
 * @property {Key} back What the next one does.
 * @property {() => boolean} isOpen
 * @property {() => Promise<void>} open
 * @property {() => void} close
 */

/**
 * @param {object} options
 * @param {Stage} options.stage
 * @param {(sentence: Sentence) => void} options.announce
 * @param {() => HTMLElement[]} options.controls Makes what is below the stage in its window.
 * @returns {() => void} Closes the window.
 */
export function smallWindowButton({ stage, announce, controls }) {
  const button = byId('small-window', HTMLButtonElement);
  const windows = smallWindows();
  /** @type {Way | null} */
  const way = windows ? whole(windows, stage, controls(), show) : picturesFloat() ? speaker(stage, show) : null;
  button.hidden = !way;
  if (!way) return () => {};
  const { name, back, isOpen, open, close } = way;
  button.replaceChildren(icon('float'));
  button.addEventListener('click', () => {
    if (isOpen()) return close();
    open().catch((error) => {
      console.warn('no small window:', error);
      announce(say('window.refused'));
    });
  });
  function show() {
    const words = word(isOpen() ? back : name);
    button.setAttribute('aria-label', words);
    button.title = words;
  }
  show();
  return close;
}

/**
 * @param {Windows} windows
 * @param {Stage} stage
 * @param {HTMLElement[]} controls
 * @param {() => void} changed
 * @returns {Way}
 */
function whole(windows, stage, controls, changed) {
  const moved = (/** @type {Window | null} */ outside) => {
    stage.outside = outside;
    changed();
  };
  const small = new SmallWindow(windows, { stage: byId('stage', HTMLDivElement), controls, moved });
  return {
    name: 'window.open',
    back: 'window.back',
    isOpen: () => small.isOpen,
    open: () => small.open(),
    close: () => small.close(),
  };
}

/**
 * @param {Stage} stage
 * @param {() => void} changed
 * @returns {Way}
 */
function speaker(stage, changed) {
  const small = new SpeakerWindow(() => {
    stage.follow(small);
    changed();
  });
  byId('call', HTMLElement).append(small.video);
  return {
    name: 'window.speaker',
    back: 'window.close',
    isOpen: () => small.isOpen,
    open: () => small.open(stage.spoken),
    close: () => small.close(),
  };
}
