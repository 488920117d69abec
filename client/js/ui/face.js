/**
 * What every tile has: a picture or an avatar, a name, and what is to be seen of its person.
 */

import { handWords } from '../call/hands.js';
import { h, icon, nodesOf } from '../core/dom.js';
import { hue, initials } from '../core/names.js';
import { textOf } from '../core/sentence.js';
import { word } from '../core/words.js';

/** @import { Sentence } from '../core/sentence.js' */

/** @returns {HTMLVideoElement} A picture never sounds: sound has elements of its own. */
function picture() {
  // Firefox lets the keyboard stop at every video, though there is nothing to do there.
  const video = h('video', { autoplay: true, playsinline: true, tabindex: '-1' });
  video.muted = true;
  return video;
}

export class Face {
  video = picture();
  #letters = h('span', { class: 'letters' });
  avatar = h('div', { class: 'avatar', 'aria-hidden': 'true' }, this.#letters);
  #label = h('span', { class: 'label' });
  #muted = h(
    'span',
    { class: 'muted', hidden: true },
    icon('mic-off'),
    h('span', { class: 'hidden', text: word('tile.muted') }),
  );
  #speaking = h(
    'span',
    { class: 'floor', hidden: true },
    icon('sound'),
    h('span', { class: 'hidden', text: word('tile.speaking') }),
  );
  #place = h('span', { 'aria-hidden': 'true' });
  #handWords = h('span', { class: 'hidden' });
  #hand = h('span', { class: 'raised', hidden: true }, icon('hand'), this.#place, this.#handWords);
  plate = h('div', { class: 'plate' }, this.#hand, this.#muted, this.#speaking, this.#label);

  /**
   * @param {string} name
   * @param {Sentence} title
   * @param {string} colourOf What the colour is made from.
   */
  name(name, title, colourOf) {
    this.#letters.textContent = initials(name);
    if (this.#label.textContent !== textOf(title)) this.#label.replaceChildren(...nodesOf(title));
    this.avatar.style.setProperty('--hue', String(hue(colourOf)));
  }

  /** @param {boolean} muted */
  set muted(muted) {
    this.#muted.hidden = !muted;
  }

  /** @param {number} place Of the raised hand, from 1; 0 if it is not raised. */
  set hand(place) {
    this.#hand.hidden = place === 0;
    this.#place.textContent = String(place);
    this.#handWords.textContent = handWords(place);
  }

  /** @param {boolean} speaking */
  set speaking(speaking) {
    this.#speaking.hidden = !speaking;
  }
}
