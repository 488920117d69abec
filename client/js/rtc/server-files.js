/**
 * Files through the server: a pipe to everybody in the room, and the one channel of the present connection that bytes go over. When that
 * connection ends, so does all that went over it, and the next one begins anew.
 */

import { Pacer } from './files/pacer.js';
import { parseFromServer } from './files/server-frames.js';
import { ServerPipe } from './files/server-pipe.js';
import { ServerQueue } from './files/server-queue.js';

/** @import { FileFrom, FileTo, PeerInfo, ServerMessage } from '../proto/messages.js' */
/** @import { FileDesk } from './file-desk.js' */

/** Messages that wait until the server can hear them: fewer than it reads at once. */
const MOST_HELD = 64;
/** Numbers of files begin with the time, in units of so many milliseconds: so they rise beyond those of an earlier page as well. */
const TICK = 125;
const NUMBERS = 2 ** 32;

/**
 * What is needed of a connection to the server: see `link.js`.
 * @typedef {object} Connection
 * @property {number} newest The id of its newest offer, 0 before the first.
 * @property {() => RTCDataChannel} openFiles
 * @property {() => Promise<RTCStatsReport>} stats
 */

/**
 * What is needed of the socket: see `socket.js`.
 * @typedef {object} Socket
 * @property {(name: 'message', listener: (message: ServerMessage) => void) => unknown} on
 * @property {(message: FileTo) => boolean} send
 */

export class ServerFiles {
  #desk;
  #socket;
  #self = '';
  /** @type {PeerInfo[]} */
  #people = [];
  /** By peer. @type {Map<string, ServerPipe>} */
  #pipes = new Map();
  /** Of each, which numbers of ours were used. @type {Map<string, number>} */
  #next = new Map();
  /** @type {Connection | null} */
  #link = null;
  /** Whether the server knows that connection: before, it would forget what it heard. */
  #isKnown = false;
  /** @type {FileTo[]} */
  #held = [];
  #isEnding = false;
  /** @type {{ channel: RTCDataChannel, pacer: Pacer } | null} */
  #way = null;
  #queue = this.#newQueue();

  /**
   * @param {FileDesk} desk
   * @param {Socket} socket
   */
  constructor(desk, socket) {
    this.#desk = desk;
    this.#socket = socket;
    socket.on('message', (message) => this.#heard(message));
  }

  /** There is another connection to the server, or none. @param {Connection | null} link */
  use(link) {
    this.#end((pipe) => pipe.drop());
    this.#link = link;
    this.#isKnown = false;
    this.#held = [];
    this.#meet();
  }

  /** @param {ServerMessage} message */
  #heard(message) {
    switch (message.type) {
      case 'welcome':
        this.#self = message.peer;
        this.#desk.mostThroughServer = message.fileBytes ?? 0;
        // To whoever is somebody else from now on a new connection follows.
        if (!message.resumed) return this.use(null);
        this.#meet();
        this.#sayHeld();
        return this.#isKnown ? this.#queue.sayAgain() : undefined;
      case 'peers':
        // Who came by a tool takes none.
        this.#people = message.peers.filter(({ id, client }) => id !== this.#self && !client);
        return this.#meet();
      case 'answer':
        if (this.#isKnown || this.#link === null || message.id !== this.#link.newest) return;
        this.#isKnown = true;
        return this.#sayHeld();
      case 'file':
        return this.#passOn(message);
      default:
    }
  }

  /** What was said before the server knew the connection is over. @param {FileFrom} message */
  #passOn({ from, frame }) {
    if (this.#isKnown) this.#pipes.get(from.toLowerCase())?.heard(frame);
  }

  /** Everybody who is here has a pipe, and nobody else. */
  #meet() {
    const here = this.#link === null || this.#desk.mostThroughServer === 0 ? [] : this.#people;
    const ids = new Set(here.map(({ id }) => id.toLowerCase()));
    for (const [id, pipe] of this.#pipes) {
      if (ids.has(id)) continue;
      this.#pipes.delete(id);
      pipe.drop();
      this.#leave(pipe);
    }
    for (const { id, state } of here) {
      this.#desk.reach(this.#pipes.get(id.toLowerCase()) ?? this.#made(id), state === 'here');
    }
  }

  /** @param {string} peer */
  #made(peer) {
    const pipe = new ServerPipe(peer, {
      say: (frame) => this.#say({ type: 'file', to: peer, frame }),
      queue: this.#queue,
      open: () => this.#open(),
      closed: () => this.#leave(pipe),
    });
    this.#pipes.set(peer.toLowerCase(), pipe);
    const first = Math.max(Math.floor(Date.now() / TICK) % NUMBERS, this.#next.get(peer) ?? 0);
    pipe.reader = this.#desk.carry(peer, pipe, first);
    return pipe;
  }

  /** @param {ServerPipe} pipe */
  #leave(pipe) {
    const next = this.#desk.next(pipe);
    if (next === null) return;
    this.#next.set(pipe.peer, next);
    this.#desk.detach(pipe);
  }

  /** @param {FileTo} message */
  #say(message) {
    if (this.#held.length === 0 && this.#isKnown && this.#socket.send(message)) return;
    if (this.#held.length < MOST_HELD) this.#held.push(message);
    else if (!this.#isEnding) this.#begin();
  }

  #sayHeld() {
    if (!this.#isKnown) return;
    while (this.#held[0] && this.#socket.send(this.#held[0])) this.#held.shift();
  }

  /** @returns {boolean} Whether the channel is there. */
  #open() {
    if (this.#way === null && this.#link !== null) this.#openOn(this.#link);
    return this.#way?.channel.readyState === 'open';
  }

  /** @param {Connection} link */
  #openOn(link) {
    let channel;
    try {
      channel = link.openFiles();
    } catch (error) {
      return console.warn('no channel for files can be made:', error);
    }
    channel.binaryType = 'arraybuffer';
    const pacer = new Pacer(channel, {
      stats: () => link.stats(),
      next: () => this.#queue.next(),
      failed: () => channel === this.#way?.channel && this.#begin(),
    });
    this.#way = { channel, pacer };
    channel.addEventListener('open', () => channel === this.#way?.channel && this.#opened());
    channel.addEventListener('close', () => channel === this.#way?.channel && this.#begin());
    channel.addEventListener('message', ({ data }) => channel === this.#way?.channel && this.#came(data));
  }

  #opened() {
    for (const pipe of this.#pipes.values()) pipe.opened();
    this.#queue.opened();
  }

  /** @param {unknown} data */
  #came(data) {
    const frame = parseFromServer(data);
    if (frame === null) return;
    const pipe = this.#pipes.get(frame.peer);
    if ('more' in frame) pipe?.more(frame.id, frame.more);
    else pipe?.came(frame.id, frame.bytes);
  }

  /** Begins anew on the same connection: the others are told, as the server sees nothing of it. */
  #begin() {
    this.#held = [];
    this.#isEnding = true;
    this.#end((pipe) => pipe.close());
    this.#isEnding = false;
    this.#meet();
  }

  /** All that is under way is lost. @param {(pipe: ServerPipe) => void} drop */
  #end(drop) {
    const pipes = [...this.#pipes.values()];
    this.#pipes.clear();
    this.#queue.close();
    for (const pipe of pipes) {
      drop(pipe);
      this.#leave(pipe);
    }
    this.#way?.pacer.close();
    const channel = this.#way?.channel;
    this.#way = null;
    channel?.close();
    this.#queue = this.#newQueue();
  }

  #newQueue() {
    return new ServerQueue({ open: () => this.#open(), ready: () => this.#way?.pacer.wake() });
  }
}
