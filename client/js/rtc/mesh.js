/**
 * The direct connections of a call: made and ended as `direct.js` says, and what comes of them.
 */

import { awaited, NOTHING, offersTo, OVERLAP, reports, sendsToServer, step } from '../call/direct.js';
import { Emitter } from '../core/emitter.js';
import { DirectLink } from './direct-link.js';
import { BEST } from './encodings.js';
import { FileDesk } from './file-desk.js';
import { LimitWatch } from './limit-watch.js';
import { Verifications } from './verifications.js';

/** @import { Direct, Happening, Order } from '../call/direct.js' */
/** @import { Direct as Report, DirectState, IceServer, Kind, PublishLayer, SignalTo, Stream } from '../proto/messages.js' */
/** @import { Quality } from './encodings.js' */
/** @import { OwnTrack } from './link.js' */

/** Milliseconds between two looks for what is waited for. */
const LOOK = 40;
/** Milliseconds between two looks at who speaks, and at what is sent. */
const LISTEN = 250;
/**
 * Milliseconds for which somebody comes from the server before they are seen and heard from there: buffers that rested fill first, and a
 * size of a picture that begins may be followed by another one. Beside Firefox the longest pause of a voice was 196 ms without it (8 looked at), 74 with it (40).
 */
const FILLS = 500;
/** From this level on somebody speaks (RFC 6464 levels, as browsers give them, from 0 to 1): a room's noise is below 0.01. */
const SPEAKS = 0.03;
/** Milliseconds for which somebody who spoke still does. */
const SPOKE = 1500;
/** How a screen is sent. @type {PublishLayer} */
const SCREEN = { maxBitrate: 2_500_000, scaleDown: 1 };

/**
 * How cameras are sent in a call of so many: an uplink of 1.5 Mbit/s carries three others 500 kbit/s each.
 * @param {number} people
 * @returns {Record<Stream, PublishLayer>}
 */
export function ratesFor(people) {
  const camera =
    people <= 2
      ? { maxBitrate: 1_700_000, scaleDown: 1, maxFramerate: 30 }
      : { maxBitrate: people === 3 ? 750_000 : 500_000, scaleDown: 2, maxFramerate: 30 };
  return { camera, screen: SCREEN };
}

/** What is sent to the others, in all. @typedef {{ others: number, bitrate: number, roundTrip: number | null }} Uplink */

/** When something came last, of each that somebody sends. @typedef {Partial<Record<Kind, number>>} Arrivals */

/**
 * @typedef {object} MeshOptions
 * @property {(message: Report | SignalTo) => void} send To the server.
 * @property {() => IceServer[]} iceServers Where one's own address is found.
 * @property {() => OwnTrack[]} tracks All that one sends.
 * @property {(peer: string) => boolean} silent Whether somebody's voice is not to be heard, whatever comes.
 * @property {(peer: string) => Arrivals} arrivals What changes when something of somebody comes from the server.
 */

/**
 * @typedef {object} MeshEvents
 * @property {Readonly<Direct>} state
 * @property {boolean} rests Nothing has to be sent to the server any more, or it has again.
 * @property {{ peer: string, stream: Stream, kind: Kind, track: MediaStreamTrack | null }} track What comes of somebody directly.
 * @property {string} connected Somebody with whom there is a new connection.
 * @property {{ peer: string, word: { type: string } }} word What somebody says directly.
 * @property {string} speaker Who speaks in a direct call; empty if nobody does.
 * @property {Uplink} uplink
 */

/** @extends {Emitter<MeshEvents>} */
export class Mesh extends Emitter {
  #options;
  /** @type {Readonly<Direct>} */
  #state = NOTHING;
  /** By peer and epoch. @type {Map<string, DirectLink>} */
  #links = new Map();
  /** @type {Map<string, { peer: string, stream: Stream, kind: Kind, track: MediaStreamTrack }[]>} */
  #tracks = new Map();
  /** Who was compared with. */
  verifications = new Verifications();
  /** What is sent to them, and comes of them, besides media. */
  files = new FileDesk();
  /** Whose connection is shown, by peer. @type {Map<string, string>} */
  #shown = new Map();
  #quality = BEST;
  /** So many others there were when rates were said last. */
  #people = 0;
  #rests = false;
  /** What the server was told of this epoch. @type {Set<string>} */
  #told = new Set();
  /** By peer: what had come from the server when it began to be waited for there. @type {Map<string, Arrivals>} */
  #before = new Map();
  /** Since when they come from there. @type {Map<string, number>} */
  #since = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #overlap;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #looking;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #listening;
  #speaker = { peer: '', at: 0 };
  #sent = { bytes: 0, at: 0, looks: 0 };
  #limits = new LimitWatch(
    () => this.#limitations(),
    ({ by }) => by && this.#outgrown(by === 'cpu' ? 'device-busy' : 'slow-uplink'),
  );

  /** @param {MeshOptions} options */
  constructor(options) {
    super();
    this.#options = options;
  }

  get state() {
    return this.#state;
  }

  /** Whether nothing has to be sent to the server. */
  get rests() {
    return this.#rests;
  }

  /** For debugging and for tests: the connections, by peer and epoch. */
  get links() {
    return this.#links;
  }

  /** What the server decided. @param {Order} order */
  order(order) {
    const before = this.#state.order;
    this.#step({ type: 'order', order });
    if (before.epoch === order.epoch && before.path === order.path) return;
    clearTimeout(this.#overlap);
    this.#overlap = setTimeout(() => this.#step({ type: 'settled' }), OVERLAP);
  }

  /**
   * @param {string} self
   * @param {string[]} others
   */
  people(self, others) {
    this.#step({ type: 'people', self, others });
  }

  /**
   * What another browser says.
   * @param {string} from
   * @param {number} epoch
   * @param {unknown} data
   */
  signal(from, epoch, data) {
    void this.#links.get(key(from, epoch))?.hear(data);
  }

  /** Sends these from now on. @param {OwnTrack[]} tracks */
  use(tracks) {
    for (const link of this.#links.values()) link.use(tracks);
  }

  /** What the person allows from now on. @param {Quality} quality */
  allow(quality) {
    this.#quality = quality;
    for (const link of this.#links.values()) link.allow(quality);
  }

  /** Says something to everybody who is connected directly. @param {{ type: string }} word */
  say(word) {
    for (const link of this.#links.values()) link.say(word);
  }

  /** There is a new socket: what the server was told on the old one may not have arrived. */
  sayAgain() {
    this.#told.clear();
    this.#report();
  }

  close() {
    clearTimeout(this.#overlap);
    clearInterval(this.#looking);
    clearInterval(this.#listening);
    this.#looking = this.#listening = undefined;
    this.#limits.stop();
    for (const link of this.#links.values()) {
      this.files.detach(link);
      link.close();
    }
    this.#links.clear();
  }

  /** @param {Happening} happening */
  #step(happening) {
    this.#state = step(this.#state, happening);
    this.#connect();
    this.#report();
    this.#show();
    this.#wait();
    const rests = !sendsToServer(this.#state);
    if (rests !== this.#rests) {
      this.#rests = rests;
      this.emit('rests', rests);
    }
    this.emit('state', this.#state);
  }

  /** Makes the connections that there are to be, and ends the others. */
  #connect() {
    const { links, old, others } = this.#state;
    const wanted = new Set(
      [...Object.entries(links), ...Object.entries(old)].map(([peer, { epoch }]) => key(peer, epoch)),
    );
    for (const [name, link] of this.#links) {
      if (wanted.has(name)) continue;
      this.#links.delete(name);
      this.#tracks.delete(name);
      this.verifications.detach(name.split(' ')[0] ?? '', link);
      this.files.detach(link);
      link.close();
    }
    const rates = ratesFor(others.length + 1);
    for (const [peer, { epoch }] of Object.entries(links)) {
      const link = this.#links.get(key(peer, epoch));
      if (!link) this.#make(peer, epoch, rates);
      else if (this.#people !== others.length) link.rate(rates);
    }
    this.#people = others.length;
    this.#listen(this.#links.size > 0);
  }

  /**
   * @param {string} peer
   * @param {number} epoch
   * @param {Record<Stream, PublishLayer>} rates
   */
  #make(peer, epoch, rates) {
    const name = key(peer, epoch);
    const link = new DirectLink({
      offers: offersTo(this.#state, peer),
      iceServers: this.#options.iceServers(),
      signal: (data) => this.#options.send({ type: 'signal', to: peer, epoch, data }),
      tracks: this.#options.tracks(),
      rates,
      quality: this.#quality,
    });
    this.#links.set(name, link);
    this.#tracks.set(name, []);
    this.verifications.attach(this.#state.self, peer, link);
    this.files.attach(peer, link);
    link.on('track', (track) => {
      this.#tracks.get(name)?.push({ peer, ...track });
      this.#shown.delete(peer);
      this.#show();
    });
    link.on('word', (word) => this.emit('word', { peer, word }));
    link.on('state', (state) => {
      this.#step({ type: 'link', peer, epoch, state });
      if (state === 'connected') this.emit('connected', peer);
    });
  }

  /** Tells the server what it does not know of this epoch. */
  #report() {
    for (const report of reports(this.#state)) {
      const text = JSON.stringify(report);
      if (this.#told.has(text)) continue;
      this.#told.add(text);
      this.#options.send(report);
    }
  }

  /** @param {DirectState} state */
  #outgrown(state) {
    // Between two the server would take as much of a device and a line.
    if (this.#state.others.length < 2 || this.#state.order.path !== 'direct') return;
    this.#options.send({ type: 'direct', epoch: this.#state.order.epoch, state });
  }

  /** Says on which connection somebody is to be seen and heard; before they are, so that it is there when they are to be. */
  #show() {
    const { links, old, others } = this.#state;
    for (const peer of others) {
      const from = [links[peer], old[peer]].find((link) => link?.state === 'connected') ?? links[peer];
      const name = from ? key(peer, from.epoch) : '';
      if (this.#shown.get(peer) === name) continue;
      this.#shown.set(peer, name);
      for (const track of this.#tracks.get(name) ?? []) this.emit('track', track);
    }
    for (const peer of this.#shown.keys()) if (!others.includes(peer)) this.#shown.delete(peer);
  }

  /** Looks, while somebody is waited for, whether they have arrived. */
  #wait() {
    const back = awaited(this.#state).filter(({ path }) => path === 'server');
    for (const { peer } of back) {
      if (!this.#before.has(peer)) this.#before.set(peer, this.#options.arrivals(peer));
    }
    for (const peer of this.#before.keys()) {
      if (back.some((one) => one.peer === peer)) continue;
      this.#before.delete(peer);
      this.#since.delete(peer);
    }
    const waits = awaited(this.#state).length > 0;
    if (waits === (this.#looking !== undefined)) return;
    clearInterval(this.#looking);
    this.#looking = waits ? setInterval(() => this.#look(), LOOK) : undefined;
  }

  #look() {
    for (const { peer, path } of awaited(this.#state)) {
      const { epoch } = this.#state.order;
      const direct = () => this.#links.get(key(peer, epoch))?.flows ?? false;
      const server = () => this.#comesSteadily(peer);
      if (path === 'direct' ? direct() : server()) this.#step({ type: 'arrived', peer, path });
    }
  }

  /** @param {string} peer */
  #comesSteadily(peer) {
    if (!isOther(this.#before.get(peer), this.#options.arrivals(peer))) return false;
    const now = performance.now();
    const since = this.#since.get(peer) ?? now;
    this.#since.set(peer, since);
    return now - since >= FILLS;
  }

  /** @param {boolean} on */
  #listen(on) {
    if (on === (this.#listening !== undefined)) return;
    clearInterval(this.#listening);
    this.#listening = on ? setInterval(() => this.#heard(), LISTEN) : undefined;
    if (on) this.#limits.start();
    else {
      this.#limits.stop();
      this.emit('uplink', { others: 0, bitrate: 0, roundTrip: null });
    }
  }

  /** Who speaks, and what is sent. */
  #heard() {
    const { plays, order } = this.#state;
    const heard = plays.filter((peer) => !this.#options.silent(peer));
    const levels = heard.map((peer) => ({ peer, level: this.#links.get(key(peer, order.epoch))?.level ?? 0 }));
    const loudest = levels.reduce((most, one) => (one.level > most.level ? one : most), { peer: '', level: SPEAKS });
    const now = performance.now();
    if (loudest.peer) this.#speak(loudest.peer, now);
    else if (this.#speaker.peer && now - this.#speaker.at > SPOKE) this.#speak('', now);
    this.#sent.looks += 1;
    if (this.#sent.looks % 8 === 0) void this.#measure(now);
  }

  /**
   * @param {string} peer
   * @param {number} at
   */
  #speak(peer, at) {
    const before = this.#speaker.peer;
    this.#speaker = { peer, at };
    if (before !== peer) this.emit('speaker', peer);
  }

  /** @param {number} now */
  async #measure(now) {
    const links = [...this.#links.values()];
    const sums = await Promise.all(links.map((link) => link.sent().catch(() => 0)));
    const bytes = sums.reduce((sum, one) => sum + one, 0);
    const { bytes: before, at } = this.#sent;
    this.#sent.bytes = bytes;
    this.#sent.at = now;
    if (at === 0 || bytes < before) return;
    const trips = links.flatMap(({ roundTrip }) => (roundTrip === null ? [] : [roundTrip]));
    this.emit('uplink', {
      others: links.length,
      bitrate: ((bytes - before) * 8000) / (now - at),
      roundTrip: trips.length > 0 ? Math.max(...trips) : null,
    });
  }

  /** @returns {Promise<{ stream: Stream, by: import('../proto/messages.js').Limitation | null }[]>} The worst of all. */
  async #limitations() {
    const all = await Promise.all([...this.#links.values()].map((link) => link.limitation().catch(() => null)));
    const by = all.includes('cpu') ? 'cpu' : all.includes('bandwidth') ? 'bandwidth' : null;
    return [{ stream: 'camera', by }];
  }
}

/**
 * @param {string} peer
 * @param {number} epoch
 */
function key(peer, epoch) {
  return `${peer} ${epoch}`;
}

/**
 * Whether something of all that somebody sends came since then. Who sends nothing is not waited for.
 * @param {Arrivals} [before]
 * @param {Arrivals} [now]
 */
function isOther(before = {}, now = {}) {
  return /** @type {Kind[]} */ (Object.keys(now)).every((kind) => now[kind] !== (before[kind] ?? 0));
}
