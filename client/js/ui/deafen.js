/**
 * Hearing nobody, by one press: for whoever has to listen to somebody beside them. Their microphone is muted with it, and comes back
 * with it if it was on. Whoever unmutes themselves hears the others, too: nobody talks to people they cannot hear.
 */

import { byId, h, icon } from '../core/dom.js';
import { Emitter } from '../core/emitter.js';
import { tabStore } from '../core/storage.js';
import { say, word } from '../core/words.js';

/** @import { Store } from '../core/storage.js' */
/** @import { LiveRegion } from './live-region.js' */
/** @import { LocalMedia } from '../rtc/local-media.js' */

/**
 * @typedef {object} Around
 * @property {string} room
 * @property {Pick<LocalMedia, 'get' | 'set' | 'on'>} media
 * @property {() => boolean} maySpeak Whether the microphone may be on at all.
 * @property {boolean} returns The page was loaded again and goes on.
 * @property {Store} [store] Of this tab.
 */

/** @extends {Emitter<{ change: null }>} */
export class Deafness extends Emitter {
  #media;
  #maySpeak;
  #store;
  #key;
  #on = false;
  /** Whether the microphone was on before. */
  #spoke = false;

  /** @param {Around} around */
  constructor({ room, media, maySpeak, returns, store = tabStore() }) {
    super();
    this.#media = media;
    this.#maySpeak = maySpeak;
    this.#store = store;
    this.#key = `plenary.deaf.${room}`;
    const kept = this.#kept();
    this.#on = returns && kept !== null;
    this.#spoke = kept === 'spoke';
    if (!this.#on) this.forget();
    media.on('change', (device) => {
      if (device === 'microphone' && this.#on && media.get('microphone').on) this.set(false);
    });
  }

  get deaf() {
    return this.#on;
  }

  /** Whether the microphone comes back. */
  get speaksAgain() {
    return this.#spoke && this.#maySpeak();
  }

  /** @param {boolean} on */
  set(on) {
    if (on === this.#on) return;
    const microphone = this.#media.get('microphone').on;
    this.#on = on;
    if (on) {
      this.#spoke = microphone;
      this.#keep();
      this.#media.set('microphone', false);
    } else {
      this.forget();
      if (this.speaksAgain) this.#media.set('microphone', true);
    }
    this.emit('change', null);
  }

  /** The call is over, or one hears again: a page that is loaded later hears. */
  forget() {
    try {
      this.#store.removeItem(this.#key);
    } catch {
      // There was none.
    }
  }

  #keep() {
    try {
      this.#store.setItem(this.#key, this.#spoke ? 'spoke' : 'silent');
    } catch {
      // A page that is loaded again hears.
    }
  }

  #kept() {
    try {
      return this.#store.getItem(this.#key);
    } catch {
      return null;
    }
  }
}

/**
 * The switch in the toolbar, where there is place for it, and the one among the people; and a line that says so for as long as it is on.
 * @param {Deafness} deafness
 * @param {LiveRegion} region
 */
export function deafenSwitches(deafness, region) {
  const button = byId('deafen', HTMLButtonElement);
  const box = byId('deafen-box', HTMLInputElement);
  const place = byId('deaf', HTMLDivElement);
  const again = h('button', { type: 'button', text: word('deafen.off') });
  place.replaceChildren(h('p', { text: `${word('deafen.is')}.` }), again);
  const show = () => {
    const { deaf: on } = deafness;
    const name = word(on ? 'deafen.off' : 'deafen.on');
    button.setAttribute('aria-label', name);
    button.title = name;
    button.classList.toggle('off', on);
    button.replaceChildren(icon(on ? 'deaf' : 'headphones'));
    box.checked = on;
    place.hidden = !on;
  };
  button.addEventListener('click', () => deafness.set(!deafness.deaf));
  box.addEventListener('change', () => deafness.set(box.checked));
  again.addEventListener('click', () => {
    deafness.set(false);
    // It is gone; the next key must not start from the top of the page.
    byId('microphone', HTMLButtonElement).focus();
  });
  deafness.on('change', () => {
    show();
    // The line says it to whoever sees it.
    if (deafness.deaf) region.speak(say('deafen.is'));
    else region.say(say(deafness.speaksAgain ? 'deafen.was-heard' : 'deafen.was'));
  });
  show();
}
