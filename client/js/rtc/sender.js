/**
 * One of the client's own lines: what is sent on it, and how the server wants it.
 */

/** @import { PublishLayer } from '../proto/messages.js' */

/**
 * What the parameters of a sender become under the server's wish. Layers are found by rid, a single one without. Pure.
 * @param {RTCRtpEncodingParameters[]} encodings
 * @param {PublishLayer[]} layers
 * @param {boolean} picture Only pictures are scaled.
 * @returns {RTCRtpEncodingParameters[]}
 */
export function applyLayers(encodings, layers, picture) {
  return encodings.map((encoding) => {
    const layer =
      layers.find((wanted) => wanted.rid === encoding.rid) ?? (encodings.length === 1 ? layers.at(-1) : undefined);
    if (!layer) return { ...encoding, active: false };
    const scale = picture ? { scaleResolutionDownBy: Math.max(1, layer.scaleDown) } : {};
    return { ...encoding, active: true, ...(layer.maxBitrate > 0 ? { maxBitrate: layer.maxBitrate } : {}), ...scale };
  });
}

export class Sender {
  #sender;
  /** Changes of one sender come one after the other: `setParameters` refuses parameters read before another change. */
  #queue = Promise.resolve();

  /** @param {RTCRtpSender} sender */
  constructor(sender) {
    this.#sender = sender;
  }

  /**
   * Sends this track from now on, or nothing. Needs no negotiation.
   * @param {MediaStreamTrack | null} track
   */
  use(track) {
    this.#then(async () => {
      if (this.#sender.track !== track) await this.#sender.replaceTrack(track);
    });
  }

  /**
   * @param {PublishLayer[]} layers
   * @param {boolean} picture
   */
  adjust(layers, picture) {
    this.#then(async () => {
      const parameters = this.#sender.getParameters();
      if (!parameters.encodings?.length) return;
      parameters.encodings = applyLayers(parameters.encodings, layers, picture);
      await this.#sender.setParameters(parameters);
    });
  }

  /** @param {() => Promise<void>} change */
  #then(change) {
    this.#queue = this.#queue.then(change).catch((error) => console.warn('a sender refused a change:', error));
  }
}
