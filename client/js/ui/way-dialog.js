/**
 * Which way media goes: a badge, and a dialog that says why, what that means for one's address, and lets one choose.
 */

import { byId } from '../core/dom.js';
import { rateWords } from '../core/rates.js';
import { remember } from '../core/storage.js';
import { sheet } from './sheet.js';
import { VerifyList } from './verify-list.js';

/** @import { Call } from '../call/call.js' */
/** @import { Sentence } from '../core/sentence.js' */
/** @import { Order } from '../call/direct.js' */
/** @import { Topology } from '../proto/messages.js' */
/** @import { Uplink } from '../rtc/mesh.js' */

/** Why media goes through the server, in a few words. @type {Record<string, string>} */
const REASONS = {
  chosen: 'this room always does',
  alone: 'nobody else is here',
  'many-people': 'more people are here than can talk directly',
  'people-change': 'somebody came or left just now',
  'not-ready': 'somebody is still connecting',
  settling: 'a direct call ended just now',
  'no-path': 'no direct path was found',
  'path-lost': 'a direct path was lost',
  refused: 'two browsers do not understand each other',
  'hidden-address': 'somebody keeps their address to themselves',
  'standard-client': 'somebody is here with a tool that knows only the server',
  'device-busy': 'a device was too slow to send to everybody',
  'slow-uplink': 'an upload was too slow to send to everybody',
};

/**
 * @param {Order} order
 * @param {number} people Who are here.
 * @returns {{ badge: 'direct' | 'server', why: string }}
 */
export function wayWords({ path, reason }, people) {
  if (path === 'direct') {
    return { badge: 'direct', why: people === 2 ? 'direct: 2 people' : `direct: ${people} people, each to each` };
  }
  if (path === 'trying') return { badge: 'server', why: 'server: looking for a direct path' };
  const known = REASONS[reason];
  return { badge: 'server', why: known ? `server: ${known}` : 'server' };
}

/**
 * What is sent, in a direct call: it grows with everybody who comes.
 * @param {Uplink} uplink
 * @returns {string} Empty if nothing is.
 */
export function uplinkWords({ others, bitrate, roundTrip }) {
  if (others === 0) return '';
  const to = others === 1 ? 'one other' : `${others} others`;
  const trip = roundTrip === null ? '' : `, ${Math.round(roundTrip)} ms there and back`;
  return `You send ${rateWords(bitrate)} to ${to}${trip}.`;
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
  let before = '';
  call.on('room', ({ order, peers, direct }) => {
    const { badge: word, why: sentence } = wayWords(order, peers.length);
    const changed = badge.textContent !== word;
    badge.textContent = word;
    badge.title = sentence;
    badge.setAttribute('aria-label', `Media goes ${word === 'direct' ? 'directly' : 'through the server'}: ${word}`);
    badge.dataset.way = word;
    badge.dataset.path = order.path;
    showSent();
    badge.dataset.playing = String(direct.length);
    why.textContent = `${sentence[0]?.toUpperCase()}${sentence.slice(1)}.`;
    byId('way-privacy', HTMLElement).hidden = order.topology === 'sfu';
    choice.value = order.topology;
    if (changed && before) {
      announce([
        word === 'direct' ? 'You talk directly now' : `You talk through the server: ${REASONS[order.reason] ?? ''}`,
      ]);
    }
    before = word;
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
