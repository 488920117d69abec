/**
 * What people write to each other, as this page has it: what the server said, and what it has not confirmed yet. It knows no
 * document; timers are given to it.
 */

import { Emitter } from '../core/emitter.js';
import { word } from '../core/words.js';
import { AWAITED, Beside } from './beside.js';

/** @import { ChatMessage, ChatSeen, ClientMessage, ErrorMessage, ServerMessage } from '../proto/messages.js' */

/** Characters a message has at most, as the server counts them. */
export const MOST_CHARS = 4000;
/** Messages a page keeps: what the server does, and what comes while one is there. */
const MOST_KEPT = 1000;
/** Milliseconds for which one may change what one wrote. */
const CHANGE_WITHIN = 15 * 60_000;
/** Milliseconds the server has to confirm something. */
const CONFIRM_WITHIN = 10_000;
/** Milliseconds somebody is said to be typing, and between two words of it. */
const TYPING_FOR = 5000;
const TYPING_EVERY = 2500;

/**
 * Something the server has not confirmed.
 * @typedef {object} Pending
 * @property {string} ref
 * @property {'post' | 'edit' | 'delete'} kind
 * @property {number} id Of the message to change.
 * @property {string} text
 * @property {string} failed Why it was not done; empty while it is on its way.
 */

/**
 * What a page that is loaded again takes with it.
 * @typedef {object} Carried
 * @property {string} self Who one was.
 * @property {number} epoch
 * @property {number} read The newest message that was read.
 * @property {{ ref: string, text: string }[]} unsent
 */

/**
 * @typedef {object} ChatEvents
 * @property {null} change
 * @property {ChatMessage} news Somebody else wrote something just now.
 * @property {string} problem Something of one's own cannot be changed.
 */

/**
 * @typedef {object} Outside
 * @property {(message: ClientMessage) => boolean} send Whether it was sent.
 * @property {(word: { type: string, ref?: string, text?: string, typing?: boolean }) => void} [beside] Says it to those who are connected directly.
 * @property {(peer: string) => boolean} [isAway] Whether the server is, for this page or for that person.
 * @property {(peer: string) => boolean} [moderates] Whether one may delete what that person wrote, as who moderates.
 * @property {() => number} [now]
 * @property {() => string} [draw] A name that nobody draws twice.
 * @property {(action: () => void, delay: number) => unknown} [later]
 */

const drawn = () =>
  [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/**
 * What was written before the server was restarted, of which it knows nothing; where `message` is null that happened.
 * @typedef {{ key: string, message: ChatMessage | null }} Earlier
 */

/** @extends {Emitter<ChatEvents>} */
export class Chat extends Emitter {
  /** What came directly and is not told by the server yet. */
  #beside = new Beside();
  #send;
  #sayBeside;
  #isAway;
  #moderates;
  #now;
  #draw;
  #later;
  #self = '';
  #epoch = 0;
  #revision = 0;
  /** By id. @type {ChatMessage[]} */
  #messages = [];
  /** @type {Earlier[]} */
  #earlier = [];
  /** @type {Pending[]} */
  #pending = [];
  /** Whether the server knows what was resent since the last `welcome`. */
  #resent = false;
  #read = 0;
  #open = false;
  /** Until when who is typing. @type {Map<string, number>} */
  #typing = new Map();
  #saidTyping = -Infinity;
  /** How much the server's clock is ahead. */
  #skew = 0;
  /** @type {readonly string[]} */
  #grants = [];

  /** @param {Outside} outside */
  constructor({
    send,
    beside = () => {},
    isAway = () => false,
    moderates = () => false,
    now = Date.now,
    draw = drawn,
    later = setTimeout,
  }) {
    super();
    this.#send = send;
    this.#sayBeside = beside;
    this.#isAway = isAway;
    this.#moderates = moderates;
    this.#now = now;
    this.#draw = draw;
    this.#later = (/** @type {() => void} */ action, /** @type {number} */ delay) => later(action, delay);
  }

  /** For the next `join`. @returns {ChatSeen} */
  get seen() {
    return { epoch: this.#epoch, revision: this.#revision };
  }

  /** @returns {readonly ChatMessage[]} */
  get messages() {
    return this.#messages;
  }

  /** What was written before the server was restarted. @returns {readonly Earlier[]} */
  get earlier() {
    return this.#earlier;
  }

  /** What a message is called among all that this page has. @param {ChatMessage} message */
  keyOf({ id }) {
    return `${this.#epoch} ${id}`;
  }

  /** @returns {readonly Pending[]} */
  get pending() {
    return this.#pending;
  }

  /** What others wrote while the server was away. */
  get beside() {
    return this.#beside.shown;
  }

  /**
   * What somebody says directly.
   * @param {{ peer: string, name: string }} who
   * @param {Record<string, unknown>} told
   */
  heardDirectly(who, told) {
    if (told.type === 'typing') return this.#typesDirectly(who.peer, told.typing === true);
    if (told.type !== 'chat' || !this.#beside.heard(who, told, this.#now())) return;
    if (this.#typing.delete(who.peer)) this.emit('change', null);
    this.#later(() => this.lookBeside(), AWAITED);
  }

  /** The server may have gone away, for this page or for others: what came directly is shown then. */
  lookBeside() {
    const fresh = this.#beside.review(this.#now(), this.#isAway);
    if (fresh.length > 0) this.emit('change', null);
    for (const { from, name, text, at } of fresh) this.emit('news', { id: 0, revision: 0, from, name, text, at });
  }

  get mayWrite() {
    return this.#grants.includes('chat');
  }

  /** How many messages of others nobody has looked at. */
  get unread() {
    return this.#messages.filter(({ id, from, deleted }) => id > this.#read && from !== this.#self && !deleted).length;
  }

  /** Who is typing. @returns {string[]} */
  get typing() {
    return [...this.#typing].filter(([, until]) => until > this.#now()).map(([peer]) => peer);
  }

  /** Whether what comes is looked at. @param {boolean} open */
  set open(open) {
    this.#open = open;
    this.#look();
    this.emit('change', null);
  }

  get open() {
    return this.#open;
  }

  /** @param {ChatMessage} message */
  isOwn({ from }) {
    return from === this.#self;
  }

  /** @param {ChatMessage} message */
  mayChange(message) {
    return this.isOwn(message) && !message.deleted && this.#now() + this.#skew - message.at < CHANGE_WITHIN;
  }

  /** @param {ChatMessage} message */
  mayDelete(message) {
    return this.mayChange(message) || (!message.deleted && this.#moderates(message.from));
  }

  /** The newest message of one's own that may be changed. */
  get lastOwn() {
    return this.#messages.findLast((message) => this.mayChange(message));
  }

  /**
   * The page came in, or came back.
   * @param {string} self
   * @param {string[]} grants
   */
  welcomed(self, grants) {
    const isAnother = this.#self !== '' && this.#self !== self;
    if (isAnother) for (const pending of this.#pending) pending.failed = NOT_SENT;
    this.#self = self;
    this.#grants = grants;
    this.#resent = false;
    this.#typing.clear();
    this.emit('change', null);
  }

  /** What one may do changed. @param {readonly string[]} grants */
  granted(grants) {
    if (grants.join() === this.#grants.join()) return;
    this.#grants = grants;
    this.emit('change', null);
  }

  /** @param {ServerMessage} message One of the chat, or an error about it; others are none of its business. */
  hear(message) {
    switch (message.type) {
      case 'chat':
        this.#heard(message.message, message.ref);
        break;
      case 'chat-history':
        this.#caughtUp(message);
        break;
      case 'typing':
        this.#types(message.peer, message.typing);
        break;
      case 'error':
        this.#refused(message);
        break;
      default:
        return;
    }
    this.emit('change', null);
  }

  /**
   * @param {string} text
   * @returns {boolean} False if there is nothing to send, or too much.
   */
  post(text) {
    const trimmed = text.replaceAll(/^\s*\n|\s+$/g, '');
    if (trimmed === '' || lengthOf(trimmed) > MOST_CHARS) return false;
    this.#ask({ ref: this.#draw(), kind: 'post', id: 0, text: trimmed, failed: '' });
    this.#saidTyping = -Infinity;
    return true;
  }

  /**
   * @param {number} id
   * @param {string} text
   * @returns {boolean} False if there is nothing to send, or too much.
   */
  edit(id, text) {
    if (text.trim() === '' || lengthOf(text) > MOST_CHARS) return false;
    if (this.#find(id)?.text !== text) this.#ask({ ref: this.#draw(), kind: 'edit', id, text, failed: '' });
    return true;
  }

  /** @param {number} id */
  remove(id) {
    this.#ask({ ref: this.#draw(), kind: 'delete', id, text: '', failed: '' });
  }

  /** Tries something again that failed: under the same name, so that it is done once. @param {string} ref */
  retry(ref) {
    const pending = this.#pending.find((one) => one.ref === ref);
    if (!pending) return;
    pending.failed = '';
    this.#say(pending);
    this.emit('change', null);
  }

  /** Gives up something that failed. @param {string} ref */
  drop(ref) {
    this.#pending = this.#pending.filter((one) => one.ref !== ref);
    this.emit('change', null);
  }

  /** The person types. @param {boolean} typing False: nothing is left of it. */
  types(typing) {
    if (!this.mayWrite) return;
    const since = this.#now() - this.#saidTyping;
    if (typing ? since < TYPING_EVERY : since > TYPING_FOR) return;
    this.#saidTyping = typing ? this.#now() : -Infinity;
    this.#send({ type: 'typing', typing });
    this.#sayBeside({ type: 'typing', typing });
  }

  /** What the next page needs. @returns {Carried} */
  carried() {
    const unsent = this.#pending.filter(({ kind }) => kind === 'post').map(({ ref, text }) => ({ ref, text }));
    return { self: this.#self, epoch: this.#epoch, read: this.#read, unsent };
  }

  /** What the page before left. @param {Carried} carried */
  carryOn({ self, epoch, read, unsent }) {
    this.#self = self;
    this.#epoch = epoch;
    this.#read = read;
    this.#pending = unsent.map(({ ref, text }) => ({ ref, kind: 'post', id: 0, text, failed: '' }));
  }

  /** @param {number} id */
  #find(id) {
    return this.#messages.find((message) => message.id === id);
  }

  /** @param {Pending} pending */
  #ask(pending) {
    this.#pending.push(pending);
    if (pending.kind === 'post') this.#sayBeside({ type: 'chat', ref: pending.ref, text: pending.text });
    if (this.#resent) this.#say(pending);
    this.emit('change', null);
  }

  /** @param {Pending} pending */
  #say(pending) {
    const { ref, kind, id, text } = pending;
    /** @type {ClientMessage} */
    const message =
      kind === 'post'
        ? { type: 'chat', ref, text }
        : kind === 'edit'
          ? { type: 'chat-edit', ref, id, text }
          : { type: 'chat-delete', ref, id };
    // What is not sent now is sent after the next welcome.
    if (!this.#send(message)) return;
    this.#later(() => {
      if (!this.#resent || pending.failed || !this.#pending.includes(pending)) return;
      pending.failed = word('chat.no-answer');
      this.emit('change', null);
    }, CONFIRM_WITHIN);
  }

  /**
   * @param {ChatMessage} message
   * @param {string | undefined} ref
   */
  #heard(message, ref) {
    const isNew = !this.#find(message.id) && message.id > (this.#messages.at(-1)?.id ?? 0);
    if (message.revision === this.#revision + 1) this.#revision += 1;
    this.#put(message);
    if (isNew) this.#skew = message.at - this.#now();
    this.#typing.delete(message.from);
    if (ref !== undefined) this.#pending = this.#pending.filter((pending) => pending.ref !== ref);
    this.#look();
    if (isNew && !message.deleted && !this.isOwn(message)) this.emit('news', message);
  }

  /** @param {import('../proto/messages.js').ChatHistory} history */
  #caughtUp({ epoch, revision, first, messages }) {
    if (epoch !== this.#epoch) {
      // What was written before was in a room that is no more: this page alone has it.
      /** @type {Earlier[]} */
      const earlier = this.#messages.map((message) => ({ key: this.keyOf(message), message }));
      if (earlier.length > 0) earlier.push({ key: `${this.#epoch} end`, message: null });
      this.#earlier = [...this.#earlier, ...earlier].slice(-MOST_KEPT);
      this.#messages = [];
      this.#revision = this.#read = 0;
      this.#pending = this.#pending.filter(({ kind }) => kind === 'post');
      this.#epoch = epoch;
    }
    this.#messages = this.#messages.filter(({ id }) => id >= first);
    for (const message of messages) this.#put(message);
    this.#revision = Math.max(this.#revision, revision);
    this.#look();
    if (this.#resent) return;
    this.#resent = true;
    for (const pending of this.#pending) if (!pending.failed) this.#say(pending);
  }

  /** @param {ChatMessage} message */
  #put(message) {
    this.#beside.told(message, this.#now());
    const at = this.#messages.findLastIndex(({ id }) => id <= message.id);
    const there = this.#messages[at];
    if (there?.id !== message.id) this.#messages.splice(at + 1, 0, message);
    else if (there.revision <= message.revision) this.#messages[at] = message;
    if (this.#messages.length > MOST_KEPT) this.#messages.shift();
  }

  /**
   * What the server says, too, while it is there. Another page may say it as often as it likes.
   * @param {string} peer
   * @param {boolean} typing
   */
  #typesDirectly(peer, typing) {
    const known = (this.#typing.get(peer) ?? -Infinity) - this.#now();
    if (typing ? known > TYPING_FOR - TYPING_EVERY / 2 : known <= 0) return;
    this.#types(peer, typing);
    this.emit('change', null);
  }

  /**
   * @param {string} peer
   * @param {boolean} typing
   */
  #types(peer, typing) {
    if (!typing) {
      this.#typing.delete(peer);
      return;
    }
    this.#typing.set(peer, this.#now() + TYPING_FOR);
    this.#later(() => this.emit('change', null), TYPING_FOR + 1);
  }

  /** @param {ErrorMessage} error */
  #refused({ code, ref }) {
    const pending = this.#pending.find((one) => one.ref === ref);
    if (!pending) return;
    if (pending.kind === 'post') {
      pending.failed = WHY[code] ?? NOT_SENT;
      return;
    }
    this.#pending = this.#pending.filter((one) => one !== pending);
    this.emit('problem', word(code === 'rate-limited' ? 'chat.not-changed.rate-limited' : 'chat.not-changed'));
  }

  #look() {
    if (this.#open) this.#read = this.#messages.at(-1)?.id ?? this.#read;
  }
}

const NOT_SENT = word('chat.not-sent');

/** Why a message was not sent. @type {Record<string, string>} */
const WHY = {
  'rate-limited': word('chat.not-sent.rate-limited'),
  'too-large': word('chat.not-sent.too-large'),
  'bad-message': word('chat.not-sent.bad-message'),
  forbidden: word('chat.not-sent.forbidden'),
};

/** Characters as the server counts them. @param {string} text */
export function lengthOf(text) {
  return [...text].length;
}

/**
 * The beginning of a text in one line, for whoever is told of it and does not read it.
 * @param {string} text
 * @param {number} most Characters.
 */
export function shortened(text, most) {
  const line = [...text.replaceAll(/\s+/g, ' ').trim()];
  return line.length <= most ? line.join('') : `${line.slice(0, most - 1).join('')}…`;
}
