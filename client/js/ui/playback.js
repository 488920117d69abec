/**
 * Everything that plays goes on playing: what the system paused is played again, and what the browser wants a tap for is
 * begun by one tap, all of it.
 */

/** Milliseconds until what was paused again and again is played again: at first, and at most. */
const AGAIN_AFTER = 250;
const AGAIN_WITHIN = 5000;
/** What has played for so many milliseconds was not paused by what paused it before. */
const CALM = 10_000;

/** The parts of a document that are used. @typedef {Pick<Document, 'addEventListener' | 'visibilityState'>} Page */
/** @typedef {{ delay: number, at: number, timer: ReturnType<typeof setTimeout> }} Trouble */

export class Playback {
  #root;
  #refused;
  #wantsTap = false;
  /** @type {WeakMap<HTMLElement, Trouble>} */
  #troubles = new WeakMap();
  // One function for all, so that a track that is taken again tells once.
  #unmuted = () => this.#playPaused();

  /**
   * @param {HTMLElement} root Whatever gets a source in it is played.
   * @param {(refused: boolean) => void} refused The browser plays something only after a tap, or no longer.
   * @param {Page} [page]
   */
  constructor(root, refused, page = document) {
    this.#root = root;
    this.#refused = refused;
    // Events of media do not bubble, but are captured.
    root.addEventListener('loadstart', ({ target }) => this.#begins(target), true);
    root.addEventListener('pause', ({ target }) => this.#paused(target), true);
    root.addEventListener('error', ({ target }) => target instanceof HTMLAudioElement && this.#failed(), true);
    root.addEventListener('click', () => this.#wantsTap && this.playAll(), true);
    page.addEventListener('visibilitychange', () => page.visibilityState === 'visible' && this.#playPaused());
  }

  /** After a tap: everything at once. */
  playAll() {
    this.#tellRefused(false);
    this.#playPaused();
  }

  /** @param {EventTarget | null} target */
  #begins(target) {
    const { element, stream } = played(target);
    if (!element || !stream) return;
    for (const track of stream.getTracks()) track.addEventListener('unmute', this.#unmuted);
    void this.#play(element);
  }

  /**
   * By the system: a phone call, another program. The page itself pauses nothing.
   * @param {EventTarget | null} target
   */
  #paused(target) {
    const { element, stream } = played(target);
    if (element && stream) this.#later(element, () => element.paused && void this.#play(element));
  }

  /**
   * The device that plays sound is gone. Chromium has one output for all the sound of a page: it is given up, and another
   * one begun, only when no element holds it any more.
   */
  #failed() {
    this.#later(this.#root, () => {
      const sounding = this.#all().filter((element) => element instanceof HTMLAudioElement);
      const streams = sounding.map((element) => played(element).stream);
      for (const element of sounding) element.srcObject = null;
      for (const [index, element] of sounding.entries()) element.srcObject = streams[index] ?? null;
    });
  }

  /**
   * At once, but what happens again and again waits longer each time.
   * @param {HTMLElement} place
   * @param {() => void} action
   */
  #later(place, action) {
    const before = this.#troubles.get(place);
    const at = Date.now();
    const calm = !before || at - before.at > CALM;
    const delay = calm ? 0 : Math.min(AGAIN_WITHIN, Math.max(AGAIN_AFTER, 2 * before.delay));
    clearTimeout(before?.timer);
    this.#troubles.set(place, { delay, at, timer: setTimeout(action, delay) });
  }

  #playPaused() {
    for (const element of this.#silent()) void this.#play(element);
  }

  /** What should play and does not. */
  #silent() {
    return this.#all().filter((element) => element.paused && played(element).stream);
  }

  #all() {
    return [.../** @type {NodeListOf<HTMLMediaElement>} */ (this.#root.querySelectorAll('audio, video'))];
  }

  /** @param {HTMLMediaElement} element */
  async #play(element) {
    try {
      await element.play();
      if (this.#wantsTap && this.#silent().length === 0) this.#tellRefused(false);
    } catch (error) {
      // Anything else is the end of what was to be played; what comes next begins anew.
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#tellRefused(true);
    }
  }

  /** @param {boolean} refused */
  #tellRefused(refused) {
    this.#wantsTap = refused;
    this.#refused(refused);
  }
}

/**
 * @param {EventTarget | null} target
 * @returns {{ element?: HTMLMediaElement, stream?: MediaStream }}
 */
function played(target) {
  const element = /** @type {HTMLMediaElement} */ (target);
  const stream = /** @type {MediaStream | null} */ (element.srcObject);
  return stream?.active ? { element, stream } : {};
}
