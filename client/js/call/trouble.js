/**
 * Tells the server how the way into the call goes: that the first picture is shown, or, once for each connection, why none may come.
 */

import { Findings } from '../rtc/findings.js';

/** @import { ClientMessage } from '../proto/messages.js' */
/** @import { Link } from '../rtc/link.js' */
/** @import { Path } from '../rtc/path-watch.js' */
/** @import { RoomState } from './room-state.js' */

export class TroubleDesk {
  #send;
  #state;
  #link = /** @type {Link | null} */ (null);
  #findings = /** @type {Findings | null} */ (null);
  #told = false;
  #shown = false;

  /**
   * @param {(message: ClientMessage) => unknown} send
   * @param {() => Readonly<RoomState>} state
   */
  constructor(send, state) {
    this.#send = send;
    this.#state = state;
  }

  /** This is the connection from now on. @param {Link | null} link */
  use(link) {
    this.#findings?.stop();
    this.#link = link;
    this.#findings = link && new Findings(link.pc, (way) => this.#sees({ type: 'shown', way }));
    const awaits = () => link?.pc.connectionState !== 'connected' || (!this.#shown && awaitsPicture(this.#state()));
    this.#findings?.start(awaits);
  }

  /**
   * The way of media is in another state.
   * @param {Path} path
   * @returns {{ path: Path }} The same, for whoever is told of it.
   */
  fares(path) {
    if (path === 'open') this.#told = false;
    if (path === 'blocked' && !this.#told && this.#findings) {
      this.#told = true;
      this.#send({ type: 'trouble', ...this.#findings.report(this.#link?.answered ?? false) });
    }
    return { path };
  }

  /** @param {ClientMessage} message */
  #sees(message) {
    if (!this.#shown) this.#send(message);
    this.#shown = true;
  }
}

/** @param {Readonly<RoomState>} state */
const awaitsPicture = ({ video }) => video.some(({ since }) => since !== null);
