/** STUN messages (RFC 8489) as far as a TURN client needs them (RFC 8656, RFC 6062). */

import { createHash, createHmac, randomBytes } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';

const COOKIE = 0x2112a442;

export const METHODS = /** @type {const} */ ({
  Binding: 0x001,
  Allocate: 0x003,
  Refresh: 0x004,
  CreatePermission: 0x008,
  ChannelBind: 0x009,
  Connect: 0x00a,
});

export const ATTRIBUTES = /** @type {const} */ ({
  USERNAME: 0x0006,
  'MESSAGE-INTEGRITY': 0x0008,
  'ERROR-CODE': 0x0009,
  'CHANNEL-NUMBER': 0x000c,
  LIFETIME: 0x000d,
  'XOR-PEER-ADDRESS': 0x0012,
  REALM: 0x0014,
  NONCE: 0x0015,
  'XOR-RELAYED-ADDRESS': 0x0016,
  'REQUESTED-ADDRESS-FAMILY': 0x0017,
  'REQUESTED-TRANSPORT': 0x0019,
  SOFTWARE: 0x8022,
});

/** @typedef {keyof typeof METHODS} Method */
/** @typedef {keyof typeof ATTRIBUTES} Attribute */
/** @typedef {[name: Attribute, value: Buffer | string]} Field */

/** Who asks: the long-term credentials of RFC 8489, 9.2. @typedef {{ user: string, password: string, realm: string, nonce: string }} Login */

/**
 * @typedef {object} Answer
 * @property {'success' | 'error'} kind
 * @property {number} code 0 for success, else of ERROR-CODE.
 * @property {string} reason
 * @property {Map<number, Buffer>} attributes The first of each type.
 */

/** @param {number} type @param {Buffer} value */
function attribute(type, value) {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc(-value.length & 3)]);
}

/** @param {number} type @param {number} length of what follows @param {Buffer} transaction */
function header(type, length, transaction) {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(length, 2);
  head.writeUInt32BE(COOKIE, 4);
  return Buffer.concat([head, transaction]);
}

/**
 * A request, signed if somebody is named.
 * @param {Method} method
 * @param {(transaction: Buffer) => Field[]} fields
 * @param {Login} [login]
 */
export function request(method, fields, login) {
  const transaction = randomBytes(12);
  const own = fields(transaction);
  const named = login
    ? [...own, ...field('USERNAME', login.user), ...field('REALM', login.realm), ...field('NONCE', login.nonce)]
    : own;
  const body = Buffer.concat(named.map(([name, value]) => attribute(ATTRIBUTES[name], Buffer.from(value))));
  const type = METHODS[method];
  if (!login) return { transaction, bytes: Buffer.concat([header(type, body.length, transaction), body]) };
  const { user, realm, password } = login;
  const key = createHash('md5').update(`${user}:${realm}:${password}`).digest();
  // The length covers MESSAGE-INTEGRITY itself: 4 bytes of head, 20 of HMAC-SHA1.
  const signed = Buffer.concat([header(type, body.length + 24, transaction), body]);
  const mark = attribute(ATTRIBUTES['MESSAGE-INTEGRITY'], createHmac('sha1', key).update(signed).digest());
  return { transaction, bytes: Buffer.concat([signed, mark]) };
}

/** @param {Attribute} name @param {Buffer | string} value @returns {Field[]} */
export const field = (name, value) => [[name, value]];

/** How long the message that begins here is, once its head is there. @param {Buffer} bytes */
export const messageLength = (bytes) => (bytes.length < 20 ? Infinity : 20 + bytes.readUInt16BE(2));

/** The transaction a message belongs to. @param {Buffer} bytes */
export const transactionOf = (bytes) => bytes.subarray(8, 20);

/** @param {Buffer} bytes @returns {Answer} */
export function readAnswer(bytes) {
  /** @type {Map<number, Buffer>} */
  const attributes = new Map();
  for (let at = 20; at + 4 <= bytes.length;) {
    const type = bytes.readUInt16BE(at);
    const length = bytes.readUInt16BE(at + 2);
    if (!attributes.has(type)) attributes.set(type, bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length + (-length & 3);
  }
  const error = attributes.get(ATTRIBUTES['ERROR-CODE']);
  if (!error) return { kind: 'success', code: 0, reason: '', attributes };
  const code = (error.readUInt8(2) & 7) * 100 + error.readUInt8(3);
  return { kind: 'error', code, reason: error.subarray(4).toString(), attributes };
}

/**
 * XOR-PEER-ADDRESS: 16 bytes for whatever is written with a colon, `::ffff:10.0.0.1` too.
 * @param {string} address
 * @param {number} port
 * @param {Buffer} transaction of the message it goes into
 */
export function xorAddress(address, port, transaction) {
  const plain = addressBytes(address);
  const cookie = Buffer.alloc(4);
  cookie.writeUInt32BE(COOKIE);
  const pad = Buffer.concat([cookie, transaction]);
  const head = Buffer.alloc(4);
  head.writeUInt8(plain.length === 4 ? 1 : 2, 1);
  head.writeUInt16BE(port ^ (COOKIE >>> 16), 2);
  return Buffer.concat([head, plain.map((byte, i) => byte ^ pad.readUInt8(i))]);
}

/** @param {string} address @returns {Buffer} */
export function addressBytes(address) {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (!isIPv6(address)) throw new Error(`no address: ${address}`);
  // A dotted end is two groups.
  const dotted = /^(.*:)([\d.]+)$/.exec(address);
  const end = dotted?.[2]?.includes('.') ? Buffer.from(dotted[2].split('.').map(Number)).toString('hex') : '';
  const text = end ? `${dotted?.[1]}${end.slice(0, 4)}:${end.slice(4)}` : address;
  const [left = '', right] = text.split('::').map((half) => half.split(':').filter(Boolean));
  const groups =
    right === undefined ? [...left] : [...left, ...Array(8 - left.length - right.length).fill('0'), ...right];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
