/** One end of a connection to the server from a chosen address of the loopback network: bytes, frames and messages. */

import { once } from 'node:events';
import { connect } from 'node:net';

/** The largest lengths of the two shorter forms of a frame's header (RFC 6455, 5.2). */
const [SHORT, MIDDLE] = [125, 65_535];

/**
 * A frame as a client sends it; its mask is zero, so the payload stands as it is.
 * @param {string | Buffer} payload
 * @param {{ opcode?: number, final?: boolean, announced?: number }} [form] `announced` bytes if not those that are there
 */
export function frame(payload, { opcode = 1, final = true, announced } = {}) {
  const body = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const length = announced ?? body.length;
  const head = Buffer.alloc(length <= SHORT ? 2 : length <= MIDDLE ? 4 : 10);
  head[0] = (final ? 0x80 : 0) | opcode;
  if (length <= SHORT) head[1] = 0x80 | length;
  else if (length <= MIDDLE) {
    head[1] = 0xfe;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 0xff;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, Buffer.alloc(4), body]);
}

/** @param {unknown} message */
export const said = (message) => frame(JSON.stringify(message));

export class Line {
  /** What came and was not taken yet. */
  #input = Buffer.alloc(0);
  /** @type {(() => void) | undefined} */
  #wake;
  closed = false;
  socket;

  /** @param {import('node:net').Socket} socket */
  constructor(socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (/** @type {Buffer} */ bytes) => {
      this.#input = Buffer.concat([this.#input, bytes]);
      this.#wake?.();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.closed = true;
      this.#wake?.();
    });
  }

  /**
   * @param {number} port
   * @param {string} from the own address
   */
  static async open(port, from) {
    const socket = connect({ host: '127.0.0.1', port, localAddress: from });
    const line = new Line(socket);
    await once(socket, 'connect');
    return line;
  }

  /**
   * A WebSocket.
   * @param {number} port
   * @param {string} from
   */
  static async socket(port, from) {
    const line = await Line.open(port, from);
    line.socket.write(
      `GET /ws HTTP/1.1\r\nHost: localhost:${port}\r\nOrigin: http://localhost:${port}\r\nConnection: Upgrade\r\n` +
        'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await line.#until('\r\n\r\n');
    return line;
  }

  /** @param {string} mark */
  async #until(mark) {
    for (;;) {
      const at = this.#input.indexOf(mark);
      if (at >= 0) return this.#take(at + mark.length).toString('latin1');
      await this.#more();
    }
  }

  /** @param {number} count */
  #take(count) {
    const taken = this.#input.subarray(0, count);
    this.#input = this.#input.subarray(count);
    return taken;
  }

  async #more() {
    if (this.closed) throw new Error('the server closed the connection');
    await /** @type {Promise<void>} */ (new Promise((resolve) => (this.#wake = resolve)));
  }

  /** @param {number} count */
  async #exactly(count) {
    while (this.#input.length < count) await this.#more();
    return this.#take(count);
  }

  /** The next message, or the next closing frame as `{ type: 'close' }`. */
  async message() {
    for (;;) {
      const head = await this.#exactly(2);
      let length = (head[1] ?? 0) & 127;
      if (length === 126) length = (await this.#exactly(2)).readUInt16BE();
      else if (length === 127) length = Number((await this.#exactly(8)).readBigUInt64BE());
      const body = await this.#exactly(length);
      const opcode = (head[0] ?? 0) & 15;
      if (opcode === 1) return JSON.parse(body.toString());
      if (opcode === 8) return { type: 'close', code: body.length < 2 ? undefined : body.readUInt16BE() };
    }
  }

  /**
   * The next message of one of these types, or the closing.
   * @param {string[]} types
   */
  async answer(...types) {
    for (;;) {
      const message = await this.message();
      if (types.includes(message.type) || message.type === 'close') return message;
    }
  }

  /**
   * Asks over HTTP. The status.
   * @param {string} head request line and headers, without the end
   * @param {string} [body]
   */
  async ask(head, body = '') {
    this.socket.write(
      `${head}\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    const answer = await this.#until('\r\n\r\n');
    await this.#exactly(Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0));
    return Number(answer.split(' ')[1]);
  }

  /**
   * Enters a room. The answer's type, `welcome` if it is one.
   * @param {string} room
   * @param {string} name
   */
  async join(room, name) {
    this.socket.write(said({ type: 'join', room, name }));
    return (await this.answer('welcome', 'error')).type;
  }
}
