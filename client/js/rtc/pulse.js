/**
 * Finds out whether it is the own path that is lost. Something small is sent on the media's path, which the other end
 * acknowledges by itself; if then nothing at all comes for most of a second, nothing gets there, or nothing gets back.
 * Browsers say so after five seconds and more.
 */

/** Milliseconds between two looks. */
const EVERY = 250;
/** Looks without anything new that make a path lost. An acknowledgement takes 0.2 s at most (RFC 9260, 6.2) and the way. */
const SILENCE = 3;

export class Pulse {
  #ask;
  #told;
  /** Which check is on; what an older one finds counts no more. */
  #check = 0;
  #on = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {() => Promise<number | undefined>} ask Sends something to acknowledge, and says how much has come so far; undefined
   *     if nothing can be sent.
   * @param {(beats: boolean) => void} told The path is lost, or it was and something comes again.
   */
  constructor(ask, told) {
    this.#ask = ask;
    this.#told = told;
  }

  /** Something that flowed has stopped. */
  check() {
    if (this.#on) return;
    this.#on = true;
    this.#check += 1;
    // Of a connection that is closed nothing can be read.
    this.#follow(this.#check).catch(() => this.stop());
  }

  stop() {
    this.#on = false;
    this.#check += 1;
    clearTimeout(this.#timer);
  }

  /** @param {number} check */
  async #follow(check) {
    const first = await this.#ask();
    let looks = 0;
    while (first !== undefined && this.#check === check) {
      await this.#wait();
      const received = await this.#ask();
      if (this.#check !== check) return;
      if (received !== first) {
        if (looks >= SILENCE) this.#told(true);
        break;
      }
      looks += 1;
      if (looks === SILENCE) this.#told(false);
    }
    if (this.#check === check) this.#on = false;
  }

  #wait() {
    return new Promise((resolve) => {
      this.#timer = setTimeout(resolve, EVERY);
    });
  }
}

/**
 * @param {RTCStatsReport} report
 * @returns {number} The bytes that came over all the paths of a connection.
 */
export function receivedOf(report) {
  let received = 0;
  for (const stats of report.values()) {
    if (stats.type === 'candidate-pair') received += stats.bytesReceived ?? 0;
  }
  return received;
}
