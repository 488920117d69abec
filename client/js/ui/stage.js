/**
 * The stage of a call: shared screens large, people in a grid or, beside a screen, in a strip; and what of it is in view.
 */

import { h } from '../core/dom.js';
import { stageFor } from './layout.js';
import { Onlooker } from './onlooker.js';
import { OwnTile, RemoteTile } from './tile.js';

/** @import { TileModel } from '../call/room-state.js' */
/** @import { Tile } from '../proto/messages.js' */
/** @import { Area } from './layout.js' */

/** Milliseconds after the last change until the server is told what is in view. */
const VIEW_AFTER = 150;
/** What the protocol can say. */
const HIGHEST = 65_535;
/** Tiles one `view` may name. */
const VIEW_TILES = 128;

export class Stage {
  #root;
  #tellView;
  #own = new OwnTile();
  // A tile stays in the one it begins in: a video that is moved in the document stops.
  #screens = h('div', { class: 'screens' });
  #people = h('div', { class: 'people' }, this.#own.element);
  /** @type {Map<string, { tile: RemoteTile, model: TileModel }>} */
  #tiles = new Map();
  /** @type {Map<number, MediaStream>} */
  #slots = new Map();
  /** @type {Set<Element>} */
  #inView = new Set();
  #observer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #viewTimer;
  #toldView = '';
  // At once when somebody looks again: they wait for a key frame.
  #onlooker = new Onlooker(document, () => this.#sayView());

  /**
   * @param {HTMLElement} root
   * @param {(tiles: Tile[]) => void} tellView
   */
  constructor(root, tellView) {
    this.#root = root;
    this.#tellView = tellView;
    root.replaceChildren(this.#screens, this.#people);
    new ResizeObserver(() => this.#layOut()).observe(root);
    document.addEventListener('fullscreenchange', () => this.#viewSoon());
    this.#observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          if (entry.isIntersecting) this.#inView.add(entry.target);
          else this.#inView.delete(entry.target);
        }
        this.#viewSoon();
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
    for (const model of models) {
      const tile = this.#tiles.get(model.key)?.tile ?? this.#made(model);
      // Put in again, so that the map has the order of the tiles: it is what the server is told.
      this.#tiles.delete(model.key);
      this.#tiles.set(model.key, { tile, model });
    }
    this.#order(this.#screens, 'screen', null);
    this.#order(this.#people, 'camera', this.#own.element);
    this.#refresh();
    this.#layOut();
  }

  /** @param {TileModel} model */
  #made(model) {
    const tile = new RemoteTile(model);
    this.#observer.observe(tile.element);
    return tile;
  }

  /**
   * Puts the elements of one stream in order, moving none that stays.
   * @param {HTMLElement} place
   * @param {'camera' | 'screen'} stream
   * @param {Element | null} end What comes after them.
   */
  #order(place, stream, end) {
    let next = end;
    for (const { tile, model } of [...this.#tiles.values()].reverse()) {
      if (model.stream !== stream) continue;
      const { element } = tile;
      if (element.nextElementSibling !== next || element.parentElement !== place) place.insertBefore(element, next);
      next = element;
    }
  }

  #refresh() {
    for (const { tile, model } of this.#tiles.values()) {
      tile.update(model, model.slot ? (this.#slots.get(model.slot.slot) ?? null) : null);
    }
  }

  #layOut() {
    const style = getComputedStyle(this.#root);
    const width = this.#root.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight);
    const height =
      this.#root.clientHeight - Number.parseFloat(style.paddingTop) - Number.parseFloat(style.paddingBottom);
    if (width <= 0 || height <= 0) return;
    const screens = [...this.#tiles.values()].filter(({ model }) => model.stream === 'screen').length;
    const plan = stageFor({ width, height, screens, remotes: this.#tiles.size - screens });
    this.#root.classList.toggle('presenting', screens > 0);
    this.#root.classList.toggle('beside', plan.beside);
    this.#root.style.setProperty('--gap', `${plan.gap}px`);
    this.#own.element.classList.toggle('floating', plan.floats);
    this.#screens.hidden = screens === 0;
    size(this.#screens, plan.screens);
    size(this.#people, plan.people);
    this.#viewSoon();
  }

  #viewSoon() {
    clearTimeout(this.#viewTimer);
    this.#viewTimer = setTimeout(() => this.#sayView(), VIEW_AFTER);
  }

  #sayView() {
    const full = document.fullscreenElement;
    const all = [...this.#tiles.values()];
    // Without a tile there is nothing to choose from; an empty view would keep the first picture back.
    if (all.length === 0) return;
    // A tile over the whole screen hides the others.
    const alone = all.filter(({ tile }) => tile.element === full);
    const seen = alone.length > 0 ? alone : all.filter(({ tile }) => this.#inView.has(tile.element));
    const tiles = (this.#onlooker.away ? [] : seen).slice(0, VIEW_TILES).map(({ tile, model }) => ({
      peer: model.peer,
      stream: model.stream,
      height: Math.min(HIGHEST, Math.round(tile.element.clientHeight * devicePixelRatio)),
    }));
    const told = JSON.stringify(tiles);
    if (told === this.#toldView) return;
    this.#toldView = told;
    this.#tellView(tiles);
  }
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
