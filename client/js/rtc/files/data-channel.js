/**
 * Files over an `RTCDataChannel`, which is ordered and reliable unless it is asked to be otherwise.
 */

import { FileExchange, LOW } from './exchange.js';

/** @import { Channel, Options } from './exchange.js' */

/**
 * @param {RTCDataChannel} channel Open, and for nothing else.
 * @param {Options} [options]
 */
export function exchangeOver(channel, options) {
  channel.binaryType = 'arraybuffer';
  channel.bufferedAmountLowThreshold = LOW;
  /** @type {Channel} */
  const frames = {
    // Two calls, because a browser tells text from bytes by what it is given.
    send: (data) => (typeof data === 'string' ? channel.send(data) : channel.send(data)),
    get bufferedAmount() {
      return channel.bufferedAmount;
    },
    onlow: null,
    close: () => channel.close(),
  };
  const exchange = new FileExchange(frames, options);
  channel.addEventListener('bufferedamountlow', () => frames.onlow?.());
  channel.addEventListener('message', ({ data }) => exchange.receive(data));
  channel.addEventListener('close', () => exchange.closed());
  return exchange;
}
