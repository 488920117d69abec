/**
 * Whoever is muted and holds the key for it is heard for as long as they hold it. With push to talk nobody is heard otherwise; then
 * the button of the microphone is held, too, by who has no keys.
 */

import { word } from '../core/words.js';
import { everyPlace } from './key-places.js';
import { keysOf } from './key-table.js';
import { keyWords } from './key-words.js';
import { elementOf, FIELDS } from './shortcuts.js';

/** @import { LocalMedia } from '../rtc/local-media.js' */
/** @import { KeyTable } from './key-table.js' */

/** What the space bar means something else to. */
const BUSY = 'button, a, input, select, textarea, summary, [contenteditable], [role="button"], [tabindex="0"], dialog';

/** Where nobody begins to talk by keys. Whoever comes here while they hold one has something else in mind. */
const AWAY = `${FIELDS}, dialog`;

/** The switch of the microphone, wherever it is. */
const SWITCH = '.toolbar [data-switch="microphone"]';

/** Milliseconds after which a press was no click. */
const HELD = 300;

/**
 * @param {object} options
 * @param {LocalMedia} options.media
 * @param {KeyTable} options.keys
 * @param {() => boolean} options.may Whether the person may be heard at all.
 * @param {(sentence: string) => void} options.say
 * @returns {() => void} Stops it.
 */
export function holdToTalk({ media, keys, may, say }) {
  const ended = new AbortController();
  const { signal } = ended;
  let held = false;
  /** Whether the key is down that talked, also when it does so no more: where the focus is now it must neither write nor press. */
  let down = false;
  /** The microphone's, one in each place. @type {Set<Element>} */
  const buttons = new Set();
  /** The button that was pressed last by pointer. It has the focus, and nobody sees it. @type {Element | null} */
  let pointed = null;

  const hold = () => {
    if (held || media.get('microphone').on || !may()) return false;
    held = true;
    media.set('microphone', true);
    return true;
  };
  const release = () => {
    if (!held) return;
    held = false;
    media.set('microphone', false);
  };

  /** @param {KeyboardEvent} event */
  const isKey = (event) => keysOf(event).split('+').at(-1) === keys.of('talk');
  /** @param {KeyboardEvent} event */
  const means = (event) => {
    const pressed = keysOf(event);
    if (!keys.talks || pressed !== keys.of('talk')) return false;
    const target = elementOf(event);
    if (pressed !== 'Space') return !target?.closest(FIELDS);
    const on = target?.closest(BUSY);
    return !on || (keys.push && (buttons.has(on) || on === pointed));
  };
  const pressKey = (/** @type {KeyboardEvent} */ event) => {
    if (event.code === 'Tab') pointed = null;
    if (!event.repeat && isKey(event)) down = false;
    if (down && isKey(event)) return event.preventDefault();
    if (event.defaultPrevented || event.isComposing || !means(event)) return;
    // Not the page: it has nowhere to scroll to. And no button.
    event.preventDefault();
    down = true;
    if (!event.repeat) hold();
  };
  const releaseKey = (/** @type {KeyboardEvent} */ event) => {
    if (!isKey(event)) return;
    if (held || down) event.preventDefault();
    down = false;
    release();
  };
  const goAway = (/** @type {Event} */ event) => {
    if (elementOf(event)?.closest(AWAY)) release();
  };
  const press = (/** @type {Event} */ event) => {
    pointed = elementOf(event)?.closest('button') ?? null;
  };
  const unplaced = everyPlace((place) => {
    place.document.addEventListener('keydown', pressKey, { signal });
    place.document.addEventListener('keyup', releaseKey, { signal });
    place.document.addEventListener('focusin', goAway, { signal });
    place.document.addEventListener('pointerdown', press, { signal, capture: true });
    place.addEventListener('blur', release, { signal });
    place.addEventListener('pagehide', release, { signal });
    for (const one of place.document.querySelectorAll(SWITCH)) {
      // The same comes again with another window.
      if (buttons.has(one)) continue;
      buttons.add(one);
      holdButton({ button: /** @type {HTMLButtonElement} */ (one), pushes: () => keys.push, hold, release, signal });
    }
  });

  // However the microphone was turned on.
  const mute = () => {
    if (!keys.push || held || !media.get('microphone').on) return;
    media.set('microphone', false);
    say(keys.talks ? word('keys.hold', { keys: keyWords(keys.of('talk')) }) : word('keys.hold-button'));
  };
  const unlisten = [
    media.on('change', (device) => device === 'microphone' && mute()),
    keys.on('change', mute),
    unplaced,
  ];
  mute();
  return () => {
    release();
    ended.abort();
    for (const stop of unlisten) stop();
  };
}

/**
 * @param {object} options
 * @param {HTMLButtonElement} options.button
 * @param {() => boolean} options.pushes
 * @param {() => boolean} options.hold Whether it does anything.
 * @param {() => void} options.release
 * @param {AbortSignal} options.signal Ends it.
 */
function holdButton({ button, pushes, hold, release, signal }) {
  let since = Infinity;
  const down = (/** @type {PointerEvent} */ { button: which, pointerId }) => {
    since = Infinity;
    if (which !== 0 || !pushes() || !hold()) return;
    since = performance.now();
    button.setPointerCapture(pointerId);
  };
  // A click says what to do in its place, but is no click at the end of a sentence.
  const click = (/** @type {Event} */ event) => {
    if (performance.now() - since > HELD) event.stopImmediatePropagation();
    since = Infinity;
  };
  button.addEventListener('pointerdown', down, { signal });
  for (const end of ['pointerup', 'pointercancel', 'lostpointercapture']) {
    button.addEventListener(end, release, { signal });
  }
  button.addEventListener('click', click, { signal, capture: true });
}
