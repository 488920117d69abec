/**
 * The rooms the server lists, page by page. Pure but for the fetching it is given.
 */

import { showing } from './pass.js';
import { word } from './words.js';

/** @typedef {{ id: string, name: string, people: number }} ListedRoom */
/** `makes` is whether who asks makes rooms: an older server does not say. @typedef {{ rooms: ListedRoom[], more: boolean, makes: boolean }} RoomList */

/** Rooms on one page, and so on the home page at first. */
export const PAGE = 20;
/** The server gives no larger page. */
const LARGEST = 100;

/**
 * The first `most` listed rooms, from as few pages as that takes. What goes while the pages come is not shown twice.
 * @param {(path: string) => Promise<unknown>} get Asks the server; throws if it gives no answer.
 * @param {number} most
 * @returns {Promise<RoomList>}
 */
export async function listedRooms(get, most) {
  /** @type {Map<string, ListedRoom>} */
  const rooms = new Map();
  /** @type {string | undefined} */
  let next;
  /** @type {boolean} */
  let makes;
  do {
    const query = new URLSearchParams({ limit: String(Math.min(LARGEST, most - rooms.size)) });
    if (next !== undefined) query.set('after', next);
    const page = readPage(await get(`/api/rooms?${query}`));
    makes = page.makes;
    for (const room of page.rooms) rooms.set(room.id, room);
    // A page that leads nowhere ends the list: it must not be asked for again and again.
    next = page.rooms.length > 0 && page.next !== next ? page.next : undefined;
  } while (next !== undefined && rooms.size < most);
  return { rooms: [...rooms.values()].slice(0, most), more: next !== undefined || rooms.size > most, makes };
}

/**
 * Whether who asks makes rooms.
 * @param {(path: string) => Promise<unknown>} get As above.
 * @returns {Promise<boolean>} True if the server does not tell: it does when a room is to be made.
 */
export async function makesRooms(get) {
  try {
    return (await listedRooms(get, 1)).makes;
  } catch (error) {
    console.warn('the server does not tell whether one makes rooms:', error);
    return true;
  }
}

/**
 * Asks the server.
 * @param {string} pass Shows that one may make rooms; empty if there is none.
 * @returns {(path: string) => Promise<unknown>} Throws without an answer.
 */
export function asking(pass) {
  return async (path) => {
    const response = await fetch(path, { headers: showing(pass) });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.json();
  };
}

/**
 * @param {unknown} body
 * @returns {{ rooms: ListedRoom[], makes: boolean, next?: string }}
 */
function readPage(body) {
  const { rooms, next, makes } = /** @type {{ rooms?: unknown, next?: unknown, makes?: unknown }} */ (body ?? {});
  if (!Array.isArray(rooms)) throw new Error('the list of rooms is no list');
  return { rooms: rooms.filter(isRoom), makes: makes !== false, ...(typeof next === 'string' ? { next } : {}) };
}

/**
 * @param {unknown} value
 * @returns {value is ListedRoom}
 */
function isRoom(value) {
  if (typeof value !== 'object' || value === null) return false;
  const { id, name, people } = /** @type {Record<string, unknown>} */ (value);
  return typeof id === 'string' && typeof name === 'string' && typeof people === 'number';
}

/**
 * @param {number} people
 * @returns {string}
 */
export function peopleWords(people) {
  return people === 0 ? word('rooms.empty') : word('rooms.people', { n: people });
}
