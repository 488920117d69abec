/**
 * Watches whether packets get through, and says what to try: first an ICE restart on the same connection, then a new one.
 */

/** Milliseconds that `disconnected` may last: short outages mend themselves. */
const DISCONNECTED_FOR = 5000;
/** Milliseconds an ICE restart, or a first connection, may take. */
const BACK_WITHIN = 8000;

/**
 * How sound and picture fare: they get through; their first connection takes long; they did and do not at present; an ICE
 * restart has not helped either, so something on the way may hold them up for good.
 * @typedef {'open' | 'slow' | 'lost' | 'blocked'} Path
 */

/**
 * @typedef {object} Remedies
 * @property {() => void} restartIce
 * @property {() => void} rebuild
 * @property {(path: Path) => void} told The path is in another state.
 */

export class PathWatch {
  #remedies;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {Path} */
  #path = 'open';
  /** @type {RTCPeerConnectionState} */
  #state = 'new';
  #wasOpen = false;
  #restarting = false;

  /** @param {Remedies} remedies */
  constructor(remedies) {
    this.#remedies = remedies;
  }

  /** @param {RTCPeerConnectionState} state */
  changed(state) {
    this.#state = state;
    if (state === 'connected') {
      this.stop();
      this.#wasOpen = true;
      this.#tell('open');
    } else if (state === 'failed') {
      this.#notOpen();
      if (!this.#restarting) this.#restart();
    } else if (state === 'disconnected') {
      this.#notOpen();
      if (!this.#restarting) this.#after(DISCONNECTED_FOR, () => this.#restart());
    } else if (state === 'connecting' && !this.#restarting) {
      // Browsers take half a minute to call a first connection failed.
      this.#after(BACK_WITHIN, () => {
        this.#notOpen();
        this.#restart();
      });
    }
  }

  /**
   * What is known before the browser says so: nothing comes through at present, or something does again. What is to be
   * tried, and when, is decided by what the browser says.
   * @param {boolean} beats
   */
  felt(beats) {
    if (this.#state === 'connected') this.#tell(beats ? 'open' : 'lost');
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
      this.#tell('blocked');
      this.#remedies.rebuild();
    });
    this.#remedies.restartIce();
  }

  /** What is known to be blocked stays so while other connections are tried. */
  #notOpen() {
    if (this.#path === 'open') this.#tell(this.#wasOpen ? 'lost' : 'slow');
  }

  /** @param {Path} path */
  #tell(path) {
    if (this.#path === path) return;
    this.#path = path;
    this.#remedies.told(path);
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
