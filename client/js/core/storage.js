/**
 * What the browser remembers. Storage may be forbidden or full: nothing here throws.
 */

/** @import { Carried } from '../call/chat.js' */

/** @typedef {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>} Store */

/**
 * What brings a tab back into its call after a reload.
 * @typedef {object} Return
 * @property {string} token For `join`.
 * @property {string} name The display name.
 * @property {number} offer The id of the last offer: the next one is higher.
 * @property {boolean} camera Whether the camera was on.
 * @property {boolean} microphone Whether the microphone was on.
 * @property {boolean} [screen] Whether a screen was shared: a page that is loaded again cannot go on with it.
 * @property {string} [roomName] What the room is called.
 * @property {number} at When the page went away, in milliseconds since 1970.
 */

/**
 * Milliseconds after which a way back leads to the door instead. Browsers bring back closed tabs with all they stored, also
 * after days: nobody's camera may go on air then without being asked.
 */
export const RETURN_WITHIN = 60_000;

/**
 * What a tab keeps of a chat through a reload: what was being written, and what the page knew.
 * @typedef {{ draft: string, carried: Carried }} KeptChat
 */

/** @param {string} room */
const chatKey = (room) => `plenary.chat.${room}`;

/**
 * Takes it out of the store: a duplicated tab is somebody else.
 * @param {Store} store
 * @param {string} room
 * @returns {KeptChat | null}
 */
export function takeChat(store, room) {
  try {
    const text = store.getItem(chatKey(room));
    store.removeItem(chatKey(room));
    const value = text === null ? null : JSON.parse(text);
    return isKeptChat(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * @param {Store} store
 * @param {string} room
 * @param {KeptChat} kept
 */
export function putChat(store, room, kept) {
  try {
    store.setItem(chatKey(room), JSON.stringify(kept));
  } catch {
    // What was being written is lost with the page, no more.
  }
}

/**
 * @param {any} value
 * @returns {value is KeptChat}
 */
function isKeptChat(value) {
  const carried = value?.carried;
  return (
    typeof value?.draft === 'string' &&
    typeof carried?.self === 'string' &&
    Number.isInteger(carried.epoch) &&
    Number.isInteger(carried.read) &&
    Array.isArray(carried.unsent) &&
    carried.unsent.every((/** @type {any} */ one) => typeof one?.ref === 'string' && typeof one?.text === 'string')
  );
}

/** @typedef {'name' | 'camera' | 'microphone' | 'lines' | 'saver' | 'share' | 'hide-address' | 'layout' | 'self' | 'corner' | 'language' | 'speaker' | 'keys'} Remembered */

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
    ['boolean', 'undefined'].includes(typeof it.screen) &&
    ['string', 'undefined'].includes(typeof it.roomName) &&
    typeof it.at === 'number'
  );
}

/**
 * @param {Remembered} key
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
 * @param {Remembered} key
 * @param {string} value
 */
export function remember(key, value) {
  try {
    localStorage.setItem(`plenary.${key}`, value);
  } catch {
    // Forgotten at the next visit, no more.
  }
}

/** Secrets kept at most: of the rooms that were made last. A room ends minutes after everybody left. */
const MOST_SECRETS = 50;

/** @returns {[room: string, secret: string][]} The oldest first. */
function secrets() {
  try {
    const kept = JSON.parse(localStorage.getItem('plenary.secrets') ?? '[]');
    return Array.isArray(kept) ? kept.filter(isSecret) : [];
  } catch {
    return [];
  }
}

/**
 * @param {unknown} value
 * @returns {value is [string, string]}
 */
function isSecret(value) {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');
}

/**
 * What shows that this browser made a room.
 * @param {string} room
 * @returns {string} Empty if it did not.
 */
export function secretOf(room) {
  return secrets().find(([kept]) => kept === room)?.[1] ?? '';
}

/**
 * @param {string} room
 * @param {string} secret Empty: it is good no more.
 */
export function keepSecret(room, secret) {
  const others = secrets().filter(([kept]) => kept !== room);
  const kept = secret ? [...others, [room, secret]] : others;
  try {
    localStorage.setItem('plenary.secrets', JSON.stringify(kept.slice(-MOST_SECRETS)));
  } catch {
    // One is a guest in one's own room, no more.
  }
}

/** What a browser is called: as the server takes it. */
const BROWSER = /^[\w-]{22,64}$/;
/** Drawn for this page, where nothing is kept. */
let drawn = '';

/**
 * What this browser is called, the same at every visit: 22 random characters of base64url.
 * @returns {string}
 */
export function browserId() {
  try {
    const kept = localStorage.getItem('plenary.browser') ?? '';
    if (BROWSER.test(kept)) return kept;
  } catch {
    // It is another one at the next visit, no more.
  }
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  drawn ||= btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
  try {
    localStorage.setItem('plenary.browser', drawn);
  } catch {
    // As above.
  }
  return drawn;
}

/** @param {string} room */
const askKey = (room) => `plenary.ask.${room}`;

/**
 * The page is about to be loaded again, to ask for admission though the person was banned.
 * @param {Store} store
 * @param {string} room
 */
export function putAsk(store, room) {
  try {
    store.setItem(askKey(room), 'yes');
  } catch {
    // They are told once more that they were banned.
  }
}

/**
 * @param {Store} store
 * @param {string} room
 * @returns {boolean} Whether the person asks; once.
 */
export function takeAsk(store, room) {
  try {
    const asks = store.getItem(askKey(room)) === 'yes';
    store.removeItem(askKey(room));
    return asks;
  } catch {
    return false;
  }
}

/**
 * @param {Store} store
 * @returns {boolean} Whether it keeps anything.
 */
export function keeps(store) {
  const key = 'plenary.keeps';
  try {
    store.setItem(key, 'yes');
    const kept = store.getItem(key) !== null;
    store.removeItem(key);
    return kept;
  } catch {
    return false;
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

/**
 * Whether what is chosen is known when the page is loaded again, and the call is gone on with.
 * @returns {boolean}
 */
export function keepsChoices() {
  try {
    return keeps(localStorage) && keeps(sessionStorage);
  } catch {
    return false;
  }
}
