/**
 * A call: the socket, the connection and the person's own devices, kept together through everything that breaks.
 */

import { Emitter } from '../core/emitter.js';
import { SignalSocket } from '../proto/socket.js';
import { Link } from '../rtc/link.js';
import { PathWatch } from '../rtc/path-watch.js';
import { videoSlotsFor } from '../rtc/slot-plan.js';
import { EMPTY, presenceChanges, reduce, remotePictures } from './room-state.js';

/** @import { Kind, Offer, PublishTrack, ServerMessage, Tile, Welcome } from '../proto/messages.js' */
/** @import { Device } from '../rtc/devices.js' */
/** @import { LocalMedia } from '../rtc/local-media.js' */
/** @import { Return } from '../core/storage.js' */
/** @import { RoomState } from './room-state.js' */

/** Milliseconds between the first rebuilds of a connection; doubled with each that brings nothing, up to the last. */
const REBUILD_FIRST = 500;
const REBUILD_LAST = 8000;
/** Milliseconds a connection must hold until the next rebuild is at once again. */
const STEADY = 10_000;

/** Codes that end an attempt to come in. */
const REFUSALS = ['unknown-room', 'room-full', 'bad-name'];

/** @type {Record<Device, Kind>} */
const KINDS = { camera: 'video', microphone: 'audio' };

/**
 * @typedef {object} CallEvents
 * @property {Readonly<RoomState>} room
 * @property {Welcome} welcome
 * @property {{ kind: Kind, slot: number, track: MediaStreamTrack }} slot
 * @property {string} announce A sentence for the live region.
 * @property {{ socket: boolean, path: boolean }} health What works.
 * @property {string} ended Why: `taken-over` or the code of an error.
 */

/** @extends {Emitter<CallEvents>} */
export class Call extends Emitter {
  #room;
  #name;
  #media;
  #socket;
  /** @type {Link | null} */
  #link = null;
  /** @type {Readonly<RoomState>} */
  #state = EMPTY;
  /** @type {Welcome | null} */
  #welcome = null;
  /** @type {string | undefined} */
  #token;
  #offer;
  #inside;
  /** @type {PublishTrack[]} */
  #publish = [];
  #publishVersion = -1;
  /** @type {Tile[]} */
  #view = [];
  #rebuilds = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #rebuildTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #steadyTimer;
  #health = { socket: false, path: true };
  #watch = new PathWatch({
    restartIce: () => this.#socket.up && void this.#link?.negotiate({ iceRestart: true }),
    rebuild: () => this.#socket.up && this.#build(),
    lost: (lost) => this.#setHealth({ path: !lost }),
  });

  /**
   * @param {object} options
   * @param {string} options.url Of the socket.
   * @param {string} options.room
   * @param {string} options.name
   * @param {LocalMedia} options.media
   * @param {Return | null} options.back What a reloaded page remembers.
   */
  constructor({ url, room, name, media, back }) {
    super();
    this.#room = room;
    this.#name = name;
    this.#media = media;
    this.#token = back?.token;
    this.#offer = back?.offer ?? 0;
    this.#inside = back !== null;
    this.#socket = new SignalSocket(url, () => ({
      type: 'join',
      room: this.#room,
      name: this.#name,
      ...(this.#token ? { token: this.#token } : {}),
      recreate: this.#inside,
    }));
    this.#socket.on('message', (message) => this.#received(message));
    this.#socket.on('up', (up) => this.#setHealth({ socket: up }));
    this.#socket.on('taken-over', () => this.#end('taken-over'));
    media.on('change', (device) => this.#deviceChanged(device));
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

  start() {
    this.#socket.start();
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

  /** @param {ServerMessage} message */
  #received(message) {
    switch (message.type) {
      case 'welcome':
        return this.#welcomed(message);
      case 'peers':
      case 'slots':
        return this.#reduce(message);
      case 'peer-joined':
      case 'peer-left':
        if (message.peer === this.#state.self) return;
        return this.emit('announce', `${message.name} ${message.type === 'peer-joined' ? 'joined' : 'left'}`);
      case 'answer':
        return void this.#link?.answer(message.id, message.sdp);
      case 'publish':
        if (message.version < this.#publishVersion) return;
        this.#publishVersion = message.version;
        this.#publish = message.tracks;
        return this.#link?.usable ? this.#link.publish(message.tracks) : undefined;
      case 'error':
        return this.#refused(message.code, message.message, message.rebuild ?? false);
      default:
        return;
    }
  }

  /** @param {Welcome} welcome */
  #welcomed(welcome) {
    this.#welcome = welcome;
    this.#token = welcome.token;
    this.#inside = true;
    this.#publishVersion = -1;
    this.#reduce(welcome);
    this.emit('welcome', welcome);
    if (welcome.resumed && welcome.media && this.#link?.usable) {
      this.#sayMutes();
      this.#link.offerAgain();
      if (this.#link.pc.connectionState !== 'connected') this.#watch.changed(this.#link.pc.connectionState);
    } else {
      this.#build();
    }
    if (this.#view.length > 0) this.#socket.send({ type: 'view', tiles: this.#view });
  }

  /** @param {import('../proto/messages.js').Peers | import('../proto/messages.js').Slots | Welcome} message */
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
    clearTimeout(this.#rebuildTimer);
    this.#rebuildTimer = undefined;
    const welcome = this.#welcome;
    if (!welcome) return;
    const videoSlots = this.#videoSlots();
    this.#link?.close();
    this.#watch.stop();
    clearTimeout(this.#steadyTimer);
    const link = new Link({
      iceServers: welcome.iceServers,
      limits: welcome.slots,
      videoSlots,
      nextOffer: () => {
        this.#offer += 1;
        return this.#offer;
      },
      send: (offer) => this.#sendOffer(offer),
      track: (kind) => this.#media.get(kind === 'video' ? 'camera' : 'microphone').track,
    });
    this.#link = link;
    link.on('slot', (slot) => this.emit('slot', slot));
    link.on('broken', () => this.#rebuildSoon());
    link.on('answered', () => link.publish(this.#publish));
    link.on('state', (state) => {
      clearTimeout(this.#steadyTimer);
      if (state === 'connected') this.#steadyTimer = setTimeout(() => (this.#rebuilds = 0), STEADY);
      if (this.#socket.up || state === 'connected') this.#watch.changed(state);
    });
    void link.negotiate();
  }

  /** @param {Offer} offer */
  #sendOffer(offer) {
    this.#socket.send(offer);
    if (offer.fresh) this.#sayMutes();
  }

  /** Rebuilds at once the first time, later after growing waits: a server that refuses every offer must not be flooded. */
  #rebuildSoon() {
    if (this.#rebuildTimer !== undefined) return;
    const wait = this.#rebuilds === 0 ? 0 : Math.min(REBUILD_LAST, REBUILD_FIRST * 2 ** this.#rebuilds);
    this.#rebuilds += 1;
    this.#rebuildTimer = setTimeout(() => {
      this.#rebuildTimer = undefined;
      // Without a socket the next welcome decides.
      if (this.#socket.up) this.#build();
    }, wait);
  }

  /**
   * @param {string} code
   * @param {string} message
   * @param {boolean} rebuild
   */
  #refused(code, message, rebuild) {
    console.warn(`the server says ${code}: ${message}`);
    // The server also tells of the end of a connection that this page closed itself; the next one is offered already.
    if (code === 'media-lost' && this.#link?.answered === false) return;
    if (rebuild) this.#rebuildSoon();
    else if (this.#socket.up) return;
    else if (REFUSALS.includes(code)) this.#end(code);
    else if (code === 'busy') this.#socket.retry();
  }

  /** @param {Device} device */
  #deviceChanged(device) {
    const { on, track } = this.#media.get(device);
    this.#link?.use(KINDS[device], track);
    if (this.#link) this.#socket.send({ type: 'mute', stream: 'camera', kind: KINDS[device], muted: !on });
  }

  #sayMutes() {
    for (const device of /** @type {Device[]} */ (['microphone', 'camera'])) {
      const muted = !this.#media.get(device).on;
      this.#socket.send({ type: 'mute', stream: 'camera', kind: KINDS[device], muted });
    }
  }

  /** @param {{ socket?: boolean, path?: boolean }} change */
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
    clearTimeout(this.#rebuildTimer);
    clearTimeout(this.#steadyTimer);
    this.#watch.stop();
    this.#socket.stop();
    this.#link?.close();
    this.#link = null;
  }
}
