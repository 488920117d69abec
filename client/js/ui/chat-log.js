/**
 * The messages of a chat as rows: each once, in the order of all, changed where they stand.
 */

import { piecesOf } from '../call/links.js';
import { h } from '../core/dom.js';
import { regional, word } from '../core/words.js';

/** @import { Chat, Pending } from '../call/chat.js' */
/** @import { ChatMessage } from '../proto/messages.js' */

/** Milliseconds within which what one person writes stands under one name. */
const TOGETHER = 5 * 60_000;
/** Pixels from the end within which one is at the end. */
const NEAR = 40;

/** What stands between what this page alone still has and what the server knows. */
const RESTARTED = word('chat.restarted');

/** What is being done with a message. @type {Record<Pending['kind'], string>} */
const DOING = { post: '', edit: word('chat.saving'), delete: word('chat.deleting') };

/** What a row shows of its message. @typedef {{ element: HTMLElement, shown: string }} Row */

/**
 * What a person does with a message of their own.
 * @typedef {object} Doing
 * @property {(message: ChatMessage) => void} edit
 * @property {(message: ChatMessage) => void} remove
 * @property {(pending: Pending) => void} retry
 * @property {(pending: Pending) => void} drop
 */

export class ChatLog {
  #chat;
  #doing;
  /** @type {Map<string, Row>} */
  #rows = new Map();
  /** Whether the end is read. */
  #follows = true;
  /** When it was scrolled last. */
  #size = '';
  /** What is added is read out politely. */
  #log = h('div', {
    role: 'log',
    'aria-label': word('chat.messages'),
    'aria-live': 'polite',
    'aria-relevant': 'additions',
  });
  /** Not everybody's yet: read out once it is. */
  #unsent = h('div');
  /** It can be scrolled with the keyboard. */
  element = h(
    'div',
    { class: 'log', role: 'region', 'aria-label': word('chat.conversation'), tabindex: '0' },
    this.#log,
    this.#unsent,
  );

  /**
   * @param {Chat} chat
   * @param {Doing} doing
   */
  constructor(chat, doing) {
    this.#chat = chat;
    this.#doing = doing;
    this.element.addEventListener('scroll', () => {
      const size = this.#sizeNow();
      // Another width, a keyboard on the screen: whoever read the end reads it still.
      if (size !== this.#size && this.#follows) this.toEnd();
      else this.#follows = this.#isAtEnd;
      this.#size = size;
    });
    const observer = new ResizeObserver(() => {
      if (this.#follows) this.toEnd();
      this.#size = this.#sizeNow();
    });
    for (const element of [this.element, this.#log, this.#unsent]) observer.observe(element);
  }

  #sizeNow() {
    const { scrollHeight, clientHeight } = this.element;
    return `${scrollHeight} ${clientHeight}`;
  }

  get #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  /** Whether the end is read, and what comes is seen. */
  get atEnd() {
    return this.#follows;
  }

  toEnd() {
    this.#follows = true;
    this.element.scrollTop = this.element.scrollHeight;
  }

  /** Shows what there is, and touches nothing that is shown already. */
  show() {
    /** @type {Map<string, Row>} */
    const rows = new Map();
    /** @type {Element | null} */
    let last = null;
    let parent = this.#log;
    const place = (/** @type {string} */ key, /** @type {string} */ shown, /** @type {() => HTMLElement} */ made) => {
      const row = this.#row(key, shown, made);
      rows.set(key, row);
      const next = last ? last.nextElementSibling : parent.firstElementChild;
      if (next !== row.element) parent.insertBefore(row.element, next);
      last = row.element;
    };
    /** @type {ChatMessage | undefined} */
    let before;
    for (const { key, message } of this.#chat.earlier) {
      if (message) {
        const goesOn = before?.from === message.from && message.at - before.at < TOGETHER;
        const how = { goesOn, own: this.#chat.isOwn(message), mayEdit: false, mayDelete: false, doing: undefined };
        place(`message ${key}`, 'earlier', () => this.#message(message, how));
      } else {
        place(`restart ${key}`, '', () => h('p', { class: 'day', text: RESTARTED }));
      }
      before = message ?? undefined;
    }
    for (const message of this.#chat.messages) {
      const day = dayOf(message.at);
      const isNewDay = before ? dayOf(before.at) !== day : day !== dayOf(Date.now());
      if (isNewDay) place(`day ${day}`, '', () => h('p', { class: 'day', text: day }));
      const goesOn = !isNewDay && before?.from === message.from && message.at - before.at < TOGETHER;
      const doing = this.#chat.pending.find(({ id }) => id === message.id);
      const own = this.#chat.isOwn(message);
      const may = this.#chat.mayWrite && !doing;
      const [mayEdit, mayDelete] = [may && this.#chat.mayChange(message), may && this.#chat.mayDelete(message)];
      const how = { goesOn, own, mayEdit, mayDelete, doing: doing?.kind };
      const shown = [message.revision, ...Object.values(how)].join(' ');
      place(`message ${this.#chat.keyOf(message)}`, shown, () => this.#message(message, how));
      before = message;
    }
    for (const { key, name, text, at } of this.#chat.beside) {
      const message = { id: 0, revision: 0, from: '', name, text, at };
      const how = { goesOn: false, own: false, mayEdit: false, mayDelete: false, doing: undefined };
      place(`beside ${key}`, '', () => this.#message(message, how, word('chat.beside')));
    }
    [parent, last] = [this.#unsent, null];
    // Under one's own name, unless that stands there already.
    let named = before !== undefined && this.#chat.isOwn(before) && this.#chat.beside.length === 0;
    for (const pending of this.#chat.pending.filter(({ kind }) => kind === 'post')) {
      const goesOn = named;
      place(`pending ${pending.ref}`, `${goesOn} ${pending.failed}`, () => this.#draft(pending, goesOn));
      named = true;
    }
    for (const [key, { element }] of this.#rows) if (!rows.has(key)) element.remove();
    this.#rows = rows;
    if (this.#follows) this.toEnd();
  }

  /**
   * @param {string} key
   * @param {string} shown
   * @param {() => HTMLElement} made
   * @returns {Row}
   */
  #row(key, shown, made) {
    const there = this.#rows.get(key);
    if (there?.shown === shown) return there;
    const fresh = made();
    if (!there) return { element: fresh, shown };
    there.element.className = fresh.className;
    there.element.replaceChildren(...fresh.childNodes);
    return { element: there.element, shown };
  }

  /**
   * @param {ChatMessage} message
   * @param {{ goesOn: boolean, own: boolean, mayEdit: boolean, mayDelete: boolean, doing: Pending['kind'] | undefined }} how
   * @param {string} [besides] Something else to know of it.
   */
  #message(message, { goesOn, own, mayEdit, mayDelete, doing }, besides = '') {
    const at = new Date(message.at);
    const time = h('time', { datetime: at.toISOString(), title: at.toLocaleString(regional), text: clock(at) });
    const who = h('p', { class: goesOn ? 'who hidden' : 'who' }, h('bdi', { text: message.name }), ' ', time);
    const text = message.deleted ? h('p', { class: 'gone', text: word('chat.deleted') }) : textOf(message.text);
    const row = h('div', { class: own ? 'entry own' : 'entry' }, who, text);
    const state = doing && DOING[doing] ? DOING[doing] : message.edited ? word('chat.edited') : besides;
    if (state) row.append(h('p', { class: 'state', text: state }));
    const doings = h('p', { class: 'doing' });
    if (mayEdit) doings.append(small(word('chat.edit'), word('chat.edit.what'), () => this.#doing.edit(message)));
    const name = own ? word('chat.delete.own') : word('chat.delete.of', { name: message.name });
    if (mayDelete) doings.append(small(word('chat.delete'), name, () => this.#doing.remove(message)));
    if (doings.hasChildNodes()) row.append(doings);
    return row;
  }

  /**
   * @param {Pending} pending
   * @param {boolean} goesOn It stands under one's own name.
   */
  #draft(pending, goesOn) {
    const who = h('p', { class: goesOn ? 'who hidden' : 'who', text: word('chat.you') });
    const row = h('div', { class: 'entry own unsent' }, who, textOf(pending.text));
    row.append(h('p', { class: 'state', text: pending.failed || word('chat.sending') }));
    if (pending.failed) {
      row.classList.add('failed');
      row.append(
        h(
          'p',
          { class: 'doing' },
          small(word('chat.retry'), word('chat.retry.what'), () => this.#doing.retry(pending)),
          small(word('chat.discard'), word('chat.discard.what'), () => this.#doing.drop(pending)),
        ),
      );
    }
    return row;
  }
}

/**
 * @param {string} text
 * @param {string} name
 * @param {() => void} onclick
 */
function small(text, name, onclick) {
  return h('button', { type: 'button', class: 'small', 'aria-label': name, text, onclick });
}

/**
 * The text of somebody: text, and links that show where they lead.
 * @param {string} text
 */
function textOf(text) {
  const parts = piecesOf(text).map((piece) =>
    piece.href === undefined
      ? new Text(piece.text)
      : h('a', {
          href: piece.href,
          title: piece.href,
          target: '_blank',
          rel: 'noopener noreferrer',
          dir: 'ltr',
          text: piece.text,
        }),
  );
  return h('p', { class: 'text', dir: 'auto' }, ...parts);
}

/** @param {number} at */
function dayOf(at) {
  return new Date(at).toLocaleDateString(regional, { weekday: 'long', day: 'numeric', month: 'long' });
}

/** @param {Date} at */
function clock(at) {
  return at.toLocaleTimeString(regional, { hour: '2-digit', minute: '2-digit' });
}
