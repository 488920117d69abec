/**
 * Whom one talks to directly, and the pictures that both see if nobody sits in between.
 */

import { byId, h, nodesOf } from '../core/dom.js';
import { said } from '../core/sentence.js';
import { say, word } from '../core/words.js';

/** @import { Call } from '../call/call.js' */
/** @import { RoomState } from '../call/room-state.js' */
/** @import { Sentence } from '../core/sentence.js' */
/** @import { Failure } from '../rtc/comparison.js' */
/** @import { Verified } from '../rtc/verifications.js' */

/** What is shown while there are no pictures. */
const WAITING = word('verify.waiting');
/** Why there will be none: only who may have been heard by somebody else is to be alarmed. @type {Record<Failure, string>} */
const FAILED = {
  mismatch: word('verify.mismatch'),
  fingerprint: word('verify.fingerprint'),
  malformed: word('verify.malformed'),
  order: word('verify.order'),
  timeout: word('verify.timeout'),
  lost: word('verify.lost'),
};

export class VerifyList {
  #call;
  #announce;
  #list = byId('way-people', HTMLUListElement);
  /** @type {Map<string, { row: HTMLLIElement, name: HTMLSpanElement, pictures: HTMLSpanElement, words: HTMLParagraphElement }>} */
  #rows = new Map();
  /** @type {Map<string, string>} */
  #names = new Map();

  /**
   * @param {Call} call
   * @param {(sentence: string | Sentence) => void} announce
   */
  constructor(call, announce) {
    this.#call = call;
    this.#announce = announce;
    call.mesh.verifications.on('change', (verified) => this.#changed(verified));
  }

  /** @param {Readonly<RoomState>} room */
  show({ peers, direct: playing, order }) {
    // On the way back to the server some are still seen directly, on connections that are about to end.
    const direct = order.path === 'server' ? [] : playing;
    this.#names = new Map(peers.map(({ id, name }) => [id, name]));
    for (const [peer, { row }] of this.#rows) {
      if (direct.includes(peer)) continue;
      row.remove();
      this.#rows.delete(peer);
    }
    for (const peer of direct) {
      const row = this.#rows.get(peer) ?? this.#made(peer);
      row.name.replaceChildren(...nodesOf(said`${this.#names.get(peer) ?? ''}`));
    }
    byId('way-verify', HTMLElement).hidden = direct.length === 0;
  }

  /** @param {string} peer */
  #made(peer) {
    const name = h('span', { class: 'who' });
    const compare = h('button', { type: 'button', class: 'small', text: word('verify.compare') });
    const pictures = h('span', { class: 'pictures', hidden: true });
    const words = h('p', { class: 'hint', hidden: true });
    compare.addEventListener('click', () => this.#call.mesh.verifications.start(peer));
    const row = h('li', {}, name, compare, pictures, words);
    this.#list.append(row);
    const made = { row, name, pictures, words };
    this.#rows.set(peer, made);
    const known = this.#call.mesh.verifications.of(peer);
    if (known) this.#fill(made, known);
    return made;
  }

  /** @param {Verified} verified */
  #changed(verified) {
    const row = this.#rows.get(verified.peer);
    if (row) this.#fill(row, verified);
    const name = this.#names.get(verified.peer) ?? '';
    if (verified.state === 'done') this.#announce(say('verify.ready', { name }));
  }

  /**
   * @param {{ pictures: HTMLSpanElement, words: HTMLParagraphElement }} row
   * @param {Verified} verified
   */
  #fill({ pictures, words }, { state, signs, reason }) {
    pictures.hidden = state !== 'done';
    pictures.replaceChildren(
      ...signs.map(({ emoji, word: meant }) =>
        h('span', { class: 'sign' }, h('span', { 'aria-hidden': 'true', text: emoji }), h('span', { text: meant })),
      ),
    );
    words.textContent = reason ? FAILED[reason] : state === 'idle' || state === 'done' ? '' : WAITING;
    words.hidden = words.textContent === '';
  }
}
