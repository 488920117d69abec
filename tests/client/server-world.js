/** Pages that send files through a server, and the server as `docs/protocol.md` has it. */

import assert from 'node:assert/strict';

import { Emitter } from '../../client/js/core/emitter.js';
import { FileDesk } from '../../client/js/rtc/file-desk.js';
import { parseFromServer, pieceFrame } from '../../client/js/rtc/files/server-frames.js';
import { ServerFiles } from '../../client/js/rtc/server-files.js';

/** @import { Transfer } from '../../client/js/rtc/transfer.js' */

export const turn = () => new Promise((resolve) => setImmediate(resolve));
export const [ANN, BOB, CID, DAN] = ['00000000000000aa', '00000000000000bb', '00000000000000cc', '00000000000000dd'];
/** Bytes of a file that the server carries, and that it has room for at a time. */
export const LIMIT = 1_000_000;
const WINDOW = 40_000;

/** @param {number} seed @returns {(below: number) => number} */
export function random(seed) {
  let state = seed * 2654435761 + 1;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A page's channel to the server. */
class Channel extends EventTarget {
  readyState = 'connecting';
  binaryType = 'blob';
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  /** @param {(data: Uint8Array<ArrayBuffer>) => void} reads */
  constructor(reads) {
    super();
    this.reads = reads;
  }
  /** @param {Uint8Array<ArrayBuffer>} data */
  send(data) {
    assert.equal(this.readyState, 'open', 'nothing is said on a channel that is not open');
    setImmediate(() => this.readyState === 'open' && this.reads(data));
  }
  /** @param {string | ArrayBuffer} data */
  says(data) {
    if (this.readyState === 'open') this.dispatchEvent(new MessageEvent('message', { data }));
  }
  open() {
    this.readyState = 'open';
    this.dispatchEvent(new Event('open'));
  }
  close() {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    setImmediate(() => this.dispatchEvent(new Event('close')));
  }
}

/** All that were made. @type {Page[]} */
const pages = [];

/** Nobody waits for anything any more. */
export function closeAll() {
  for (const page of pages.splice(0)) page.files?.use(null);
}

/** Somebody's page: what of a call files need. */
export class Page {
  /** @type {Transfer[]} */
  offered = [];
  /** What was said to the server. @type {any[]} */
  said = [];
  isUp = true;
  /** Whether channels open by themselves. */
  opens = true;
  /** @type {Channel | null} */
  channel = null;
  socket = Object.assign(/** @type {Emitter<{ message: any }>} */ (new Emitter()), {
    send: (/** @type {any} */ message) => {
      if (!this.isUp) return false;
      this.said.push(message);
      setImmediate(() => this.server.hears(this, structuredClone(message)));
      return true;
    },
  });

  /** @param {Server} server @param {string} peer */
  constructor(server, peer) {
    this.server = server;
    this.peer = peer;
    this.load();
    pages.push(this);
  }

  /** A page that knows nothing of an earlier one. */
  load() {
    this.files?.use(null);
    this.socket = Object.assign(/** @type {Emitter<{ message: any }>} */ (new Emitter()), { send: this.socket.send });
    this.desk = new FileDesk();
    this.offered = [];
    this.desk.on('offered', (transfer) => this.offered.push(transfer));
    this.files = new ServerFiles(this.desk, /** @type {any} */ (this.socket));
  }

  /** @param {any} message */
  says(message) {
    if (this.isUp) this.socket.emit('message', message);
  }

  /** A connection to the server that it has not heard of. */
  link() {
    this.channel?.close();
    this.channel = null;
    const offer = { newest: 0 };
    this.files?.use({
      get newest() {
        return offer.newest;
      },
      openFiles: () => {
        const channel = new Channel((data) => this.server.reads(this, data));
        this.channel = channel;
        if (this.opens) setImmediate(() => channel.open());
        return /** @type {any} */ (channel);
      },
      stats: async () => /** @type {any} */ (new Map()),
    });
    return offer;
  }

  /** The server has it, and answers. */
  connect() {
    const offer = this.link();
    offer.newest = this.server.offers += 1;
    this.server.forget(this);
    this.says({ type: 'answer', id: offer.newest, sdp: '' });
    return this;
  }

  get states() {
    return this.desk?.transfers.map(({ name, state, reason }) => [name, state, reason].filter(Boolean).join(' ')) ?? [];
  }
}

/** A server as `docs/protocol.md` has it. */
export class Server {
  /** @type {Map<string, Page>} */
  pages = new Map();
  /** @type {Map<string, { from: string, to: string, id: number, size: number, accepted: boolean, started: boolean, credit: number, came: number, parts: Uint8Array[] }>} */
  files = new Map();
  offers = 0;
  most = 0;
  /** How often there was no place. */
  waits = 0;
  /** Whether there is no place for anything. */
  isFull = false;
  draw = random(7);

  /** @param {string} peer */
  join(peer) {
    const page = new Page(this, peer);
    this.pages.set(peer, page);
    this.welcome(page);
    page.connect();
    this.tell();
    return page;
  }

  /** @param {Page} page */
  welcome(page, resumed = false, fileBytes = LIMIT) {
    page.says({ type: 'welcome', peer: page.peer, resumed, fileBytes });
  }

  /** Who is there. */
  tell() {
    const peers = [...this.pages.keys()].map((id) => ({ id, name: id, state: 'here', streams: [] }));
    for (const page of this.pages.values()) page.says({ type: 'peers', version: 1, peers });
  }

  /** @param {string} to @param {string} from @param {object} frame */
  file(to, from, frame) {
    this.pages.get(to)?.says({ type: 'file', from, frame });
  }

  /** @param {Page} page */
  forget({ peer }) {
    for (const [key, { from, to, id }] of this.files) {
      if (from === peer) this.file(to, from, { type: 'cancel', id, reason: 'lost' });
      else if (to === peer) this.file(from, to, { type: 'refuse', id, reason: 'lost' });
      else continue;
      this.files.delete(key);
    }
  }

  /** @param {Page} page @param {{ to: string, frame: any }} message */
  hears({ peer, channel }, { to, frame }) {
    const isSenders = ['offer', 'start', 'cancel', 'done'].includes(frame.type);
    const key = isSenders ? `${peer} ${to} ${frame.id}` : `${to} ${peer} ${frame.id}`;
    if (frame.type === 'offer') {
      assert.ok(frame.id < 2 ** 32);
      if (frame.size > LIMIT) return this.file(peer, to, { type: 'refuse', id: frame.id, reason: 'too-large' });
      const fresh = { from: peer, to, accepted: false, started: false, credit: 0, came: 0, parts: [] };
      this.files.set(key, { ...fresh, id: frame.id, size: frame.size });
      return this.file(to, peer, frame);
    }
    const file = this.files.get(key);
    if (!file) return;
    if (frame.type === 'start' || frame.type === 'accept') {
      assert.equal(channel?.readyState, 'open', `${frame.type} before the channel is open`);
    }
    if (frame.type === 'start') {
      assert.ok(file.accepted, 'it was not accepted');
      const started = [...this.files.values()].filter((one) => one.from === peer && one.started).length;
      if (this.isFull || (started >= 3 && !file.started)) {
        this.waits += 1;
        return this.file(peer, to, { type: 'wait', id: file.id });
      }
      file.started = true;
      this.most = Math.max(this.most, started + 1);
      return this.more(file, WINDOW);
    }
    if (frame.type === 'accept') file.accepted = true;
    if (['refuse', 'cancel', 'received'].includes(frame.type)) this.files.delete(key);
    this.file(to, peer, frame);
  }

  /** @param {{ from: string, to: string, id: number, credit: number }} file @param {number} bytes */
  more(file, bytes) {
    file.credit += bytes;
    const { to, id } = file;
    this.pages.get(file.from)?.channel?.says(JSON.stringify({ type: 'more', to, id, bytes }));
  }

  /** @param {Page} page @param {Uint8Array<ArrayBuffer>} data */
  reads({ peer }, data) {
    const piece = parseFromServer(data.buffer);
    assert.ok(piece && 'bytes' in piece && piece.bytes.length <= 16384);
    const file = this.files.get(`${peer} ${piece.peer} ${piece.id}`);
    if (!file) return;
    file.credit -= piece.bytes.length;
    file.came += piece.bytes.length;
    assert.ok(file.started && file.credit >= 0 && file.came <= file.size, 'more than it has room for');
    file.parts.push(piece.bytes);
    // It goes on a little later, in pieces of another size.
    setImmediate(() => this.goesOn(file));
  }

  /** @param {{ from: string, to: string, id: number, credit: number, parts: Uint8Array[] }} file */
  goesOn(file) {
    for (const part of file.parts.splice(0)) {
      for (let at = 0; at < part.length;) {
        const bytes = part.slice(at, at + 1 + this.draw(1024));
        at += bytes.length;
        this.pages.get(file.to)?.channel?.says(pieceFrame({ peer: file.from, id: file.id, bytes }).buffer);
      }
      this.more(file, part.length);
    }
  }
}

/** @param {string} name @param {number} size */
export function fileOf(name, size = 5) {
  const draw = random(size);
  return new File([Uint8Array.from({ length: size }, () => draw(256))], name, { lastModified: 1 });
}

/** @param {() => boolean} reached */
export async function settle(reached) {
  const end = process.hrtime.bigint() + 20_000_000_000n;
  while (!reached()) {
    assert.ok(process.hrtime.bigint() < end, 'it does not come to that');
    await turn();
  }
}

/** Everybody takes everything. @param {Page} page */
export const takes = (page) =>
  page.desk?.on('offered', (transfer) => void setImmediate(() => page.desk?.accept(transfer)));

/** @param {Page} page */
export const isOver = (page) => page.desk?.transfers.every((transfer) => transfer.isOver) ?? false;

/** @param {Page} page @param {File} source @param {number} [index] */
export async function has(page, source, index = 0) {
  const transfer = page.offered[index];
  assert.ok(transfer?.incoming?.blob, `there is no file: ${page.states}`);
  const [came, sent] = [await transfer.incoming.blob.arrayBuffer(), await source.arrayBuffer()];
  assert.deepEqual(new Uint8Array(came), new Uint8Array(sent));
}

/** @param {Page} page @param {string} type */
export const frames = (page, type) => page.said.filter((message) => message.frame?.type === type);
