/**
 * How loud each person is for whoever listens: a slider in the list of people. It is a matter of this page alone, and goes with
 * the person: whatever carries their sound is as loud.
 */

import { h, icon } from '../core/dom.js';
import { Emitter } from '../core/emitter.js';
import { tabStore } from '../core/storage.js';
import { spoken, word } from '../core/words.js';

/** @import { Store } from '../core/storage.js' */

/** People of whom something is kept: those of a full room. */
const MOST = 100;
/** One step of the slider, in percent. */
const STEP = 5;

const percent = new Intl.NumberFormat(spoken, { style: 'percent' });

/** @typedef {{ change: string }} VolumeEvents Of whom. */

/** @extends {Emitter<VolumeEvents>} */
export class Volumes extends Emitter {
  #store;
  #key;
  /** By peer, from 0 to 1; whoever is not here is as loud as they come. @type {Map<string, number>} */
  #volumes;

  /**
   * @param {string} room
   * @param {Store} [store] Of this tab: a page that is loaded again goes on with it.
   */
  constructor(room, store = tabStore()) {
    super();
    this.#store = store;
    this.#key = `plenary.volumes.${room}`;
    this.#volumes = new Map(this.#kept());
  }

  /** @param {string} peer */
  of(peer) {
    return this.#volumes.get(peer) ?? 1;
  }

  /**
   * @param {string} peer
   * @param {number} volume From 0 to 1.
   */
  set(peer, volume) {
    this.#volumes.delete(peer);
    if (volume < 1) this.#volumes.set(peer, volume);
    try {
      this.#store.setItem(this.#key, JSON.stringify([...this.#volumes].slice(-MOST)));
    } catch {
      // Everybody is as loud as they come once the page is loaded again.
    }
    this.emit('change', peer);
  }

  /** @returns {[peer: string, volume: number][]} */
  #kept() {
    try {
      const kept = JSON.parse(this.#store.getItem(this.#key) ?? '[]');
      return Array.isArray(kept) ? kept.filter(isVolume) : [];
    } catch {
      return [];
    }
  }
}

/**
 * @param {unknown} value
 * @returns {value is [string, number]}
 */
function isVolume(value) {
  if (!Array.isArray(value)) return false;
  const [peer, volume] = value;
  return typeof peer === 'string' && typeof volume === 'number' && volume >= 0 && volume <= 1;
}

/** @param {number} volume From 0 to 1. */
function volumeWords(volume) {
  return volume === 0 ? word('volume.none') : percent.format(volume);
}

/** The slider of one person, and the button that shows it. */
export class VolumeControl {
  #shown = h('span', { class: 'much', 'aria-hidden': 'true' });
  #picture = h('span', { class: 'picture' });
  button = h('button', { type: 'button', class: 'small loud', 'aria-expanded': 'false' }, this.#picture, this.#shown);
  #slider = h('input', { type: 'range', min: '0', max: '100', step: String(STEP) });
  #told = h('span', { class: 'much', 'aria-hidden': 'true' });
  place = h('div', { class: 'volume', hidden: true }, this.#slider, this.#told);
  /** The person is gone: it follows no more. */
  close;

  /**
   * @param {string} peer
   * @param {Volumes} volumes
   */
  constructor(peer, volumes) {
    this.button.addEventListener('click', () => {
      this.place.hidden = !this.place.hidden;
      this.button.setAttribute('aria-expanded', String(!this.place.hidden));
      if (!this.place.hidden) this.#slider.focus();
    });
    this.#slider.addEventListener('input', () => volumes.set(peer, this.#slider.valueAsNumber / 100));
    const show = () => this.#show(volumes.of(peer));
    this.close = volumes.on('change', (changed) => changed === peer && show());
    show();
  }

  /** @param {string} name Of the person. */
  set name(name) {
    const words = word('volume.of', { name });
    if (this.button.title === words) return;
    this.button.title = words;
    this.button.setAttribute('aria-label', words);
    this.#slider.setAttribute('aria-label', words);
  }

  /** @param {boolean} hidden Nobody hears themselves. */
  set hidden(hidden) {
    this.button.hidden = hidden;
    if (hidden) this.place.hidden = true;
  }

  /** @param {number} volume */
  #show(volume) {
    const words = volumeWords(volume);
    this.#slider.valueAsNumber = Math.round(volume * 100);
    this.#slider.setAttribute('aria-valuetext', words);
    this.#told.textContent = words;
    this.#shown.textContent = volume < 1 ? percent.format(volume) : '';
    this.button.setAttribute('aria-description', words);
    this.#picture.replaceChildren(icon(volume === 0 ? 'sound-off' : 'sound'));
  }
}
