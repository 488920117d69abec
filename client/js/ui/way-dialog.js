/**
 * Which way media goes: a badge, and a dialog that says why, what that means for one's address, and lets one choose.
 */

import { byId } from '../core/dom.js';
import { rateWords } from '../core/rates.js';
import { remember } from '../core/storage.js';
import { word } from '../core/words.js';
import { sheet } from './sheet.js';
import { VerifyList } from './verify-list.js';

/** @import { Call } from '../call/call.js' */
/** @import { Sentence } from '../core/sentence.js' */
/** @import { Order } from '../call/direct.js' */
/** @import { Topology } from '../proto/messages.js' */
/** @import { Uplink } from '../rtc/mesh.js' */

/** Why media goes through the server, in a few words. @type {Record<string, string>} */
const REASONS = {
  chosen: word('way.why.chosen'),
  alone: word('way.why.alone'),
  'many-people': word('way.why.many-people'),
  'people-change': word('way.why.people-change'),
  'not-ready': word('way.why.not-ready'),
  settling: word('way.why.settling'),
  'no-path': word('way.why.no-path'),
  'path-lost': word('way.why.path-lost'),
  refused: word('way.why.refused'),
  'hidden-address': word('way.why.hidden-address'),
  'standard-client': word('way.why.standard-client'),
  'device-busy': word('way.why.device-busy'),
  'slow-uplink': word('way.why.slow-uplink'),
};

/** What the badge says, and what it is called. */
const BADGES = {
  direct: { text: word('way.badge.direct'), label: word('way.label.direct') },
  server: { text: word('way.badge.server'), label: word('way.label.server') },
};

/**
 * @param {Order} order
 * @param {number} people Who are here.
 * @returns {{ badge: 'direct' | 'server', why: string }}
 */
export function wayWords({ path, reason }, people) {
  if (path === 'direct') {
    return { badge: 'direct', why: people === 2 ? word('way.direct.two') : word('way.direct.more', { n: people }) };
  }
  if (path === 'trying') return { badge: 'server', why: word('way.trying') };
  const known = REASONS[reason];
  return { badge: 'server', why: known ? word('way.server', { why: [known] }) : word('way.badge.server') };
}

/**
 * What is sent, in a direct call: it grows with everybody who comes.
 * @param {Uplink} uplink
 * @returns {string} Empty if nothing is.
 */
export function uplinkWords({ others, bitrate, roundTrip }) {
  if (others === 0) return '';
  const sent = { n: others, rate: [rateWords(bitrate)] };
  if (roundTrip === null) return word('way.uplink', sent);
  return word('way.uplink.trip', { ...sent, trip: Math.round(roundTrip) });
}

/**
 * What is said when the way has changed.
 * @param {Order} order
 */
function changeWords({ path, reason }) {
  if (path === 'direct') return word('way.now-direct');
  const why = REASONS[reason];
  return why ? word('way.now-server.why', { why: [why] }) : word('way.now-server');
}

/**
 * @param {Call} call
 * @param {(sentence: string | Sentence) => void} announce
 */
export function wayDialog(call, announce) {
  const badge = byId('way', HTMLButtonElement);
  const dialog = byId('way-dialog', HTMLDialogElement);
  const why = byId('way-why', HTMLParagraphElement);
  const sent = byId('way-uplink', HTMLParagraphElement);
  const hide = byId('way-hide', HTMLInputElement);
  const choice = byId('way-topology', HTMLSelectElement);
  hide.checked = call.hidesAddress;
  hide.addEventListener('change', () => {
    remember('hide-address', hide.checked ? 'yes' : '');
    call.hideAddress(hide.checked);
  });
  choice.addEventListener('change', () => call.chooseTopology(/** @type {Topology} */ (choice.value)));

  const showSent = () => {
    sent.hidden = sent.textContent === '' || badge.dataset.way !== 'direct';
  };
  let before = false;
  call.on('room', ({ order, peers, direct }) => {
    const { badge: way, why: sentence } = wayWords(order, peers.length);
    const changed = badge.dataset.way !== way;
    badge.textContent = BADGES[way].text;
    badge.title = sentence;
    badge.setAttribute('aria-label', BADGES[way].label);
    badge.dataset.way = way;
    badge.dataset.path = order.path;
    showSent();
    badge.dataset.playing = String(direct.length);
    why.textContent = `${sentence[0]?.toUpperCase()}${sentence.slice(1)}.`;
    byId('way-privacy', HTMLElement).hidden = order.topology === 'sfu';
    choice.value = order.topology;
    if (changed && before) announce([changeWords(order)]);
    before = true;
  });
  call.moderation.on('change', () => {
    byId('way-owner', HTMLElement).hidden = !call.moderation.may('moderate');
  });
  call.on('welcome', ({ room }) => {
    choice.value = room.topology;
  });
  call.on('uplink', (uplink) => {
    sent.textContent = uplinkWords(uplink);
    showSent();
  });

  const people = new VerifyList(call, announce);
  call.on('room', (state) => people.show(state));

  sheet(badge, dialog, byId('way-close', HTMLButtonElement));
}
