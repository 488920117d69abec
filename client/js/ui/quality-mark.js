/**
 * The mark on a tile that says how good the picture is, and one sentence on why, for whoever asks.
 */

import { levelOf, whyWords } from '../call/why.js';
import { h, nodesOf } from '../core/dom.js';
import { word } from '../core/words.js';

/** @import { TileModel } from '../call/room-state.js' */
/** @import { Choice } from '../call/why.js' */

/** For screen readers, who do not see the bars. */
const NAMES = /** @type {const} */ (['mark.none', 'mark.small', 'mark.medium', 'mark.good']);

const SVG = 'http://www.w3.org/2000/svg';

/** Three bars, of which so many are lit as the picture is good. */
export function bars() {
  const picture = document.createElementNS(SVG, 'svg');
  for (const [name, value] of Object.entries({ viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true' })) {
    picture.setAttribute(name, value);
  }
  for (const [index, top] of [14, 9, 4].entries()) {
    const bar = document.createElementNS(SVG, 'path');
    bar.setAttribute('class', `bar bar${index + 1}`);
    bar.setAttribute('d', `M${5 + index * 7} 20V${top}`);
    bar.setAttribute('stroke-width', '4');
    picture.append(bar);
  }
  return picture;
}

export class QualityMark {
  /** One sentence is read at a time, and it covers a part of a face. @type {QualityMark | null} */
  static #read = null;
  #video;
  #known;
  /** @type {TileModel | null} */
  #model = null;
  button = h('button', { type: 'button', class: 'mark', hidden: true, 'aria-expanded': 'false' }, bars());
  words = h('p', { class: 'why', role: 'status', hidden: true });

  /**
   * @param {HTMLVideoElement} video
   * @param {() => { downlink: number | null, choice: Choice | null }} known What the connection carries, in bits a second, and which
   *   of the person's choices keeps the picture small.
   */
  constructor(video, known) {
    this.#video = video;
    this.#known = known;
    this.button.addEventListener('click', () => (this.words.hidden ? this.#open() : this.close()));
    this.button.addEventListener('keydown', ({ key }) => key === 'Escape' && this.close());
    this.words.addEventListener('click', () => this.close());
    video.addEventListener('resize', () => this.renew());
  }

  #open() {
    QualityMark.#read?.close();
    QualityMark.#read = this;
    this.words.hidden = false;
    this.button.setAttribute('aria-expanded', 'true');
    this.renew();
  }

  /** The sentence has been read, or nobody can any more. */
  close() {
    if (QualityMark.#read === this) QualityMark.#read = null;
    this.words.hidden = true;
    this.button.setAttribute('aria-expanded', 'false');
  }

  /** @param {TileModel} model */
  show(model) {
    this.#model = model;
    const level = model.cameraOff || model.absent !== null ? null : levelOf(model);
    this.button.hidden = level === null;
    if (level === null) this.close();
    else {
      const name = word(NAMES[level], { tile: model.label });
      this.button.dataset.level = String(level);
      this.button.setAttribute('aria-label', name);
      this.button.title = name;
    }
    this.renew();
  }

  /** Something the sentence speaks of may have changed. */
  renew() {
    if (this.words.hidden || !this.#model) return;
    const { videoWidth, videoHeight } = this.#video;
    const lines = this.#model.layer === null ? 0 : Math.min(videoWidth, videoHeight);
    const sentence = whyWords(this.#model, { lines, ...this.#known() });
    const shown = sentence.join('');
    if (this.words.textContent !== shown) this.words.replaceChildren(...nodesOf(sentence));
  }
}
