/**
 * Where keys are pressed: in the page, and in its small window while there is one. A key means the same in both.
 */

/** @typedef {(place: Window) => void} Listen Begins to listen in a window. */

/** @type {Set<Window>} */
const places = new Set([window]);
/** @type {Set<Listen>} */
const listeners = new Set();

/**
 * @param {Listen} listen Told of each window there is, and of each that comes.
 * @returns {() => void} It is told of no more.
 */
export function everyPlace(listen) {
  listeners.add(listen);
  for (const place of places) listen(place);
  return () => listeners.delete(listen);
}

/** @param {Window} place There from now on, until it is closed. */
export function addPlace(place) {
  places.add(place);
  place.addEventListener('pagehide', () => places.delete(place));
  for (const listen of listeners) listen(place);
}
