/**
 * Which keys do what, as the person chose, remembered on this device. Pure but for that.
 *
 * Keys are written as `Ctrl+Meta+Alt+Shift+X`, `X` a letter, a digit or `Space`. What stands alone is good only where somebody wants
 * single letters: whoever speaks to a computer presses many without knowing (WCAG 2.1.4).
 */

import { Emitter } from '../core/emitter.js';
import { remember, remembered } from '../core/storage.js';

/** In the order of the list; `talk` is held. */
export const ACTIONS = /** @type {const} */ ([
  'microphone',
  'camera',
  'hand',
  'deafen',
  'chat',
  'people',
  'share',
  'full-screen',
  'leave',
  'talk',
]);

/** @typedef {typeof ACTIONS[number]} Action */
/** Why keys are not taken: they are the browser's, a screen reader's, need the switch for single letters, or mean nothing here. */
/** @typedef {'browser' | 'reader' | 'single' | 'held' | 'other'} Refusal */

/** What browsers do with Ctrl (⌘ on a Mac) and one of these, a page may do in their place. */
const FREE = 'BDEGY';

/**
 * @param {boolean} mac
 * @returns {Record<Action, string>}
 */
function defaults(mac) {
  const command = mac ? 'Meta' : 'Ctrl';
  const both = mac ? 'Ctrl+Meta' : 'Ctrl+Alt';
  return {
    microphone: `${command}+D`,
    camera: `${command}+E`,
    hand: `${both}+H`,
    deafen: `${both}+M`,
    chat: `${both}+C`,
    people: `${both}+P`,
    share: `${both}+S`,
    'full-screen': mac ? '' : `${both}+F`,
    leave: '',
    talk: 'Space',
  };
}

/**
 * What was pressed.
 * @param {Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'altKey' | 'metaKey' | 'shiftKey'>} event
 * @returns {string} Empty if it is none of ours.
 */
export function keysOf({ key, code, ctrlKey, altKey, metaKey, shiftKey }) {
  // Where the keyboard writes other letters, or Alt makes others of them, the place of the key says which it is.
  const written = /^[a-z0-9]$/i.test(key) ? key.toUpperCase() : /^(?:Key|Digit)([A-Z0-9])$/.exec(code)?.[1];
  const bare = written ?? (code === 'Space' ? 'Space' : '');
  if (!bare) return '';
  return [ctrlKey && 'Ctrl', metaKey && 'Meta', altKey && 'Alt', shiftKey && 'Shift', bare].filter(Boolean).join('+');
}

/** @extends {Emitter<{ change: null }>} */
export class KeyTable extends Emitter {
  #mac;
  /** What differs from the beginning. @type {Partial<Record<Action, string>>} */
  #chosen = {};
  /** Whether any of them does anything. */
  #active = true;
  /** Whether a letter alone may. */
  #single = false;
  /** Whether one is heard only while a key is held. */
  #push = false;

  /** @param {boolean} [mac] */
  constructor(mac = /^Mac|^iP/.test(globalThis.navigator?.platform ?? '')) {
    super();
    this.#mac = mac;
    this.#load();
  }

  get active() {
    return this.#active;
  }

  set active(active) {
    this.#active = active;
    this.#keep();
  }

  get single() {
    return this.#single;
  }

  set single(single) {
    this.#single = single;
    if (!single) this.#withoutSingle();
    this.#keep();
  }

  get push() {
    return this.#push;
  }

  set push(push) {
    this.#push = push;
    this.#keep();
  }

  /** Whether holding a key does anything. */
  get talks() {
    return (this.#active || this.#push) && this.of('talk') !== '';
  }

  /**
   * @param {Action} action
   * @returns {string} Empty if it has none.
   */
  of(action) {
    return this.#chosen[action] ?? defaults(this.#mac)[action];
  }

  /**
   * What these keys do; not what they do while they are held.
   * @param {string} keys
   * @returns {Action | null}
   */
  meant(keys) {
    if (!this.#active || !keys) return null;
    return ACTIONS.find((action) => action !== 'talk' && this.of(action) === keys) ?? null;
  }

  /**
   * @param {Action} action
   * @param {string} keys
   * @returns {Refusal | null}
   */
  refuses(action, keys) {
    const parts = keys.split('+');
    const bare = parts.at(-1) ?? '';
    const [ctrl, meta, alt, shift] = ['Ctrl', 'Meta', 'Alt', 'Shift'].map((name) => parts.includes(name));
    if (!bare) return 'other';
    if (action === 'talk') {
      if (parts.length > 1) return 'held';
      return bare === 'Space' || this.#single ? null : 'single';
    }
    if (bare === 'Space') return 'other';
    if (!ctrl && !meta && !alt) return this.#single ? null : 'single';
    if (this.#mac && ctrl && alt && !meta) return 'reader';
    if ((ctrl && meta) || (ctrl && alt)) return null;
    const command = this.#mac ? meta && !ctrl : ctrl && !meta;
    return command && !alt && !shift && FREE.includes(bare) ? null : 'browser';
  }

  /**
   * Gives an action keys, which are then no other's.
   * @param {Action} action
   * @param {string} keys Empty for none.
   * @returns {Action | null} Whose they were.
   */
  bind(action, keys) {
    const before = keys ? (ACTIONS.find((other) => other !== action && this.of(other) === keys) ?? null) : null;
    if (before) this.#chosen[before] = '';
    this.#chosen[action] = keys;
    this.#keep();
    return before;
  }

  /** All keys as they were at the beginning. */
  reset() {
    this.#chosen = {};
    this.#keep();
  }

  #withoutSingle() {
    for (const action of ACTIONS) {
      if (this.refuses(action, this.of(action)) !== 'single') continue;
      const first = defaults(this.#mac)[action];
      // Somebody may have given the first ones to another since.
      const taken = ACTIONS.some((other) => other !== action && this.of(other) === first);
      this.#chosen[action] = taken ? '' : first;
    }
  }

  /** What was kept may be of a version with fewer actions: keys that a person chose are not another's first ones. */
  #apart() {
    const chosen = ACTIONS.filter((action) => this.#chosen[action]);
    const taken = new Set();
    for (const action of [...chosen, ...ACTIONS.filter((one) => !chosen.includes(one))]) {
      const keys = this.of(action);
      if (taken.has(keys)) this.#chosen[action] = '';
      else if (keys) taken.add(keys);
    }
  }

  #load() {
    try {
      const kept = JSON.parse(remembered('keys') || '{}');
      this.#active = kept?.active !== false;
      this.#single = kept?.single === true;
      this.#push = kept?.push === true;
      for (const action of ACTIONS) {
        const keys = kept?.chosen?.[action];
        if (keys === '' || (typeof keys === 'string' && !this.refuses(action, keys))) this.#chosen[action] = keys;
      }
      this.#apart();
    } catch {
      // What somebody else wrote there is no choice.
    }
  }

  #keep() {
    const kept = { active: this.#active, single: this.#single, push: this.#push, chosen: this.#chosen };
    remember('keys', JSON.stringify(kept));
    this.emit('change', null);
  }
}
