/**
 * How the room is kept, who waits to come in, what one may do oneself, and what one wishes of others. It knows no document.
 */

import { Emitter } from '../core/emitter.js';
import { say } from '../core/words.js';
import {
  closingWords,
  DEVICE_GRANTS,
  forbids,
  grantsOf,
  keptChanges,
  keptOf,
  mutedNews,
  rightsChange,
  roleOf,
} from './roles.js';

/** @import { News } from '../core/news.js' */
/** @import { Granted, Knock, Moderate, ModerationWish, Muted, Role, RoomKept, ServerMessage, Welcome } from '../proto/messages.js' */
/** @import { LocalMedia } from '../rtc/local-media.js' */
/** @import { ScreenShare } from '../rtc/screen-share.js' */
/** @import { DeviceGrant, Kept } from './roles.js' */

/** Milliseconds for which an error may be the answer to a wish. */
const ANSWERED_WITHIN = 5000;

/** What an error says to somebody who wished for something. @type {Record<string, News>} */
const NOT_DONE = {
  'not-allowed': say('moderate.not-allowed'),
  'unknown-peer': say('moderate.unknown-peer'),
  'unknown-knock': say('moderate.unknown-knock'),
};

/**
 * @typedef {object} ModerationEvents
 * @property {null} change
 * @property {News} say What happened, for the live region.
 * @property {Knock} knocked Somebody else waits.
 */

/**
 * @typedef {object} Outside
 * @property {(message: Moderate) => boolean} send
 * @property {Pick<LocalMedia, 'on' | 'get' | 'set'>} media
 * @property {Pick<ScreenShare, 'on' | 'sharing' | 'stop'>} share
 * @property {() => number} [now]
 */

/** @extends {Emitter<ModerationEvents>} */
export class Moderation extends Emitter {
  #send;
  #media;
  #share;
  #now;
  /** @type {Role} */
  #role = 'speaker';
  /** @type {readonly string[]} */
  #grants = DEVICE_GRANTS;
  /** @type {Kept} */
  #kept = keptOf({});
  /** @type {readonly Knock[]} */
  #waiting = [];
  #wishedAt = -Infinity;
  /** On this server nobody comes in without an access token. */
  #byPass = false;

  /** @param {Outside} outside */
  constructor({ send, media, share, now = Date.now }) {
    super();
    this.#send = send;
    this.#media = media;
    this.#share = share;
    this.#now = now;
    media.on('change', () => this.#obey());
    share.on('change', () => this.#obey());
  }

  get role() {
    return this.#role;
  }

  get grants() {
    return this.#grants;
  }

  get kept() {
    return this.#kept;
  }

  /** Whether the link alone lets nobody in. */
  get needsPass() {
    return this.#byPass || this.#kept.access === 'token';
  }

  /** Who waits, the longest wait first. */
  get waiting() {
    return this.#waiting;
  }

  /** @param {string} grant */
  may(grant) {
    return this.#grants.includes(grant);
  }

  /** Why one may not send this. @param {DeviceGrant} device @returns {string} Empty if one may. */
  forbids(device) {
    return forbids(device, this.#grants, this.#role);
  }

  /** @param {ModerationWish} wish */
  wish(wish) {
    this.#wishedAt = this.#now();
    if (this.#send({ type: 'moderate', ...wish })) return;
    this.emit('say', say('moderate.no-server'));
    this.emit('change', null);
  }

  /** The page came in, or came back. @param {Welcome} welcome */
  welcomed({ role, grants, room, resumed }) {
    this.#role = roleOf(role);
    this.#grants = grantsOf({ ...(role === undefined ? {} : { role }), ...(grants ? { grants } : {}) });
    this.#kept = keptOf(room);
    this.#byPass = room.passNeeded === true;
    // Whoever waits at a server that was started anew has another number there.
    if (!resumed || !this.may('moderate')) this.#waiting = [];
    this.#obey();
    this.emit('change', null);
  }

  /**
   * @param {ServerMessage} message One about moderation; others are none of its business.
   * @returns {boolean} Whether it was.
   */
  hear(message) {
    switch (message.type) {
      case 'room':
        this.#keeps(message);
        break;
      case 'closing':
        this.emit('say', closingWords(message));
        break;
      case 'granted':
        this.#granted(message);
        break;
      case 'muted':
        this.#muted(message);
        break;
      case 'lobby':
        this.#waits(message.waiting);
        break;
      default:
        return false;
    }
    this.emit('change', null);
    return true;
  }

  /** Something was refused, perhaps a wish. @param {string} code */
  refused(code) {
    const words = NOT_DONE[code];
    if (words === undefined || this.#now() - this.#wishedAt > ANSWERED_WITHIN) return;
    this.#wishedAt = -Infinity;
    this.emit('say', words);
    // What a switch shows may not be what is.
    this.emit('change', null);
  }

  /** @param {RoomKept} room */
  #keeps(room) {
    const now = keptOf(room);
    for (const sentence of keptChanges(this.#kept, now)) this.emit('say', sentence);
    this.#kept = now;
  }

  /** @param {Granted} granted */
  #granted({ role, grants }) {
    const before = { role: this.#role, grants: this.#grants };
    this.#role = roleOf(role);
    this.#grants = grants;
    if (!this.may('moderate')) this.#waiting = [];
    this.#obey();
    const words = rightsChange(before, { role: this.#role, grants });
    if (words) this.emit('say', words);
  }

  /** @param {Muted} muted */
  #muted({ stream, kind, by }) {
    const device = kind === 'audio' ? 'microphone' : 'camera';
    const was = stream === 'screen' ? this.#share.sharing : this.#media.get(device).on;
    // Of a screen the sound alone is muted by nobody but its owner.
    if (stream === 'screen' && kind === 'video') this.#share.stop();
    else if (stream === 'camera') this.#media.set(device, false);
    const news = mutedNews({ stream, kind, ...(by === undefined ? {} : { by }) });
    if (was && news) this.emit('say', news);
  }

  /** @param {Knock[]} waiting */
  #waits(waiting) {
    const known = new Set(this.#waiting.map(({ knock }) => knock));
    this.#waiting = waiting;
    for (const one of waiting) if (!known.has(one.knock)) this.emit('knocked', one);
  }

  /** What one may not send goes off, however it came on. */
  #obey() {
    if (this.#share.sharing && !this.may('screen')) this.#share.stop();
    for (const device of /** @type {const} */ (['microphone', 'camera'])) {
      if (this.#media.get(device).on && !this.may(device)) this.#media.set(device, false);
    }
  }
}
