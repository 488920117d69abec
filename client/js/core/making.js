/**
 * Making rooms: what the server is asked, and what its answer means. Pure but for the fetching it is given.
 */

import { showing } from './pass.js';
import { said } from './sentence.js';

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
    return {
      refused: `Rooms are made here by people who were given a link for it. ${pass ? 'Yours is not good for this one' : 'You have none'}: ask whoever runs this server.`,
    };
  }
  if (response.status === 429 || response.status === 503) {
    return { refused: `No room can be made at present${why(body.detail)}. Try again in a minute.` };
  }
  return { refused: `The room cannot be made${why(body.detail ?? body.title)}. Try another name.` };
}

/**
 * The rest of a sentence, as the server says it.
 * @param {unknown} detail
 */
function why(detail) {
  return typeof detail === 'string' && detail ? `: ${detail}` : '';
}

/**
 * @param {string} name
 * @returns {Sentence}
 */
export function existsAlready(name) {
  return said`A public room called “${name}” exists already. Open it, or choose another name.`;
}
