/**
 * A connection made before it is needed: to make one with its lines takes browsers a tenth of a second, for which nobody should
 * wait after a click.
 */

import { Link } from './link.js';

/** @import { LinkOptions } from './link.js' */

/**
 * What a server wants a connection to begin with, as `docs/protocol.md` has it. If this one wants something else, the spare is of no use.
 * @type {Pick<LinkOptions, 'limits' | 'encodings'>}
 */
export const USUAL = {
  limits: { pairs: 5, audioOnly: 3, videoSteps: [5, 9, 16, 25] },
  encodings: {
    camera: [
      { rid: 'q', maxBitrate: 150_000, scaleDown: 4, maxFramerate: 15 },
      { rid: 'h', maxBitrate: 900_000, scaleDown: 2, maxFramerate: 30 },
      { rid: 'f', maxBitrate: 1_500_000, scaleDown: 1, maxFramerate: 30 },
    ],
    screen: [],
  },
};

export class Spare {
  /** @type {Link | null} */
  #link = null;

  constructor() {
    try {
      this.#link = new Link({
        ...USUAL,
        iceServers: [],
        videoSlots: USUAL.limits.pairs,
        nextOffer: () => 0,
        send: () => {},
        tracks: [
          { stream: 'camera', kind: 'audio', track: null },
          { stream: 'camera', kind: 'video', track: null },
        ],
      });
      void this.#link.rehearse();
    } catch (error) {
      console.warn('no connection can be made ahead:', error);
    }
  }

  /**
   * @param {LinkOptions} options
   * @returns {Link} It, once and if it fits; another one otherwise.
   */
  take(options) {
    const link = this.#link;
    this.#link = null;
    if (link?.becomes(options)) return link;
    link?.close();
    return new Link(options);
  }
}
