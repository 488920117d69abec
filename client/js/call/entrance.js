/**
 * Whether the page gets in at all, and if not, why: before the first `welcome` a socket that fails tells nothing, but the
 * server may still answer a plain request.
 */

/** Milliseconds without a welcome after which it is looked into. A refused socket is looked into at once. */
export const LOOK_AFTER = 8000;
/** Milliseconds the server may take to answer a plain request. */
const ANSWER_WITHIN = 2000;
/** Milliseconds until nothing more is tried without being asked to: a restart takes less. */
export const GIVE_UP_AFTER = 30_000;

/**
 * The server does not answer; or it does, but something on the way lets no WebSocket through, or changes what it asks.
 * @typedef {'no-answer' | 'no-socket'} Obstacle
 */

/** @typedef {{ obstacle: Obstacle | null, tries: boolean }} Waiting What is in the way, and whether it is still tried. */

/**
 * Whether the server answers a plain request.
 * @returns {Promise<boolean>}
 */
async function answers() {
  try {
    const response = await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(ANSWER_WITHIN) });
    return response.ok;
  } catch {
    return false;
  }
}

export class Entrance {
  #told;
  #stop;
  #ask;
  /** @type {ReturnType<typeof setTimeout>[]} */
  #timers = [];
  /** @type {Obstacle | null} */
  #obstacle = null;
  #waits = false;

  /**
   * @param {(waiting: Waiting) => void} told
   * @param {() => void} stop No further attempts.
   * @param {() => Promise<boolean>} [ask] Whether the server answers a plain request.
   */
  constructor(told, stop, ask = answers) {
    this.#told = told;
    this.#stop = stop;
    this.#ask = ask;
  }

  /** The first attempt begins, or one after all were given up. */
  waits() {
    this.passed();
    this.#waits = true;
    this.#timers = [
      setTimeout(() => void this.failed(), LOOK_AFTER),
      setTimeout(() => void this.#giveUp(), GIVE_UP_AFTER),
    ];
    this.#tell(null, true);
  }

  /** An attempt has failed. */
  async failed() {
    if (!this.#waits) return;
    const obstacle = (await this.#ask()) ? 'no-socket' : 'no-answer';
    if (this.#waits) this.#tell(obstacle, true);
  }

  /** The server has let the page in, or has said itself why not. */
  passed() {
    this.#waits = false;
    this.#timers.forEach(clearTimeout);
  }

  async #giveUp() {
    if (this.#obstacle === null) await this.failed();
    if (!this.#waits) return;
    this.passed();
    this.#stop();
    this.#tell(this.#obstacle, false);
  }

  /**
   * @param {Obstacle | null} obstacle
   * @param {boolean} tries
   */
  #tell(obstacle, tries) {
    this.#obstacle = obstacle;
    this.#told({ obstacle, tries });
  }
}
