/**
 * The tile of somebody else: a picture or an avatar, a name, and what is the matter.
 */

import { formatWords } from '../call/room-state.js';
import { h, nodesOf } from '../core/dom.js';
import { word } from '../core/words.js';
import { Face } from './face.js';
import { PictureGate } from './picture-gate.js';
import { Preroll } from './preroll.js';
import { QualityMark } from './quality-mark.js';
import { floatingHeight, tileActions } from './tile-actions.js';

/** @import { TileModel } from '../call/room-state.js' */
/** @import { Choice } from '../call/why.js' */

/** Milliseconds a sender may take to change to a format this browser can play, until nobody should wait for it. */
const CHANGE_WITHIN = 10_000;

/** The tile of somebody else. */
export class RemoteTile {
  #face = new Face();
  #spinner = h('span', { class: 'spinner' });
  #absence = h('span');
  #offline = h('div', { class: 'offline', hidden: true }, this.#spinner, this.#absence);
  #cameraOff = h('span', { class: 'hidden', text: word('tile.camera-off'), hidden: true });
  #blocked = h('p', { class: 'blocked', hidden: true });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #blockedTimer;
  element = h('div', { role: 'group', class: 'tile' });
  #preroll = new Preroll();
  /** The picture that is shown comes directly. */
  #direct = false;
  #gate = new PictureGate(this.#face.video, (shown) => {
    this.element.classList.toggle('live', shown);
    this.#floats();
  });
  #floats = () => {};

  #actions;
  #mark;
  /** @type {number | null} */
  #downlink = null;

  /**
   * @param {TileModel} model
   * @param {object} told
   * @param {() => void} told.pin The person holds on to it, or does no more.
   * @param {() => void} told.floats Its picture is in a window of its own, or is no more, or there is another one to put there.
   * @param {(height: number) => Choice | null} told.choice Which of the person's choices keeps a picture smaller than so many CSS pixels.
   */
  constructor(model, { pin, floats, choice }) {
    const { video, avatar, plate } = this.#face;
    this.#floats = floats;
    this.#actions = tileActions({ tile: this.element, video, label: model.label, pin, floats });
    this.#mark = new QualityMark(video, () => ({
      downlink: this.#downlink,
      choice: choice(Math.max(this.element.clientHeight, floatingHeight(video) ?? 0)),
    }));
    plate.append(this.#mark.button);
    this.element.append(
      video,
      avatar,
      this.#mark.words,
      this.#blocked,
      this.#offline,
      plate,
      this.#cameraOff,
      this.#actions.element,
    );
    this.element.dataset.stream = model.stream;
  }

  /** How the picture is shown now: see `wishes.js`. */
  get shown() {
    const { video } = this.#face;
    const { clientWidth: width, clientHeight: height } = this.element;
    return { width, height, aspect: video.videoWidth / video.videoHeight || 16 / 9, floats: floatingHeight(video) };
  }

  /** What is to be seen on it; null if there is nothing. */
  get picture() {
    const source = this.#gate.open ? this.#face.video.srcObject : null;
    return source instanceof MediaStream ? source : null;
  }

  /** What the connection carries, in bits a second. @param {number | null} downlink */
  set downlink(downlink) {
    this.#downlink = downlink;
    this.#mark.renew();
  }

  /** @param {boolean} pinned */
  set pinned(pinned) {
    this.element.classList.toggle('pinned', pinned);
    this.#actions.pinned = pinned;
  }

  /**
   * @param {TileModel} model
   * @param {object} sources
   * @param {MediaStream | null} sources.slot What comes in the tile's slot.
   * @param {MediaStream | null} sources.direct What comes of it directly.
   */
  update(model, { slot, direct }) {
    this.element.setAttribute('aria-label', model.label);
    this.#face.name(model.name, model.title, model.peer);
    this.#face.muted = model.micMuted;
    this.#face.hand = model.hand;
    this.#face.speaking = model.speaking;
    this.element.classList.toggle('speaking', model.speaking);
    this.#cameraOff.hidden = !model.cameraOff;
    this.#offline.hidden = model.absent === null;
    this.#spinner.hidden = !model.reconnecting;
    this.#absence.replaceChildren(...nodesOf(model.absent ?? []));
    this.element.classList.toggle('away', model.absent !== null);
    this.#tellBlocked(model);
    this.#mark.show(model);
    const stream = model.direct ? direct : slot;
    const from = model.direct ? 'any' : (model.slot?.since ?? null);
    const since = model.cameraOff || model.blocked || !stream ? null : from;
    this.#showFrom({ stream, owner: model.direct ? 'direct' : String(model.slot?.slot), since, direct: model.direct });
  }

  /**
   * Where the same picture comes another way it is shown from there once it has come, and goes on until then.
   * @param {{ stream: MediaStream | null, owner: string, since: number | 'any' | null, direct: boolean }} source
   */
  #showFrom({ stream, owner, since, direct }) {
    const otherWay = this.#direct !== direct;
    if (this.#preroll.stream && this.#preroll.stream === stream && since !== null) return;
    this.#preroll.end();
    if (otherWay && stream && since !== null && this.#gate.open) {
      this.#preroll.begin(stream, () => {
        this.#direct = direct;
        this.#gate.set(stream, owner, since, true);
      });
      return;
    }
    this.#direct = direct;
    this.#gate.set(stream, owner, since);
  }

  /** Releases the picture. */
  remove() {
    clearTimeout(this.#blockedTimer);
    this.#mark.close();
    this.#preroll.end();
    this.#gate.set(null, '', null);
    if (document.pictureInPictureElement === this.#face.video) void document.exitPictureInPicture().catch(() => {});
    this.element.remove();
  }

  /** @param {TileModel} model */
  #tellBlocked(model) {
    if (this.#blocked.hidden === !model.blocked) return;
    this.#blocked.hidden = !model.blocked;
    this.element.classList.toggle('unplayable', model.blocked);
    clearTimeout(this.#blockedTimer);
    if (!model.blocked) return;
    const { soon, late } = formatWords(model);
    this.#blocked.replaceChildren(...nodesOf(soon));
    this.#blockedTimer = setTimeout(() => this.#blocked.replaceChildren(...nodesOf(late)), CHANGE_WITHIN);
  }
}
