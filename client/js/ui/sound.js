/**
 * The sound of a call: one `<audio>` for each slot, and one for each sound that comes directly. Everybody is heard on one way only.
 */

import { h } from '../core/dom.js';

/** How people are to be heard. @typedef {{ volume: (peer: string) => number, deaf: () => boolean }} Hearing */

/** @import { AudioSlot, Stream } from '../proto/messages.js' */

export class Sound {
  #root;
  #hearing;
  /** @type {Map<number, HTMLAudioElement>} */
  #slots = new Map();
  /** By peer and stream. @type {Map<string, { peer: string, stream: Stream, audio: HTMLAudioElement }>} */
  #direct = new Map();
  /** Whose voice each slot carries. @type {AudioSlot[]} */
  #shows = [];
  /** Who is heard directly. @type {string[]} */
  #heard = [];
  /** Of whom nothing is to be heard, whatever comes. @type {(peer: string, stream: Stream) => boolean} */
  #silent = () => true;

  /**
   * @param {HTMLElement} root Holds the elements.
   * @param {Hearing} hearing
   */
  constructor(root, hearing) {
    this.#root = root;
    this.#hearing = hearing;
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
    this.#direct.set(name, { peer, stream, audio });
    // Silent until it is their turn.
    this.#mute();
    audio.srcObject = track ? new MediaStream([track]) : null;
  }

  /**
   * @param {object} room
   * @param {AudioSlot[]} room.audio
   * @param {string[]} room.direct Who is heard directly.
   * @param {string[]} room.people Who is there.
   * @param {(peer: string, stream: Stream) => boolean} room.silent Of whom nothing is to be heard directly, whatever comes.
   */
  show({ audio, direct, people, silent }) {
    this.#shows = audio;
    this.#silent = silent;
    this.#heard = direct;
    for (const [name, { peer, audio: element }] of this.#direct) {
      if (people.includes(peer)) continue;
      element.srcObject = null;
      element.remove();
      this.#direct.delete(name);
    }
    this.#mute();
  }

  /** People are to be heard otherwise. */
  renew() {
    this.#mute();
  }

  #mute() {
    for (const [slot, audio] of this.#slots) {
      const whose = this.#shows.find((one) => one.slot === slot)?.peer;
      this.#set(audio, whose, whose !== undefined && this.#heard.includes(whose));
    }
    for (const { peer, stream, audio } of this.#direct.values()) {
      this.#set(audio, peer, !this.#heard.includes(peer) || this.#silent(peer, stream));
    }
  }

  /**
   * The volume goes with the person: a slot has that of whom it carries.
   * @param {HTMLAudioElement} audio
   * @param {string | undefined} peer
   * @param {boolean} silent
   */
  #set(audio, peer, silent) {
    const volume = peer === undefined ? 1 : this.#hearing.volume(peer);
    // Some browsers leave the volume to the device; they mute all the same.
    audio.muted = silent || volume === 0 || this.#hearing.deaf();
    audio.volume = volume;
  }

  #element() {
    const audio = h('audio', { autoplay: true });
    this.#root.append(audio);
    return audio;
  }
}
