/**
 * What the client knows of its room: who is in it, what each slot carries, and so what each tile shows. Pure.
 */

import { said } from '../core/sentence.js';
import { say, word } from '../core/words.js';
import { THROUGH_SERVER } from './direct.js';
import { handChanges, handsOf } from './hands.js';
import { roleOf } from './roles.js';

/** @import { Did, News } from '../core/news.js' */
/** @import { Sentence } from '../core/sentence.js' */
/** @import { Order } from './direct.js' */
/** @import { AudioSlot, PeerInfo, PeerJoined, PeerLeft, Peers, Reason, Slots, Speaker, Stream, VideoSlot, Welcome } from '../proto/messages.js' */

/**
 * @typedef {object} RoomState
 * @property {string} self The own peer id.
 * @property {PeerInfo[]} peers
 * @property {VideoSlot[]} video
 * @property {AudioSlot[]} audio
 * @property {string} speaker Who has the floor; empty if nobody does.
 * @property {Order} order Which way media goes.
 * @property {string[]} direct Who is seen and heard directly.
 * @property {string[]} hands Whose hands are raised, whoever raised theirs first first.
 * @property {Readonly<Record<string, boolean>>} handsSaid What was said of hands since the server's last list, by peer.
 * @property {boolean} away The server is out of reach, and its list is what it was when it was not.
 * @property {number} peersVersion
 * @property {number} slotsVersion
 */

/** Which way media goes, as this page knows it. @typedef {{ type: 'direct', order: Order, plays: string[] }} Directly */
/** A hand of which the server has not told. @typedef {{ type: 'hand', peer: string, raised: boolean }} HandSaid */
/** There is no socket. @typedef {{ type: 'away' }} Away */
/** @typedef {Welcome | Peers | Slots | Speaker | Directly | HandSaid | Away} Happening */

/** @type {PeerInfo['state'][]} */
const STATES = ['here', 'no-media', 'reconnecting'];

/** @type {Reason[]} */
const REASONS = [
  'full',
  'tile-size',
  'your-downlink',
  'their-uplink',
  'their-device',
  'codec',
  'off-screen',
  'audio-only',
];

/** @type {Readonly<RoomState>} */
export const EMPTY = {
  self: '',
  peers: [],
  video: [],
  audio: [],
  speaker: '',
  order: THROUGH_SERVER,
  direct: [],
  hands: [],
  handsSaid: {},
  away: false,
  peersVersion: -1,
  slotsVersion: -1,
};

/**
 * @param {Readonly<RoomState>} state
 * @param {Happening} message
 * @returns {Readonly<RoomState>} The same object if nothing has changed.
 */
export function reduce(state, message) {
  switch (message.type) {
    case 'welcome':
      // A resumed peer keeps what it shows until the lists come again; a new one begins from nothing.
      return message.resumed
        ? { ...state, self: message.peer, peersVersion: -1, slotsVersion: -1 }
        : {
            ...EMPTY,
            self: message.peer,
            peers: state.peers.filter((peer) => peer.id !== state.self),
            order: state.order,
            direct: state.direct,
            away: state.away,
            hands: state.hands.filter((id) => id !== state.self),
          };
    case 'peers': {
      if (message.version < state.peersVersion) return state;
      const peers = message.peers.map(understood);
      return { ...state, peers, hands: handsOf(peers, {}), handsSaid: {}, away: false, peersVersion: message.version };
    }
    case 'hand': {
      const handsSaid = { ...state.handsSaid, [message.peer]: message.raised };
      return { ...state, hands: handsOf(state.peers, handsSaid), handsSaid };
    }
    case 'slots':
      if (message.version < state.slotsVersion) return state;
      return { ...state, video: message.video, audio: message.audio, slotsVersion: message.version };
    case 'speaker':
      return { ...state, speaker: message.peer ?? '' };
    case 'away':
      return { ...state, away: true };
    case 'direct':
      return { ...state, order: message.order, direct: message.plays };
  }
}

/**
 * Somebody as far as this page knows what is said of them: a server that was upgraded meanwhile may say more. A state of
 * which nothing is known is no reason to show somebody as lost.
 * @param {PeerInfo} peer
 * @returns {PeerInfo}
 */
function understood(peer) {
  const streams = peer.streams.filter(({ stream }) => stream === 'camera' || stream === 'screen');
  return { ...peer, state: STATES.includes(peer.state) ? peer.state : 'here', role: roleOf(peer.role), streams };
}

/**
 * @typedef {object} TileModel
 * @property {string} key The same as long as it is the same stream of the same person.
 * @property {string} peer
 * @property {Stream} stream
 * @property {string} name The person.
 * @property {string} label What the tile is called, as an attribute.
 * @property {Sentence} title The same, as it is shown.
 * @property {Sentence | null} absent Why nothing comes of the person at present; null while something does.
 * @property {boolean} reconnecting They are expected back any moment, or leave.
 * @property {boolean} micMuted
 * @property {number} hand The place of their raised hand, from 1; 0 if it is not raised.
 * @property {boolean} speaking They have the floor.
 * @property {boolean} cameraOff There is no picture to wait for.
 * @property {boolean} blocked The picture comes in a format this browser cannot play.
 * @property {Reason | 'direct' | null} reason Why the picture is what it is; null if that is not known.
 * @property {string | null} layer Which size of it is to be shown: `q`, `h` or `f`; null if none is.
 * @property {boolean} direct The picture comes directly, whatever the slot says.
 * @property {{ slot: number, since: number | null } | null} slot Where the picture comes.
 */

/**
 * One tile for each remote stream, and one for each remote person who sends nothing. Screens come first, and only those that
 * are shared now: who stops sharing keeps the line and mutes it.
 * @param {Readonly<RoomState>} state
 * @returns {TileModel[]}
 */
export function tilesOf(state) {
  const tiles = state.peers.filter((peer) => peer.id !== state.self).flatMap((peer) => tilesOfPeer(state, peer));
  return [...tiles.filter((tile) => tile.stream === 'screen'), ...tiles.filter((tile) => tile.stream === 'camera')];
}

/**
 * @param {Readonly<RoomState>} state
 * @param {PeerInfo} peer
 * @returns {TileModel[]}
 */
function tilesOfPeer(state, peer) {
  const shown = peer.streams.filter(({ stream, video }) => stream === 'camera' || (video && !video.muted));
  const streams = shown.some(({ stream }) => stream === 'camera')
    ? shown
    : [{ stream: /** @type {const} */ ('camera') }, ...shown];
  return streams.map((info) => {
    const { stream, audio, video } = /** @type {import('../proto/messages.js').StreamInfo} */ (info);
    const direct = state.direct.includes(peer.id);
    const carrier = state.video.find((slot) => slot.peer === peer.id && slot.stream === stream);
    return {
      key: `${peer.id}/${stream}`,
      peer: peer.id,
      stream,
      name: peer.name,
      label: stream === 'screen' ? word('tile.screen', { name: peer.name }) : peer.name,
      title: stream === 'screen' ? say('tile.screen', { name: peer.name }) : said`${peer.name}`,
      // Of what comes directly the server hears nothing.
      absent: direct ? null : absenceWords(peer.state, stream),
      reconnecting: !direct && peer.state === 'reconnecting',
      micMuted: stream === 'camera' && (audio?.muted ?? true),
      hand: stream === 'camera' ? handOf(state, peer.id) : 0,
      speaking: stream === 'camera' && peer.id === state.speaker,
      cameraOff: video?.muted ?? true,
      direct,
      blocked: !direct && carrier?.blocked !== undefined && !(video?.muted ?? true),
      reason: direct ? 'direct' : (REASONS.find((known) => known === carrier?.reason) ?? null),
      layer: carrier?.layer ?? null,
      slot: carrier ? { slot: carrier.slot, since: carrier.since } : null,
    };
  });
}

/**
 * @param {Readonly<RoomState>} state
 * @param {string} peer
 * @returns {string} Empty if they are not here.
 */
export function nameOf({ peers }, peer) {
  return peers.find(({ id }) => id === peer)?.name ?? '';
}

/**
 * @param {Readonly<RoomState>} state
 * @param {string} peer
 * @returns {number} The place of their raised hand, from 1; 0 if it is not raised.
 */
export function handOf({ hands }, peer) {
  return hands.indexOf(peer) + 1;
}

/**
 * Everybody else.
 * @param {Readonly<RoomState>} state
 * @returns {string[]}
 */
export function othersOf({ peers, self }) {
  return peers.filter((peer) => peer.id !== self).map((peer) => peer.id);
}

/**
 * How many remote streams have a picture, shown or not: so many video slots are of use.
 * @param {Readonly<RoomState>} state
 * @returns {number}
 */
export function remotePictures(state) {
  return state.peers
    .filter((peer) => peer.id !== state.self)
    .reduce((sum, peer) => sum + peer.streams.filter((stream) => stream.video).length, 0);
}

/**
 * What changed between two lists that `peer-joined` and `peer-left` do not say.
 * @param {Readonly<RoomState>} before
 * @param {Readonly<RoomState>} after
 * @returns {Did[]} For the live region.
 */
export function presenceChanges(before, after) {
  const was = new Map(before.peers.map((peer) => [peer.id, peer.state]));
  return after.peers.flatMap(({ id, name, state }) => {
    const earlier = was.get(id);
    if (id === after.self || !earlier || earlier === state) return [];
    return [{ did: STATE_NEWS[state], name }];
  });
}

/**
 * All that changed between two states and is to be said.
 * @param {Readonly<RoomState>} before
 * @param {Readonly<RoomState>} after
 * @returns {Did[]} For the live region.
 */
export function changesOf(before, after) {
  return [...presenceChanges(before, after), ...handChanges(before, after)];
}

/**
 * @param {PeerJoined | PeerLeft} message
 * @returns {Did}
 */
export function comingNews({ type, name }) {
  return { did: type === 'peer-joined' ? 'news.joined' : 'news.left', name };
}

/** What is told of somebody who is so now, and was not. @type {Record<PeerInfo['state'], Did['did']>} */
const STATE_NEWS = { 'no-media': 'news.no-media', reconnecting: 'news.reconnecting', here: 'news.back' };

/**
 * What a tile says while nothing comes of a person.
 * @param {PeerInfo['state']} state
 * @param {Stream} stream
 * @returns {Sentence | null}
 */
function absenceWords(state, stream) {
  switch (state) {
    case 'no-media':
      return say(stream === 'screen' ? 'tile.no-picture' : 'tile.no-media');
    case 'reconnecting':
      return say('tile.reconnecting');
    case 'here':
      return null;
  }
}

/**
 * What came to be between two lists that concerns the eyes only.
 * @param {TileModel[]} before
 * @param {TileModel[]} after
 * @returns {News[]} For the live region.
 */
export function tileChanges(before, after) {
  const was = new Map(before.map((tile) => [tile.key, tile]));
  const screens = after.filter(({ key, stream }) => stream === 'screen' && !was.has(key));
  const gone = before.filter(({ key, stream }) => stream === 'screen' && !after.some((tile) => tile.key === key));
  const blocked = after.filter(({ key, blocked: now }) => now && !was.get(key)?.blocked);
  return [
    ...screens.map(({ name }) => ({ did: /** @type {const} */ ('news.shares'), name })),
    ...gone.map(({ name }) => ({ did: /** @type {const} */ ('news.stopped-sharing'), name })),
    ...blocked.map((tile) => formatWords(tile).soon),
  ];
}

/**
 * What to say of a picture this browser cannot play: while the sender is asked to change it, and when that takes long.
 * @param {Pick<TileModel, 'name' | 'stream'>} tile
 * @returns {{ soon: Sentence, late: Sentence }}
 */
export function formatWords({ name, stream }) {
  return stream === 'screen'
    ? { soon: say('tile.screen.soon', { name }), late: say('tile.screen.late', { name }) }
    : { soon: say('tile.video.soon', { name }), late: say('tile.video.late', { name }) };
}

/**
 * Whether a frame belongs to the owner a slot has now, not to the one before. RTP timestamps wrap at 2^32.
 * @param {number} timestamp The frame's RTP timestamp.
 * @param {number} since The owner's first one.
 * @returns {boolean}
 */
export function isFrameOfOwner(timestamp, since) {
  return (timestamp - since) >>> 0 < 0x8000_0000;
}
