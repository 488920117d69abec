/**
 * What the browser remembers. Storage may be forbidden or full: nothing here throws.
 */

/** @typedef {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>} Store */

/**
 * What brings a tab back into its call after a reload.
 * @typedef {object} Return
 * @property {string} token For `join`.
 * @property {string} name The display name.
 * @property {number} offer The id of the last offer: the next one is higher.
 * @property {boolean} camera Whether the camera was on.
 * @property {boolean} microphone Whether the microphone was on.
 * @property {number} at When the page went away, in milliseconds since 1970.
 */

/**
 * Milliseconds after which a way back leads to the door instead. Browsers bring back closed tabs with all they stored, also
 * after days: nobody's camera may go on air then without being asked.
 */
export const RETURN_WITHIN = 60_000;

/** @param {string} room */
const returnKey = (room) => `plenary.return.${room}`;

/**
 * Takes the way back out of the store: a duplicated tab copies `sessionStorage`, and must not find a token there.
 * @param {Store} store
 * @param {string} room
 * @param {number} now In milliseconds since 1970.
 * @returns {Return | null}
 */
export function takeReturn(store, room, now) {
  try {
    const text = store.getItem(returnKey(room));
    store.removeItem(returnKey(room));
    const value = text === null ? null : JSON.parse(text);
    return isReturn(value) && Math.abs(now - value.at) <= RETURN_WITHIN ? value : null;
  } catch {
    return null;
  }
}

/**
 * Puts the way back into the store, as the page goes away.
 * @param {Store} store
 * @param {string} room
 * @param {Return} value
 */
export function putReturn(store, room, value) {
  try {
    store.setItem(returnKey(room), JSON.stringify(value));
  } catch {
    // Without storage a reload asks for the name again; the call itself loses nothing.
  }
}

/**
 * @param {unknown} value
 * @returns {value is Return}
 */
function isReturn(value) {
  if (typeof value !== 'object' || value === null) return false;
  const it = /** @type {Record<string, unknown>} */ (value);
  return (
    typeof it.token === 'string' &&
    typeof it.name === 'string' &&
    Number.isInteger(it.offer) &&
    typeof it.camera === 'boolean' &&
    typeof it.microphone === 'boolean' &&
    typeof it.at === 'number'
  );
}

/**
 * @param {'name' | 'camera' | 'microphone'} key
 * @returns {string} Empty if nothing is remembered.
 */
export function remembered(key) {
  try {
    return localStorage.getItem(`plenary.${key}`) ?? '';
  } catch {
    return '';
  }
}

/**
 * @param {'name' | 'camera' | 'microphone'} key
 * @param {string} value
 */
export function remember(key, value) {
  try {
    localStorage.setItem(`plenary.${key}`, value);
  } catch {
    // Forgotten at the next visit, no more.
  }
}

/**
 * The store of this tab, or one that forgets everything if the browser forbids it.
 * @returns {Store}
 */
export function tabStore() {
  try {
    return sessionStorage;
  } catch {
    return { getItem: () => null, setItem: () => {}, removeItem: () => {} };
  }
}
