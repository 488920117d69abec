/**
 * The signaling socket: joins, stays alive, comes back by itself. It knows messages, not what they mean for a call.
 */

import { Emitter } from '../core/emitter.js';
import { delayBefore } from './backoff.js';
import { validateServerMessage } from './validate.js';

/** @import { ClientMessage, Join, ServerMessage } from './messages.js' */

/** Milliseconds between pings, and the longest wait for the answer. */
const PING_EVERY = 10_000;
const PONG_WITHIN = 9_000;
/** Milliseconds an answer may take when something else has shown that the network may be gone: far more than a round trip. */
const PROBE_WITHIN = 800;
/** Milliseconds from opening a socket to its `welcome`. A path that drops everything must not hold up the next try. */
const WELCOME_WITHIN = 15_000;

/** The server closes with this code when the session goes on in another tab. */
const TAKEN_OVER = 4001;
/** The server closes with this code before it restarts; everybody then waits a while of their own, at most this long. */
const RESTARTING = 1012;
const RESTART_SPREAD = 1000;
/** The server closes with this code when it is full and others need the place. */
const BUSY = 4005;
/** Milliseconds added to the usual wait then: a full server gets no better by being asked. */
const BUSY_WAIT = 5000;

/**
 * @typedef {object} SocketEvents
 * @property {ServerMessage} message
 * @property {boolean} up A `welcome` came (true), or the socket was lost (false).
 * @property {null} failed An attempt ended without a `welcome`, and without a word of the server.
 * @property {boolean} silent The server does not answer at present, or does again; the socket may yet be alive.
 * @property {boolean} waits One waits to be admitted (true), or the socket on which one waited was lost (false).
 * @property {null} full The server has no place at present; it is asked again after a while.
 * @property {null} taken-over The session goes on in another tab; no further attempts.
 */

/** @extends {Emitter<SocketEvents>} */
export class SignalSocket extends Emitter {
  #url;
  #join;
  /** @type {WebSocket | null} */
  #socket = null;
  #attempt = 0;
  #up = false;
  /** Neither in nor refused: the server keeps the socket until somebody decides. */
  #waits = false;
  #stopped = true;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #deadline;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #heartbeat;
  /** The network came, or changed: a socket that is still there may be dead. */
  #networkChanged = () => {
    if (this.#retryTimer !== undefined) this.#open();
    else if (this.#up || this.#waits) this.#ping();
  };
  #offline = () => this.#tellSilent(true);
  #silent = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #probeTimer;

  /**
   * @param {string} url
   * @param {() => Join} join The first message of each socket.
   */
  constructor(url, join) {
    super();
    this.#url = url;
    this.#join = join;
  }

  /** Whether a `welcome` came on this socket. */
  get up() {
    return this.#up;
  }

  /** Whether one waits on this socket to be admitted. */
  get waits() {
    return this.#waits;
  }

  /** The WebSocket there is, for debugging. */
  get raw() {
    return this.#socket;
  }

  /** Begins, or begins again. */
  start() {
    this.#stopped = false;
    addEventListener('online', this.#networkChanged);
    addEventListener('offline', this.#offline);
    this.#open();
  }

  /** No further attempts. What was sent before still goes out. */
  stop() {
    this.#stopped = true;
    removeEventListener('online', this.#networkChanged);
    removeEventListener('offline', this.#offline);
    this.#drop();
  }

  /** Something has shown that the network may be gone: asks the server, and tells soon if it does not answer. */
  probe() {
    if (!this.#up || this.#probeTimer !== undefined) return;
    this.#probeTimer = setTimeout(() => this.#tellSilent(true), PROBE_WITHIN);
    this.#ping();
  }

  /**
   * Gives up this socket, because the server has no place for it, and tries another one after a while.
   */
  retryLater() {
    this.#full();
  }

  /**
   * Says something to the server, if it is there. What is lost with a socket is state that is said again after the next
   * `welcome`.
   * @param {ClientMessage} message
   * @returns {boolean} Whether it was sent.
   */
  send(message) {
    const heard = this.#up || (this.#waits && ['leave', 'ping'].includes(message.type));
    if (!heard || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #open() {
    this.#drop();
    const socket = made(this.#url);
    if (!socket) return this.#lost();
    this.#socket = socket;
    this.#deadline = setTimeout(() => this.#lost(), WELCOME_WITHIN);
    socket.onopen = () => socket.send(JSON.stringify(this.#join()));
    socket.onmessage = (event) => this.#received(event.data);
    socket.onclose = (event) => {
      if (event.code === RESTARTING) return this.#lost(Math.random() * RESTART_SPREAD);
      if (event.code === BUSY) return this.#full();
      if (event.code !== TAKEN_OVER) return this.#lost();
      this.stop();
      this.emit('taken-over', null);
    };
  }

  /** @param {unknown} data */
  #received(data) {
    clearTimeout(this.#probeTimer);
    this.#probeTimer = undefined;
    this.#tellSilent(false);
    let value;
    try {
      value = JSON.parse(String(data));
    } catch {
      return console.warn('a message that is no JSON');
    }
    const checked = validateServerMessage(value);
    if (!checked.ok) return console.warn('a message that is not understood:', checked.reason);
    const { message } = checked;
    if (message.type === 'welcome') this.#welcomed();
    else if (message.type === 'waiting') this.#awaits();
    else if (message.type === 'pong') clearTimeout(this.#deadline);
    this.emit('message', message);
  }

  #welcomed() {
    this.#up = true;
    this.#waits = false;
    this.#beats();
    this.emit('up', true);
  }

  #awaits() {
    this.#waits = true;
    this.#beats();
    this.emit('waits', true);
  }

  /** There is somebody at the other end, and is to be as long as they answer. */
  #beats() {
    clearTimeout(this.#deadline);
    this.#attempt = 0;
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => this.#ping(), PING_EVERY);
  }

  #ping() {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#lost(), PONG_WITHIN);
    this.send({ type: 'ping' });
  }

  #full() {
    this.emit('full', null);
    this.#lost(BUSY_WAIT + Math.random() * BUSY_WAIT);
  }

  /** @param {number} extra Milliseconds added to the usual wait. */
  #lost(extra = 0) {
    const wasUp = this.#up;
    const waited = this.#waits;
    this.#drop();
    if (this.#stopped) return;
    this.#retryTimer = setTimeout(() => this.#open(), delayBefore(this.#attempt, Math.random) + extra);
    this.#attempt += 1;
    if (wasUp) this.emit('up', false);
    else if (waited) this.emit('waits', false);
    else if (extra === 0) this.emit('failed', null);
  }

  /** @param {boolean} silent */
  #tellSilent(silent) {
    if (this.#silent === silent || (silent && !this.#up)) return;
    this.#silent = silent;
    this.emit('silent', silent);
  }

  #drop() {
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#deadline);
    clearTimeout(this.#probeTimer);
    clearInterval(this.#heartbeat);
    this.#retryTimer = this.#probeTimer = undefined;
    this.#up = this.#waits = this.#silent = false;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}

/**
 * @param {string} url
 * @returns {WebSocket | null} Null if the browser, or an extension in it, lets the page make none.
 */
function made(url) {
  try {
    return new WebSocket(url);
  } catch (error) {
    console.warn('no socket can be made:', error);
    return null;
  }
}
