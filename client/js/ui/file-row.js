/**
 * A file to or from somebody, as a row: what it is, how far it is, and what one may do.
 */

import { h, nodesOf } from '../core/dom.js';
import { say, word } from '../core/words.js';
import { cleanName } from '../rtc/files/name.js';
import { saveable } from '../rtc/files/saveable.js';
import { sizeWords, stateWords } from './file-words.js';

/** @import { Key } from '../words/en.js' */
/** @import { Reason } from '../rtc/files/frames.js' */
/** @import { Transfer } from '../rtc/transfer.js' */

/** What the buttons say, and how they are called: of a file that comes, and of one that goes. */
const DEEDS = /** @type {const} */ ({
  accept: { text: 'file.accept', from: 'file.accept.from', to: 'file.accept.from' },
  refuse: { text: 'file.refuse', from: 'file.refuse.from', to: 'file.refuse.from' },
  save: { text: 'file.save', from: 'file.save.from', to: 'file.save.from' },
  cancel: { text: 'file.cancel', from: 'file.cancel.from', to: 'file.cancel.to' },
  remove: { text: 'file.remove', from: 'file.remove.from', to: 'file.remove.to' },
  again: { text: 'file.again', from: 'file.again.to', to: 'file.again.to' },
});

/** Milliseconds after which a browser has begun to save what it was given. */
const SAVING = 40_000;
/** Of these one sees how far they are. */
const MOVING = ['sending', 'sent', 'receiving', 'checking'];

/** What may be otherwise a little later. @type {Reason[]} */
const PASSING = ['too-many', 'busy', 'lost'];

/**
 * What a person does with a file.
 * @typedef {object} FileDoing
 * @property {(transfer: Transfer) => void} accept
 * @property {(transfer: Transfer) => void} cancel Also refuses.
 * @property {(transfer: Transfer) => void} again
 * @property {(transfer: Transfer) => void} remove
 * @property {() => void} saved
 */

export class FileRow {
  #transfer;
  #name;
  #doing;
  #state = h('p', { class: 'state' });
  #progress = h('progress', { hidden: true });
  #buttons = h('p', { class: 'doing' });
  /** What the buttons are made for. */
  #shown = '';
  /** @type {Set<() => void>} */
  #given = new Set();

  /**
   * @param {Transfer} transfer
   * @param {string} name Whose browser is at the other end.
   * @param {FileDoing} doing
   */
  constructor(transfer, name, doing) {
    this.#transfer = transfer;
    this.#name = name;
    this.#doing = doing;
    this.file = cleanName(transfer.name);
    const way = say(transfer.incoming ? 'file.from' : 'file.to', { size: [sizeWords(transfer.size)], name });
    this.#progress.max = Math.max(1, transfer.size);
    this.#progress.setAttribute(
      'aria-label',
      this.#about(transfer.incoming ? 'file.progress.from' : 'file.progress.to'),
    );
    this.element = h(
      'li',
      { class: 'file' },
      h('p', { class: 'what' }, h('bdi', { text: this.file })),
      h('p', { class: 'way' }, ...nodesOf(way)),
      this.#state,
      this.#progress,
      this.#buttons,
    );
  }

  /** What names the file and whose it is. @param {Key} key */
  #about(key) {
    return word(key, { file: this.file, name: this.#name });
  }

  /**
   * Shows how it is now.
   * @param {boolean} isReachable Whether that somebody can be sent it.
   */
  show(isReachable) {
    const { state, reason, moved, size, saved } = this.#transfer;
    const words = nodesOf(stateWords(this.#transfer, this.#name));
    const text = words.map(({ textContent }) => textContent).join('');
    if (this.#state.textContent !== text) this.#state.replaceChildren(...words);
    this.#state.hidden = text === '';
    this.#progress.hidden = !MOVING.includes(state);
    this.#progress.value = size === 0 ? 1 : moved;
    const shown = [state, reason, saved, isReachable].join(' ');
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.element.dataset.state = state;
    const focused = this.#buttons.contains(document.activeElement);
    this.#buttons.replaceChildren(...this.#made(isReachable));
    // Who pressed a button with the keyboard goes on at the one that took its place.
    if (focused) this.#buttons.querySelector('button')?.focus();
  }

  /** It is shown no longer: nothing is kept for it. */
  close() {
    for (const release of this.#given) release();
    this.element.remove();
  }

  /** @param {boolean} isReachable */
  #made(isReachable) {
    const transfer = this.#transfer;
    const { state, reason, incoming, isOver, limit } = transfer;
    const button = (/** @type {keyof typeof DEEDS} */ deed, /** @type {() => void} */ onclick, kind = 'small') => {
      const { text, from, to } = DEEDS[deed];
      const name = this.#about(incoming ? from : to);
      return h('button', { type: 'button', class: kind, 'aria-label': name, text: word(text), onclick });
    };
    if (state === 'offered' && incoming) {
      return [
        button('accept', () => this.#doing.accept(transfer), 'small primary'),
        button('refuse', () => this.#doing.cancel(transfer)),
      ];
    }
    if (!isOver) return [button('cancel', () => this.#doing.cancel(transfer))];
    const remove = button('remove', () => this.#doing.remove(transfer));
    if (incoming?.blob) {
      const save = () => incoming.blob && this.#save(incoming.blob);
      return [button('save', save, transfer.saved ? 'small' : 'small primary'), remove];
    }
    const mayHelp = !incoming && (state === 'failed' || PASSING.includes(reason ?? 'other') || limit !== null);
    return mayHelp && isReachable ? [button('again', () => this.#doing.again(transfer)), remove] : [remove];
  }

  /** @param {Blob} blob */
  #save(blob) {
    const { element, release } = saveable(this.#transfer.name, blob);
    element.click();
    this.#given.add(release);
    setTimeout(() => {
      release();
      this.#given.delete(release);
    }, SAVING);
    this.#transfer.saved = true;
    this.#doing.saved();
  }
}
