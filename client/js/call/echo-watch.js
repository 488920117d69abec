/**
 * Whether this browser is in the room more than once: tabs that hear each other make an echo. Tabs of one browser tell each
 * other; what is on another device nobody knows.
 */

/** What tabs say: who they are, and whether they want to hear who else is there. @typedef {{ tab: string, asks: boolean }} Word */

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

  /**
   * @param {Channel} channel Of the room, for the tabs of this browser.
   * @param {(tabs: number) => void} told How many tabs are in the room, this one too; as soon as they are more than before.
   */
  constructor(channel, told) {
    this.#channel = channel;
    this.#told = told;
    channel.onmessage = ({ data }) => this.#heard(data);
    channel.postMessage({ tab: this.#tab, asks: true });
  }

  close() {
    this.#channel.close();
  }

  /** @param {unknown} data */
  #heard(data) {
    const { tab, asks } = /** @type {Partial<Word>} */ (data ?? {});
    if (typeof tab !== 'string' || tab === this.#tab) return;
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
