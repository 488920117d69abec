/**
 * How a call is.
 * @module
 */

/** @import { Path } from '../rtc/path-watch.js' */
/** @import { Waiting } from './entrance.js' */

/**
 * What works, and what does not.
 * @typedef {object} Health
 * @property {boolean} socket
 * @property {boolean} silent There is a socket, but nobody answers on it.
 * @property {boolean} full The server has no place.
 * @property {Waiting | null} entrance Until the page was let in for the first time.
 * @property {Path} path
 */

export {};
