/**
 * The person's own tile: mirrored, and no group, so that it is not taken for somebody else.
 */

import { h, icon } from '../core/dom.js';
import { say, word } from '../core/words.js';
import { Face } from './face.js';
import { fullScreenButton } from './full-screen.js';
import { bars } from './quality-mark.js';

/** @import { ViewChoice } from './view-choice.js' */

export class OwnTile {
  #face = new Face();
  #limit = h('span', { class: 'mark', role: 'img', hidden: true }, bars());
  #next;
  element = h('div', { class: 'tile own', role: 'figure', 'aria-label': word('view.self'), tabindex: '-1' });
  /** @type {MediaStreamTrack | null} */
  #track = null;

  /** @param {ViewChoice} choice Where it is. */
  constructor(choice) {
    // It says nothing to whoever shows it.
    this.#face.video.disablePictureInPicture = true;
    this.#face.plate.append(this.#limit);
    const name = word('view.move');
    this.#next = h('button', { type: 'button', class: 'action', title: name, 'aria-label': name }, icon('move'));
    this.#next.addEventListener('click', () => choice.nextCorner());
    const full = fullScreenButton(this.element, word('window.own'));
    const tools = h('div', { class: 'tools' }, this.#next, ...(full ? [full] : []));
    this.element.append(this.#face.video, this.#face.avatar, this.#face.plate, tools);
  }

  /** @param {boolean} floats Whether it is over the others. */
  set floats(floats) {
    this.element.classList.toggle('floating', floats);
    this.#next.hidden = !floats;
  }

  /** @param {number} place Of the raised hand, from 1; 0 if it is not raised. */
  set hand(place) {
    this.#face.hand = place;
  }

  /** @param {string | null} words Why the others see less than they could. */
  limited(words) {
    this.#limit.hidden = words === null;
    this.#limit.setAttribute('aria-label', words ?? '');
    this.#limit.title = words ?? '';
  }

  /**
   * @param {object} own
   * @param {string} own.name
   * @param {MediaStreamTrack | null} own.camera
   * @param {boolean} own.micMuted
   */
  update({ name, camera, micMuted }) {
    this.#face.name(name, say('view.you'), name);
    this.#face.muted = micMuted;
    this.element.classList.toggle('live', camera !== null);
    if (this.#track === camera) return;
    this.#track = camera;
    this.#face.video.srcObject = camera ? new MediaStream([camera]) : null;
  }
}
