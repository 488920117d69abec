/**
 * Who is in the room: what they send, how they are reached, and which way everybody talks.
 */

import { byId, h, nodesOf } from '../core/dom.js';
import { said } from '../core/sentence.js';
import { sheet } from './sheet.js';
import { wayWords } from './way-dialog.js';

/** @import { Call } from '../call/call.js' */
/** @import { RoomState } from '../call/room-state.js' */
/** @import { PeerInfo } from '../proto/messages.js' */

/** @type {Record<PeerInfo['state'], string>} */
const STATES = { here: '', 'no-media': 'cannot be seen or heard at present', reconnecting: 'is reconnecting' };

/**
 * What there is to know of somebody, in a few words. Pure.
 * @param {PeerInfo} peer
 * @param {Pick<RoomState, 'self' | 'direct'>} room
 * @returns {string}
 */
export function personWords({ id, state, streams }, { self, direct }) {
  const camera = streams.find(({ stream }) => stream === 'camera');
  const screen = streams.find(({ stream }) => stream === 'screen');
  const off = (/** @type {{ muted: boolean } | undefined} */ track) => !track || track.muted;
  return [
    id === self ? 'you' : direct.includes(id) ? 'direct' : 'through the server',
    STATES[state],
    off(camera?.audio) ? 'microphone off' : '',
    off(camera?.video) ? 'camera off' : '',
    off(screen?.video) ? '' : 'shares a screen',
  ]
    .filter((words) => words !== '')
    .join(' · ');
}

/** @param {Call} call */
export function peoplePanel(call) {
  const button = byId('count', HTMLButtonElement);
  const dialog = byId('people-dialog', HTMLDialogElement);
  const list = byId('people-list', HTMLUListElement);
  const way = byId('people-way', HTMLParagraphElement);
  /** @type {Map<string, { row: HTMLLIElement, name: HTMLSpanElement, words: HTMLSpanElement }>} */
  const rows = new Map();

  /** @param {string} id */
  const made = (id) => {
    const [name, words] = [h('span', { class: 'who' }), h('span', { class: 'hint' })];
    const row = { row: h('li', {}, name, words), name, words };
    rows.set(id, row);
    return row;
  };

  call.on('room', (state) => {
    const { self, peers, order } = state;
    button.hidden = peers.length === 0;
    byId('people', HTMLSpanElement).textContent = String(peers.length);
    const { why } = wayWords(order, peers.length);
    way.textContent = `${why[0]?.toUpperCase()}${why.slice(1)}.`;
    for (const [id, { row }] of rows) {
      if (peers.some((peer) => peer.id === id)) continue;
      row.remove();
      rows.delete(id);
    }
    const ordered = [...peers].sort((one, other) => Number(other.id === self) - Number(one.id === self));
    for (const [place, peer] of ordered.entries()) {
      const { row, name, words } = rows.get(peer.id) ?? made(peer.id);
      name.replaceChildren(...nodesOf(said`${peer.name}`));
      words.textContent = personWords(peer, state);
      if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
    }
  });

  sheet(button, dialog, byId('people-close', HTMLButtonElement));
}
