/**
 * Who is in the room: what they are and send, how they are reached, and which way everybody talks; and for whoever moderates, who waits
 * and what may be done.
 */

import { keptWords, roleWords } from '../call/roles.js';
import { byId, icon } from '../core/dom.js';
import { word } from '../core/words.js';
import { besideIn, keepFocus } from './keep-focus.js';
import { PersonRow } from './people-actions.js';
import { PeopleSearch } from './people-search.js';
import { roomControls } from './room-controls.js';
import { sheet } from './sheet.js';
import { VolumeControl } from './volume.js';
import { waitingList } from './waiting-list.js';
import { wayWords } from './way-dialog.js';

/** @import { Call } from '../call/call.js' */
/** @import { RoomState } from '../call/room-state.js' */
/** @import { Beside } from './beside.js' */
/** @import { Volumes } from './volume.js' */
/** @import { PeerInfo } from '../proto/messages.js' */

/** @type {Record<PeerInfo['state'], string>} */
const STATES = { here: '', 'no-media': word('person.no-media'), reconnecting: word('person.reconnecting') };

/** By what somebody is here who has no page. @type {Record<string, string>} */
const CLIENTS = { whip: word('person.whip'), whep: word('person.whep') };

/**
 * What there is to know of somebody, in a few words. Pure.
 * @param {PeerInfo} peer
 * @param {Pick<RoomState, 'self' | 'direct'> & { hands?: string[] }} room
 * @returns {string}
 */
export function personWords({ id, state, streams, role, client }, { self, direct, hands = [] }) {
  const camera = streams.find(({ stream }) => stream === 'camera');
  const screen = streams.find(({ stream }) => stream === 'screen');
  const off = (/** @type {{ muted: boolean } | undefined} */ track) => !track || track.muted;
  // Who only watches has nothing that could be off.
  const watches = client === 'whep';
  const place = hands.indexOf(id) + 1;
  return [
    word(id === self ? 'person.you' : direct.includes(id) ? 'person.direct' : 'person.server'),
    roleWords(role),
    place > 0 ? word('person.hand', { n: place }) : '',
    STATES[state],
    (client && CLIENTS[client]) ?? '',
    off(camera?.audio) && !watches ? word('person.microphone-off') : '',
    off(camera?.video) && !watches ? word('person.camera-off') : '',
    off(screen?.video) ? '' : word('person.shares'),
  ]
    .filter((words) => words !== '')
    .join(' · ');
}

/**
 * Everybody in the order of the list: whose hands are raised, oneself, the others. Pure.
 * @param {Pick<RoomState, 'self' | 'peers' | 'hands'>} room
 * @returns {PeerInfo[]}
 */
export function inOrder({ self, peers, hands }) {
  const place = (/** @type {PeerInfo} */ { id }) => {
    const raised = hands.indexOf(id);
    if (raised >= 0) return raised;
    return id === self ? hands.length : hands.length + 1;
  };
  return [...peers].sort((one, other) => place(one) - place(other));
}

/**
 * @param {Call} call
 * @param {Volumes} volumes
 * @param {Beside} beside
 */
export function peoplePanel(call, volumes, beside) {
  const button = byId('count', HTMLButtonElement);
  const dialog = byId('people-dialog', HTMLDialogElement);
  const close = byId('people-close', HTMLButtonElement);
  const { moderation } = call;
  button.prepend(icon('person'));
  waitingList(moderation, close);
  roomControls(moderation, close);
  showKept(call);
  const list = peopleList(call, volumes, { dialog, after: close });
  call.on('room', ({ peers, order }) => {
    button.hidden = peers.length === 0;
    byId('people', HTMLSpanElement).textContent = String(peers.length);
    const { why } = wayWords(order, peers.length);
    byId('people-way', HTMLParagraphElement).textContent = `${why[0]?.toUpperCase()}${why.slice(1)}.`;
    list();
  });
  moderation.on('change', list);
  sheet(button, dialog, close, beside);
}

/**
 * @param {Call} call
 * @param {Volumes} volumes
 * @param {object} where
 * @param {HTMLDialogElement} where.dialog
 * @param {HTMLElement} where.after Has the focus when there is nothing else.
 * @returns {() => void} Shows it again.
 */
function peopleList(call, volumes, { dialog, after }) {
  const list = byId('people-list', HTMLUListElement);
  const { moderation } = call;
  /** @type {Map<string, PersonRow>} */
  const rows = new Map();
  /** @param {string} id */
  const made = (id) => {
    const row = new PersonRow(id, (wish) => moderation.wish(wish), new VolumeControl(id, volumes));
    rows.set(id, row);
    return row;
  };
  const show = () => {
    const { state } = call;
    const viewer = { self: state.self, grants: moderation.grants };
    for (const [id, row] of rows) {
      if (state.peers.some((peer) => peer.id === id)) continue;
      row.remove();
      rows.delete(id);
    }
    const people = inOrder(state);
    const found = new Set(search.among(people));
    for (const [place, peer] of people.entries()) {
      const row = rows.get(peer.id) ?? made(peer.id);
      row.show(peer, { words: personWords(peer, state), viewer, raised: state.hands.includes(peer.id) });
      const { element } = row;
      element.hidden = !found.has(peer);
      if (list.children[place] !== element) list.insertBefore(element, list.children[place] ?? null);
    }
  };
  const showAgain = () => {
    const focused = document.activeElement?.closest('li') ?? null;
    const place = focused ? Math.max(0, [...list.children].indexOf(focused)) : 0;
    keepFocus(list, show, () => besideIn(list, place, focused) ?? after);
  };
  const search = new PeopleSearch(dialog, showAgain);
  return showAgain;
}

/**
 * How the room is kept, for everybody: a mark beside its name, and in words in the panel.
 * @param {Call} call
 */
function showKept({ moderation }) {
  const mark = byId('locked', HTMLElement);
  const words = byId('people-kept', HTMLParagraphElement);
  mark.replaceChildren(icon('lock'));
  moderation.on('change', () => {
    mark.hidden = !moderation.kept.locked;
    words.textContent = keptWords(moderation.kept);
    words.hidden = words.textContent === '';
  });
}
