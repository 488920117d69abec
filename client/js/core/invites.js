/**
 * Links to a room for others: what works where, and the codes to look at. Pure but for the fetching it is given.
 */

/** Rows of modules from above: `1` is dark. @typedef {string[]} Modules */
/** @typedef {{ url: string, qr: Modules | null }} Invite */

/** Light modules around a code, without which readers do not find it (ISO/IEC 18004). */
const QUIET = 4;

/**
 * Whether the host leads whoever asks for it to the device they hold.
 * @param {string} hostname As `location` has it.
 */
export function isLoopback(hostname) {
  return /^(?:(?:.+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i.test(hostname);
}

/**
 * The links that lead others in the network to a room, the best first: as the server tells a browser on its own machine.
 * @param {(path: string) => Promise<unknown>} get Asks the server; throws if it gives no answer.
 * @param {string} room Its id.
 * @returns {Promise<Invite[]>} Empty also if the server tells nothing.
 */
export async function invitesTo(get, room) {
  try {
    const { links } = /** @type {{ links?: unknown }} */ (
      (await get(`/api/invites/${encodeURIComponent(room)}`)) ?? {}
    );
    return Array.isArray(links) ? links.flatMap(readInvite) : [];
  } catch (error) {
    console.warn('the server did not tell its addresses:', error);
    return [];
  }
}

/**
 * @param {unknown} value
 * @returns {Invite[]} None if it is no link.
 */
function readInvite(value) {
  const { url, qr } = /** @type {{ url?: unknown, qr?: unknown }} */ (value ?? {});
  if (typeof url !== 'string' || !/^https?:\/\//.test(url)) return [];
  return [{ url, qr: isSquare(qr) ? qr : null }];
}

/**
 * @param {unknown} rows
 * @returns {rows is Modules}
 */
function isSquare(rows) {
  return (
    Array.isArray(rows) &&
    rows.every((row) => typeof row === 'string' && row.length === rows.length && !/[^01]/.test(row))
  );
}

/**
 * A code as the data of an SVG path, and the side of the square it fills, quiet zone included.
 * @param {Modules} rows
 * @returns {{ side: number, d: string }}
 */
export function drawingOf(rows) {
  const d = rows.flatMap((row, y) =>
    [...row.matchAll(/1+/g)].map(
      ({ 0: run, index }) => `M${index + QUIET} ${y + QUIET}h${run.length}v1h-${run.length}z`,
    ),
  );
  return { side: rows.length + 2 * QUIET, d: d.join('') };
}
