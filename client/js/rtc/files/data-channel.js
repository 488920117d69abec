/**
 * Files over an `RTCDataChannel`, which is ordered and reliable unless it is asked to be otherwise.
 */

import { FileExchange, LOW } from './exchange.js';
import { Pacer } from './pacer.js';

/** @import { Channel, Options } from './exchange.js' */

/**
 * @param {RTCDataChannel} channel Open, and for nothing else.
 * @param {Options} [options]
 * @param {() => Promise<RTCStatsReport>} [stats] Of the connection, on which voices and pictures go as well.
 */
export function exchangeOver(channel, options, stats) {
  channel.binaryType = 'arraybuffer';
  /** What was not given to the browser yet. @type {(string | Uint8Array<ArrayBuffer>)[]} */
  const queue = [];
  let bytes = 0;
  const pacer = new Pacer(channel, {
    stats,
    next: () => {
      const frame = queue.shift() ?? null;
      bytes -= frame?.length ?? 0;
      low();
      return frame;
    },
    failed: () => exchange.closed(),
  });
  /** @type {Channel} */
  const frames = {
    send: (data) => {
      // What is said of files does not wait behind their bytes, but for that these were all.
      if (typeof data === 'string' && !isDone(data)) return channel.send(data);
      queue.push(data);
      bytes += data.length;
      pacer.wake();
    },
    get bufferedAmount() {
      return bytes + channel.bufferedAmount;
    },
    onlow: null,
    close: () => channel.close(),
  };
  const low = () => frames.bufferedAmount <= LOW && frames.onlow?.();
  const exchange = new FileExchange(frames, options);
  channel.addEventListener('bufferedamountlow', low);
  channel.addEventListener('message', ({ data }) => exchange.receive(data));
  channel.addEventListener('close', () => {
    pacer.close();
    exchange.closed();
  });
  return exchange;
}

/** @param {string} text */
function isDone(text) {
  return JSON.parse(text).type === 'done';
}
