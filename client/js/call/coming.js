/**
 * What comes of others from the server, as far as its connection tells.
 */

import { tilesOf } from './room-state.js';

/** @import { Link } from '../rtc/link.js' */
/** @import { Kind } from '../proto/messages.js' */
/** @import { RoomState } from './room-state.js' */

/**
 * The lines (mid) on which somebody's picture comes that should move: a screen may stand.
 * @param {Readonly<RoomState>} state
 * @param {Pick<Link, 'midsOf'>} link
 * @returns {string[]}
 */
export function movingLines(state, link) {
  const moving = tilesOf(state).filter(({ stream, cameraOff, absent, direct }) => {
    return stream === 'camera' && !cameraOff && absent === null && !direct;
  });
  return moving.flatMap(({ slot }) => (slot && slot.since !== null ? link.midsOf(slot.slot) : []));
}

/**
 * When something of somebody came last, by what they are sending.
 * @param {Readonly<RoomState>} state
 * @param {Pick<Link, 'newestOf'>} link
 * @param {string} peer
 * @returns {Partial<Record<Kind, number>>} Each changes when something of it comes; 0 before anything did.
 */
export function newestOf(state, link, peer) {
  const camera = state.peers.find(({ id }) => id === peer)?.streams.find(({ stream }) => stream === 'camera');
  /** @type {Partial<Record<Kind, number>>} */
  const newest = {};
  for (const kind of /** @type {const} */ (['audio', 'video'])) {
    if (camera?.[kind]?.muted ?? true) continue;
    const slots = state[kind].filter((slot) => slot.peer === peer && slot.stream === 'camera');
    newest[kind] = Math.max(0, ...slots.map(({ slot }) => link.newestOf(kind, slot)));
  }
  return newest;
}
