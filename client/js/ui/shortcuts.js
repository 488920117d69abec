/**
 * Keys that press the buttons of a call, wherever the focus is, unless somebody types.
 */

import { word } from '../core/words.js';
import { everyPlace } from './key-places.js';
import { ACTIONS, keysOf } from './key-table.js';

/** @import { LocalMedia } from '../rtc/local-media.js' */
/** @import { Action, KeyTable } from './key-table.js' */

/** Where keys are for writing and choosing. */
export const FIELDS = 'input, textarea, select, [contenteditable]';

/** The button of each action, by its id. @type {Partial<Record<Action, string>>} */
const BUTTONS = {
  microphone: 'microphone',
  camera: 'camera',
  hand: 'hand',
  chat: 'chat-open',
  deafen: 'deafen',
  people: 'count',
  share: 'share',
  leave: 'leave',
};

/**
 * @param {KeyTable} keys
 * @param {LocalMedia} media
 * @param {(sentence: string) => void} say To who presses keys, and does not see what the button shows.
 * @returns {() => void} Stops it.
 */
export function shortcuts(keys, media, say) {
  const down = (/** @type {KeyboardEvent} */ event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (elementOf(event)?.closest(FIELDS)) return;
    const action = keys.meant(keysOf(event));
    // What is over the whole screen is modal, too: there the keys are needed all the more.
    if (!action || document.querySelector('dialog:modal')) return;
    event.preventDefault();
    if (!event.repeat) act(action, media, say);
  };
  const name = () => {
    for (const action of ACTIONS) {
      const button = buttonOf(action);
      const pressed = keys.active ? keys.of(action) : '';
      if (pressed) button?.setAttribute('aria-keyshortcuts', pressed.replace('Ctrl', 'Control'));
      else button?.removeAttribute('aria-keyshortcuts');
    }
  };
  const ended = new AbortController();
  const { signal } = ended;
  const unplaced = everyPlace(({ document: there }) => there.addEventListener('keydown', down, { signal }));
  const unlisten = keys.on('change', name);
  name();
  return () => {
    ended.abort();
    unplaced();
    unlisten();
  };
}

/**
 * What an event is about. Each window has an `Element` of its own.
 * @param {Event} event
 * @returns {Element | null}
 */
export function elementOf({ target }) {
  return target && 'closest' in target ? /** @type {Element} */ (target) : null;
}

/** @param {Action} action */
function buttonOf(action) {
  const id = BUTTONS[action];
  return id ? document.getElementById(id) : null;
}

/**
 * @param {Action} action
 * @param {LocalMedia} media
 * @param {(sentence: string) => void} say
 */
function act(action, media, say) {
  if (action === 'full-screen') return toggleFullScreen();
  const button = buttonOf(action);
  // What nobody sees, nobody may press; but one hears nobody by another switch, too, where the toolbar is full.
  if (!button || (action !== 'deafen' && !button.checkVisibility())) return;
  button.click();
  if (button.ariaDisabled === 'true') return;
  if (action === 'microphone') say(word(media.get(action).on ? 'keys.said.heard' : 'keys.said.muted'));
  if (action === 'camera') say(word(media.get(action).on ? 'keys.said.seen' : 'keys.said.unseen'));
}

/** Out of it, whatever is shown in it; into it with the tile that has the focus, or else with all of the page. */
function toggleFullScreen() {
  if (!document.fullscreenEnabled) return;
  const what = document.activeElement?.closest('.tile') ?? document.documentElement;
  const change = document.fullscreenElement ? document.exitFullscreen() : what.requestFullscreen();
  change.catch((error) => console.warn('no full screen:', error));
}
