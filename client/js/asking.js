/**
 * Asks for the room that the address names, and for the words of the language, before the rest of its page is there: the door
 * opens with the answer.
 */

import { framed } from './core/frame.js';
import './core/language.js';
import { unescaped } from './core/names.js';
import { showing, takePass } from './core/pass.js';
import { tabStore, takeReturn } from './core/storage.js';

/** The id in the link, or what was made of it on its way here. */
export const linked = unescaped(location.pathname.split('/')[2] ?? '');

export const store = tabStore();

export const { pass, fresh } = takePass(store, linked, location, (address) => history.replaceState(null, '', address));

const kept = takeReturn(store, linked, Date.now());

/** What brings the page back into its call. Whoever opens another invitation comes in as who that one says. */
export const back = fresh ? null : kept;

/**
 * What the server says of a room.
 * @typedef {{ id: string, name: string, topology?: string, access?: string, locked?: boolean, starts?: number, passNeeded?: boolean, people?: number, full?: 'room' | 'server', names?: string[] }} There
 */

/** @returns {Promise<There | 'unknown-room' | 'gone' | null>} Nothing without an answer: joining will tell. */
async function ask() {
  try {
    const response = await fetch(`/api/rooms/${encodeURIComponent(linked)}`, { headers: showing(pass) });
    if (response.status === 404) return 'unknown-room';
    if (response.status === 410) return 'gone';
    if (response.ok) return await response.json();
  } catch (error) {
    console.warn('the room could not be asked for:', error);
  }
  return null;
}

/** Who comes back does not ask; in a frame they go in by a click, as everybody. */
export const answer = back && !framed ? Promise.resolve(null) : ask();
