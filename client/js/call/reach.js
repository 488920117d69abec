/**
 * What the server's word is worth, and what it says must not be heard. Pure.
 */

/** @import { Stream } from '../proto/messages.js' */
/** @import { RoomState } from './room-state.js' */

/**
 * Whether nothing of a sound is to be heard, whatever comes: it is muted as the server says, or of a screen that is not shared. A page may
 * send directly what it may not. While the server is away nobody is told who speaks again, and everybody is heard.
 * @param {Readonly<RoomState>} state
 * @param {string} peer
 * @param {Stream} stream
 */
export function isSilent({ peers, away }, peer, stream) {
  if (away) return false;
  const info = peers.find(({ id }) => id === peer)?.streams.find((one) => one.stream === stream);
  const ends = stream === 'screen' && (info?.video?.muted ?? true);
  return ends || (info?.audio?.muted ?? true);
}

/**
 * Whether the server is away for this page, or for somebody, as the server says.
 * @param {Readonly<RoomState>} state
 * @param {string} peer
 */
export function isAway({ peers, away }, peer) {
  return away || peers.some(({ id, state }) => id === peer && state === 'reconnecting');
}
