/**
 * Listeners by event name, with types. Smaller than `EventTarget` for values that are no DOM events.
 * @template {object} Events
 */
export class Emitter {
  /** @type {Map<keyof Events, Set<(value: never) => void>>} */
  #listeners = new Map();

  /**
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(value: Events[Name]) => void} listener
   * @returns {() => void} Stops listening.
   */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(name, listeners);
    return () => listeners.delete(listener);
  }

  /**
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {Events[Name]} value
   */
  emit(name, value) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      /** @type {(value: Events[Name]) => void} */ (listener)(value);
    }
  }
}
