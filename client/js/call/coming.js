/**
 * What comes of others from the server, as far as its connection tells.
 */

import { tilesOf } from './room-state.js';

/** @import { Link } from '../rtc/link.js' */
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
 * When something of somebody came last: of their pictures if they have a slot with one, else of their sound.
 * @param {Readonly<RoomState>} state
 * @param {Pick<Link, 'newestOf'>} link
 * @param {string} peer
 * @returns {number} It changes when something comes; 0 before anything did.
 */
export function newestOf(state, link, peer) {
  const times = (/** @type {'audio' | 'video'} */ kind) =>
    state[kind].filter((slot) => slot.peer === peer).map(({ slot }) => link.newestOf(kind, slot));
  const pictures = times('video');
  return Math.max(0, ...(pictures.length > 0 ? pictures : times('audio')));
}
