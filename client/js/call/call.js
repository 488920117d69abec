/**
 * A call: the socket, the connection and the person's own devices, kept together through everything that breaks.
 */

import { Emitter } from '../core/emitter.js';
import { say } from '../core/words.js';
import { PROTOCOL } from '../proto/messages.js';
import { SignalSocket } from '../proto/socket.js';
import { BEST } from '../rtc/encodings.js';
import { LimitWatch } from '../rtc/limit-watch.js';
import { Link } from '../rtc/link.js';
import { Mesh } from '../rtc/mesh.js';
import { PathWatch } from '../rtc/path-watch.js';
import { Pulse } from '../rtc/pulse.js';
import { RebuildPace } from '../rtc/rebuild-pace.js';
import { ServerFiles } from '../rtc/server-files.js';
import { videoSlotsFor } from '../rtc/slot-plan.js';
import { StallWatch } from '../rtc/stall-watch.js';
import { orderOf, THROUGH_SERVER } from './direct.js';
import { followMesh } from './directly.js';
import { movingLines, newestOf } from './coming.js';
import { Chat } from './chat.js';
import { Entrance } from './entrance.js';
import { Hands } from './hands.js';
import { comerOf, joinOf, verdictOf } from './joining.js';
import { Moderation } from './moderation.js';
import { firstOwn, followDevices, ownTracks, returnOf, screenTracks } from './own-tracks.js';
import { isAway, isSilent } from './reach.js';
import { Reactions } from './reactions.js';
import { moderatesWords } from './roles.js';
import { changesOf, comingNews, EMPTY, othersOf, reduce, remotePictures } from './room-state.js';
import { Telling } from './telling.js';
import { TroubleDesk } from './trouble.js';

/** @import { ErrorMessage, IceServer, Offer, PublishTrack, RoomInfo, ServerMessage, Tile, Topology, Welcome } from '../proto/messages.js' */
/** @import { Own } from './own-tracks.js' */
/** @import { Quality } from '../rtc/encodings.js' */
/** @import { LinkOptions } from '../rtc/link.js' */
/** @import { Return } from '../core/storage.js' */
/** @import { CallEvents, CallOptions, Health } from './events.js' */
/** @import { Comer } from './joining.js' */
/** @import { Happening, RoomState } from './room-state.js' */

/** @extends {Emitter<CallEvents>} */
export class Call extends Emitter {
  /** What people write to each other. */
  chat = new Chat({
    send: (message) => this.#socket.send(message),
    beside: (word) => this.#mesh.say(word),
    isAway: (peer) => isAway(this.#state, peer),
    moderates: (peer) => moderatesWords(this.#state, this.moderation.grants, peer),
  });
  /** How the room is kept, and by whom. */
  moderation;
  /** Whose hands are raised. */
  hands = new Hands({
    send: (message) => this.#socket.send(message),
    beside: (word) => this.#mesh.say(word),
    isUp: () => this.#socket.up,
  });
  reactions = new Reactions((message) => this.#socket.send(message));
  /** As `join` says it. @type {Omit<Comer, 'chat'>} */
  #comer;
  /** Whether a `welcome` ever came. */
  #wasInside = false;
  #media;
  #share;
  #quality;
  #connect;
  #socket;
  #files;
  #link = /** @type {Link | null} */ (null);
  /** @type {Readonly<RoomState>} */
  #state = EMPTY;
  #welcome = /** @type {Welcome | null} */ (null);
  /** As the server said last. @type {IceServer[]} */
  #iceServers = [];
  #offer;
  /** @type {PublishTrack[]} */
  #publish = [];
  #publishVersion = -1;
  /** @type {number | null} */
  #downlink = null;
  /** The room one waits for. @type {RoomInfo | null} */
  #lobby = null;
  #telling = new Telling({
    send: (message) => this.#socket.send(message),
    isUp: () => this.#socket.up,
    link: () => this.#link,
    own: () => ownTracks(this.#media, this.#share),
    again: () => this.hands.sayAgain(),
  });
  #troubles = new TroubleDesk(
    (message) => this.#socket.up && this.#socket.send(message),
    () => this.#state,
  );
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
      this.#telling.limited(limited);
      this.emit('limited', limited);
    },
  );
  #mesh = new Mesh({
    send: (message) => this.#socket.up && this.#socket.send(message),
    iceServers: () => this.#welcome?.stunServers ?? [],
    tracks: () => ownTracks(this.#media, this.#share),
    silent: (peer) => isSilent(this.#state, peer, 'camera'),
    arrivals: (peer) => (this.#link ? newestOf(this.#state, this.#link, peer) : {}),
  });
  #watch = new PathWatch({
    restartIce: () => this.#socket.up && void this.#link?.negotiate({ iceRestart: true }),
    rebuild: () => this.#socket.up && this.#build(),
    told: (path) => this.#setHealth(this.#troubles.fares(path)),
  });

  /** @param {CallOptions} options */
  constructor(options) {
    const { url, media, share, back, quality = BEST } = options;
    super();
    this.#comer = comerOf(options);
    this.#connect = options.connect ?? ((/** @type {LinkOptions} */ wanted) => new Link(wanted));
    this.#media = media;
    this.#share = share;
    this.#quality = quality;
    this.#offer = back?.offer ?? 0;
    this.#socket = new SignalSocket(url, () => joinOf({ ...this.#comer, chat: this.chat.seen }));
    this.#files = new ServerFiles(this.#mesh.files, this.#socket);
    this.#socket.on('message', (message) => this.#received(message));
    this.#socket.on('up', (up) => {
      this.#setHealth({ socket: up, silent: false, ...(up ? { full: false, entrance: null } : {}) });
      if (!up) this.#reduce({ type: 'away' });
    });
    this.#socket.on('failed', () => void this.#entrance.failed());
    this.#socket.on('silent', (silent) => this.#setHealth({ silent }));
    this.#socket.on('full', () => {
      this.#entrance.passed();
      this.#setHealth({ full: true });
    });
    this.#socket.on('waits', (waits) => !waits && this.#tellWaiting());
    this.#socket.on('taken-over', () => this.#end('taken-over'));
    this.#mesh.on('state', ({ order, plays }) => this.#reduce({ type: 'direct', order, plays }));
    this.#mesh.on('rests', (rests) => this.#link?.rest(rests));
    this.#mesh.on('speaker', (peer) => this.#reduce({ type: 'speaker', ...(peer ? { peer } : {}) }));
    followMesh(this, this.#mesh);
    this.hands.on('directly', (hand) => this.#reduce({ type: 'hand', ...hand }));
    this.hands.on('lowered', () => this.emit('announce', say('hand.lowered')));
    // Before anybody is told that something is on which may not be.
    this.moderation = new Moderation({ send: (message) => this.#socket.send(message), media, share });
    this.moderation.on('say', (news) => this.emit('announce', news));
    followDevices(media, (changed) => this.#use(changed));
    share.on('change', () => this.#use(...screenTracks(share)));
  }

  /** For debugging, as the next. */
  get pc() {
    return this.#link?.pc ?? null;
  }

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
    this.#comer.name = name;
    this.start();
  }

  /** The person leaves: the others see it at once. */
  leave() {
    this.#socket.send({ type: 'leave' });
    this.#comer.token = undefined;
    this.#close();
  }

  /** The page goes away. @returns {Return | null} What the next page needs to come back; null if nobody came in. */
  suspend() {
    // A page that comes back cannot go on with the screen: browsers want to be asked anew.
    if (this.#share.sharing) this.#socket.send({ type: 'mute', stream: 'screen', kind: 'video', muted: true });
    this.#socket.send({ type: 'leave', mayReturn: true });
    return returnOf(this.#media, this.#comer, { offer: this.#offer, screen: this.#share.sharing });
  }

  /** @param {Tile[]} tiles What is shown, the most important first. */
  view(tiles) {
    this.#telling.view(tiles);
  }

  /** @param {Quality} quality What the person allows from now on. */
  allow(quality) {
    this.#quality = quality;
    this.#link?.allow(quality);
    this.#mesh.allow(quality);
  }

  get mesh() {
    return this.#mesh;
  }

  get hidesAddress() {
    return this.#comer.hideAddress;
  }

  /** The person keeps their address to themselves from now on, or does no more. @param {boolean} hidden */
  hideAddress(hidden) {
    this.#comer.hideAddress = hidden;
    this.#socket.send({ type: 'hide-address', hidden });
  }

  /** How media is to travel in this room. @param {Topology} topology */
  chooseTopology(topology) {
    this.#socket.send({ type: 'topology', topology });
  }

  /** What the server thinks the connection carries to this page, in bits a second; null if it has not said. */
  get downlink() {
    return this.#downlink;
  }

  /** What the browser counts of the connection; null without one. */
  async stats() {
    return (await this.#link?.pc.getStats().catch(() => null)) ?? null;
  }

  /** The lines (mid) on which somebody's picture comes that should move: a screen may stand. @returns {string[]} */
  movingLines() {
    return this.#link ? movingLines(this.#state, this.#link) : [];
  }

  /** @param {ServerMessage} message */
  #received(message) {
    switch (message.type) {
      case 'welcome':
        return this.#welcomed(message);
      case 'waiting':
        return this.#awaits(message.room);
      case 'peers':
        this.#reduce(message);
        this.hands.told(this.#state.self, this.#state.peers);
        return this.#mesh.people(this.#state.self, othersOf(this.#state));
      case 'slots':
        return this.#reduce(message);
      case 'speaker':
        // Of what goes directly the server hears nothing.
        return this.#mesh.state.plays.length > 0 ? undefined : this.#reduce(message);
      case 'topology':
        return this.#mesh.order(orderOf(message));
      case 'signal':
        return this.#mesh.signal(message.from, message.epoch, message.data);
      case 'peer-joined':
      case 'peer-left':
        if (message.peer === this.#state.self) return;
        return this.emit('announce', comingNews(message));
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
      case 'trouble':
        return this.emit('trouble', message);
      case 'error':
        return message.ref === undefined ? this.#refused(message) : this.chat.hear(message);
      default:
        if (this.moderation.hear(message)) this.chat.granted(this.moderation.grants);
        else if (!this.reactions.hear(message)) this.chat.hear(message);
    }
  }

  /** @param {Welcome} welcome */
  #welcomed(welcome) {
    this.#welcome = welcome;
    if (!this.#wasInside && (welcome.protocol ?? 0) > PROTOCOL) this.emit('outdated', null);
    this.#wasInside = true;
    this.#lobby = null;
    this.#comer.knock = false;
    this.#entrance.passed();
    this.#stall.start();
    this.#limits.start();
    this.#comer.token = welcome.token;
    this.#comer.roomName = welcome.room.name;
    this.#publishVersion = -1;
    this.#useIceServers(welcome.iceServers);
    this.moderation.welcomed(welcome);
    this.chat.welcomed(welcome.peer, welcome.grants ?? []);
    this.#reduce(welcome);
    this.hands.welcomed(welcome.resumed);
    if (welcome.room.topology === 'sfu') this.#mesh.order(THROUGH_SERVER);
    this.#mesh.sayAgain();
    this.emit('welcome', welcome);
    if (welcome.resumed && welcome.media && this.#link?.usable) {
      this.#telling.mutes(this.#link.tracks);
      for (const limited of this.#limits.current) this.#telling.limited(limited);
      this.#link.offerAgain();
      if (this.#link.pc.connectionState !== 'connected') this.#watch.changed(this.#link.pc.connectionState);
    } else {
      this.#build();
    }
    this.#telling.sayView();
  }

  /** Somebody who was inside before is not any more. @param {RoomInfo} room */
  #awaits(room) {
    this.#entrance.passed();
    this.#comer.token = undefined;
    this.#lobby = room;
    this.#disconnect();
    this.#mesh.people(this.#state.self, []);
    this.#tellWaiting();
  }

  #tellWaiting() {
    if (this.#lobby) this.emit('waiting', { room: this.#lobby, knocks: this.#socket.waits });
  }

  /** @param {IceServer[]} iceServers */
  #useIceServers(iceServers) {
    this.#iceServers = iceServers;
    this.#link?.useIceServers(iceServers);
  }

  /** @param {Happening} message */
  #reduce(message) {
    const before = this.#state;
    this.#state = reduce(before, message);
    for (const news of changesOf(before, this.#state)) this.emit('announce', news);
    const link = this.#link;
    if (link && this.#welcome && message.type === 'peers') link.grow(this.#videoSlots());
    if (message.type === 'peers' || message.type === 'away') this.chat.lookBeside();
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
    this.#files.use(link);
    this.#troubles.use(link);
    link.rest(this.#mesh.rests);
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
    this.#telling.mutes(offer.fresh ? offer.tracks : offer.tracks.filter(({ stream }) => stream === 'screen'));
  }

  /** @param {ErrorMessage} error */
  #refused({ code, message, rebuild, offer, reason }) {
    console.warn(`the server says ${code}: ${message}`);
    // The server also tells of the end of a connection that this page closed itself; the next one is offered already.
    if (code === 'media-lost' && this.#link?.answered === false) return;
    // A newer offer supersedes one that was refused.
    if (code === 'offer-refused' && offer !== undefined && offer !== this.#link?.newest) return;
    if (rebuild) return this.#pace.soon();
    this.moderation.refused(code);
    switch (verdictOf(code, { inside: this.#socket.up, secret: this.#comer.secret !== '' })) {
      case 'over':
        if (code === 'reload' && !this.#wasInside) this.emit('outdated', null);
        if (reason) this.emit('pass-refused', reason);
        return this.#end(code);
      case 'guest':
        return this.#enterAsGuest();
      case 'name':
        return this.#wantName();
      case 'later':
        return this.#socket.retryLater();
      case 'again':
        return this.#telling.againSoon();
      case 'too-much':
        return this.emit('announce', say('call.too-much'));
    }
  }

  /** The room has another owner, such as whoever made one of the same name anew. */
  #enterAsGuest() {
    this.#comer.secret = '';
    this.emit('secret-refused', null);
    this.#socket.start();
  }

  #wantName() {
    this.#entrance.passed();
    this.#socket.stop();
    this.emit('bad-name', null);
  }

  /** @param {Own[]} changed */
  #use(...changed) {
    this.#mesh.use(changed);
    this.#telling.use(changed);
  }

  /** @param {Partial<Health>} change */
  #setHealth(change) {
    this.#health = { ...this.#health, ...change };
    this.emit('health', this.#health);
  }

  /** @param {string} why */
  #end(why) {
    this.#comer.token = undefined;
    this.#close();
    this.emit('ended', why);
  }

  #close() {
    this.#telling.stop();
    this.hands.stop();
    this.#entrance.passed();
    this.#socket.stop();
    this.#disconnect();
    this.#mesh.close();
  }

  /** There is no connection to the server any more, and none is wanted at present. */
  #disconnect() {
    this.#pace.stop();
    this.#watch.stop();
    this.#stall.stop();
    this.#limits.stop();
    this.#pulse.stop();
    this.#files.use(null);
    this.#troubles.use(null);
    this.#link?.close();
    this.#link = null;
  }
}
