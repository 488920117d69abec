/** Access tokens as another program makes them (docs/tokens.md), by the server's own key. */

import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/**
 * @param {string} directory the server's
 * @param {object} may `plenary` of the token
 * @param {number} seconds for how long; below 0: it has ended
 */
export async function passOf(directory, may, seconds) {
  const key = Buffer.from((await readFile(`${directory}/state/plenary.hs256`, 'utf8')).trim(), 'base64url');
  const part = (/** @type {object} */ value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + seconds;
  const signed = `${part({ alg: 'HS256', kid: 'plenary' })}.${part({ exp, plenary: may })}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}
