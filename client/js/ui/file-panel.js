/**
 * Files in the panel of the chat: the button that sends some, and a row for each and everybody it goes to or comes from.
 */

import { h, icon } from '../core/dom.js';
import { isolated } from '../core/sentence.js';
import { say, word } from '../core/words.js';
import { cleanName } from '../rtc/files/name.js';
import { ChatNews } from './chat-news.js';
import { FileRow } from './file-row.js';
import { endWords, sizeWords } from './file-words.js';

/** @import { Call } from '../call/call.js' */
/** @import { Sentence } from '../core/sentence.js' */
/** @import { Transfer } from '../rtc/transfer.js' */

/** Milliseconds between two looks at how far files are. */
const LOOK = 100;
/** Why nothing can be sent: where the server carries files, and where it does not. */
const NOBODY = word('files.nobody');
const NOBODY_DIRECT = word('files.nobody.direct');
/** What somebody is called whose name is not known any more. */
const SOMEBODY = word('files.somebody');

/** From so many files on that are over they can be removed at once. */
const SEVERAL = 2;

export class FilePanel {
  #call;
  #desk;
  #options;
  #input = h('input', { type: 'file', multiple: true, hidden: true });
  /** Opens the browser's own dialog. */
  button = h('button', { type: 'button', class: 'attach', 'aria-label': word('files.send') }, icon('file'));
  #list = h('ul');
  #clear = h('button', { type: 'button', class: 'small', text: word('files.clear'), hidden: true });
  /** The newest row is the first: those that are there stay where they are. */
  element = h(
    'section',
    { class: 'files', 'aria-label': word('files.label'), hidden: true },
    this.#list,
    this.#clear,
    this.#input,
  );
  /** @type {Map<Transfer, FileRow>} */
  #rows = new Map();
  /** By peer; of those too who left and have a row. @type {Map<string, string>} */
  #names = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #later;
  #offers;
  #ends;

  /**
   * @param {Call} call
   * @param {object} options
   * @param {HTMLElement} options.panel Onto which files may be dropped.
   * @param {(sentence: string | Sentence) => void} options.announce
   * @param {() => void} options.offered Somebody offers something.
   * @param {() => void} options.leave The focus was on what is gone.
   */
  constructor(call, options) {
    const { announce, offered } = options;
    this.#call = call;
    this.#desk = call.mesh.files;
    this.#options = options;
    this.#offers = new ChatNews(
      (/** @type {{ name: string, file: string }} */ { name, file }) => announce(say('files.offers', { name, file })),
      (count, name) => announce(say('files.several', { n: count, name })),
    );
    this.#ends = new ChatNews(
      (/** @type {{ name: string, words: Sentence }} */ { words }) => announce(words),
      (count) => announce(say('files.ends', { n: count })),
    );
    this.#desk.on('offered', (transfer) => {
      this.#offers.add({ name: this.#nameOf(transfer), file: cleanName(transfer.name) });
      offered();
    });
    this.#desk.on('over', (transfer) => {
      const name = this.#nameOf(transfer);
      const words = endWords(transfer, name, cleanName(transfer.name));
      if (words.length > 0) this.#ends.add({ name, words });
    });
    this.#desk.on('change', () => this.#soon());
    call.moderation.on('change', () => this.#show());
    call.on('room', ({ peers }) => {
      for (const { id, name } of peers) this.#names.set(id, name);
      this.#soon();
    });
    this.button.addEventListener('click', () => this.#input.click());
    this.#clear.addEventListener('click', () => {
      for (const transfer of this.#dispensable) this.#desk.remove(transfer);
      this.#show();
      options.leave();
    });
    this.#input.addEventListener('change', () => {
      this.#send([...(this.#input.files ?? [])]);
      this.#input.value = '';
    });
    this.#takeDrops(options.panel);
    this.#show();
  }

  /** Whether one may send any: who may not send them through the server is connected to nobody directly. */
  get may() {
    const { moderation } = this.#call;
    return moderation.may('files') || moderation.may('signal');
  }

  /** @param {File[]} files */
  #send(files) {
    if (files.length === 0 || !this.may) return;
    if (this.#desk.peers.length === 0) return this.#options.announce(this.#nobody);
    const left = this.#desk.send(files);
    if (left > 0) this.#options.announce(word('files.too-many'));
    this.#list.scrollTop = 0;
  }

  /** @param {HTMLElement} panel */
  #takeDrops(panel) {
    const bears = (/** @type {DragEvent} */ { dataTransfer }) => dataTransfer?.types.includes('Files') ?? false;
    const isIn = (/** @type {EventTarget | null} */ target) => target instanceof Node && panel.contains(target);
    // Beside the panel a browser would open what is dropped, in place of the call.
    document.addEventListener('dragover', (event) => {
      if (!bears(event)) return;
      event.preventDefault();
      const takes = isIn(event.target) && this.may && this.#desk.peers.length > 0;
      panel.classList.toggle('dropping', takes);
      if (event.dataTransfer) event.dataTransfer.dropEffect = takes ? 'copy' : 'none';
    });
    document.addEventListener('dragleave', ({ relatedTarget }) => {
      if (!isIn(relatedTarget)) panel.classList.remove('dropping');
    });
    document.addEventListener('drop', (event) => {
      if (!bears(event)) return;
      event.preventDefault();
      panel.classList.remove('dropping');
      if (isIn(event.target)) this.#dropped(event);
    });
  }

  /** @param {DragEvent} event */
  #dropped({ dataTransfer }) {
    const items = [...(dataTransfer?.items ?? [])].filter(({ kind }) => kind === 'file');
    const whole = items.filter((item) => !item.webkitGetAsEntry()?.isDirectory);
    if (whole.length < items.length) this.#options.announce(word('files.no-folders'));
    this.#send(whole.flatMap((item) => item.getAsFile() ?? []));
  }

  /** Files change many times a second. */
  #soon() {
    if (this.#later !== undefined) return;
    this.#later = setTimeout(() => {
      this.#later = undefined;
      this.#show();
    }, LOOK);
  }

  #show() {
    const { transfers, peers } = this.#desk;
    for (const [transfer, row] of this.#rows) {
      if (transfers.includes(transfer)) continue;
      const focused = row.element.contains(document.activeElement);
      row.close();
      this.#rows.delete(transfer);
      if (focused) this.#options.leave();
    }
    for (const transfer of transfers) {
      const row = this.#rows.get(transfer) ?? this.#made(transfer);
      row.show(this.#desk.takes(transfer));
    }
    this.element.hidden = transfers.length === 0;
    this.button.hidden = !this.may;
    this.#clear.hidden = this.#dispensable.length < SEVERAL;
    this.button.disabled = peers.length === 0;
    this.button.title = peers.length === 0 ? this.#nobody : this.#recipients;
    const present = this.#call.state.peers.map(({ id }) => id);
    const known = new Set([...present, ...transfers.map(({ peer }) => peer)]);
    for (const peer of this.#names.keys()) if (!known.has(peer)) this.#names.delete(peer);
  }

  /** Those that are over and wait for nobody. */
  get #dispensable() {
    return this.#desk.transfers.filter(({ isDispensable }) => isDispensable);
  }

  get #nobody() {
    return this.#desk.mostThroughServer > 0 ? NOBODY : NOBODY_DIRECT;
  }

  /** Who would be sent a file, and how large it may be. */
  get #recipients() {
    const { peers, mostThroughServer } = this.#desk;
    const names = [peers.map((peer) => isolated(this.#names.get(peer) ?? '')).join(', ')];
    const direct = peers.filter((peer) => this.#desk.isDirect(peer)).length;
    if (direct === peers.length) return word('files.to', { names });
    return word(direct === 0 ? 'files.to.server' : 'files.to.both', { names, size: [sizeWords(mostThroughServer)] });
  }

  /** @param {Transfer} transfer */
  #made(transfer) {
    const now = (/** @type {() => void} */ act) => {
      act();
      this.#show();
    };
    const row = new FileRow(transfer, this.#nameOf(transfer), {
      accept: () => now(() => this.#accept(transfer)),
      cancel: () => now(() => this.#desk.cancel(transfer)),
      again: () => now(() => this.#desk.again(transfer)),
      remove: () => now(() => this.#desk.remove(transfer)),
      saved: () => this.#show(),
    });
    this.#rows.set(transfer, row);
    this.#list.prepend(row.element);
    return row;
  }

  /** @param {Transfer} transfer */
  #accept(transfer) {
    if (this.#desk.accept(transfer) || transfer.state !== 'offered') return;
    this.#options.announce(word('files.too-much'));
  }

  /** @param {Transfer} transfer */
  #nameOf({ peer }) {
    return this.#names.get(peer) || SOMEBODY;
  }
}
