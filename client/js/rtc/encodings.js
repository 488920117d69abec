/**
 * What is sent of a picture: what the server asks for, within what the capture gives and what the person allows. Pure.
 */

/** @import { PublishLayer, Stream } from '../proto/messages.js' */

/**
 * What the person allows, in both directions.
 * @typedef {object} Quality
 * @property {Lines} most Lines of a camera's picture at most.
 * @property {boolean} saver Data are dear: the smallest pictures only, and screens with few frames.
 */
/** @typedef {720 | 360 | 180} Lines */
/** @typedef {{ width: number, height: number }} Size */

/** @type {Lines[]} */
export const LINES = [720, 360, 180];

/** @type {Quality} */
export const BEST = { most: 720, saver: false };

/** Lines of the capture that the rates are asked for. */
const ASKED_FOR = 720;
/** No picture gets better of less, in bits a second. */
const LEAST_RATE = 80_000;
/** Half as many lines as make three layers worthwhile: 540 and 270. */
const THREE_LAYERS = 540;
const TWO_LAYERS = 270;

/** A screen while data are dear: text stays sharp with few frames. */
const SAVED_SCREEN = { maxBitrate: 500_000, maxFramerate: 5 };

/**
 * The layers that a line is made with; one without a rid where the browser is not to be trusted with several: Firefox, which knows no content
 * hints, sends screens in several sizes unreliably. Pure.
 * @param {PublishLayer[]} asked From the smallest picture to the largest.
 * @param {Stream} stream
 * @param {boolean} hints Whether the browser knows content hints.
 * @returns {PublishLayer[]}
 */
export function offeredLayers(asked, stream, hints) {
  if (stream === 'camera' || hints) return asked;
  return asked.slice(-1).map((layer) => {
    const whole = { ...layer };
    delete whole.rid;
    return whole;
  });
}

/**
 * Lines of a camera's picture that the person allows.
 * @param {Quality} quality
 * @returns {Lines}
 */
export function mostLines({ most, saver }) {
  return saver ? 180 : most;
}

/**
 * The layers of a camera to send. A layer is known by how large its picture is: a small capture has no third one, or no second.
 * @param {PublishLayer[]} asked From the smallest picture to the largest, for a capture of 720 lines.
 * @param {Size} capture
 * @param {Quality} quality
 * @returns {PublishLayer[]} At least one, if any is asked for.
 */
export function cameraLayers(asked, capture, quality) {
  const lines = Math.min(capture.width, capture.height);
  const step = lines >= THREE_LAYERS ? 1 : lines >= TWO_LAYERS ? 2 : 4;
  const fitting = atLeastSmallest(asked, ({ scaleDown }) => scaleDown >= step).map((layer) => {
    const scaleDown = Math.max(1, layer.scaleDown / step);
    const share = (lines / scaleDown / (ASKED_FOR / layer.scaleDown)) ** 2;
    return { ...layer, scaleDown, maxBitrate: rate(layer.maxBitrate, share) };
  });
  const most = mostLines(quality);
  return atLeastSmallest(fitting, ({ scaleDown }) => lines / scaleDown <= most).map((layer) => {
    const over = lines / layer.scaleDown / most;
    if (over <= 1) return layer;
    // The server asks for nothing so small: what it asks for is sent smaller.
    const times = 2 ** Math.ceil(Math.log2(over));
    return { ...layer, scaleDown: layer.scaleDown * times, maxBitrate: rate(layer.maxBitrate, 1 / times ** 2) };
  });
}

/**
 * The layers of a screen to send.
 * @param {PublishLayer[]} asked
 * @param {Quality} quality
 * @returns {PublishLayer[]}
 */
export function screenLayers(asked, { saver }) {
  if (!saver) return asked;
  // One of full size that stands still most of the time is of more use than a small one.
  return asked.slice(-1).map((layer) => ({
    ...layer,
    maxBitrate: Math.min(layer.maxBitrate, SAVED_SCREEN.maxBitrate),
    maxFramerate: SAVED_SCREEN.maxFramerate,
  }));
}

/**
 * @param {PublishLayer[]} layers
 * @param {(layer: PublishLayer) => boolean} good
 */
function atLeastSmallest(layers, good) {
  const found = layers.filter(good);
  return found.length > 0 ? found : layers.slice(0, 1);
}

/**
 * @param {number} asked
 * @param {number} share
 */
function rate(asked, share) {
  return Math.min(asked, Math.max(LEAST_RATE, Math.round(asked * share)));
}
