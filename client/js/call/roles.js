/**
 * Who is what in a room, and what somebody who moderates may do about whom. The server decides; this is what is offered. Pure.
 */

import { say, word } from '../core/words.js';

/** @import { Did } from '../core/news.js' */
/** @import { Sentence } from '../core/sentence.js' */
/** @import { Keeping, ModerationWish, PeerInfo, Role } from '../proto/messages.js' */

/** From the first to the last. @type {Role[]} */
export const ROLES = ['owner', 'moderator', 'speaker', 'listener'];

/** How each is called. @type {Record<Role, string>} */
export const ROLE_NAMES = {
  owner: word('role.owner'),
  moderator: word('role.moderator'),
  speaker: word('role.speaker'),
  listener: word('role.listener'),
};

/** The same in the list of who is here, where whoever is nothing special has none. @type {Record<Role, string>} */
const ROLE_WORDS = {
  owner: word('person.owner'),
  moderator: word('person.moderator'),
  speaker: '',
  listener: word('person.listener'),
};

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
  return ROLE_WORDS[roleOf(role)];
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
      words: say('moderate.mute', { name }),
      wish: { action: 'mute', peer: id, stream: 'camera', kind: 'audio' },
      makesSense: on(camera?.audio),
    },
    {
      key: 'camera',
      words: say('moderate.camera', { name }),
      wish: { action: 'mute', peer: id, stream: 'camera', kind: 'video' },
      makesSense: on(camera?.video),
    },
    {
      key: 'screen',
      words: say('moderate.screen', { name }),
      wish: { action: 'mute', peer: id, stream: 'screen', kind: 'video' },
      makesSense: on(screen?.video),
    },
    {
      key: 'hand',
      words: say('moderate.hand', { name }),
      wish: { action: 'lower-hand', peer: id },
      makesSense: raised,
    },
    { key: 'remove', words: say('moderate.remove', { name }), wish: { action: 'remove', peer: id }, makesSense: true },
    { key: 'ban', words: say('moderate.ban', { name }), wish: { action: 'ban', peer: id }, makesSense: true },
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
  if (device === 'microphone') return word('may-not.microphone');
  if (device === 'camera') return word('may-not.camera');
  return word(role === 'listener' ? 'may-not.screen.listener' : 'may-not.screen');
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
    if (now.role === 'listener') return say('now.listener');
    if (now.role === 'owner') return say('now.owner');
    if (now.role === 'moderator') return say('now.moderator');
    if (before.role === 'listener') return say('now.speaker');
    return say('now.no-moderator');
  }
  const [might, may] = [before.grants.includes('screen'), now.grants.includes('screen')];
  if (might === may) return null;
  return say(may ? 'now.screens.everybody' : 'now.screens.moderators');
}

/**
 * Somebody muted something of one's own.
 * @param {{ stream: string, kind: string, by?: string }} muted
 * @returns {Did | null} Null if nobody did: one's rights say why.
 */
export function mutedNews({ stream, kind, by }) {
  if (by === undefined) return null;
  if (stream === 'screen') return kind === 'video' ? { did: 'news.screen-stopped', name: by } : null;
  return { did: kind === 'audio' ? 'news.muted-you' : 'news.camera-off', name: by };
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
    locked ? word('kept.locked') : '',
    access === 'lobby' ? word('kept.lobby') : '',
    access === 'token' ? word('kept.token') : '',
    chat ? '' : word('kept.no-chat'),
    files ? '' : word('kept.no-files'),
    screens === 'moderators' ? word('kept.screens') : '',
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
  if (before.locked !== now.locked) changes.push(say(now.locked ? 'now.locked' : 'now.unlocked'));
  if (before.access !== now.access) changes.push(ACCESS_CHANGES[now.access] ?? say('now.other-access'));
  if (before.chat !== now.chat) changes.push(say(now.chat ? 'now.chat' : 'now.no-chat'));
  if (before.files !== now.files) changes.push(say(now.files ? 'now.files' : 'now.no-files'));
  return changes;
}

/** @type {Record<string, Sentence>} */
const ACCESS_CHANGES = { open: say('now.open'), lobby: say('now.lobby'), token: say('now.token') };

/**
 * What is to be said of an end that is near, or was put off.
 * @param {{ what: string, seconds?: number }} closing
 * @returns {Sentence}
 */
export function closingWords({ what, seconds }) {
  if (what === 'server') return say('closing.server', { n: Math.ceil((seconds ?? 0) / 60) });
  if (seconds === undefined) return say(what === 'room' ? 'closing.not.room' : 'closing.not.meeting');
  return say(what === 'room' ? 'closing.room' : 'closing.meeting', { n: Math.ceil(seconds / 60) });
}
