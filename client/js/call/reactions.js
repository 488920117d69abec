/**
 * Reactions: what people show each other in passing, without a word. The server passes them on and keeps nothing. Knows no document.
 */

import { Emitter } from '../core/emitter.js';
import { joined, listed, say, spoken, word } from '../core/words.js';

/** @import { React, Reaction, ServerMessage } from '../proto/messages.js' */
/** @import { Sentence } from '../core/sentence.js' */
/** @import { Key } from '../words/en.js' */

/** What each is called, in the order of the row. @type {Readonly<Record<Reaction, Key>>} */
const NAMES = {
  'thumbs-up': 'reactions.thumbs-up',
  clap: 'reactions.clap',
  heart: 'reactions.heart',
  laugh: 'reactions.laugh',
  surprise: 'reactions.surprise',
  celebrate: 'reactions.celebrate',
};

/** All there are. */
export const REACTIONS = /** @type {Reaction[]} */ (Object.keys(NAMES));

/** As it begins a name. @param {Reaction} reaction */
export function reactionName(reaction) {
  const [first = '', ...rest] = word(NAMES[reaction]);
  return `${first.toLocaleUpperCase(spoken)}${rest.join('')}`;
}

/** @typedef {{ reacted: { peer: string, reaction: Reaction } }} ReactionEvents */

/** @extends {Emitter<ReactionEvents>} */
export class Reactions extends Emitter {
  #send;

  /** @param {(message: React) => boolean} send Whether it was sent. */
  constructor(send) {
    super();
    this.#send = send;
  }

  /**
   * @param {Reaction} reaction
   * @returns {boolean} Whether it is on its way: what is not is of no use later.
   */
  react(reaction) {
    return this.#send({ type: 'react', reaction });
  }

  /**
   * @param {ServerMessage} message
   * @returns {boolean} Whether it is about reactions.
   */
  hear(message) {
    if (message.type !== 'reacted') return false;
    const reaction = REACTIONS.find((known) => known === message.reaction);
    // A newer server may have more of them.
    if (reaction) this.emit('reacted', { peer: message.peer, reaction });
    return true;
  }
}

/** Milliseconds in which reactions are gathered before they are told: people clap together. */
export const GATHERED = 700;
/** Names that are said before the others are only counted. */
const NAMED = 3;

/** Who it was; empty: the person. `shown`: it is not to be seen on a tile. @typedef {{ name: string, reaction: Reaction, shown: boolean }} News */

/** Tells in few words who reacted. */
export class ReactionNews {
  #tell;
  #later;
  /** @type {News[]} */
  #waiting = [];

  /**
   * @param {(sentence: Sentence, shown: boolean) => void} tell
   * @param {(action: () => void, delay: number) => unknown} [later]
   */
  constructor(tell, later = setTimeout) {
    this.#tell = tell;
    this.#later = (/** @type {() => void} */ action, /** @type {number} */ delay) => later(action, delay);
  }

  /** @param {News} news */
  add(news) {
    this.#waiting.push(news);
    if (this.#waiting.length === 1) this.#later(() => this.#flush(), GATHERED);
  }

  #flush() {
    const news = this.#waiting;
    this.#waiting = [];
    for (const shown of [false, true]) {
      for (const reaction of REACTIONS) {
        const alike = news.filter((one) => one.reaction === reaction && one.shown === shown);
        const own = alike.some(({ name }) => name === '');
        if (own) this.#tell(say('reactions.own', { reaction: wordsOf(reaction) }), shown);
        const names = [...new Set(alike.map(({ name }) => name).filter(Boolean))];
        if (names.length > 0) this.#tell(reactionWords(names, reaction), shown);
      }
    }
  }
}

/**
 * @param {string[]} names One or more.
 * @param {Reaction} reaction
 * @returns {Sentence}
 */
export function reactionWords(names, reaction) {
  const named = names.length > NAMED ? names.slice(0, NAMED - 1) : names;
  const parts = named.map((name, index) => [index === 0 ? '' : ', ', name, '']);
  const who =
    named === names
      ? listed(names)
      : say('reactions.others', { names: joined(...parts), n: names.length - named.length });
  return say('reactions.told', { names: who, n: names.length, reaction: wordsOf(reaction) });
}

/**
 * In the middle of a sentence.
 * @param {Reaction} reaction
 * @returns {Sentence}
 */
function wordsOf(reaction) {
  return [word(NAMES[reaction])];
}
