/** A TURN client of our own (RFC 8656): it asks for what no browser would, and tells the code of each refusal. */

import { createHmac } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

import { ATTRIBUTES, field, messageLength, readAnswer, request, transactionOf, xorAddress } from './stun.js';

/** @import { Answer, Field, Login, Method } from './stun.js' */

/** An answer over the network of one machine takes a millisecond; a lost one is asked for again. */
const ANSWER_MS = 8_000;
const AGAIN_MS = 500;

/** @typedef {'udp' | 'tcp' | 'tls'} Transport */

/**
 * Where and how to come in.
 * @typedef {object} Door
 * @property {string} host
 * @property {Transport} transport
 * @property {Buffer} [ca] Whom to trust, for `tls`.
 * @property {string} [name] Whose certificate it must be, for `tls`.
 */

/** @typedef {{ send: (bytes: Buffer) => void, close: () => void }} Wire */

/** REQUESTED-TRANSPORT: the protocol numbers of UDP and TCP. */
export const UDP = 17;
export const TCP = 6;

/**
 * Credentials as the server makes them for a person (TURN REST API).
 * @param {string} secret
 * @param {number} expiry seconds since 1970
 * @param {string} [who]
 */
export function credentialsFor(secret, expiry, who = '0123456789abcdef') {
  const user = `${expiry}:${who}`;
  return { user, password: createHmac('sha1', secret).update(user).digest('base64') };
}

export class TurnClient {
  #wire;
  /** Who waits for the answer to which transaction. @type {Map<string, (bytes: Buffer) => void>} */
  #waiting = new Map();
  #reliable;
  #closed = false;
  /** @type {Login | undefined} */
  #login;

  /** @param {Wire} wire @param {boolean} reliable */
  constructor(wire, reliable) {
    this.#wire = wire;
    this.#reliable = reliable;
  }

  /** @param {Door} door */
  static async open(door) {
    /** @type {TurnClient | undefined} */
    let client = undefined;
    const hear = (/** @type {Buffer} */ bytes) => client?.hear(bytes);
    const wire = door.transport === 'udp' ? await datagrams(door, hear) : await stream(door, hear);
    return (client = new TurnClient(wire, door.transport !== 'udp'));
  }

  /** One message from the server. @param {Buffer} bytes */
  hear(bytes) {
    const id = transactionOf(bytes).toString('hex');
    this.#waiting.get(id)?.(bytes);
    this.#waiting.delete(id);
  }

  /**
   * @param {Method} method
   * @param {(transaction: Buffer) => Field[]} fields
   * @returns {Promise<Answer>}
   */
  ask(method, fields = () => []) {
    const { bytes, transaction } = request(method, fields, this.#login);
    return new Promise((tell, fail) => {
      const again = setInterval(() => this.#reliable || this.#wire.send(bytes), AGAIN_MS);
      const late = setTimeout(
        () => finish(() => fail(new Error(`no answer to ${method} in ${ANSWER_MS} ms`))),
        ANSWER_MS,
      );
      const finish = (/** @type {() => void} */ then) => {
        clearInterval(again);
        clearTimeout(late);
        then();
      };
      this.#waiting.set(transaction.toString('hex'), (answer) => finish(() => tell(readAnswer(answer))));
      this.#wire.send(bytes);
    });
  }

  /**
   * Asks for a relayed address: first as nobody, to learn realm and nonce, then as `who`.
   * @param {{ user: string, password: string }} who
   * @param {{ transport?: number, family?: number }} [options]
   */
  async allocate({ user, password }, { transport = UDP, family } = {}) {
    const wishes = () => [
      ...field('REQUESTED-TRANSPORT', Buffer.from([transport, 0, 0, 0])),
      ...(family === undefined ? [] : field('REQUESTED-ADDRESS-FAMILY', Buffer.from([family, 0, 0, 0]))),
    ];
    const first = await this.ask('Allocate', wishes);
    const text = (/** @type {number} */ type) => first.attributes.get(type)?.toString() ?? '';
    if (first.code !== 401) return first;
    this.#login = { user, password, realm: text(ATTRIBUTES.REALM), nonce: text(ATTRIBUTES.NONCE) };
    return this.ask('Allocate', wishes);
  }

  /**
   * May these send to us, and we to them?
   * @param {string[]} peers
   * @param {number} [port]
   */
  createPermission(peers, port = 0) {
    return this.ask('CreatePermission', (transaction) =>
      peers.flatMap((peer) => field('XOR-PEER-ADDRESS', xorAddress(peer, port, transaction))),
    );
  }

  /** @param {number} channel 0x4000 to 0x4fff @param {string} peer @param {number} port */
  channelBind(channel, peer, port) {
    const number = Buffer.alloc(4);
    number.writeUInt16BE(channel);
    return this.ask('ChannelBind', (transaction) => [
      ...field('CHANNEL-NUMBER', number),
      ...field('XOR-PEER-ADDRESS', xorAddress(peer, port, transaction)),
    ]);
  }

  /** Sends to the peer of a channel. @param {number} channel @param {string} text */
  sendOn(channel, text) {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(channel, 0);
    head.writeUInt16BE(Buffer.byteLength(text), 2);
    this.#wire.send(Buffer.concat([head, Buffer.from(text)]));
  }

  /** Opens a TCP connection to a peer (RFC 6062). @param {string} peer @param {number} port */
  connect(peer, port) {
    return this.ask('Connect', (transaction) => field('XOR-PEER-ADDRESS', xorAddress(peer, port, transaction)));
  }

  /** Gives the relayed address back and goes. */
  async close() {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#login) await this.ask('Refresh', () => field('LIFETIME', Buffer.alloc(4))).catch(() => undefined);
    this.#wire.close();
  }
}

/**
 * @param {Door} door
 * @param {(bytes: Buffer) => void} hear
 * @returns {Promise<Wire>}
 */
async function datagrams({ host }, hear) {
  const socket = createSocket('udp4');
  socket.on('message', hear);
  // Nobody there: the question goes unanswered.
  socket.on('error', () => undefined);
  await new Promise((done) => socket.connect(3478, host, () => done(undefined)));
  return { send: (bytes) => socket.send(bytes), close: () => socket.close() };
}

/**
 * @param {Door} door
 * @param {(bytes: Buffer) => void} hear
 * @returns {Promise<Wire>}
 */
async function stream({ host, transport, ca, name }, hear) {
  const socket =
    transport === 'tls'
      ? connectTls({ host, port: 5349, ...(ca ? { ca } : {}), ...(name ? { servername: name } : {}) })
      : connect({ host, port: 3478 });
  let kept = Buffer.alloc(0);
  socket.on('data', (/** @type {Buffer} */ bytes) => {
    kept = Buffer.concat([kept, bytes]);
    for (let length = messageLength(kept); kept.length >= length; length = messageLength(kept)) {
      hear(kept.subarray(0, length));
      kept = kept.subarray(length);
    }
  });
  await new Promise((done, fail) => {
    socket.once(transport === 'tls' ? 'secureConnect' : 'connect', done);
    socket.once('error', fail);
  });
  socket.on('error', () => undefined);
  return { send: (bytes) => void socket.write(bytes), close: () => socket.destroy() };
}
