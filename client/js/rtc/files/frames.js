/**
 * What two browsers say to each other about files, over an ordered and reliable channel of their own. Text is control, in JSON;
 * binary is a chunk of a file: its number in four bytes (big-endian), then at most `CHUNK` bytes. Pure.
 *
 * ```text
 *   sender                                   receiver
 *   offer { id, name, size } ───────────────►
 *                            ◄─────────────── accept { id }, or refuse { id, reason }
 *   chunks, each full but the last ──────────►
 *   done { id, digest } ─────────────────────►
 *                            ◄─────────────── received { id }, or refuse { id, reason }
 * ```
 *
 * Numbers are the sender's and rise. A sender may `cancel { id, reason }` at any time, and a receiver `refuse`; what is on its way then
 * is passed over. Both may send at the same time: what is about a file of one's own and of the other's has different names.
 */

/** Bytes of a frame at most, which every browser sends in one piece. */
export const FRAME = 16 * 1024;
const HEADER = 4;
/** Bytes of a file in one frame. */
export const CHUNK = FRAME - HEADER;
/** Characters of a control frame: a name of 255 characters is far below. */
const CONTROL = 4096;
/** Characters of a name that is looked at. */
const NAME = 1024;
const MOST_ID = 2 ** 32 - 1;

/** Why a file was not sent to its end. */
export const REASONS = /** @type {const} */ ([
  'declined', // the receiver does not want it, or not any more
  'withdrawn', // the sender does not want to send it any more
  'too-large', // for the receiver
  'too-many', // at once
  'too-long', // more came than was offered
  'too-short', // less did
  'digest', // what came is not what was sent
  'order', // something came that may not come at that point
  'changed', // the file changed while it was sent
  'unreadable', // it cannot be read (any more)
  'stalled', // nothing came for a long time
  'lost', // the connection ended
  'busy', // the server carries no more
  'other',
]);

/** @typedef {(typeof REASONS)[number]} Reason */

/**
 * @typedef {{ type: 'offer', id: number, name: string, size: number }
 *   | { type: 'accept', id: number }
 *   | { type: 'refuse', id: number, reason: Reason }
 *   | { type: 'cancel', id: number, reason: Reason }
 *   | { type: 'done', id: number, digest: string }
 *   | { type: 'received', id: number }} Control
 */

/** @typedef {{ type: 'chunk', id: number, bytes: Uint8Array<ArrayBuffer> }} Chunk */

/**
 * @param {number} id
 * @param {Uint8Array} bytes At most `CHUNK`.
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function chunkFrame(id, bytes) {
  const frame = new Uint8Array(HEADER + bytes.length);
  new DataView(frame.buffer).setUint32(0, id);
  frame.set(bytes, HEADER);
  return frame;
}

/**
 * @param {unknown} data As it came.
 * @returns {Control | Chunk | null} `null` if it is nothing of ours.
 */
export function parse(data) {
  if (data instanceof ArrayBuffer) {
    if (data.byteLength <= HEADER || data.byteLength > FRAME) return null;
    return { type: 'chunk', id: new DataView(data).getUint32(0), bytes: new Uint8Array(data, HEADER) };
  }
  if (typeof data !== 'string' || data.length > CONTROL) return null;
  try {
    return control(JSON.parse(data));
  } catch {
    return null;
  }
}

/**
 * @param {unknown} value
 * @returns {Control | null}
 */
function control(value) {
  if (typeof value !== 'object' || value === null) return null;
  const { type, id, name, size, reason, digest } = /** @type {Record<string, unknown>} */ (value);
  if (!isCount(id) || id > MOST_ID) return null;
  switch (type) {
    case 'offer':
      return typeof name === 'string' && name.length <= NAME && isCount(size) ? { type, id, name, size } : null;
    case 'accept':
    case 'received':
      return { type, id };
    case 'refuse':
    case 'cancel':
      return { type, id, reason: REASONS.find((known) => known === reason) ?? 'other' };
    case 'done':
      return typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest) ? { type, id, digest } : null;
    default:
      return null;
  }
}

/**
 * @param {unknown} value
 * @returns {value is number}
 */
function isCount(value) {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
