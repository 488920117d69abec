/**
 * The access token of an invitation: it comes in the part of a link that no server sees, and is taken out of the address at once, so
 * that nobody passes it on who copies that, or looks over a shoulder.
 */

/** @import { Store } from './storage.js' */

/**
 * What a link brought, or an earlier page of this tab.
 * @typedef {{ pass: string, fresh: boolean }} Shown `pass` is empty if there is none; `fresh` says that the link brought it just now.
 */

/** @param {string} room Empty: the home page's, for making rooms. */
const passKey = (room) => `plenary.pass.${room}`;

/**
 * Takes it out of the address and into the tab's store, or finds it there.
 * @param {Store} store
 * @param {string} room
 * @param {Pick<Location, 'hash' | 'pathname' | 'search'>} place
 * @param {(address: string) => void} show Another address, without a step in the history.
 * @returns {Shown}
 */
export function takePass(store, room, place, show) {
  const parts = new URLSearchParams(place.hash.slice(1));
  const brought = parts.get('pass');
  if (brought === null) return { pass: keptPass(store, room), fresh: false };
  parts.delete('pass');
  const rest = parts.toString();
  show(place.pathname + place.search + (rest && `#${rest}`));
  keepPass(store, room, brought);
  return { pass: brought, fresh: brought !== '' };
}

/**
 * @param {Store} store
 * @param {string} room
 * @param {string} pass Empty: it is good no more.
 */
export function keepPass(store, room, pass) {
  try {
    if (pass) store.setItem(passKey(room), pass);
    else store.removeItem(passKey(room));
  } catch {
    // After a reload the link has to be opened again, no more.
  }
}

/**
 * @param {Store} store
 * @param {string} room
 */
function keptPass(store, room) {
  try {
    return store.getItem(passKey(room)) ?? '';
  } catch {
    return '';
  }
}

/**
 * What shows it to the server over HTTP.
 * @param {string} pass
 * @returns {Record<string, string>}
 */
export function showing(pass) {
  return pass ? { authorization: `Bearer ${pass}` } : {};
}
