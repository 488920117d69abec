/**
 * The stage of a call: shared screens large, people in a grid or, beside a screen, in a strip; and what of it is in view.
 */

import { h } from '../core/dom.js';
import { stageFor } from './layout.js';
import { Onlooker } from './onlooker.js';
import { OwnTile, RemoteTile } from './tile.js';
import { choiceFor, Settling, wishesOf } from './wishes.js';

/** @import { TileModel } from '../call/room-state.js' */
/** @import { Stream, Tile } from '../proto/messages.js' */
/** @import { Quality } from '../rtc/encodings.js' */
/** @import { Area } from './layout.js' */

/**
 * Milliseconds after the last change until the server is told what is in view; and after the first one, for whoever scrolls on
 * and on.
 */
const VIEW_AFTER = { quiet: 100, most: 500 };

export class Stage {
  #root;
  #tellView;
  #own = new OwnTile();
  #screens = h('div', { class: 'screens' });
  #people = h('div', { class: 'people' }, this.#own.element);
  /** @type {Map<string, { tile: RemoteTile, model: TileModel }>} */
  #tiles = new Map();
  /** @type {Map<number, MediaStream>} */
  #slots = new Map();
  /** What comes directly, by tile. @type {Map<string, MediaStream>} */
  #direct = new Map();
  /** @type {Set<Element>} */
  #inView = new Set();
  #observer;
  #view = new Settling(() => this.#sayView(), VIEW_AFTER);
  #toldView = '';
  /** The key of the tile the person holds on to; it has the place of a screen. */
  #pinned = '';
  /** @type {number | null} */
  #downlink = null;
  #quality;
  // At once when somebody looks again: they wait for a key frame.
  #onlooker = new Onlooker(document, () => this.#sayView());

  /**
   * @param {HTMLElement} root
   * @param {(tiles: Tile[]) => void} tellView
   * @param {Quality} quality
   */
  constructor(root, tellView, quality) {
    this.#root = root;
    this.#quality = quality;
    this.#tellView = tellView;
    root.replaceChildren(this.#screens, this.#people);
    new ResizeObserver(() => this.#layOut()).observe(root);
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
    const keys = new Set(models.map((model) => model.key));
    for (const [key, { tile }] of this.#tiles) {
      if (keys.has(key)) continue;
      this.#observer.unobserve(tile.element);
      this.#inView.delete(tile.element);
      tile.remove();
      this.#tiles.delete(key);
    }
    if (!keys.has(this.#pinned)) this.#pinned = '';
    for (const model of models) {
      const tile = this.#tiles.get(model.key)?.tile ?? this.#made(model);
      // Put in again, so that the map has the order of the tiles: it is what the server is told.
      this.#tiles.delete(model.key);
      this.#tiles.set(model.key, { tile, model });
    }
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

  /** @param {string} key The tile to hold on to, or to let go. */
  #pin(key) {
    const focus = document.activeElement;
    this.#pinned = this.#pinned === key ? '' : key;
    this.#arrange();
    // What is moved loses the focus.
    if (focus instanceof HTMLElement) focus.focus();
  }

  #arrange() {
    this.#order(this.#screens, true, null);
    this.#order(this.#people, false, this.#own.element);
    for (const [key, { tile }] of this.#tiles) tile.pinned = key === this.#pinned;
    this.#layOut();
  }

  /** @param {TileModel} model Whether it has one of the large places. */
  #isLarge({ key, stream }) {
    return stream === 'screen' || key === this.#pinned;
  }

  /** @param {TileModel} model */
  #made(model) {
    const { key, stream } = model;
    const tile = new RemoteTile(model, {
      pin: () => this.#pin(key),
      floats: () => this.#view.soon(),
      choice: (height) => choiceFor({ stream, height }, { ratio: devicePixelRatio, quality: this.#quality }),
    });
    this.#observer.observe(tile.element);
    tile.downlink = this.#downlink;
    return tile;
  }

  /**
   * Puts the large tiles or the others in order, moving none that stays.
   * @param {HTMLElement} place
   * @param {boolean} large
   * @param {Element | null} end What comes after them.
   */
  #order(place, large, end) {
    let next = end;
    for (const { tile, model } of [...this.#tiles.values()].reverse()) {
      if (this.#isLarge(model) !== large) continue;
      const { element } = tile;
      if (element.nextElementSibling !== next || element.parentElement !== place) move(element, place, next);
      next = element;
    }
  }

  #refresh() {
    for (const { tile, model } of this.#tiles.values()) {
      const slot = model.slot ? (this.#slots.get(model.slot.slot) ?? null) : null;
      tile.update(model, { slot, direct: this.#direct.get(model.key) ?? null });
    }
  }

  #layOut() {
    const style = getComputedStyle(this.#root);
    const width = this.#root.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight);
    const height =
      this.#root.clientHeight - Number.parseFloat(style.paddingTop) - Number.parseFloat(style.paddingBottom);
    if (width <= 0 || height <= 0) return;
    const screens = [...this.#tiles.values()].filter(({ model }) => this.#isLarge(model)).length;
    const plan = stageFor({ width, height, screens, remotes: this.#tiles.size - screens });
    this.#root.classList.toggle('presenting', screens > 0);
    this.#root.classList.toggle('beside', plan.beside);
    this.#root.style.setProperty('--gap', `${plan.gap}px`);
    this.#own.element.classList.toggle('floating', plan.floats);
    this.#screens.hidden = screens === 0;
    size(this.#screens, plan.screens);
    size(this.#people, plan.people);
    this.#view.soon();
  }

  #sayView() {
    const full = document.fullscreenElement;
    const all = [...this.#tiles.values()];
    // Without a tile there is nothing to choose from; an empty view would keep the first picture back.
    if (all.length === 0) return;
    // A tile over the whole screen hides the others.
    const alone = all.filter(({ tile }) => tile.element === full);
    const isSeen = (/** @type {RemoteTile} */ tile) =>
      alone.length > 0 ? tile.element === full : this.#inView.has(tile.element);
    const seen = all.map(({ tile, model: { key, peer, stream } }) => {
      return { peer, stream, inView: isSeen(tile), pinned: key === this.#pinned, ...tile.shown };
    });
    const page = { away: this.#onlooker.away, ratio: devicePixelRatio, quality: this.#quality };
    const tiles = wishesOf(seen, page);
    const told = JSON.stringify(tiles);
    if (told === this.#toldView) return;
    this.#toldView = told;
    this.#tellView(tiles);
  }
}

/**
 * Without an interruption where the browser can.
 * @param {HTMLElement} element
 * @param {HTMLElement & { moveBefore?: (node: Node, next: Node | null) => void }} place
 * @param {Element | null} next
 */
function move(element, place, next) {
  if (element.isConnected && place.moveBefore) place.moveBefore(element, next);
  else place.insertBefore(element, next);
}

/**
 * @param {HTMLElement} element
 * @param {Area} area
 */
function size(element, { width, height, tile, scrolls }) {
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
  element.style.setProperty('--tile-width', `${tile.width}px`);
  element.style.setProperty('--tile-height', `${tile.height}px`);
  element.classList.toggle('scrolls', scrolls);
  // The keys scroll what has the focus.
  if (scrolls) element.tabIndex = 0;
  else element.removeAttribute('tabindex');
}
