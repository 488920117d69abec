/**
 * Watches whether packets get through, and says what to try: first an ICE restart on the same connection, then a new one.
 */

/** Milliseconds that `disconnected` may last: short outages mend themselves. */
const DISCONNECTED_FOR = 5000;
/** Milliseconds an ICE restart, or a first connection, may take. */
const BACK_WITHIN = 8000;

/**
 * @typedef {object} Remedies
 * @property {() => void} restartIce
 * @property {() => void} rebuild
 * @property {(lost: boolean) => void} lost The path is lost, or back.
 */

export class PathWatch {
  #remedies;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #lost = false;
  #restarting = false;

  /** @param {Remedies} remedies */
  constructor(remedies) {
    this.#remedies = remedies;
  }

  /** @param {RTCPeerConnectionState} state */
  changed(state) {
    if (state === 'connected') {
      this.stop();
      this.#tell(false);
    } else if (state === 'failed') {
      this.#tell(true);
      if (!this.#restarting) this.#restart();
    } else if (state === 'disconnected') {
      this.#tell(true);
      if (!this.#restarting) this.#after(DISCONNECTED_FOR, () => this.#restart());
    } else if (state === 'connecting' && !this.#restarting) {
      // Browsers take half a minute to call a first connection failed.
      this.#after(BACK_WITHIN, () => {
        this.#tell(true);
        this.#restart();
      });
    }
  }

  /** Nothing more is tried until the state changes. */
  stop() {
    clearTimeout(this.#timer);
    this.#restarting = false;
  }

  #restart() {
    this.#restarting = true;
    this.#after(BACK_WITHIN, () => {
      this.#restarting = false;
      this.#remedies.rebuild();
    });
    this.#remedies.restartIce();
  }

  /** @param {boolean} lost */
  #tell(lost) {
    if (this.#lost === lost) return;
    this.#lost = lost;
    this.#remedies.lost(lost);
  }

  /**
   * @param {number} delay
   * @param {() => void} action
   */
  #after(delay, action) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, delay);
  }
}
