/** A reverse proxy as people set one up who overlooked something: it says another Host, or knows no WebSocket. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { request } from 'node:https';

/** @typedef {import('node:http').IncomingMessage} Incoming */

export class HostProxy {
  #listener = createServer();
  #port;
  /** Whether upgrades reach the server. */
  upgrades = true;

  /** @param {number} port of the server, on this machine */
  constructor(port) {
    this.#port = port;
    this.#listener.on('request', (asked, answer) => {
      const onward = this.#ask(asked);
      onward.on('response', (got) => {
        answer.writeHead(got.statusCode ?? 502, got.headers);
        got.pipe(answer);
      });
      onward.on('error', () => answer.destroy());
      asked.pipe(onward);
    });
    this.#listener.on('upgrade', (asked, socket) => {
      socket.on('error', () => {});
      if (!this.upgrades) return socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
      const onward = this.#ask(asked);
      onward.on('response', (got) => {
        got.resume();
        socket.end(`HTTP/1.1 ${got.statusCode} ${got.statusMessage}\r\ncontent-length: 0\r\n\r\n`);
      });
      onward.on('upgrade', (_, far) => far.destroy() && socket.destroy());
      onward.on('error', () => socket.destroy());
      onward.end();
    });
  }

  /**
   * Listens on a free port, in the clear.
   * @param {number} port of the server
   */
  static async open(port) {
    const proxy = new HostProxy(port);
    proxy.#listener.listen(0, '127.0.0.1');
    await once(proxy.#listener, 'listening');
    return proxy;
  }

  /** Where to open the page instead of at the server. */
  get origin() {
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#listener.address());
    return `http://127.0.0.1:${port}/`;
  }

  /** @param {Incoming} asked */
  #ask({ method, url, headers }) {
    const onward = { ...headers, host: `localhost:${this.#port}` };
    return request({
      host: '127.0.0.1',
      port: this.#port,
      method,
      path: url,
      headers: onward,
      rejectUnauthorized: false,
    });
  }

  close() {
    this.#listener.close();
    this.#listener.closeAllConnections();
  }
}
