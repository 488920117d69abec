/**
 * Whether this browser is in the room more than once: tabs that hear each other make an echo. Tabs of one browser tell each
 * other; what is on another device nobody knows.
 */

/** What tabs say: who they are, whether they want to hear who else is there, and that they go. @typedef {{ tab: string, asks: boolean, goes?: boolean }} Word */

/**
 * @typedef {object} Channel
 * @property {(word: Word) => void} postMessage
 * @property {() => void} close
 * @property {((event: { data: unknown }) => void) | null} onmessage
 */

export class EchoWatch {
  #channel;
  #tab = Math.random().toString(36).slice(2);
  /** @type {Set<string>} */
  #others = new Set();
  #told;
  #closed = false;

  /**
   * @param {Channel} channel Of the room, for the tabs of this browser.
   * @param {(tabs: number) => void} told How many tabs are in the room, this one too; as soon as they are more than before, or fewer.
   */
  constructor(channel, told) {
    this.#channel = channel;
    this.#told = told;
    channel.onmessage = ({ data }) => this.#heard(data);
    channel.postMessage({ tab: this.#tab, asks: true });
  }

  /** Not in the room any more: a page that is loaded again is another tab, and would be one more. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#channel.postMessage({ tab: this.#tab, asks: false, goes: true });
    this.#channel.close();
  }

  /** @param {unknown} data */
  #heard(data) {
    const { tab, asks, goes } = /** @type {Partial<Word>} */ (data ?? {});
    if (typeof tab !== 'string' || tab === this.#tab) return;
    if (goes) {
      if (this.#others.delete(tab)) this.#told(this.#others.size + 1);
      return;
    }
    if (asks) this.#channel.postMessage({ tab: this.#tab, asks: false });
    if (this.#others.has(tab)) return;
    this.#others.add(tab);
    this.#told(this.#others.size + 1);
  }
}

/**
 * The channel of a room, where the browser has such a thing.
 * @param {string} room
 * @returns {Channel | null}
 */
export function tabsOf(room) {
  return 'BroadcastChannel' in globalThis
    ? /** @type {Channel} */ (/** @type {unknown} */ (new BroadcastChannel(`plenary.tabs.${room}`)))
    : null;
}
