/** A TCP relay in front of the server's page and WebSocket, whose connections a test can cut. */

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class TcpProxy {
  #listener = createServer();
  /** @type {Set<import('node:net').Socket>} */
  #sockets = new Set();

  /**
   * Listens on a free port of 127.0.0.1 and relays to `port`.
   * @param {number} port
   */
  static async open(port) {
    const proxy = new TcpProxy();
    proxy.#listener.on('connection', (near) => {
      const far = connect(port, '127.0.0.1');
      proxy.#relay(near, far);
      proxy.#relay(far, near);
    });
    proxy.#listener.listen(0, '127.0.0.1');
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

  /**
   * @param {import('node:net').Socket} from
   * @param {import('node:net').Socket} to
   */
  #relay(from, to) {
    this.#sockets.add(from);
    from.pipe(to);
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
