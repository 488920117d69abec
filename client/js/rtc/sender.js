/**
 * One of the client's own lines: what is sent on it, and how the server wants it.
 */

import { findCodec, isCodec } from './codecs.js';
import { BEST, cameraLayers, screenLayers } from './encodings.js';

/** @import { Limitation, PublishLayer, PublishTrack, Stream } from '../proto/messages.js' */
/** @import { Quality } from './encodings.js' */

/** An encoding with the fields that not every browser has. @typedef {RTCRtpEncodingParameters & { codec?: RTCRtpCodec, scalabilityMode?: string }} Encoding */

/** Chromium sends several encodings of these codecs only if each says that it has no layers within. */
const LAYERED = ['VP9', 'AV1'];

/**
 * What the parameters of a sender become under the server's wish. Layers are found by rid. A layer without one is for the
 * only encoding, or the one with the largest picture: the last. Pure.
 * @template {RTCRtpEncodingParameters} E
 * @param {E[]} encodings
 * @param {PublishLayer[]} layers
 * @param {boolean} picture Only pictures are scaled.
 * @returns {E[]}
 */
export function applyLayers(encodings, layers, picture) {
  return encodings.map((encoding, index) => {
    const layer =
      layers.find((wanted) => wanted.rid !== undefined && wanted.rid === encoding.rid) ??
      (encodings.length === 1 ? layers.at(-1) : undefined) ??
      (index === encodings.length - 1 ? layers.find((wanted) => wanted.rid === undefined) : undefined);
    if (!layer) return { ...encoding, active: false };
    const scale = picture ? { scaleResolutionDownBy: Math.max(1, layer.scaleDown) } : {};
    const rate = layer.maxBitrate > 0 ? { maxBitrate: layer.maxBitrate } : {};
    const changed = { ...encoding, active: true, ...rate, ...scale };
    // Without a wish none of before must stay.
    delete changed.maxFramerate;
    return layer.maxFramerate ? { ...changed, maxFramerate: layer.maxFramerate } : changed;
  });
}

/**
 * The same encodings, all sent with one codec. Pure.
 * @param {Encoding[]} encodings
 * @param {RTCRtpCodec} codec
 * @returns {Encoding[]}
 */
export function applyCodec(encodings, codec) {
  const flat = LAYERED.some((name) => isCodec(codec, name));
  return encodings.map((encoding) => {
    const changed = { ...encoding, codec };
    delete changed.scalabilityMode;
    return flat ? { ...changed, scalabilityMode: 'L1T1' } : changed;
  });
}

export class Sender {
  #sender;
  /** Whose picture it is; null for sound. */
  #picture;
  #quality;
  #prefer;
  /** Nothing is to be sent, whatever the server wants: it goes another way. */
  #rests = false;
  /** How the server wants it, once it has said so. @type {PublishLayer[] | null} */
  #layers = null;
  /** Changes of one sender come one after the other: `setParameters` refuses parameters read before another change. */
  #queue = Promise.resolve();

  /**
   * @param {RTCRtpSender} sender
   * @param {Stream | null} picture Null for sound.
   * @param {(codec: string) => void} prefer The browser cannot change the codec by parameters: it must be negotiated.
   * @param {Quality} [quality]
   */
  constructor(sender, picture, prefer, quality = BEST) {
    this.#sender = sender;
    this.#picture = picture;
    this.#prefer = prefer;
    this.#quality = quality;
  }

  /**
   * Sends this track from now on, or nothing. Needs no negotiation.
   * @param {MediaStreamTrack | null} track
   */
  use(track) {
    this.#then(async () => {
      if (this.#sender.track === track) return;
      await this.#sender.replaceTrack(track);
      if (!this.#picture) return;
      const apply = () => this.#set((all) => this.#applied(all));
      // A refusal must not leave the picture dark until the server wants something else.
      await apply().catch(apply);
    });
  }

  /** What the person allows from now on. @param {Quality} quality */
  allow(quality) {
    this.#quality = quality;
    if (this.#picture && this.#layers) this.#then(() => this.#set((all) => this.#applied(all)));
  }

  /** Sends nothing from now on, and keeps its place; or sends again, beginning with a key frame. @param {boolean} rests */
  rest(rests) {
    if (this.#rests === rests) return;
    this.#rests = rests;
    this.#then(() => this.#set((all) => this.#applied(all)));
  }

  /** What keeps the browser from sending what it was told to, at this moment. @returns {Promise<Limitation | null>} */
  async limitation() {
    if (!this.#sender.track || !this.#picture) return null;
    // Of a layer that is not to be sent the reason of before stays.
    const sent = [...(await this.#sender.getStats()).values()].filter(({ active }) => active !== false);
    const reasons = sent.map(({ qualityLimitationReason: reason }) => reason);
    return reasons.includes('cpu') ? 'cpu' : reasons.includes('bandwidth') ? 'bandwidth' : null;
  }

  /** What the encoder was given for all that is sent, in bits a second; null if the browser does not say. */
  async target() {
    const sent = [...(await this.#sender.getStats()).values()].filter(({ type }) => type === 'outbound-rtp');
    const known = sent.flatMap(({ targetBitrate }) => (typeof targetBitrate === 'number' ? [targetBitrate] : []));
    return known.length > 0 ? known.reduce((sum, one) => sum + one, 0) : null;
  }

  /** @param {Partial<PublishTrack> & Pick<PublishTrack, 'layers'>} wish Without a codec it stays as it is. */
  adjust({ layers, codec }) {
    this.#then(async () => {
      this.#layers = layers;
      if (!this.#picture || !codec || !this.#mustChange(codec)) return this.#set((all) => this.#applied(all));
      const found = this.#find(codec);
      const changed = found !== undefined && (await this.#change(found, codec));
      if (changed) return;
      await this.#set((all) => this.#applied(all));
      if (found) this.#prefer(codec);
      else console.warn(`${codec} is wanted, and this browser does not send it here`);
    });
  }

  /**
   * The encodings as the server wants them; none while there is no picture: Firefox goes on sending black ones without a
   * track, and fills the rest of the line with padding.
   * @param {Encoding[]} encodings
   */
  #applied(encodings) {
    if (this.#rests || (this.#picture && !this.#sender.track)) return applyLayers(encodings, [], true);
    if (!this.#layers) return encodings.map((encoding) => ({ ...encoding, active: true }));
    return applyLayers(encodings, this.#layersNow(this.#layers), this.#picture !== null);
  }

  /** @param {PublishLayer[]} asked */
  #layersNow(asked) {
    if (this.#picture === 'screen') return screenLayers(asked, this.#quality);
    if (this.#picture !== 'camera') return asked;
    // A browser that does not tell the size is one with a whole camera.
    const { width = 1280, height = 720 } = this.#sender.track?.getSettings?.() ?? {};
    return cameraLayers(asked, { width, height }, this.#quality);
  }

  /**
   * Whether something else is sent than `codec`. Without a codec of their own the encodings have the first one negotiated.
   * @param {string} codec
   */
  #mustChange(codec) {
    const { codecs, encodings } = this.#sender.getParameters();
    const chosen = /** @type {Encoding[]} */ (encodings ?? []).map((encoding) => encoding.codec ?? codecs?.[0]);
    return chosen.some((one) => one !== undefined && !isCodec(one, codec));
  }

  /**
   * Those that were negotiated come first: their format parameters are what the sender compares with.
   * @param {string} codec
   */
  #find(codec) {
    const negotiated = findCodec(this.#sender.getParameters().codecs ?? [], codec);
    return negotiated ?? findCodec(RTCRtpSender.getCapabilities('video')?.codecs ?? [], codec);
  }

  /**
   * Layers and codec in one step, so that no frame is sent under half of the wish.
   * @param {RTCRtpCodec} found
   * @param {string} codec
   * @returns {Promise<boolean>} Whether the browser took it: some ignore a codec they do not know how to set.
   */
  async #change(found, codec) {
    const { mimeType, clockRate, channels, sdpFmtpLine } = found;
    const plain = {
      mimeType,
      clockRate,
      ...(channels ? { channels } : {}),
      ...(sdpFmtpLine ? { sdpFmtpLine } : {}),
    };
    try {
      await this.#set((all) => applyCodec(this.#applied(all), plain));
    } catch (error) {
      console.warn(`the sender did not take ${codec}:`, error);
      return false;
    }
    return !this.#mustChange(codec);
  }

  /**
   * Parameters are read and set in one turn: browsers refuse what was read earlier.
   * @param {(encodings: Encoding[]) => Encoding[]} change
   */
  async #set(change) {
    const parameters = this.#sender.getParameters();
    if (!parameters.encodings?.length) return;
    parameters.encodings = change(parameters.encodings);
    await this.#sender.setParameters(parameters);
  }

  /** @param {() => Promise<void>} change */
  #then(change) {
    this.#queue = this.#queue.then(change).catch((error) => console.warn('a sender refused a change:', error));
  }
}
