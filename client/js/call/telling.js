/**
 * What the server is told of one's own tracks and of what one looks at: when it changes, and again where it may have passed it over.
 */

import { mutesOf } from './own-tracks.js';

/** @import { ClientMessage, Tile, TrackLine } from '../proto/messages.js' */
/** @import { Limited } from '../rtc/limit-watch.js' */
/** @import { Link } from '../rtc/link.js' */
/** @import { Own } from './own-tracks.js' */

/** Milliseconds until everything is said again after the server heard too much at once and passed something over. */
const SAY_AGAIN = 2000;

/**
 * @typedef {object} Outside
 * @property {(message: ClientMessage) => unknown} send
 * @property {() => boolean} isUp Whether the server is there.
 * @property {() => Pick<Link, 'tracks' | 'use' | 'offerAgain'> | null} link
 * @property {() => Own[]} own All that one sends.
 * @property {() => void} again What else is to be said again.
 */

export class Telling {
  #outside;
  /** @type {Tile[] | null} */
  #view = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Outside} outside */
  constructor(outside) {
    this.#outside = outside;
  }

  /** @param {Tile[]} tiles What is shown, the most important first. */
  view(tiles) {
    this.#view = tiles;
    this.sayView();
  }

  /** As it was said last. */
  sayView() {
    if (this.#view) this.#outside.send({ type: 'view', tiles: this.#view });
  }

  /** @param {TrackLine[]} lines Of which the server may not know whether something is sent. */
  mutes(lines) {
    for (const mute of mutesOf(lines, this.#outside.own())) this.#outside.send(mute);
  }

  /** @param {Limited} limited */
  limited({ stream, by }) {
    // Of a line that is not offered the server would not know.
    const known = this.#outside.link()?.tracks.some((line) => line.stream === stream && line.kind === 'video');
    if (known) this.#outside.send({ type: 'limited', stream, by });
  }

  /** One's own tracks are others now. @param {Own[]} changed */
  use(changed) {
    const link = this.#outside.link();
    if (!link) return;
    link.use(changed.map(({ stream, kind, track }) => ({ stream, kind, track })));
    for (const { stream, kind, muted } of changed) {
      // A line that is yet to be offered says it with the offer; of camera and microphone the server may hear before.
      const known = stream === 'camera' || link.tracks.some((line) => line.stream === stream && line.kind === kind);
      if (known) this.#outside.send({ type: 'mute', stream, kind, muted });
    }
  }

  /** Which message the server passed over is not known: all of them may be repeated. */
  againSoon() {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const link = this.#outside.link();
      // Otherwise it is all said after the next welcome.
      if (!this.#outside.isUp() || !link) return;
      this.mutes(link.tracks);
      this.sayView();
      this.#outside.again();
      link.offerAgain();
    }, SAY_AGAIN);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
