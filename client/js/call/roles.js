/**
 * Who is what in a room, and what somebody who moderates may do about whom. The server decides; this is what is offered. Pure.
 */

import { said } from '../core/sentence.js';

/** @import { Sentence } from '../core/sentence.js' */
/** @import { Keeping, ModerationWish, PeerInfo, Role } from '../proto/messages.js' */

/** From the first to the last. @type {Role[]} */
export const ROLES = ['owner', 'moderator', 'speaker', 'listener'];

/** How each is called. @type {Record<Role, string>} */
export const ROLE_NAMES = { owner: 'Owner', moderator: 'Moderator', speaker: 'Speaker', listener: 'Listener' };

/** What somebody may send, and what is said to whoever may not. */
export const DEVICE_GRANTS = /** @type {const} */ (['microphone', 'camera', 'screen']);

/** @typedef {(typeof DEVICE_GRANTS)[number]} DeviceGrant */

/**
 * A role as this page knows it: an older server says none, a newer one may have others.
 * @param {string | undefined} role
 * @returns {Role}
 */
export function roleOf(role) {
  return ROLES.find((known) => known === role) ?? 'speaker';
}

/**
 * What one may do. Before there were roles everybody in a room was heard and seen.
 * @param {{ role?: string, grants?: string[] }} said
 * @returns {string[]}
 */
export function grantsOf({ role, grants = [] }) {
  return role === undefined ? [...grants, ...DEVICE_GRANTS] : grants;
}

/**
 * A role in the list of who is here.
 * @param {string | undefined} role
 * @returns {string} Empty of whoever is nothing special.
 */
export function roleWords(role) {
  const known = roleOf(role);
  return known === 'speaker' ? '' : known;
}

/** Whoever looks, as far as it matters here. @typedef {{ self: string, grants: readonly string[] }} Viewer */

/**
 * @param {Viewer} viewer
 * @param {PeerInfo} peer
 * @returns {boolean} Nobody decides about an owner or about themselves, and only an owner about other moderators.
 */
export function decidesAbout({ self, grants }, { id, role }) {
  if (!grants.includes('moderate') || id === self) return false;
  const known = roleOf(role);
  return known !== 'owner' && (known !== 'moderator' || grants.includes('own'));
}

/**
 * Whether one may delete what somebody wrote: of those whom one decides about, of who is not here any more, and one's own.
 * @param {{ self: string, peers: PeerInfo[] }} room
 * @param {readonly string[]} grants
 * @param {string} from Who wrote it.
 */
export function moderatesWords({ self, peers }, grants, from) {
  const peer = peers.find(({ id }) => id === from);
  return grants.includes('moderate') && (from === self || !peer || decidesAbout({ self, grants }, peer));
}

/**
 * Which roles one may give somebody; theirs is one of them.
 * @param {Viewer} viewer
 * @param {PeerInfo} peer
 * @returns {Role[]} None if they keep what they have.
 */
export function rolesFor(viewer, peer) {
  if (!decidesAbout(viewer, peer)) return [];
  return viewer.grants.includes('own') ? ROLES : ['speaker', 'listener'];
}

/**
 * Something that may be done about somebody.
 * @typedef {object} Action
 * @property {'mute' | 'camera' | 'screen' | 'hand' | 'remove' | 'ban'} key
 * @property {Sentence} words
 * @property {ModerationWish} wish
 */

/**
 * What makes sense to do about somebody as they are now.
 * @param {Viewer} viewer
 * @param {PeerInfo} peer
 * @param {boolean} raised Whether their hand is raised.
 * @returns {Action[]}
 */
export function actionsOn(viewer, peer, raised) {
  if (!decidesAbout(viewer, peer)) return [];
  const { id, name, streams } = peer;
  const camera = streams.find(({ stream }) => stream === 'camera');
  const screen = streams.find(({ stream }) => stream === 'screen');
  const on = (/** @type {{ muted: boolean } | undefined} */ track) => track?.muted === false;
  /** @type {(Action & { makesSense: boolean })[]} */
  const all = [
    {
      key: 'mute',
      words: said`Mute ${name}`,
      wish: { action: 'mute', peer: id, stream: 'camera', kind: 'audio' },
      makesSense: on(camera?.audio),
    },
    {
      key: 'camera',
      words: said`Turn off ${name}'s camera`,
      wish: { action: 'mute', peer: id, stream: 'camera', kind: 'video' },
      makesSense: on(camera?.video),
    },
    {
      key: 'screen',
      words: said`Stop ${name}'s screen`,
      wish: { action: 'mute', peer: id, stream: 'screen', kind: 'video' },
      makesSense: on(screen?.video),
    },
    {
      key: 'hand',
      words: said`Lower ${name}'s hand`,
      wish: { action: 'lower-hand', peer: id },
      makesSense: raised,
    },
    { key: 'remove', words: said`Remove ${name}`, wish: { action: 'remove', peer: id }, makesSense: true },
    { key: 'ban', words: said`Ban ${name}`, wish: { action: 'ban', peer: id }, makesSense: true },
  ];
  return all.filter(({ makesSense }) => makesSense).map(({ key, words, wish }) => ({ key, words, wish }));
}

/**
 * Why one may not send something of one's own.
 * @param {DeviceGrant} device
 * @param {readonly string[]} grants
 * @param {Role} role
 * @returns {string} Empty if one may.
 */
export function forbids(device, grants, role) {
  if (grants.includes(device)) return '';
  if (device === 'microphone') return 'Only speakers may be heard here';
  if (device === 'camera') return 'Only speakers may be seen here';
  return role === 'listener' ? 'Only speakers may share a screen here' : 'Only moderators may share a screen';
}

/** What one is and may do. @typedef {{ role: Role, grants: readonly string[] }} Rights */

/**
 * What is to be said of a change of one's own rights.
 * @param {Rights} before
 * @param {Rights} now
 * @returns {Sentence | null}
 */
export function rightsChange(before, now) {
  if (before.role !== now.role) {
    if (now.role === 'listener') return ['You are a listener now: only speakers are heard and seen here'];
    if (now.role === 'owner') return ['You are an owner of this room now'];
    if (now.role === 'moderator') return ['You are a moderator now'];
    if (before.role === 'listener') return ['You may speak now'];
    return ['You do not moderate this room any more'];
  }
  const [might, may] = [before.grants.includes('screen'), now.grants.includes('screen')];
  if (might === may) return null;
  return [may ? 'Everybody may share a screen now' : 'Only moderators may share a screen now'];
}

/**
 * Somebody muted something of one's own.
 * @param {{ stream: string, kind: string, by?: string }} muted
 * @returns {Sentence | null} Null if nobody did: one's rights say why.
 */
export function mutedWords({ stream, kind, by }) {
  if (by === undefined) return null;
  if (stream === 'screen') return kind === 'video' ? said`${by} stopped your screen` : null;
  return kind === 'audio' ? said`${by} muted your microphone` : said`${by} turned off your camera`;
}

/** How a room is kept. @typedef {{ access: string, locked: boolean, screens: string, chat: boolean, files: boolean }} Kept */

/**
 * The same of what a server says, of which an older one says less.
 * @param {Keeping} said
 * @returns {Kept}
 */
export function keptOf({ access = 'open', locked = false, screens = 'everybody', chat = true, files = true }) {
  return { access, locked, screens, chat, files };
}

/**
 * What it means for everybody.
 * @param {Kept} kept
 * @returns {string} Empty of a room that is kept as most are.
 */
export function keptWords({ access, locked, screens, chat, files }) {
  return [
    locked ? 'The room is locked: nobody new comes in.' : '',
    access === 'lobby' ? 'Whoever has the link asks to come in.' : '',
    access === 'token' ? 'Who comes in has an invitation of their own.' : '',
    chat ? '' : 'Nobody writes here.',
    files ? '' : 'Nobody sends files here.',
    screens === 'moderators' ? 'Only moderators may share a screen.' : '',
  ]
    .filter((words) => words !== '')
    .join(' ');
}

/**
 * What is to be said of a change. Who may share a screen is said with one's rights.
 * @param {Kept} before
 * @param {Kept} now
 * @returns {Sentence[]}
 */
export function keptChanges(before, now) {
  /** @type {Sentence[]} */
  const changes = [];
  if (before.locked !== now.locked) {
    changes.push([now.locked ? 'The room is locked: nobody new comes in' : 'The room is not locked any more']);
  }
  if (before.access !== now.access) changes.push([ACCESS_CHANGES[now.access] ?? 'Others come in now than before']);
  if (before.chat !== now.chat) changes.push([now.chat ? 'The chat is on now' : 'The chat is off now']);
  if (before.files !== now.files) changes.push([now.files ? 'Files may be sent now' : 'No files are sent here now']);
  return changes;
}

/** @type {Record<string, string>} */
const ACCESS_CHANGES = {
  open: 'Whoever has the link comes in now',
  lobby: 'Whoever comes has to ask now',
  token: 'Whoever comes needs an invitation of their own now',
};

/**
 * What is to be said of an end that is near, or was put off.
 * @param {{ what: string, seconds?: number }} closing
 * @returns {Sentence}
 */
export function closingWords({ what, seconds }) {
  const it = what === 'room' ? 'room' : 'meeting';
  if (seconds === undefined) return [`The ${it} does not end soon any more`];
  const minutes = Math.ceil(seconds / 60);
  return [`The ${it} ends in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}`];
}
