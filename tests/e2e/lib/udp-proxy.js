/**
 * A UDP relay between a browser and the server that behaves like a router with address translation: the server sees the
 * relay's port, and the relay may move to another one under way, lose some of what is sent to the browser, or be a narrow line.
 */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** The first byte of a datagram tells RTP and RTCP from STUN and DTLS (RFC 7983, section 7). */
const isMedia = (/** @type {Buffer} */ datagram) => (datagram[0] ?? 0) >= 128 && (datagram[0] ?? 0) <= 191;

/** Media, without the reports about it (RFC 5761, section 4). */
const isRtp = (/** @type {Buffer} */ datagram) =>
  isMedia(datagram) && !((datagram[1] ?? 0) >= 192 && (datagram[1] ?? 0) <= 223);

/** Milliseconds of its rate that a narrow line queues; what comes then is dropped. */
const QUEUE = 300;

/** What an IPv4 header and a UDP header take, in bytes. */
const HEADERS = 28;

/**
 * One address of the browser and the port the server sees for it.
 * @typedef {{ socket: import('node:dgram').Socket, live: boolean }} Upstream
 */

export class UdpProxy {
  #near = createSocket('udp4');
  #server;
  /** @type {Map<string, Upstream>} */
  #upstreams = new Map();
  /** @type {Upstream[]} */
  #old = [];
  #through = true;
  #open = true;
  /** Of so many packets to the browser the last one is lost; 0 if none is. */
  #every = 0;
  /** Bits a second to the browser; Infinity if the line is not narrow. */
  #rate = Infinity;
  /** When a narrow line has sent what it queues. */
  #free = 0;
  /** Media datagrams since the last {@link move}: to the server, to the browser, and lost at ports left behind. */
  media = { toServer: 0, toBrowser: 0, atOldPort: 0 };
  /**
   * RTP to the browser since the last {@link loseEvery}: how many packets, and by payload type how many of them came and
   * were lost.
   * @type {{ packets: number, came: Map<number, number>, lost: Map<number, number> }}
   */
  rtp = { packets: 0, came: new Map(), lost: new Map() };

  /** @param {{ host: string, port: number }} server */
  constructor(server) {
    this.#server = server;
  }

  /**
   * Listens on a free port of the server's own address, so that a browser reaches it the same way.
   * @param {{ host: string, port: number }} server
   */
  static async open(server) {
    const proxy = new UdpProxy(server);
    proxy.#near.on('message', (datagram, from) => proxy.#fromBrowser(datagram, from));
    proxy.#near.bind(0, server.host);
    await once(proxy.#near, 'listening');
    return proxy;
  }

  /** The port to use instead of the server's. */
  get port() {
    return this.#near.address().port;
  }

  /** From now on the server sees other ports. What it still sends to the old ones is lost, as behind a router. */
  move() {
    for (const upstream of this.#upstreams.values()) {
      upstream.live = false;
      this.#old.push(upstream);
    }
    this.#upstreams.clear();
    this.media = { toServer: 0, toBrowser: 0, atOldPort: 0 };
  }

  /** Loses everything, both ways, until {@link mend}. */
  cut() {
    this.#through = false;
  }

  /** Lets everything through again. */
  mend() {
    this.#through = true;
  }

  /**
   * From now on every so manieth packet of media to the browser is lost. 0: no more is.
   * @param {number} every
   */
  loseEvery(every) {
    this.#every = every;
    this.rtp = { packets: 0, came: new Map(), lost: new Map() };
  }

  /**
   * From now on so much gets to the browser, and waits or is dropped beyond it.
   * @param {number} rate bits a second
   */
  narrow(rate) {
    this.#rate = rate;
  }

  close() {
    this.#open = false;
    this.#near.close();
    for (const { socket } of [...this.#old, ...this.#upstreams.values()]) socket.close();
  }

  /**
   * @param {Buffer} datagram
   * @param {import('node:dgram').RemoteInfo} from
   */
  #fromBrowser(datagram, from) {
    if (!this.#through) return;
    const key = `${from.address} ${from.port}`;
    let upstream = this.#upstreams.get(key);
    if (!upstream) {
      upstream = this.#openUpstream(from);
      this.#upstreams.set(key, upstream);
    }
    if (isMedia(datagram)) this.media.toServer += 1;
    upstream.socket.send(datagram, this.#server.port, this.#server.host);
  }

  /**
   * @param {import('node:dgram').RemoteInfo} browser
   * @returns {Upstream}
   */
  #openUpstream(browser) {
    const upstream = { socket: createSocket('udp4'), live: true };
    upstream.socket.on('message', (datagram) => {
      if (isMedia(datagram)) this.media[upstream.live ? 'toBrowser' : 'atOldPort'] += 1;
      if (isRtp(datagram) && this.#loses(datagram)) return;
      if (upstream.live && this.#through) this.#toBrowser(datagram, browser);
    });
    // The server may be gone at the end of a test: its ICMP answer is no error of ours.
    upstream.socket.on('error', () => {});
    return upstream;
  }

  /**
   * @param {Buffer} datagram
   * @param {import('node:dgram').RemoteInfo} browser
   */
  #toBrowser(datagram, { port, address }) {
    if (this.#rate === Infinity) return this.#near.send(datagram, port, address);
    const now = performance.now();
    const begins = Math.max(now, this.#free);
    if (begins - now > QUEUE) return;
    this.#free = begins + (8_000 * (datagram.length + HEADERS)) / this.#rate;
    // Closed meanwhile, or a browser that is gone: nothing of a line is kept.
    setTimeout(() => this.#open && this.#near.send(datagram, port, address), this.#free - now);
  }

  /** @param {Buffer} packet of RTP, to the browser */
  #loses(packet) {
    this.rtp.packets += 1;
    const lost = this.#every > 0 && this.rtp.packets % this.#every === 0;
    const counted = lost ? this.rtp.lost : this.rtp.came;
    const type = (packet[1] ?? 0) & 0x7f;
    counted.set(type, (counted.get(type) ?? 0) + 1);
    return lost;
  }
}
