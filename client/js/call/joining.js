/**
 * What is said on the way in, and what an error means there and inside. Pure.
 */

import { PROTOCOL } from '../proto/messages.js';

/** @import { ChatSeen, Join } from '../proto/messages.js' */
/** @import { CallOptions } from './events.js' */

/** Codes that end an attempt to come in. */
const REFUSALS = [
  'unknown-room',
  'room-full',
  'reload',
  'forbidden',
  'locked',
  'banned',
  'lobby-full',
  'not-admitted',
  'removed',
  'ended',
  'room-over',
  'too-early',
  'pass-needed',
  'bad-pass',
];
/** Codes that end a call. */
const PUT_OUT = ['removed', 'banned', 'ended', 'room-over', 'meeting-over'];

/**
 * Who comes. What is empty or false is not said.
 * @typedef {object} Comer
 * @property {string} room
 * @property {string} name
 * @property {ChatSeen} chat
 * @property {string | undefined} token
 * @property {string} secret
 * @property {string} pass An access token; empty if there is none.
 * @property {string} browser What the browser is called, always the same.
 * @property {boolean} hideAddress
 * @property {boolean} knock Asks for admission though one was banned.
 * @property {string} roomName What the room was called when one was inside: a server that was restarted knows its link only.
 */

/**
 * @param {Pick<CallOptions, 'room' | 'name' | 'back' | 'secret' | 'pass' | 'browser' | 'hidesAddress' | 'knock'>} options
 * @returns {Omit<Comer, 'chat'>}
 */
export function comerOf({
  room,
  name,
  back,
  secret = '',
  pass = '',
  browser = '',
  hidesAddress = false,
  knock = false,
}) {
  const roomName = back?.roomName ?? '';
  return { room, name, token: back?.token, secret, pass, browser, hideAddress: hidesAddress, knock, roomName };
}

/**
 * @param {Comer} comer
 * @returns {Join}
 */
export function joinOf({ room, name, chat, token, secret, pass, browser, hideAddress, knock, roomName }) {
  return {
    type: 'join',
    room,
    name,
    protocol: PROTOCOL,
    chat,
    ...(token ? { token } : {}),
    ...(secret ? { secret } : {}),
    ...(pass ? { pass } : {}),
    ...(browser ? { browser } : {}),
    ...(hideAddress ? { hideAddress } : {}),
    ...(knock ? { knock } : {}),
    ...(roomName ? { roomName } : {}),
  };
}

/**
 * What follows from an error: it is over; one enters without the secret, or under another name; it is tried again after a while; all is
 * said again, or told; or nothing.
 * @typedef {'over' | 'guest' | 'name' | 'later' | 'again' | 'too-much' | 'nothing'} Verdict
 */

/**
 * @param {string} code
 * @param {{ inside: boolean, secret: boolean }} how Whether one is inside on this socket, and shows that one made the room.
 * @returns {Verdict}
 */
export function verdictOf(code, { inside, secret }) {
  if (inside) {
    if (PUT_OUT.includes(code)) return 'over';
    if (code === 'rate-limited') return 'again';
    return code === 'too-much-media' ? 'too-much' : 'nothing';
  }
  if (code === 'forbidden' && secret) return 'guest';
  if (REFUSALS.includes(code)) return 'over';
  if (code === 'bad-name') return 'name';
  return code === 'busy' || code === 'rate-limited' ? 'later' : 'nothing';
}
