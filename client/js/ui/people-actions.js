/**
 * Somebody in the list of who is here: their name, what there is to know, and, for whoever moderates, what may be done about them.
 */

import { actionsOn, decidesAbout, ROLE_NAMES, roleOf, rolesFor } from '../call/roles.js';
import { h, nodesOf, phraseOf } from '../core/dom.js';
import { said, textOf } from '../core/sentence.js';
import { word } from '../core/words.js';

/** @import { Action, Viewer } from '../call/roles.js' */
/** @import { VolumeControl } from './volume.js' */
/** @import { ModerationWish, PeerInfo, Role } from '../proto/messages.js' */

export class PersonRow {
  #id;
  #wish;
  #volume;
  #name = h('span', { class: 'who' });
  #words = h('span', { class: 'hint' });
  #more = h('button', {
    type: 'button',
    class: 'small',
    text: word('moderate.open'),
    'aria-expanded': 'false',
    hidden: true,
  });
  #deeds = h('div', { class: 'deeds', hidden: true });
  #buttons = h('div', { class: 'buttons' });
  #role = h('select');
  #rolePlace = h('label', {}, h('span', { text: word('role.label') }), this.#role);
  element = h('li', {}, this.#name, this.#more, this.#words, this.#deeds);
  /** By what they do. @type {Map<Action['key'], HTMLButtonElement>} */
  #made = new Map();
  /** @type {Map<Action['key'], ModerationWish>} */
  #wishes = new Map();
  #called = '';

  /**
   * @param {string} id
   * @param {(wish: ModerationWish) => void} wish
   * @param {VolumeControl} volume
   */
  constructor(id, wish, volume) {
    this.#id = id;
    this.#wish = wish;
    this.#volume = volume;
    this.#name.after(volume.button);
    this.#words.after(volume.place);
    this.#deeds.append(this.#buttons, this.#rolePlace);
    this.#more.addEventListener('click', () => this.#open(this.#deeds.hidden === true));
    this.#role.addEventListener('change', () => {
      wish({ action: 'role', peer: this.#id, role: /** @type {Role} */ (this.#role.value) });
    });
  }

  /**
   * @param {PeerInfo} peer
   * @param {object} how
   * @param {string} how.words
   * @param {Viewer} how.viewer
   * @param {boolean} how.raised Whether their hand is raised.
   */
  show(peer, { words, viewer, raised }) {
    if (this.#called !== peer.name) {
      this.#called = peer.name;
      this.#volume.name = peer.name;
      this.#name.replaceChildren(...nodesOf(said`${peer.name}`));
      this.#more.setAttribute('aria-label', word('moderate.whom', { name: peer.name }));
      this.#role.setAttribute('aria-label', word('role.of', { name: peer.name }));
    }
    this.#words.textContent = words;
    this.#volume.hidden = this.#id === viewer.self;
    const decides = decidesAbout(viewer, peer);
    this.#more.hidden = !decides;
    if (!decides) this.#open(false);
    this.#showActions(actionsOn(viewer, peer, raised));
    this.#showRoles(rolesFor(viewer, peer), roleOf(peer.role));
  }

  /** They are gone. */
  remove() {
    this.#volume.close();
    this.element.remove();
  }

  /** @param {boolean} open */
  #open(open) {
    this.#deeds.hidden = !open;
    this.#more.setAttribute('aria-expanded', String(open));
  }

  /** @param {Action[]} actions */
  #showActions(actions) {
    this.#wishes = new Map(actions.map(({ key, wish }) => [key, wish]));
    for (const [key, button] of this.#made) {
      if (this.#wishes.has(key)) continue;
      button.remove();
      this.#made.delete(key);
    }
    let before = null;
    for (const { key, words } of actions) {
      /** @type {HTMLButtonElement} */
      const button = this.#made.get(key) ?? this.#make(key);
      if (button.textContent !== textOf(words)) button.replaceChildren(phraseOf(words));
      // None that stays is moved: it would lose the focus.
      const next = /** @type {Element | null} */ (before ? before.nextElementSibling : this.#buttons.firstElementChild);
      if (next !== button) this.#buttons.insertBefore(button, next);
      before = button;
    }
  }

  /** @param {Action['key']} key */
  #make(key) {
    const button = h('button', { type: 'button', class: key === 'remove' || key === 'ban' ? 'small grave' : 'small' });
    button.addEventListener('click', () => {
      const wish = this.#wishes.get(key);
      if (wish) this.#wish(wish);
    });
    this.#made.set(key, button);
    return button;
  }

  /**
   * @param {Role[]} roles
   * @param {Role} role
   */
  #showRoles(roles, role) {
    this.#rolePlace.hidden = roles.length === 0;
    // A list that is open closes when its options are replaced.
    if ([...this.#role.options].map(({ value }) => value).join() !== roles.join()) {
      this.#role.replaceChildren(...roles.map((value) => h('option', { value, text: ROLE_NAMES[value] })));
    }
    this.#role.value = role;
  }
}
