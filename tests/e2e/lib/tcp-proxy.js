/** A TCP relay in front of the server's page and WebSocket, or of its media, whose connections a test can cut. */

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class TcpProxy {
  #listener = createServer();
  /** @type {Set<import('node:net').Socket>} */
  #sockets = new Set();

  #still = false;

  /** Connections there were so far. */
  count = 0;

  /**
   * Listens on a free port and relays to `port`.
   * @param {number} port
   * @param {string} [host] where both are
   */
  static async open(port, host = '127.0.0.1') {
    const proxy = new TcpProxy();
    proxy.#listener.on('connection', (near) => {
      proxy.count += 1;
      const far = connect(port, host);
      proxy.#relay(near, far);
      proxy.#relay(far, near);
    });
    proxy.#listener.listen(0, host);
    await once(proxy.#listener, 'listening');
    return proxy;
  }

  /** The port to open instead of the server's. */
  get port() {
    return /** @type {import('node:net').AddressInfo} */ (this.#listener.address()).port;
  }

  /**
   * Ends every connection the hard way, as a lost network does: no WebSocket close, no TLS close_notify.
   * @returns {number} how many there were
   */
  cut() {
    const cut = this.#sockets.size / 2;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    return cut;
  }

  /** Passes nothing on, and ends nothing: as a network that is gone without a word. Until {@link goOn}. */
  standStill() {
    this.#still = true;
    for (const socket of this.#sockets) socket.pause();
  }

  goOn() {
    this.#still = false;
    for (const socket of this.#sockets) socket.resume();
  }

  /**
   * @param {import('node:net').Socket} from
   * @param {import('node:net').Socket} to
   */
  #relay(from, to) {
    this.#sockets.add(from);
    from.pipe(to);
    if (this.#still) from.pause();
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }

  close() {
    this.#listener.close();
    this.cut();
  }
}
