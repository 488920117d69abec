/**
 * The sound of a call: one `<audio>` for each slot, and one for each sound that comes directly. Everybody is heard on one way only.
 */

import { h } from '../core/dom.js';

/** @import { AudioSlot, Stream } from '../proto/messages.js' */

export class Sound {
  #root;
  /** @type {Map<number, HTMLAudioElement>} */
  #slots = new Map();
  /** By peer and stream. @type {Map<string, { peer: string, audio: HTMLAudioElement }>} */
  #direct = new Map();
  /** Whose voice each slot carries. @type {AudioSlot[]} */
  #shows = [];
  /** Who is heard directly. @type {string[]} */
  #heard = [];

  /** @param {HTMLElement} root Holds the elements. */
  constructor(root) {
    this.#root = root;
  }

  /**
   * @param {number} slot
   * @param {MediaStreamTrack} track
   */
  setSlot(slot, track) {
    const audio = this.#slots.get(slot) ?? this.#element();
    this.#slots.set(slot, audio);
    audio.srcObject = new MediaStream([track]);
    this.#mute();
  }

  /**
   * @param {string} peer
   * @param {Stream} stream
   * @param {MediaStreamTrack | null} track
   */
  setDirect(peer, stream, track) {
    const name = `${peer}/${stream}`;
    const { audio } = this.#direct.get(name) ?? { audio: this.#element() };
    this.#direct.set(name, { peer, audio });
    // Silent until it is their turn.
    audio.muted = !this.#heard.includes(peer);
    audio.srcObject = track ? new MediaStream([track]) : null;
  }

  /**
   * @param {object} room
   * @param {AudioSlot[]} room.audio
   * @param {string[]} room.direct Who is heard directly.
   * @param {string[]} room.people Who is there.
   */
  show({ audio, direct, people }) {
    this.#shows = audio;
    this.#heard = direct;
    for (const [name, { peer, audio: element }] of this.#direct) {
      if (people.includes(peer)) continue;
      element.srcObject = null;
      element.remove();
      this.#direct.delete(name);
    }
    this.#mute();
  }

  #mute() {
    for (const [slot, audio] of this.#slots) {
      const whose = this.#shows.find((one) => one.slot === slot)?.peer;
      audio.muted = whose !== undefined && this.#heard.includes(whose);
    }
    for (const { peer, audio } of this.#direct.values()) audio.muted = !this.#heard.includes(peer);
  }

  #element() {
    const audio = h('audio', { autoplay: true });
    this.#root.append(audio);
    return audio;
  }
}
