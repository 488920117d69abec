/**
 * One tile: a picture or an avatar, a name, and what is the matter.
 */

import { isFrameOfOwner } from '../call/room-state.js';
import { h, icon } from '../core/dom.js';
import { hue, initials } from '../core/names.js';

/** @import { TileModel } from '../call/room-state.js' */

/** @returns {HTMLVideoElement} A picture never sounds: sound has elements of its own. */
function picture() {
  // Firefox lets the keyboard stop at every video, though there is nothing to do there.
  const video = h('video', { autoplay: true, playsinline: true, tabindex: '-1' });
  video.muted = true;
  video.disablePictureInPicture = true;
  return video;
}

/** What every tile has. */
class Face {
  video = picture();
  #letters = h('span', { class: 'letters' });
  avatar = h('div', { class: 'avatar', 'aria-hidden': 'true' }, this.#letters);
  #label = h('span', { class: 'label' });
  #muted = h(
    'span',
    { class: 'muted', hidden: true },
    icon('mic-off'),
    h('span', { class: 'hidden', text: 'Microphone muted' }),
  );
  plate = h('div', { class: 'plate' }, this.#muted, this.#label);

  /**
   * @param {string} name
   * @param {string} label
   * @param {string} colourOf What the colour is made from.
   */
  name(name, label, colourOf) {
    this.#letters.textContent = initials(name);
    this.#label.textContent = label;
    this.avatar.style.setProperty('--hue', String(hue(colourOf)));
  }

  /** @param {boolean} muted */
  set muted(muted) {
    this.#muted.hidden = !muted;
  }
}

/** The tile of somebody else. */
export class RemoteTile {
  #face = new Face();
  #offline = h(
    'div',
    { class: 'offline', hidden: true },
    h('span', { class: 'spinner' }),
    h('span', { text: 'Reconnecting…' }),
  );
  #cameraOff = h('span', { class: 'hidden', text: 'Camera off', hidden: true });
  element = h('div', { role: 'group', class: 'tile' });
  /** What the picture waits for or shows: slot and first timestamp of the owner. */
  #gate = '';
  #callback = 0;

  /** @param {TileModel} model */
  constructor(model) {
    this.element.append(this.#face.video, this.#face.avatar, this.#offline, this.#face.plate, this.#cameraOff);
    this.element.dataset.stream = model.stream;
  }

  /**
   * @param {TileModel} model
   * @param {MediaStream | null} stream What comes in the tile's slot.
   */
  update(model, stream) {
    this.element.setAttribute('aria-label', model.label);
    this.#face.name(model.name, model.label, model.peer);
    this.#face.muted = model.micMuted;
    this.#cameraOff.hidden = !model.cameraOff;
    this.#offline.hidden = !model.reconnecting;
    this.element.classList.toggle('away', model.reconnecting);
    const { video } = this.#face;
    if (video.srcObject !== stream) {
      video.srcObject = stream;
      this.#gate = '';
      if (stream) video.play().catch(() => {});
    }
    const since = model.cameraOff || !stream ? null : (model.slot?.since ?? null);
    this.#open(since === null ? 'closed' : `${model.slot?.slot} ${since}`, since);
  }

  /** Releases the picture. */
  remove() {
    this.#open('closed', null);
    this.#face.video.srcObject = null;
    this.element.remove();
  }

  /**
   * Shows the picture from the owner's first frame on, and the avatar until then.
   * @param {string} gate
   * @param {number | null} since
   */
  #open(gate, since) {
    if (this.#gate === gate) return;
    this.#gate = gate;
    this.element.classList.remove('live');
    const { video } = this.#face;
    if (!('requestVideoFrameCallback' in video)) {
      if (since !== null) this.#nextTime(gate);
      return;
    }
    video.cancelVideoFrameCallback(this.#callback);
    if (since !== null) this.#nextFrame(gate, since);
  }

  /**
   * @param {string} gate
   * @param {number} since
   */
  #nextFrame(gate, since) {
    this.#callback = this.#face.video.requestVideoFrameCallback((_now, frame) => {
      if (this.#gate !== gate) return;
      if (frame.rtpTimestamp === undefined || isFrameOfOwner(frame.rtpTimestamp, since)) {
        this.element.classList.add('live');
      } else this.#nextFrame(gate, since);
    });
  }

  /**
   * For browsers that do not report frames: the clock of the element moves with the next one.
   * @param {string} gate
   */
  #nextTime(gate) {
    const show = () => this.#gate === gate && this.element.classList.add('live');
    this.#face.video.addEventListener('timeupdate', show, { once: true });
  }
}

/** The person's own tile: mirrored, and no group, so that it is not taken for somebody else. */
export class OwnTile {
  #face = new Face();
  element = h('div', { class: 'tile own' });
  /** @type {MediaStreamTrack | null} */
  #track = null;

  constructor() {
    this.element.append(this.#face.video, this.#face.avatar, this.#face.plate);
  }

  /**
   * @param {object} own
   * @param {string} own.name
   * @param {MediaStreamTrack | null} own.camera
   * @param {boolean} own.micMuted
   */
  update({ name, camera, micMuted }) {
    this.#face.name(name, 'You', name);
    this.#face.muted = micMuted;
    this.element.classList.toggle('live', camera !== null);
    if (this.#track === camera) return;
    this.#track = camera;
    this.#face.video.srcObject = camera ? new MediaStream([camera]) : null;
    if (camera) this.#face.video.play().catch(() => {});
  }
}
