/**
 * Raised hands: one's own, and whose are raised in which order. The server keeps them; browsers that are connected directly tell each
 * other, too, and are believed while the server says nothing. Knows no document; timers are given to it.
 */

import { Emitter } from '../core/emitter.js';
import { word } from '../core/words.js';

/** @import { Did } from '../core/news.js' */
/** @import { Hand, PeerInfo } from '../proto/messages.js' */

/** Milliseconds the server has to say the same as another browser: while it is there, nobody sees anything of that. */
export const AWAITED = 1500;
/** Milliseconds between two words of one browser that are heeded while the server is away. */
const GATHERED = 100;
/** Milliseconds a list may still be of before one raised or lowered one's hand; what is not confirmed then was not taken. */
const ON_ITS_WAY = 3000;

/** What was said directly and holds until the server's next list, by peer. @typedef {Readonly<Record<string, boolean>>} Directly */

/**
 * Whose hands are raised.
 * @param {PeerInfo[]} peers
 * @param {Directly} directly
 * @returns {string[]} Whoever raised theirs first is the first; those of whom the server does not know come last.
 */
export function handsOf(peers, directly) {
  const up = peers.filter(({ id, hand }) => directly[id] ?? hand !== undefined);
  const place = (/** @type {PeerInfo} */ { hand }) => hand ?? Number.MAX_SAFE_INTEGER;
  return up.sort((one, other) => place(one) - place(other)).map(({ id }) => id);
}

/** As much of a room as hands depend on. @typedef {{ self: string, peers: PeerInfo[], hands: string[] }} Room */

/**
 * Who raised a hand between two states.
 * @param {Room} before
 * @param {Room} after
 * @returns {Did[]} For the live region.
 */
export function handChanges(before, after) {
  const known = new Set(before.peers.map(({ id }) => id));
  const raised = after.hands.filter((id) => id !== after.self && known.has(id) && !before.hands.includes(id));
  return raised.map((id) => ({ did: 'news.hand', name: after.peers.find((peer) => peer.id === id)?.name ?? '' }));
}

/**
 * @param {number} place From 1.
 * @returns {string}
 */
export function handWords(place) {
  return word('hand.raised', { n: place });
}

/**
 * @typedef {object} HandEvents
 * @property {null} change One's own hand.
 * @property {null} lowered Somebody else lowered it.
 * @property {{ peer: string, raised: boolean }} directly Another browser says so, or the person, and the server has not yet.
 */

/**
 * @typedef {object} Outside
 * @property {(message: Hand) => boolean} send Whether it was sent.
 * @property {(word: Hand) => void} beside Says it to those who are connected directly.
 * @property {() => boolean} isUp Whether the server is there.
 * @property {(action: () => void, delay: number) => ReturnType<typeof setTimeout>} [later]
 */

/** @extends {Emitter<HandEvents>} */
export class Hands extends Emitter {
  #send;
  #beside;
  #isUp;
  #later;
  /** What the server said of one's own hand last. */
  #listed = false;
  /** What the person wants and the server has not confirmed. @type {{ raised: boolean } | null} */
  #wish = null;
  /** Of each the last word that is not shown yet. @type {Map<string, { raised: boolean, timer: ReturnType<typeof setTimeout> }>} */
  #words = new Map();
  #self = '';
  /** @type {PeerInfo[]} */
  #peers = [];

  /** @param {Outside} outside */
  constructor({ send, beside, isUp, later = setTimeout }) {
    super();
    this.#send = send;
    this.#beside = beside;
    this.#isUp = isUp;
    this.#later = (/** @type {() => void} */ action, /** @type {number} */ delay) => later(action, delay);
  }

  /** Whether one's own hand is raised. */
  get raised() {
    return this.#wish?.raised ?? this.#listed;
  }

  /** The person raises a hand, or lowers it. @param {boolean} raised */
  raise(raised) {
    if (raised === this.raised) return;
    this.#say(raised);
    this.#beside({ type: 'hand', raised });
    if (this.#self) this.emit('directly', { peer: this.#self, raised });
    this.emit('change', null);
  }

  /** The page came in, or came back. @param {boolean} resumed Whether the server knows what it was told. */
  welcomed(resumed) {
    const { raised } = this;
    if (!resumed) this.#listed = false;
    this.#wish = resumed || raised ? this.#wish : null;
    if (raised !== this.#listed) this.#say(raised);
    this.emit('change', null);
  }

  /** What the server passed over is said again. */
  sayAgain() {
    if (this.#wish) this.#say(this.#wish.raised);
  }

  /** There is a new direct connection. */
  connected() {
    if (this.raised) this.#beside({ type: 'hand', raised: true });
  }

  /**
   * The server says who is here.
   * @param {string} self
   * @param {PeerInfo[]} peers
   */
  told(self, peers) {
    this.#self = self;
    this.#peers = peers;
    for (const [peer, { raised, timer }] of this.#words) {
      if (this.#isListed(peer) !== raised && peers.some(({ id }) => id === peer)) continue;
      clearTimeout(timer);
      this.#words.delete(peer);
    }
    const { raised } = this;
    this.#listed = peers.some(({ id, hand }) => id === self && hand !== undefined);
    if (this.#wish?.raised === this.#listed) this.#wish = null;
    this.#settled(raised);
  }

  /**
   * What another browser says: it may be anything, and as often as it likes.
   * @param {string} peer
   * @param {Record<string, unknown>} word
   */
  heardDirectly(peer, { raised }) {
    if (typeof raised !== 'boolean') return;
    const waiting = this.#words.get(peer);
    if (waiting) {
      waiting.raised = raised;
      return;
    }
    const timer = this.#later(() => this.#believe(peer), this.#isUp() ? AWAITED : GATHERED);
    this.#words.set(peer, { raised, timer });
  }

  /** The call is over. */
  stop() {
    for (const { timer } of this.#words.values()) clearTimeout(timer);
    this.#words.clear();
  }

  /** @param {string} peer */
  #believe(peer) {
    const said = this.#words.get(peer);
    this.#words.delete(peer);
    if (said) this.emit('directly', { peer, raised: said.raised });
  }

  /** @param {string} peer */
  #isListed(peer) {
    return this.#peers.some(({ id, hand }) => id === peer && hand !== undefined);
  }

  /** @param {boolean} raised */
  #say(raised) {
    const wish = { raised };
    this.#wish = wish;
    // What is not sent now is said after the next welcome.
    if (!this.#send({ type: 'hand', raised })) return;
    this.#later(() => {
      if (this.#wish !== wish || !this.#isUp()) return;
      this.#wish = null;
      this.#settled(wish.raised);
    }, ON_ITS_WAY);
  }

  /** The server has had its say. @param {boolean} before Whether one's hand was raised. */
  #settled(before) {
    if (before === this.raised) return;
    this.emit('change', null);
    if (before) this.emit('lowered', null);
  }
}
