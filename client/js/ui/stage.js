/**
 * The stage of a call: tiles in a grid, and what of it is in view.
 */

import { gridFor, ownTileFloats, rulesFor } from './layout.js';
import { OwnTile, RemoteTile } from './tile.js';

/** @import { TileModel } from '../call/room-state.js' */
/** @import { Tile } from '../proto/messages.js' */

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

  /**
   * @param {HTMLElement} root
   * @param {(tiles: Tile[]) => void} tellView
   */
  constructor(root, tellView) {
    this.#root = root;
    this.#tellView = tellView;
    root.append(this.#own.element);
    new ResizeObserver(() => this.#layOut()).observe(root);
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
    this.#order(models);
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
   * Puts the elements in order, moving none that stays: a video that is moved in the document stops.
   * @param {TileModel[]} models
   */
  #order(models) {
    /** @type {Element | null} */
    let next = this.#own.element;
    for (const { key } of [...models].reverse()) {
      const element = this.#tiles.get(key)?.tile.element;
      if (!element) continue;
      if (element.nextElementSibling !== next || element.parentElement !== this.#root) {
        this.#root.insertBefore(element, next);
      }
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
    const floats = ownTileFloats(this.#tiles.size);
    const rules = rulesFor(width);
    const grid = gridFor({ width, height, count: this.#tiles.size + (floats ? 0 : 1), ...rules });
    this.#own.element.classList.toggle('floating', floats);
    const scrolls = grid.rows * (grid.height + rules.gap) - rules.gap > height + 1;
    this.#root.classList.toggle('scrolls', scrolls);
    // The keys scroll what has the focus.
    if (scrolls) this.#root.tabIndex = 0;
    else this.#root.removeAttribute('tabindex');
    this.#root.style.setProperty('--tile-width', `${grid.width}px`);
    this.#root.style.setProperty('--tile-height', `${grid.height}px`);
    this.#root.style.setProperty('--gap', `${rules.gap}px`);
    this.#viewSoon();
  }

  #viewSoon() {
    clearTimeout(this.#viewTimer);
    this.#viewTimer = setTimeout(() => this.#sayView(), VIEW_AFTER);
  }

  #sayView() {
    const tiles = [...this.#tiles.values()]
      .filter(({ tile }) => this.#inView.has(tile.element))
      .slice(0, VIEW_TILES)
      .map(({ tile, model }) => ({
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
