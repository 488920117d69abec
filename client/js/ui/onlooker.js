/**
 * Whether anybody looks at a page: pictures for a tab in the background are of no use to anybody.
 */

/** Milliseconds a page is hidden before it counts: who looks something up comes back to pictures that never stopped. */
const AWAY_AFTER = 5000;

/** As much of a document as it takes. @typedef {Pick<Document, 'hidden' | 'addEventListener'>} Page */

export class Onlooker {
  #page;
  #told;
  #away = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {Page} page
   * @param {() => void} told When {@link away} has changed.
   */
  constructor(page, told) {
    this.#page = page;
    this.#told = told;
    page.addEventListener('visibilitychange', () => this.#look());
    this.#look();
  }

  /** Nobody has looked for some seconds. */
  get away() {
    return this.#away;
  }

  #look() {
    clearTimeout(this.#timer);
    if (this.#page.hidden) this.#timer = setTimeout(() => this.#set(true), AWAY_AFTER);
    else this.#set(false);
  }

  /** @param {boolean} away */
  #set(away) {
    if (away === this.#away) return;
    this.#away = away;
    this.#told();
  }
}
