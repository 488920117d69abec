/**
 * Finds out whether it is the own path that is lost. A server tells a sender several times a second what has arrived; if
 * nothing at all comes for a second while something is sent, nothing gets there, or nothing gets back. Browsers say so
 * after five seconds and more.
 */

/** Milliseconds between two looks. */
const EVERY = 250;
/** Milliseconds of silence that make a path lost. Reports come ten times a second while something is sent. */
const SILENCE = 1000;
/** Milliseconds after which it is not looked any more where nothing is sent: then there is nothing to tell by. */
const GIVE_UP_AFTER = 4000;

/** Bytes of a connection since its beginning. @typedef {{ sent: number, received: number }} Traffic */

export class Pulse {
  #read;
  #told;
  /** Which check is on; an answer to an older one counts no more. */
  #check = 0;
  #on = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {() => Promise<Traffic>} read
   * @param {(beats: boolean) => void} told The path is lost, or it was and something comes again.
   */
  constructor(read, told) {
    this.#read = read;
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
    const first = await this.#read();
    let waited = 0;
    let lost = false;
    while (this.#check === check) {
      await this.#wait();
      waited += EVERY;
      const { sent, received } = await this.#read();
      if (this.#check !== check) return;
      if (received !== first.received) {
        if (lost) this.#told(true);
        break;
      }
      if (!lost && waited >= SILENCE && sent !== first.sent) {
        lost = true;
        this.#told(false);
      }
      if (!lost && waited >= GIVE_UP_AFTER) break;
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
 * What went over all the paths of a connection.
 * @param {RTCStatsReport} report
 * @returns {Traffic}
 */
export function trafficOf(report) {
  let sent = 0;
  let received = 0;
  for (const stats of report.values()) {
    if (stats.type !== 'candidate-pair') continue;
    sent += stats.bytesSent ?? 0;
    received += stats.bytesReceived ?? 0;
  }
  return { sent, received };
}
