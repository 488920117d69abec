/**
 * The stage of a call: what has large places, the others in a grid or, beside that, in a strip; and what of it is in view.
 */

import { h } from '../core/dom.js';
import { word } from '../core/words.js';
import { arrange } from './arrangement.js';
import { besideIn, keepFocus } from './keep-focus.js';
import { stageFor } from './layout.js';
import { Onlooker } from './onlooker.js';
import { OwnTile } from './own-tile.js';
import { Pager } from './pager.js';
import { keepClear, move, put, putArea } from './places.js';
import { RemoteTile } from './tile.js';
import { showReaction } from './reactions.js';
import { choiceFor, Settling, wishesOf } from './wishes.js';

/** @import { TileModel } from '../call/room-state.js' */
/** @import { Reaction, Stream, Tile } from '../proto/messages.js' */
/** @import { Quality } from '../rtc/encodings.js' */
/** @import { Arrangement } from './arrangement.js' */
/** @import { Rect } from './grid.js' */
/** @import { Area } from './layout.js' */
/** @import { SpeakerWindow } from './speaker-window.js' */
/** @import { ViewChoice } from './view-choice.js' */

/**
 * Milliseconds after the last change until the server is told what is in view; and after the first one, for whoever scrolls on
 * and on.
 */
const VIEW_AFTER = { quiet: 100, most: 500 };

/** What the buttons of the pages need, in CSS pixels. */
const PAGER = 48;

/** In a small window more tiles than these are too small: there is one, of whoever speaks. */
const FEW = 4;

/** @typedef {{ tile: RemoteTile, model: TileModel, place: HTMLLIElement }} Shown */

export class Stage {
  #root;
  #tellView;
  #choice;
  #own;
  #ownPlace;
  #large = h('ul', { class: 'screens', role: 'list', 'aria-label': word('stage.large') });
  #people = h('ul', { class: 'people', role: 'list', 'aria-label': word('stage.people') });
  /** @type {Map<string, Shown>} */
  #tiles = new Map();
  /** @type {Map<number, MediaStream>} */
  #slots = new Map();
  /** What comes directly, by tile. @type {Map<string, MediaStream>} */
  #direct = new Map();
  /** @type {Set<Element>} */
  #inView = new Set();
  #observer;
  #resized = new ResizeObserver(() => this.#layOut());
  /** The small window it is in. @type {Window | null} */
  #outside = null;
  /** Shows whoever speaks, in a window of its own. @type {SpeakerWindow | null} */
  #follower = null;
  /** The key of whose picture is there. */
  #followed = '';
  #view = new Settling(() => this.#sayView(), VIEW_AFTER);
  #toldView = '';
  /** The keys of the tiles the person holds on to. @type {Set<string>} */
  #pinned = new Set();
  /** The key of who spoke last. */
  #speaker = '';
  #page = 0;
  #pager = new Pager((page) => this.#turn(page));
  /** @type {number | null} */
  #downlink = null;
  #quality;
  // At once when somebody looks again: they wait for a key frame.
  #onlooker = new Onlooker(document, () => this.#sayView());

  /**
   * @param {HTMLElement} root
   * @param {object} options
   * @param {(tiles: Tile[]) => void} options.tellView
   * @param {Quality} options.quality
   * @param {ViewChoice} options.choice
   */
  constructor(root, { tellView, quality, choice }) {
    this.#root = root;
    this.#quality = quality;
    this.#tellView = tellView;
    this.#choice = choice;
    this.#own = new OwnTile(choice);
    this.#ownPlace = h('li', { class: 'place' }, this.#own.element);
    this.#people.append(this.#ownPlace);
    root.setAttribute('role', 'region');
    root.setAttribute('aria-label', word('stage.label'));
    root.replaceChildren(this.#large, this.#people, this.#pager.element);
    choice.on('change', () => this.#arrange());
    this.#resized.observe(root);
    document.addEventListener('fullscreenchange', () => this.#view.soon());
    this.#observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          if (entry.isIntersecting) this.#inView.add(entry.target);
          else this.#inView.delete(entry.target);
        }
        this.#view.soon();
      },
      { root },
    );
  }

  get own() {
    return this.#own;
  }

  /** It was moved to a small window, or back into the page. @param {Window | null} outside */
  set outside(outside) {
    this.#outside = outside;
    // What watched it in one document sees nothing of it in the other.
    this.#resized.disconnect();
    this.#observer.disconnect();
    if (outside) outside.addEventListener('resize', () => this.#layOut());
    else {
      this.#resized.observe(this.#root);
      for (const { tile } of this.#tiles.values()) this.#observer.observe(tile.element);
    }
    this.#arrange();
  }

  /** Its window was opened, changed its size, or was closed. @param {SpeakerWindow} follower */
  follow(follower) {
    this.#follower = follower;
    this.#view.soon();
  }

  /** The picture of whoever speaks, or spoke last and has one, or else of anybody. */
  get spoken() {
    const seen = (/** @type {string} */ key) => this.#tiles.get(key)?.tile.picture;
    const key = [this.#speaker, this.#followed, ...this.#tiles.keys()].find(seen) ?? '';
    this.#followed = key;
    return seen(key) ?? null;
  }

  /**
   * The track of a slot, which stays for as long as the connection lasts.
   * @param {number} slot
   * @param {MediaStreamTrack} track
   */
  setSlot(slot, track) {
    this.#slots.set(slot, new MediaStream([track]));
    this.#refresh();
  }

  /**
   * A picture that comes directly: it is shown when it is its turn.
   * @param {string} peer
   * @param {Stream} stream
   * @param {MediaStreamTrack | null} track
   */
  setDirect(peer, stream, track) {
    if (track) this.#direct.set(`${peer}/${stream}`, new MediaStream([track]));
    else this.#direct.delete(`${peer}/${stream}`);
    this.#refresh();
  }

  /** @param {TileModel[]} models */
  show(models) {
    const focused = this.#root.ownerDocument.activeElement?.closest('.place') ?? null;
    const place = focused ? [...(focused.parentElement?.children ?? [])].indexOf(focused) : 0;
    keepFocus(
      this.#root,
      () => this.#take(models),
      // Whoever is gone takes what can be done with them away: another one is beside them, or nobody.
      () => besideIn(this.#people, place, null) ?? this.#root.ownerDocument.querySelector('.toolbar [data-switch]'),
    );
  }

  /** @param {TileModel[]} models */
  #take(models) {
    const keys = new Set(models.map((model) => model.key));
    for (const [key, { tile, place }] of this.#tiles) {
      if (keys.has(key)) continue;
      this.#observer.unobserve(tile.element);
      this.#inView.delete(tile.element);
      tile.remove();
      place.remove();
      this.#tiles.delete(key);
      this.#pinned.delete(key);
    }
    for (const model of models) {
      const known = this.#tiles.get(model.key) ?? this.#made(model);
      // Put in again, so that the map has the order of the tiles: it is what the server is told.
      this.#tiles.delete(model.key);
      this.#tiles.set(model.key, { ...known, model });
    }
    this.#speaker = models.find(({ speaking }) => speaking)?.key ?? (keys.has(this.#speaker) ? this.#speaker : '');
    this.#arrange();
    this.#refresh();
  }

  /** What is seen of others is to be of this quality from now on. @param {Quality} quality */
  allow(quality) {
    this.#quality = quality;
    this.#view.soon();
  }

  /** What the connection carries to this page, in bits a second. @param {number | null} downlink */
  carries(downlink) {
    this.#downlink = downlink;
    for (const { tile } of this.#tiles.values()) tile.downlink = downlink;
  }

  /**
   * Over the tile of whoever reacted.
   * @param {HTMLElement} tile
   * @param {Reaction} reaction
   * @returns {boolean} Whether it is to be seen.
   */
  #react(tile, reaction) {
    showReaction(tile, reaction);
    return tile === this.#own.element ? tile.checkVisibility() : this.#inView.has(tile);
  }

  /**
   * @param {string | null} peer Null: the person.
   * @param {Reaction} reaction
   * @returns {boolean} Whether it is to be seen.
   */
  react(peer, reaction) {
    const tile = peer === null ? this.#own.element : this.#tiles.get(`${peer}/camera`)?.tile.element;
    return tile ? this.#react(tile, reaction) : false;
  }

  /** @param {string} key The tile to hold on to, or to let go. */
  #pin(key) {
    if (!this.#pinned.delete(key)) this.#pinned.add(key);
    // What is moved loses the focus.
    keepFocus(
      this.#root,
      () => this.#arrange(),
      () => null,
    );
  }

  /** @param {number} page */
  #turn(page) {
    this.#page = page;
    this.#layOut();
  }

  /** @returns {Arrangement} */
  #arrangement() {
    const tiles = [...this.#tiles.values()].map(({ model }) => model);
    const layout = this.#outside && tiles.length > FEW ? 'spotlight' : this.#choice.layout;
    return arrange({ tiles, pinned: this.#pinned, layout, speaker: this.#speaker });
  }

  #arrange() {
    const { large, others } = this.#arrangement();
    this.#order(this.#large, large, null);
    this.#order(this.#people, others, this.#ownPlace);
    for (const [key, { tile }] of this.#tiles) tile.pinned = this.#pinned.has(key);
    this.#layOut();
  }

  /**
   * @param {TileModel} model
   * @returns {Shown}
   */
  #made(model) {
    const { key, stream } = model;
    const tile = new RemoteTile(model, {
      pin: () => this.#pin(key),
      floats: () => this.#view.soon(),
      choice: (height) => choiceFor({ stream, height }, { ratio: devicePixelRatio, quality: this.#quality }),
    });
    if (!this.#outside) this.#observer.observe(tile.element);
    tile.downlink = this.#downlink;
    return { tile, model, place: h('li', { class: 'place' }, tile.element) };
  }

  /**
   * Puts tiles in order, moving none that stays.
   * @param {HTMLElement} list
   * @param {string[]} keys
   * @param {Element | null} end What comes after them.
   */
  #order(list, keys, end) {
    let next = end;
    for (const key of [...keys].reverse()) {
      const place = this.#tiles.get(key)?.place;
      if (!place) continue;
      if (place.nextElementSibling !== next || place.parentElement !== list) move(place, list, next);
      next = place;
    }
  }

  #refresh() {
    for (const { tile, model } of this.#tiles.values()) {
      const slot = model.slot ? (this.#slots.get(model.slot.slot) ?? null) : null;
      tile.update(model, { slot, direct: this.#direct.get(model.key) ?? null });
    }
  }

  #layOut() {
    const edge = Number.parseFloat(getComputedStyle(this.#root).paddingTop);
    const width = this.#root.clientWidth - 2 * edge;
    const height = this.#root.clientHeight - 2 * edge;
    if (width <= 0 || height <= 0) return;
    const { large, others, strip } = this.#arrangement();
    const { self, corner: at } = this.#choice;
    const table = { width, large: large.length, others: others.length, self, at, page: this.#page, strip };
    const roomy = stageFor({ ...table, height });
    const plan = roomy.pages > 1 ? stageFor({ ...table, height: height - PAGER }) : roomy;
    this.#page = plan.page;
    this.#pager.show(plan.page, plan.pages);
    this.#root.classList.toggle('presenting', large.length > 0);
    const ownShown = self !== 'hidden';
    this.#putList(this.#large, { area: plan.large, own: plan.own, edge }, this.#placesOf(large));
    const seen = this.#placesOf(others.slice(plan.from, plan.to));
    for (const { place } of this.#placesOf(others)) place.hidden = !seen.some((one) => one.place === place);
    this.#putList(this.#people, { area: plan.people, own: plan.own, edge }, seen);
    this.#own.floats = plan.own !== null;
    this.#ownPlace.hidden = !ownShown;
    const { x, y } = plan.people;
    const own = plan.own ? { ...plan.own, x: plan.own.x - x, y: plan.own.y - y } : plan.people.tiles[seen.length];
    if (ownShown && own) put(this.#ownPlace, own);
    this.#view.soon();
  }

  /** @param {string[]} keys */
  #placesOf(keys) {
    return keys.map((key) => this.#tiles.get(key)).filter((shown) => shown !== undefined);
  }

  /**
   * @param {HTMLElement} list
   * @param {{ area: Area, own: Rect | null, edge: number }} where
   * @param {Shown[]} shown
   */
  #putList(list, { area, own, edge }, shown) {
    // An empty list is none; one's own tile may be its only one.
    list.hidden = shown.length === 0 && (list !== this.#people || this.#choice.self === 'hidden');
    putArea(list, area, edge);
    for (const [index, { place, tile }] of shown.entries()) {
      const rect = area.tiles[index];
      if (!rect) continue;
      place.hidden = false;
      put(place, rect);
      keepClear(tile.element, { ...rect, x: rect.x + area.x, y: rect.y + area.y }, own);
    }
  }

  #sayView() {
    const full = document.fullscreenElement;
    const all = [...this.#tiles.values()];
    // Without a tile there is nothing to choose from; an empty view would keep the first picture back.
    if (all.length === 0) return;
    // A tile over the whole screen hides the others, and so does one's own.
    const alone = this.#root.contains(full);
    const isSeen = (/** @type {RemoteTile} */ { element }) => {
      if (alone) return element === full;
      return this.#outside ? element.checkVisibility() : this.#inView.has(element);
    };
    if (this.#follower?.isOpen) this.#follower.show(this.spoken);
    const followed = this.#follower?.height ?? 0;
    const seen = all.map(({ tile, model: { key, peer, stream } }) => {
      const { floats, ...shown } = tile.shown;
      const height = Math.max(floats ?? 0, key === this.#followed ? followed : 0) || null;
      return { peer, stream, inView: isSeen(tile), pinned: this.#pinned.has(key), ...shown, floats: height };
    });
    // Whoever looks at the small window looks at no page.
    const away = this.#outside === null && this.#onlooker.away;
    const page = { away, ratio: (this.#outside ?? window).devicePixelRatio, quality: this.#quality };
    const tiles = wishesOf(seen, page);
    const told = JSON.stringify(tiles);
    if (told === this.#toldView) return;
    this.#toldView = told;
    this.#tellView(tiles);
  }
}
