/**
 * Making rooms: what the server is asked, and what its answer means. Pure but for the fetching it is given.
 */

import { showing } from './pass.js';
import { word } from './words.js';

/** @import { Sentence } from './sentence.js' */

/**
 * A room was made, and this shows by whom; there is a listed one of this name; or it cannot be made, for this reason.
 * @typedef {{ made: string, secret: string } | { exists: string } | { refused: string }} Making
 */

/** How the id of a room that is not listed ends, or all of it. */
const DRAWN = /(?:^|-)[a-z2-7]{8}-[a-z2-7]{13}$/;

/**
 * The name that a room with this id may have had.
 * @param {string} id
 * @returns {string} Empty if the id says nothing of it.
 */
export function nameOfId(id) {
  return id
    .replace(DRAWN, '')
    .replaceAll(/[-\s]+/g, ' ')
    .trim();
}

/**
 * @param {typeof fetch} ask Throws if the server gives no answer.
 * @param {{ name: string, listed: boolean, lasts?: boolean, topology?: string, access?: string }} room
 * @param {string} [pass] Shows that one may make rooms.
 * @returns {Promise<Making>}
 */
export async function makeRoom(ask, room, pass = '') {
  const response = await ask('/api/rooms', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...showing(pass) },
    body: JSON.stringify(room),
  });
  const body = await response.json().catch(() => ({}));
  if (response.status === 201 && typeof body.id === 'string') {
    return { made: body.id, secret: typeof body.secret === 'string' ? body.secret : '' };
  }
  if (response.status === 409 && typeof body.id === 'string') return { exists: body.id };
  if (response.status === 401 || response.status === 403) {
    return { refused: word(pass ? 'making.bad-pass' : 'making.no-pass') };
  }
  if (response.status === 429 || response.status === 503) {
    const why = reason(body.detail);
    return { refused: why ? word('making.busy.why', { why }) : word('making.busy') };
  }
  const why = reason(body.detail ?? body.title);
  return { refused: why ? word('making.cannot.why', { why }) : word('making.cannot') };
}

/**
 * Part of a sentence, as the server says it: in English.
 * @param {unknown} detail
 * @returns {Sentence | null}
 */
function reason(detail) {
  return typeof detail === 'string' && detail ? [detail] : null;
}
