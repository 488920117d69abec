/**
 * How the person wants the stage, remembered on this device.
 */

import { Emitter } from '../core/emitter.js';
import { remember, remembered } from '../core/storage.js';
import { LAYOUTS } from './arrangement.js';

/** @import { Layout } from './arrangement.js' */
/** @import { Corner, SelfView } from './layout.js' */

/** @type {SelfView[]} */
const SELF_VIEWS = ['corner', 'grid', 'hidden'];

/** In the order in which one's own picture goes round. @type {Corner[]} */
const CORNERS = ['bottom-end', 'bottom-start', 'top-start', 'top-end'];

/** @extends {Emitter<{ change: null }>} */
export class ViewChoice extends Emitter {
  /** @type {Layout} */
  #layout = known(LAYOUTS, remembered('layout'));
  /** @type {SelfView} */
  #self = known(SELF_VIEWS, remembered('self'));
  /** @type {Corner} */
  #corner = known(CORNERS, remembered('corner'));

  get layout() {
    return this.#layout;
  }

  get self() {
    return this.#self;
  }

  get corner() {
    return this.#corner;
  }

  /** @param {string} layout */
  chooseLayout(layout) {
    this.#layout = known(LAYOUTS, layout);
    remember('layout', this.#layout);
    this.emit('change', null);
  }

  /** @param {string} self */
  chooseSelf(self) {
    this.#self = known(SELF_VIEWS, self);
    remember('self', this.#self);
    this.emit('change', null);
  }

  nextCorner() {
    this.#corner = CORNERS[(CORNERS.indexOf(this.#corner) + 1) % CORNERS.length] ?? this.#corner;
    remember('corner', this.#corner);
    this.emit('change', null);
  }
}

/**
 * What is remembered may be of another version.
 * @template {string} T
 * @param {T[]} all The usual one first.
 * @param {string} one
 * @returns {T}
 */
function known(all, one) {
  return all.find((each) => each === one) ?? /** @type {T} */ (all[0]);
}
