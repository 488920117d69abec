/**
 * Finds out whether it is the own path that is lost. Something small is sent on the media's path, which the other end
 * acknowledges by itself; if then nothing at all comes for most of a second, nothing gets there, or nothing gets back.
 * Browsers say so after five seconds and more.
 */

/** Milliseconds between two looks. */
const EVERY = 250;
/** Looks without anything new that make a path lost: an acknowledgement may wait for 0.2 s (RFC 9260, 6.2), and a busy page for more. */
const SILENCE = 3;

/**
 * What is known of a path: how many bytes have come, and how long the way there and back took last, in milliseconds.
 * @typedef {{ received: number, roundTrip: number }} Traffic
 */

export class Pulse {
  #ask;
  #told;
  /** Which check is on; what an older one finds counts no more. */
  #check = 0;
  #on = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {() => Promise<Traffic | undefined>} ask Sends something to acknowledge; undefined if nothing can be sent.
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
    let before = await this.#ask();
    let looks = 0;
    let lost = false;
    while (before && this.#check === check) {
      await this.#wait();
      const now = await this.#ask();
      if (this.#check !== check) return;
      if (!now) break;
      if (now.received > before.received) {
        if (lost) this.#told(true);
        break;
      }
      // The sum falls when a path is given up.
      before = now;
      looks += 1;
      if (!lost && looks * EVERY >= SILENCE * EVERY + now.roundTrip) {
        lost = true;
        this.#told(false);
      }
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
 * @returns {Traffic} of all the paths of a connection
 */
export function trafficOf(report) {
  let received = 0;
  let roundTrip = 0;
  for (const stats of report.values()) {
    if (stats.type !== 'candidate-pair') continue;
    received += stats.bytesReceived ?? 0;
    roundTrip = Math.max(roundTrip, 1000 * (stats.currentRoundTripTime ?? 0));
  }
  return { received, roundTrip };
}
