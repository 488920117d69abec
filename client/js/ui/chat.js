/**
 * The chat of a room: its button among the controls, and the panel beside the stage.
 */

import { MOST_CHARS, lengthOf, shortened } from '../call/chat.js';
import { byId, h, icon, nodesOf } from '../core/dom.js';
import { putChat, takeChat, tabStore } from '../core/storage.js';
import { listed, say, word } from '../core/words.js';
import { ChatLog } from './chat-log.js';
import { ChatNews } from './chat-news.js';
import { FilePanel } from './file-panel.js';

/** @import { Beside } from './beside.js' */
/** @import { Call } from '../call/call.js' */
/** @import { ChatMessage } from '../proto/messages.js' */
/** @import { Sentence } from '../core/sentence.js' */

/** Below this the panel covers the stage. As in `chat.css`. */
const NARROW = '(width < 760px)';
/** Characters of a message that are said to who does not read it. */
const TOLD = 120;

/**
 * @param {object} options
 * @param {Call} options.call
 * @param {string} options.id The room's.
 * @param {(sentence: string | Sentence) => void} options.announce
 * @param {Beside} options.beside
 */
export function chatPanel({ call, id, announce, beside }) {
  new ChatPanel(call, id, announce, beside);
}

class ChatPanel {
  #call;
  #chat;
  #room;
  #announce;
  #beside;
  #leave = () => this.#open(false);
  #panel = byId('chat', HTMLElement);
  #opener = byId('chat-open', HTMLButtonElement);
  #log;
  #close = h('button', { type: 'button', class: 'small', text: word('chat.close'), onclick: () => this.#open(false) });
  #title = h('h2', { id: 'chat-title', text: word('chat.title') });
  #read;
  #box = h('textarea', {
    'aria-label': word('chat.message'),
    rows: '2',
    placeholder: word('chat.message'),
    dir: 'auto',
  });
  #send = h('button', { type: 'submit', class: 'primary', text: word('chat.send') });
  #hint = h('p', { class: 'hint', role: 'status', hidden: true });
  #more = h('button', { type: 'button', class: 'more', text: word('chat.new'), hidden: true });
  #typing = h('p', { class: 'typing' });
  #editBar = h('p', { class: 'editing', hidden: true }, `${word('chat.editing')} `);
  /** @type {ChatMessage | null} */
  #edits = null;
  /** What was being written when an edit began. */
  #draft = '';
  /** The newest message that is shown. */
  #newest = 0;
  /** What is known not to be sent. @type {Set<string>} */
  #failed = new Set();
  #narrow = matchMedia(NARROW);
  #news;
  #files;
  /** Files that were offered while the panel was closed. */
  #offered = 0;

  /**
   * @param {Call} call
   * @param {string} room
   * @param {(sentence: string | Sentence) => void} announce
   * @param {Beside} beside
   */
  constructor(call, room, announce, beside) {
    this.#call = call;
    this.#chat = call.chat;
    this.#room = room;
    this.#announce = announce;
    this.#beside = beside;
    this.#log = new ChatLog(this.#chat, {
      edit: (message) => this.#edit(message),
      remove: (message) => {
        this.#chat.remove(message.id);
        this.#box.focus();
      },
      retry: ({ ref }) => {
        this.#chat.retry(ref);
        this.#box.focus();
      },
      drop: ({ ref }) => {
        this.#chat.drop(ref);
        this.#box.focus();
      },
    });
    this.#news = new ChatNews(
      (/** @type {ChatMessage} */ { name, text }) =>
        announce(say('chat.writes', { name, text: shortened(text, TOLD) })),
      (count, name) => announce(say('chat.several', { n: count, name })),
    );
    this.#files = new FilePanel(call, {
      panel: this.#panel,
      announce,
      offered: () => this.#offers(),
      leave: () => this.#box.focus(),
    });
    this.#read = h('div', { class: 'read' }, this.#log.element, this.#more);
    this.#build();
    this.#listen();
    this.#keep();
    this.#show();
  }

  #build() {
    this.#opener.prepend(icon('chat'));
    this.#editBar.append(
      h('button', { type: 'button', class: 'small', text: word('chat.cancel'), onclick: () => this.#endEdit() }),
    );
    const form = h('form', { class: 'write' }, this.#editBar, this.#hint, this.#files.button, this.#box, this.#send);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#panel.replaceChildren(
      h('div', { class: 'head' }, this.#title, this.#close),
      this.#read,
      this.#typing,
      this.#files.element,
      form,
    );
  }

  #listen() {
    this.#opener.addEventListener('click', () => this.#open(Boolean(this.#panel.hidden)));
    this.#panel.addEventListener('keydown', (event) => this.#key(event));
    this.#box.addEventListener('input', () => {
      if (!this.#edits) this.#chat.types(this.#box.value.trim() !== '');
      this.#showBox();
    });
    this.#more.addEventListener('click', () => {
      this.#log.toEnd();
      this.#box.focus();
    });
    this.#log.element.addEventListener('scroll', () => {
      if (this.#log.atEnd) this.#more.hidden = true;
    });
    this.#narrow.addEventListener('change', () => this.#cover());
    document.addEventListener('visibilitychange', () => this.#look());
    this.#chat.on('change', () => this.#show());
    this.#chat.on('news', (message) => {
      if (this.#panel.hidden) this.#news.add(message);
    });
    this.#call.moderation.on('change', () => this.#show());
    this.#chat.on('problem', (problem) => this.#announce(problem));
    this.#call.on('room', () => this.#showTyping());
    // A keyboard on the screen covers what is fixed to its edge.
    globalThis.visualViewport?.addEventListener('resize', () => {
      const { height = innerHeight, offsetTop = 0 } = globalThis.visualViewport ?? {};
      this.#panel.style.setProperty('--covered', `${Math.max(0, Math.round(innerHeight - height - offsetTop))}px`);
    });
  }

  /** What was written and not sent outlives a reload. A tab that is duplicated finds nothing: it is somebody else. */
  #keep() {
    const store = tabStore();
    const kept = takeChat(store, this.#room);
    if (kept) {
      this.#chat.carryOn(kept.carried);
      this.#box.value = kept.draft;
    }
    addEventListener('pagehide', () => {
      const draft = this.#edits ? this.#draft : this.#box.value;
      putChat(store, this.#room, { carried: this.#chat.carried(), draft });
    });
  }

  /** @param {boolean} open */
  #open(open) {
    if (open) this.#beside.comes(this.#leave);
    else this.#beside.goes(this.#leave);
    this.#panel.hidden = !open;
    this.#opener.setAttribute('aria-expanded', String(open));
    this.#cover();
    this.#look();
    if (!open) {
      this.#endEdit();
      this.#opener.focus();
      return;
    }
    this.#news.clear();
    this.#offered = 0;
    this.#showName();
    this.#log.toEnd();
    this.#more.hidden = true;
    (this.#box.hidden ? this.#close : this.#box).focus();
  }

  /** What comes into a page that nobody sees is not read. */
  #look() {
    this.#chat.open = !this.#panel.hidden && !document.hidden;
  }

  /** Where the panel covers the controls, nobody gets to them behind it. */
  #cover() {
    const covers = !this.#panel.hidden && this.#narrow.matches;
    byId('stage', HTMLElement).inert = covers;
    for (const toolbar of document.querySelectorAll('.toolbar')) toolbar.toggleAttribute('inert', covers);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      if (this.#edits) this.#endEdit();
      else this.#open(false);
    } else if (event.target !== this.#box) {
      return;
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === 'ArrowUp' && this.#box.value === '' && !this.#edits && this.#chat.lastOwn) {
      event.preventDefault();
      this.#edit(this.#chat.lastOwn);
    }
  }

  #submit() {
    const text = this.#box.value;
    if (this.#edits) {
      if (!this.#chat.edit(this.#edits.id, text.trimEnd())) return;
      this.#endEdit();
      return;
    }
    if (!this.#chat.post(text)) return;
    this.#box.value = '';
    this.#showBox();
    this.#log.toEnd();
    this.#box.focus();
  }

  /** @param {ChatMessage} message */
  #edit(message) {
    if (!this.#edits) this.#draft = this.#box.value;
    this.#edits = message;
    this.#box.value = message.text;
    this.#showBox();
    this.#box.focus();
  }

  #endEdit() {
    if (!this.#edits) return;
    this.#edits = null;
    this.#box.value = this.#draft;
    this.#showBox();
    this.#box.focus();
  }

  #show() {
    const { atEnd } = this.#log;
    this.#log.show();
    const newest = this.#chat.messages.at(-1);
    if (newest && newest.id > this.#newest && !atEnd && !this.#chat.isOwn(newest)) this.#more.hidden = false;
    this.#newest = newest?.id ?? 0;
    for (const { ref, failed } of this.#chat.pending) {
      if (failed && !this.#failed.has(ref)) this.#announce(failed);
    }
    this.#failed = new Set(this.#chat.pending.filter(({ failed }) => failed).map(({ ref }) => ref));
    this.#showPlace();
    this.#showName();
    this.#showTyping();
    this.#showBox();
  }

  /** Where nobody writes and nobody sends files there is no panel; where there are only files it has only these. */
  #showPlace() {
    const { chat } = this.#call.moderation.kept;
    const isThere = chat || this.#files.may;
    if (!isThere && !this.#panel.hidden) {
      this.#open(false);
      // The button that would have the focus is going.
      byId('microphone', HTMLButtonElement).focus();
    }
    this.#opener.hidden = !isThere;
    this.#title.textContent = this.#called;
    for (const part of [this.#read, this.#typing]) part.hidden = !chat;
  }

  /** What the panel is for. */
  get #called() {
    return word(this.#call.moderation.kept.chat ? 'chat.title' : 'chat.files');
  }

  #offers() {
    if (!this.#panel.hidden) return;
    this.#offered += 1;
    this.#showName();
  }

  /** What waits in the panel: the button says it. */
  #showName() {
    const unread = this.#call.moderation.kept.chat ? this.#chat.unread : 0;
    const name = [
      this.#called,
      ...(unread > 0 ? [word('chat.unread', { n: unread })] : []),
      ...(this.#offered > 0 ? [word('chat.offered', { n: this.#offered })] : []),
    ].join(', ');
    this.#opener.setAttribute('aria-label', name);
    this.#opener.title = name;
    const all = unread + this.#offered;
    this.#opener.dataset.unread = all > 99 ? '99+' : all > 0 ? String(all) : '';
  }

  #showBox() {
    const over = lengthOf(this.#box.value.trimEnd()) - MOST_CHARS;
    const { mayWrite } = this.#chat;
    this.#hint.hidden = !this.#call.moderation.kept.chat || (over <= 0 && mayWrite);
    this.#box.hidden = !mayWrite;
    this.#send.hidden = !mayWrite;
    this.#hint.textContent = mayWrite ? word('chat.too-long', { n: over }) : word('chat.read-only');
    this.#send.textContent = word(this.#edits ? 'chat.save' : 'chat.send');
    this.#send.disabled = over > 0;
    this.#editBar.hidden = !this.#edits || !mayWrite;
  }

  #showTyping() {
    const { typing } = this.#chat;
    const names = this.#call.state.peers.filter(({ id }) => typing.includes(id)).map(({ name }) => name);
    this.#typing.replaceChildren(...nodesOf(typingWords(names)));
  }
}

/**
 * @param {string[]} names Who is typing.
 * @returns {Sentence} Of no words if nobody is.
 */
function typingWords(names) {
  const [first] = names;
  if (first === undefined) return [];
  if (names.length === 1) return say('chat.typing.one', { name: first });
  return names.length === 2 ? say('chat.typing.two', { names: listed(names) }) : say('chat.typing.several');
}
