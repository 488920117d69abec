/**
 * What a call tells whoever shows it, as types.
 * @module
 */

/** @import { Quality } from '../rtc/encodings.js' */
/** @import { Link, LinkOptions } from '../rtc/link.js' */
/** @import { LocalMedia } from '../rtc/local-media.js' */
/** @import { ScreenShare } from '../rtc/screen-share.js' */
/** @import { Return } from '../core/storage.js' */
/** @import { Kind, RoomInfo, Stream, Trouble, Welcome } from '../proto/messages.js' */
/** @import { Limited } from '../rtc/limit-watch.js' */
/** @import { Uplink } from '../rtc/mesh.js' */
/** @import { Path } from '../rtc/path-watch.js' */
/** @import { News } from '../core/news.js' */
/** @import { Waiting } from './entrance.js' */
/** @import { RoomState } from './room-state.js' */

/**
 * What a call is made of.
 * @typedef {object} CallOptions
 * @property {string} url Of the socket.
 * @property {string} room
 * @property {string} name
 * @property {LocalMedia} media
 * @property {ScreenShare} share
 * @property {Return | null} back What a reloaded page remembers.
 * @property {Quality} [quality] What the person allows.
 * @property {string} [secret] Shows that one made the room; empty if somebody else did.
 * @property {string} [browser] What this browser is called, always the same.
 * @property {boolean} [knock] Asks for admission, though one was banned.
 * @property {string} [pass] An access token; empty if there is none.
 * @property {boolean} [hidesAddress] The person keeps their address to themselves.
 * @property {(options: LinkOptions) => Link} [connect] Makes a connection, or has made one.
 */

/**
 * What works, and what does not.
 * @typedef {object} Health
 * @property {boolean} socket
 * @property {boolean} silent There is a socket, but nobody answers on it.
 * @property {boolean} full The server has no place.
 * @property {Waiting | null} entrance Until the page was let in for the first time.
 * @property {Path} path
 */

/**
 * @typedef {object} CallEvents
 * @property {Readonly<RoomState>} room
 * @property {Welcome} welcome
 * @property {{ kind: Kind, slot: number, track: MediaStreamTrack }} slot
 * @property {{ peer: string, stream: Stream, kind: Kind, track: MediaStreamTrack | null }} direct What comes of somebody directly, before
 *   it is to be seen or heard.
 * @property {Uplink} uplink What is sent directly.
 * @property {{ room: RoomInfo, knocks: boolean }} waiting One waits to be admitted; `knocks` as long as the server is there.
 * @property {News} announce For the live region.
 * @property {Health} health
 * @property {Trouble} trouble Why sound and picture do not get through.
 * @property {number | null} downlink What the connection is thought to carry, in bits a second.
 * @property {Limited} limited The browser cannot afford what it was asked to send, or can again.
 * @property {null} outdated The page is older than the server, or the server says that it is of another one; nobody was
 *   inside yet.
 * @property {null} secret-refused The room was made by somebody else; one enters as a guest.
 * @property {string} pass-refused The access token is not good; what is wrong with it.
 * @property {null} bad-name The server takes another name only: {@link Call.startAs}.
 * @property {string} ended Why: `taken-over` or the code of an error.
 */

export {};
