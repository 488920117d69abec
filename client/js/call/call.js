/**
 * A call: the socket, the connection and the person's own devices, kept together through everything that breaks.
 */

import { Emitter } from '../core/emitter.js';
import { said } from '../core/sentence.js';
import { PROTOCOL } from '../proto/messages.js';
import { SignalSocket } from '../proto/socket.js';
import { BEST } from '../rtc/encodings.js';
import { LimitWatch } from '../rtc/limit-watch.js';
import { Link } from '../rtc/link.js';
import { PathWatch } from '../rtc/path-watch.js';
import { Pulse } from '../rtc/pulse.js';
import { RebuildPace } from '../rtc/rebuild-pace.js';
import { videoSlotsFor } from '../rtc/slot-plan.js';
import { StallWatch } from '../rtc/stall-watch.js';
import { Chat } from './chat.js';
import { Entrance } from './entrance.js';
import { deviceTrack, firstOwn, ownTracks, screenTracks } from './own-tracks.js';
import { EMPTY, presenceChanges, reduce, remotePictures, tilesOf } from './room-state.js';

/** @import { ErrorMessage, IceServer, Kind, Offer, PublishTrack, ServerMessage, Speaker, Tile, TrackLine, Welcome } from '../proto/messages.js' */
/** @import { Own } from './own-tracks.js' */
/** @import { Device } from '../rtc/devices.js' */
/** @import { Quality } from '../rtc/encodings.js' */
/** @import { Limited } from '../rtc/limit-watch.js' */
/** @import { LinkOptions } from '../rtc/link.js' */
/** @import { LocalMedia } from '../rtc/local-media.js' */
/** @import { ScreenShare } from '../rtc/screen-share.js' */
/** @import { Sentence } from '../core/sentence.js' */
/** @import { Return } from '../core/storage.js' */
/** @import { Health } from './health.js' */
/** @import { RoomState } from './room-state.js' */

/** Milliseconds until everything is said again after the server heard too much at once and passed something over. */
const SAY_AGAIN = 2000;

/** Codes that end an attempt to come in. */
const REFUSALS = ['unknown-room', 'room-full', 'reload', 'forbidden'];

const connected = (/** @type {LinkOptions} */ options) => new Link(options);

/**
 * @typedef {object} CallEvents
 * @property {Readonly<RoomState>} room
 * @property {Welcome} welcome
 * @property {{ kind: Kind, slot: number, track: MediaStreamTrack }} slot
 * @property {Sentence} announce For the live region.
 * @property {Health} health
 * @property {number | null} downlink What the connection is thought to carry, in bits a second.
 * @property {Limited} limited The browser cannot afford what it was asked to send, or can again.
 * @property {null} outdated The page is older than the server, or the server says that it is of another one; nobody was
 *   inside yet.
 * @property {null} secret-refused The room was made by somebody else; one enters as a guest.
 * @property {null} bad-name The server takes another name only: {@link Call.startAs}.
 * @property {string} ended Why: `taken-over` or the code of an error.
 */

/** @extends {Emitter<CallEvents>} */
export class Call extends Emitter {
  /** What people write to each other. */
  chat = new Chat({ send: (message) => this.#socket.send(message) });
  #room;
  #name;
  #secret;
  /** Whether a `welcome` ever came. */
  #wasInside = false;
  #media;
  #share;
  #quality;
  #connect;
  #socket;
  /** @type {Link | null} */
  #link = null;
  /** @type {Readonly<RoomState>} */
  #state = EMPTY;
  /** @type {Welcome | null} */
  #welcome = null;
  /** As the server said last. @type {IceServer[]} */
  #iceServers = [];
  /** @type {string | undefined} */
  #token;
  #offer;
  /** @type {PublishTrack[]} */
  #publish = [];
  #publishVersion = -1;
  /** @type {Tile[] | null} */
  #view = null;
  /** @type {number | null} */
  #downlink = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #againTimer;
  // Without a socket the next welcome decides.
  #pace = new RebuildPace(() => this.#socket.up && this.#build());
  /** @type {Health} */
  #health = { socket: false, silent: false, full: false, entrance: null, path: 'open' };
  #entrance = new Entrance(
    (entrance) => this.#setHealth({ entrance }),
    () => this.#socket.stop(),
  );
  #stall = new StallWatch(
    () => this.#link?.newestPacket ?? 0,
    () => {
      this.#socket.probe();
      this.#pulse.check();
    },
  );
  #pulse = new Pulse(
    async () => this.#link?.ask(),
    (beats) => this.#watch.felt(beats),
  );
  #limits = new LimitWatch(
    async () => (await this.#link?.limitations()) ?? [],
    (limited) => {
      this.#sayLimited(limited);
      this.emit('limited', limited);
    },
  );
  #watch = new PathWatch({
    restartIce: () => this.#socket.up && void this.#link?.negotiate({ iceRestart: true }),
    rebuild: () => this.#socket.up && this.#build(),
    told: (path) => this.#setHealth({ path }),
  });

  /**
   * @param {object} options
   * @param {string} options.url Of the socket.
   * @param {string} options.room
   * @param {string} options.name
   * @param {LocalMedia} options.media
   * @param {ScreenShare} options.share
   * @param {Return | null} options.back What a reloaded page remembers.
   * @param {Quality} [options.quality] What the person allows.
   * @param {string} [options.secret] Shows that one made the room; empty if somebody else did.
   * @param {(options: LinkOptions) => Link} [options.connect] Makes a connection, or has made one.
   */
  constructor({ url, room, name, media, share, back, quality = BEST, secret = '', connect = connected }) {
    super();
    this.#connect = connect;
    this.#room = room;
    this.#name = name;
    this.#secret = secret;
    this.#media = media;
    this.#share = share;
    this.#quality = quality;
    this.#token = back?.token;
    this.#offer = back?.offer ?? 0;
    this.#socket = new SignalSocket(url, () => ({
      type: 'join',
      room: this.#room,
      name: this.#name,
      protocol: PROTOCOL,
      chat: this.chat.seen,
      ...(this.#token ? { token: this.#token } : {}),
      ...(this.#secret ? { secret: this.#secret } : {}),
    }));
    this.#socket.on('message', (message) => this.#received(message));
    this.#socket.on('up', (up) =>
      this.#setHealth({ socket: up, silent: false, ...(up ? { full: false, entrance: null } : {}) }),
    );
    this.#socket.on('failed', () => void this.#entrance.failed());
    this.#socket.on('silent', (silent) => this.#setHealth({ silent }));
    this.#socket.on('full', () => {
      this.#entrance.passed();
      this.#setHealth({ full: true });
    });
    this.#socket.on('taken-over', () => this.#end('taken-over'));
    for (const device of /** @type {const} */ (['camera', 'microphone'])) this.#useDevice(device);
    share.on('change', () => this.#use(...screenTracks(share)));
  }

  /** For debugging. */
  get pc() {
    return this.#link?.pc ?? null;
  }

  /** For debugging. */
  get socket() {
    return this.#socket.raw;
  }

  get state() {
    return this.#state;
  }

  /** Tries to come in, or tries again after it was given up. */
  start() {
    this.#entrance.waits();
    this.#socket.start();
  }

  /** @param {string} name Another one, after `bad-name`. */
  startAs(name) {
    this.#name = name;
    this.start();
  }

  /** The person leaves: the others see it at once. */
  leave() {
    this.#socket.send({ type: 'leave' });
    this.#token = undefined;
    this.#close();
  }

  /**
   * The page goes away, perhaps to come back.
   * @returns {Return | null} What the next page needs; null if the person never came in.
   */
  suspend() {
    // A page that comes back cannot go on with the screen: browsers want to be asked anew.
    if (this.#share.sharing) this.#socket.send({ type: 'mute', stream: 'screen', kind: 'video', muted: true });
    this.#socket.send({ type: 'leave', mayReturn: true });
    if (!this.#token) return null;
    return {
      token: this.#token,
      name: this.#name,
      offer: this.#offer,
      camera: this.#media.get('camera').on,
      microphone: this.#media.get('microphone').on,
      at: Date.now(),
    };
  }

  /** @param {Tile[]} tiles What is shown, the most important first. */
  view(tiles) {
    this.#view = tiles;
    this.#socket.send({ type: 'view', tiles });
  }

  /** What the person allows from now on. @param {Quality} quality */
  allow(quality) {
    this.#quality = quality;
    this.#link?.allow(quality);
  }

  /** What the server thinks the connection carries to this page, in bits a second; null if it has not said. */
  get downlink() {
    return this.#downlink;
  }

  /** What the browser counts of the connection; null without one. */
  async stats() {
    try {
      return (await this.#link?.pc.getStats()) ?? null;
    } catch {
      return null;
    }
  }

  /** The lines (mid) on which somebody's picture comes that should move: a screen may stand. @returns {string[]} */
  movingLines() {
    const link = this.#link;
    if (!link) return [];
    const moving = tilesOf(this.#state).filter(({ stream, cameraOff, absent }) => {
      return stream === 'camera' && !cameraOff && absent === null;
    });
    return moving.flatMap(({ slot }) => (slot && slot.since !== null ? link.midsOf(slot.slot) : []));
  }

  /** @param {Limited} limited */
  #sayLimited({ stream, by }) {
    // Of a line that is not offered the server would not know.
    const known = this.#link?.tracks.some((line) => line.stream === stream && line.kind === 'video');
    if (known) this.#socket.send({ type: 'limited', stream, by });
  }

  /** @param {ServerMessage} message */
  #received(message) {
    switch (message.type) {
      case 'welcome':
        return this.#welcomed(message);
      case 'peers':
      case 'slots':
      case 'speaker':
        return this.#reduce(message);
      case 'peer-joined':
      case 'peer-left':
        if (message.peer === this.#state.self) return;
        return this.emit(
          'announce',
          message.type === 'peer-joined' ? said`${message.name} joined` : said`${message.name} left`,
        );
      case 'answer':
        return void this.#link?.answer(message.id, message.sdp);
      case 'publish':
        if (message.version < this.#publishVersion) return;
        this.#publishVersion = message.version;
        this.#publish = message.tracks;
        return this.#link?.usable ? this.#link.publish(message.tracks) : undefined;
      case 'downlink':
        this.#downlink = message.bitrate;
        return this.emit('downlink', message.bitrate);
      case 'ice-servers':
        return this.#useIceServers(message.iceServers);
      case 'error':
        return message.ref === undefined ? this.#refused(message) : this.chat.hear(message);
      default:
        return this.chat.hear(message);
    }
  }

  /** @param {Welcome} welcome */
  #welcomed(welcome) {
    this.#welcome = welcome;
    if (!this.#wasInside && (welcome.protocol ?? 0) > PROTOCOL) this.emit('outdated', null);
    this.#wasInside = true;
    this.#entrance.passed();
    this.#stall.start();
    this.#limits.start();
    this.#token = welcome.token;
    this.#publishVersion = -1;
    this.#useIceServers(welcome.iceServers);
    this.chat.welcomed(welcome.peer, welcome.grants ?? []);
    this.#reduce(welcome);
    this.emit('welcome', welcome);
    if (welcome.resumed && welcome.media && this.#link?.usable) {
      this.#sayMutes(this.#link.tracks);
      for (const limited of this.#limits.current) this.#sayLimited(limited);
      this.#link.offerAgain();
      if (this.#link.pc.connectionState !== 'connected') this.#watch.changed(this.#link.pc.connectionState);
    } else {
      this.#build();
    }
    if (this.#view) this.#socket.send({ type: 'view', tiles: this.#view });
  }

  /** @param {IceServer[]} iceServers */
  #useIceServers(iceServers) {
    this.#iceServers = iceServers;
    this.#link?.useIceServers(iceServers);
  }

  /** @param {import('../proto/messages.js').Peers | import('../proto/messages.js').Slots | Speaker | Welcome} message */
  #reduce(message) {
    const before = this.#state;
    this.#state = reduce(before, message);
    for (const sentence of presenceChanges(before, this.#state)) this.emit('announce', sentence);
    const link = this.#link;
    if (link && this.#welcome && message.type === 'peers') link.grow(this.#videoSlots());
    this.emit('room', this.#state);
  }

  #videoSlots() {
    const limits = this.#welcome?.slots;
    return limits ? videoSlotsFor(limits, this.#link?.videoSlots ?? 0, remotePictures(this.#state)) : 0;
  }

  /** Makes a new connection and offers it. */
  #build() {
    this.#pace.stop();
    const welcome = this.#welcome;
    if (!welcome) return;
    this.#downlink = null;
    this.emit('downlink', null);
    const videoSlots = this.#videoSlots();
    this.#link?.close();
    this.#watch.stop();
    this.#pulse.stop();
    const link = this.#connect({
      iceServers: this.#iceServers,
      limits: welcome.slots,
      encodings: welcome.encodings,
      videoSlots,
      nextOffer: () => (this.#offer += 1),
      send: (offer) => this.#sendOffer(offer),
      tracks: firstOwn(ownTracks(this.#media, this.#share)),
      quality: this.#quality,
    });
    this.#link = link;
    link.on('slot', (slot) => this.emit('slot', slot));
    link.on('broken', () => this.#pace.soon());
    link.on('answered', () => {
      link.publish(this.#publish);
      // Without a single candidate of its own a browser may not even begin.
      if (link.pc.connectionState === 'new') this.#watch.changed('connecting');
    });
    link.on('state', (state) => {
      this.#pace.holds(state === 'connected');
      if (this.#socket.up || state === 'connected') this.#watch.changed(state);
    });
    void link.negotiate();
  }

  /** @param {Offer} offer */
  #sendOffer(offer) {
    this.#socket.send(offer);
    // The server knows the mutes of what it had before; a screen it may learn of only now.
    this.#sayMutes(offer.fresh ? offer.tracks : offer.tracks.filter(({ stream }) => stream === 'screen'));
  }

  /** @param {ErrorMessage} error */
  #refused({ code, message, rebuild, offer }) {
    console.warn(`the server says ${code}: ${message}`);
    // The server also tells of the end of a connection that this page closed itself; the next one is offered already.
    if (code === 'media-lost' && this.#link?.answered === false) return;
    // A newer offer supersedes one that was refused.
    if (code === 'offer-refused' && offer !== undefined && offer !== this.#link?.newest) return;
    if (rebuild) this.#pace.soon();
    else if (this.#socket.up) {
      if (code === 'rate-limited') this.#sayAgainSoon();
      if (code === 'too-much-media') this.emit('announce', said`Your browser sends more than this call allows`);
    } else if (code === 'forbidden' && this.#secret) this.#enterAsGuest();
    else if (REFUSALS.includes(code)) {
      if (code === 'reload' && !this.#wasInside) this.emit('outdated', null);
      this.#end(code);
    } else if (code === 'bad-name') this.#wantName();
    else if (code === 'busy' || code === 'rate-limited') this.#socket.retryLater();
  }

  /** The room has another owner, such as whoever made one of the same name anew. */
  #enterAsGuest() {
    this.#secret = '';
    this.emit('secret-refused', null);
    this.#socket.start();
  }

  #wantName() {
    this.#entrance.passed();
    this.#socket.stop();
    this.emit('bad-name', null);
  }

  /** Which message the server passed over is not known: all of them may be repeated. */
  #sayAgainSoon() {
    this.#againTimer ??= setTimeout(() => {
      this.#againTimer = undefined;
      // Otherwise it is all said after the next welcome.
      if (!this.#socket.up || !this.#link) return;
      this.#sayMutes(this.#link.tracks);
      if (this.#view) this.#socket.send({ type: 'view', tiles: this.#view });
      this.#link.offerAgain();
    }, SAY_AGAIN);
  }

  /** @param {Device} device Follows it; of what it does, the link and the others need not know everything. */
  #useDevice(device) {
    let before = deviceTrack(this.#media, device);
    this.#media.on('change', (changed) => {
      if (changed !== device) return;
      const now = deviceTrack(this.#media, device);
      if (now.track === before.track && now.muted === before.muted) return;
      before = now;
      this.#use(now);
    });
  }

  /** @param {Own[]} changed */
  #use(...changed) {
    const link = this.#link;
    if (!link) return;
    link.use(changed.map(({ stream, kind, track }) => ({ stream, kind, track })));
    for (const { stream, kind, muted } of changed) {
      // A line that is yet to be offered says it with the offer; of camera and microphone the server may hear before.
      const known = stream === 'camera' || link.tracks.some((line) => line.stream === stream && line.kind === kind);
      if (known) this.#socket.send({ type: 'mute', stream, kind, muted });
    }
  }

  /** @param {TrackLine[]} lines */
  #sayMutes(lines) {
    const own = ownTracks(this.#media, this.#share);
    for (const { stream, kind } of lines) {
      const muted = own.find((track) => track.stream === stream && track.kind === kind)?.muted ?? true;
      this.#socket.send({ type: 'mute', stream, kind, muted });
    }
  }

  /** @param {Partial<Health>} change */
  #setHealth(change) {
    this.#health = { ...this.#health, ...change };
    this.emit('health', this.#health);
  }

  /** @param {string} why */
  #end(why) {
    this.#token = undefined;
    this.#close();
    this.emit('ended', why);
  }

  #close() {
    clearTimeout(this.#againTimer);
    this.#pace.stop();
    this.#watch.stop();
    this.#stall.stop();
    this.#limits.stop();
    this.#pulse.stop();
    this.#entrance.passed();
    this.#socket.stop();
    this.#link?.close();
    this.#link = null;
  }
}
