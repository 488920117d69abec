/**
 * What plays the sound, where the browser lets a page choose. When the chosen one goes away the system's goes on, until it is back.
 */

import { Emitter } from '../core/emitter.js';
import { remember, remembered } from '../core/storage.js';

/** @typedef {HTMLAudioElement & { setSinkId?: (id: string) => Promise<void> }} Sounding */

/**
 * The speakers there are. The system's own choice is not among them.
 * @returns {Promise<{ id: string, label: string }[]>} Without permission for a microphone most browsers name none.
 */
export async function listSpeakers() {
  const all = (await navigator.mediaDevices?.enumerateDevices?.().catch(() => [])) ?? [];
  return all
    .filter(({ kind, deviceId }) => kind === 'audiooutput' && deviceId !== '' && deviceId !== 'default')
    .map(({ deviceId, label }, index) => ({ id: deviceId, label: label || String(index + 1) }));
}

/** @extends {Emitter<{ change: null, lost: null }>} */
export class Speaker extends Emitter {
  #id = remembered('speaker');
  #there = true;
  /** @type {Set<Sounding>} */
  #sounding = new Set();

  /** Whether one can choose at all. */
  get can() {
    return 'setSinkId' in (globalThis.HTMLMediaElement?.prototype ?? {});
  }

  /** What plays at present; empty for the system's choice. */
  get used() {
    return this.can && this.#there ? this.#id : '';
  }

  /** @param {string} id Empty for the system's choice. */
  choose(id) {
    this.#id = id;
    this.#there = true;
    remember('speaker', id);
    this.#apply();
  }

  /**
   * Plays what `audio` plays.
   * @param {Sounding} audio
   * @returns {Promise<void>} Once it does, or cannot.
   */
  async use(audio) {
    const wanted = this.used;
    if (!audio.setSinkId || (audio.sinkId ?? '') === wanted) return;
    try {
      await audio.setSinkId(wanted);
    } catch (error) {
      console.warn('this speaker cannot be used:', error);
      if (wanted === this.#id && wanted) this.#gone();
    }
  }

  /**
   * Plays whatever sounds in `root`, also what comes later.
   * @param {HTMLElement} root
   */
  follow(root) {
    // Events of media do not bubble, but are captured.
    const begins = (/** @type {Event} */ { target }) => {
      if (!(target instanceof HTMLAudioElement)) return;
      this.#sounding.add(target);
      void this.use(target);
    };
    root.addEventListener('loadstart', begins, true);
    navigator.mediaDevices?.addEventListener('devicechange', () => void this.look());
    void this.look();
  }

  /** Looks whether the chosen one is there. */
  async look() {
    if (!this.#id) return;
    const listed = await listSpeakers();
    // Without permission nothing is named.
    if (listed.length === 0 && this.#sounding.size === 0) return;
    const there = listed.some(({ id }) => id === this.#id);
    if (there === this.#there) return;
    if (!there) return this.#gone();
    this.#there = true;
    this.#apply();
  }

  #gone() {
    if (!this.#there) return;
    this.#there = false;
    this.#apply();
    this.emit('lost', null);
  }

  #apply() {
    for (const audio of this.#sounding) {
      if (audio.isConnected) void this.use(audio);
      else this.#sounding.delete(audio);
    }
    this.emit('change', null);
  }
}

/** The one of this page. */
export const speaker = new Speaker();
