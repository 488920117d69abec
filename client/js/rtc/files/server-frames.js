/**
 * What a browser and the server say to each other on the data channel for files: bytes both ways, and how many of them may be sent. Pure.
 */

/** Of the other browser's id, and of the file's number. */
const PEER = 8;
const HEADER = PEER + 4;
/** Bytes of a file in one frame to the server. */
export const PIECE = 16 * 1024;
/** Characters of a text frame. */
const TEXT = 1024;

/** @typedef {{ peer: string, id: number, bytes: Uint8Array<ArrayBuffer> }} Piece */
/** So many bytes more may be sent of a file. @typedef {{ peer: string, id: number, more: number }} More */

/**
 * @param {Piece} piece
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function pieceFrame({ peer, id, bytes }) {
  const frame = new Uint8Array(HEADER + bytes.length);
  const view = new DataView(frame.buffer);
  view.setBigUint64(0, BigInt(`0x${peer}`));
  view.setUint32(PEER, id);
  frame.set(bytes, HEADER);
  return frame;
}

/**
 * @param {unknown} data As it came.
 * @returns {Piece | More | null} `null` if it is nothing of ours.
 */
export function parseFromServer(data) {
  if (data instanceof ArrayBuffer) {
    if (data.byteLength <= HEADER || data.byteLength > HEADER + PIECE) return null;
    const view = new DataView(data);
    const peer = view
      .getBigUint64(0)
      .toString(16)
      .padStart(2 * PEER, '0');
    return { peer, id: view.getUint32(PEER), bytes: new Uint8Array(data, HEADER) };
  }
  if (typeof data !== 'string' || data.length > TEXT) return null;
  try {
    const { type, to, id, bytes } = JSON.parse(data);
    const isMore = type === 'more' && typeof to === 'string' && Number.isSafeInteger(id);
    return isMore && Number.isSafeInteger(bytes) && bytes > 0 ? { peer: to.toLowerCase(), id, more: bytes } : null;
  } catch {
    return null;
  }
}
