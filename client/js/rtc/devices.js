/**
 * Cameras and microphones: asking for them, and explaining why there is none.
 */

import { word } from '../core/words.js';

/** @import { Key } from '../words/en.js' */
/** @import { DeviceState } from './local-media.js' */

/** @typedef {'camera' | 'microphone'} Device */

/** @type {Device[]} */
export const DEVICES = ['camera', 'microphone'];

/** @typedef {{ title: string, advice: string }} Explanation */

/**
 * What is said of something: of one device or of both, and what to do.
 * @typedef {Record<Device | 'both' | 'advice', Key>} Matter
 */

/** @type {Matter} */
const REFUSED = {
  camera: 'device.refused.camera',
  microphone: 'device.refused.microphone',
  both: 'device.refused.both',
  advice: 'device.refused.advice',
};

/** @type {Matter} */
const MISSING = {
  camera: 'device.missing.camera',
  microphone: 'device.missing.microphone',
  both: 'device.missing.both',
  advice: 'device.missing.advice',
};

/** @type {Matter} */
const BUSY = {
  camera: 'device.busy.camera',
  microphone: 'device.busy.microphone',
  both: 'device.busy.both',
  advice: 'device.busy.advice',
};

/** @type {Matter} */
const INSECURE = {
  camera: 'device.insecure.camera',
  microphone: 'device.insecure.microphone',
  both: 'device.insecure.both',
  advice: 'device.insecure.advice',
};

/** @type {Matter} */
const QUESTION = {
  camera: 'device.question.camera',
  microphone: 'device.question.microphone',
  both: 'device.question.both',
  advice: 'device.question.advice',
};

/** @type {Matter} */
const SLOW = {
  camera: 'device.slow.camera',
  microphone: 'device.slow.microphone',
  both: 'device.slow.both',
  advice: 'device.slow.advice',
};

/** @type {Matter} */
const SILENCED = {
  camera: 'device.silenced.camera',
  microphone: 'device.silenced.microphone',
  both: 'device.silenced.both',
  advice: 'device.silenced.advice',
};

/** @type {Matter} */
const REPLACED = {
  camera: 'device.replaced.camera',
  microphone: 'device.replaced.microphone',
  both: 'device.replaced.both',
  advice: 'device.replaced.advice',
};

/** @type {Matter} */
const REVOKED = {
  camera: 'device.revoked.camera',
  microphone: 'device.revoked.microphone',
  both: 'device.revoked.both',
  advice: 'device.revoked.advice',
};

/** @type {Matter} */
const ENDED = {
  camera: 'device.ended.camera',
  microphone: 'device.ended.microphone',
  both: 'device.ended.both',
  advice: 'device.ended.advice',
};

/** Only a microphone is opened muted in place of another. @type {Matter} */
const UNPLUGGED = {
  camera: 'devices.unplugged.title',
  microphone: 'devices.unplugged.title',
  both: 'devices.unplugged.title',
  advice: 'devices.unplugged.advice',
};

/** @type {Matter} */
const UNUSABLE = {
  camera: 'device.unusable.camera',
  microphone: 'device.unusable.microphone',
  both: 'device.unusable.both',
  advice: 'device.browser-says',
};

/** By the name of the DOMException, or of what the page found itself. @type {Record<string, Matter>} */
const MATTERS = {
  NotAllowedError: REFUSED,
  SecurityError: REFUSED,
  NotFoundError: MISSING,
  OverconstrainedError: MISSING,
  NotReadableError: BUSY,
  AbortError: BUSY,
  InsecureContext: INSECURE,
  Question: QUESTION,
  Slow: SLOW,
  Silenced: SILENCED,
  Replaced: REPLACED,
  Unplugged: UNPLUGGED,
  Revoked: REVOKED,
  Ended: ENDED,
};

/**
 * Says in plain words why devices cannot be used, and what to do. Pure.
 * @param {Device[]} devices One, or both when both have the same trouble.
 * @param {string} error The name of the DOMException.
 * @returns {Explanation}
 */
export function explain(devices, error) {
  const matter = (Object.hasOwn(MATTERS, error) ? MATTERS[error] : undefined) ?? UNUSABLE;
  const [device] = devices;
  const title = matter[devices.length > 1 || !device ? 'both' : device];
  return { title: word(title), advice: word(matter.advice, { n: devices.length, error }) };
}

/**
 * What the person should know about a device, as {@link explain} takes it. Pure.
 * @param {Pick<DeviceState, 'problem' | 'opening' | 'waiting' | 'silenced' | 'replaced' | 'unplugged'>} state
 * @returns {string | null}
 */
export function noteOn({ problem, opening, waiting, silenced, replaced, unplugged }) {
  if (problem !== null) return problem;
  if (opening && waiting) return waiting === 'question' ? 'Question' : 'Slow';
  if (silenced) return 'Silenced';
  if (unplugged) return 'Unplugged';
  return replaced ? 'Replaced' : null;
}

/**
 * @param {Device} device
 * @param {string} id Empty for the browser's choice.
 * @returns {MediaTrackConstraints}
 */
function constraints(device, id) {
  const which = id ? { deviceId: { exact: id } } : {};
  return device === 'camera'
    ? { ...which, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } }
    : { ...which, channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
}

/** @typedef {Partial<Record<Device, string>>} Wanted Each device with its id, empty for the browser's choice. */

/**
 * Opens devices, several under one question to the person. In place of a chosen one that is not there any more comes the
 * browser's choice.
 * @param {Wanted} wanted
 * @param {() => boolean} [still] Whether anybody still waits for them: who has left is not asked again.
 * @returns {Promise<{ tracks: Partial<Record<Device, MediaStreamTrack>>, replaced: Device[] }>}
 * @throws {DOMException} What `getUserMedia` throws, or one named `InsecureContext`.
 */
export async function openDevices(wanted, still = () => true) {
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException('no media devices', 'InsecureContext');
  try {
    return { tracks: await capture(wanted), replaced: [] };
  } catch (error) {
    let last = error;
    for (const gone of isGone(error) ? await missing(wanted) : []) {
      if (!still()) break;
      const others = Object.fromEntries(gone.map((device) => [device, '']));
      try {
        return { tracks: await capture({ ...wanted, ...others }), replaced: gone };
      } catch (again) {
        last = again;
        if (!isGone(again)) break;
      }
    }
    throw last;
  }
}

/** @param {unknown} error */
function isGone(error) {
  return ['OverconstrainedError', 'NotFoundError'].includes(/** @type {Error} */ (error).name);
}

/**
 * Which chosen ones may not be there. Before a page has opened anything Firefox lists nothing, and refuses what is not there
 * without a question to the person: it is tried who of them that is.
 * @param {Wanted} wanted
 * @returns {Promise<Device[][]>} What to try without, the likeliest first.
 */
async function missing(wanted) {
  const listed = await listDevices();
  const chosen = DEVICES.filter((device) => wanted[device]);
  const unknown = chosen.filter((device) => listed[device].length === 0);
  const gone = chosen.filter((device) => {
    return !unknown.includes(device) && !listed[device].some(({ id }) => id === wanted[device]);
  });
  const tries = [gone, ...unknown.map((device) => [...gone, device]), [...gone, ...unknown]];
  const apart = new Map(tries.map((one) => [one.join(), one]));
  apart.delete('');
  return [...apart.values()];
}

/**
 * @param {Wanted} wanted
 * @returns {Promise<Partial<Record<Device, MediaStreamTrack>>>}
 */
async function capture({ camera, microphone }) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: microphone === undefined ? false : constraints('microphone', microphone),
    video: camera === undefined ? false : constraints('camera', camera),
  });
  const [audio] = stream.getAudioTracks();
  const [video] = stream.getVideoTracks();
  return { ...(audio ? { microphone: audio } : {}), ...(video ? { camera: video } : {}) };
}

/**
 * The devices there are. Without permission the browser gives no labels.
 * @returns {Promise<Record<Device, { id: string, label: string }[]>>}
 */
export async function listDevices() {
  const all = (await navigator.mediaDevices?.enumerateDevices?.().catch(() => [])) ?? [];
  const named = (/** @type {MediaDeviceKind} */ kind, /** @type {Key} */ key) =>
    all
      .filter((device) => device.kind === kind && device.deviceId !== '')
      .map((device, index) => ({ id: device.deviceId, label: device.label || word(key, { n: index + 1 }) }));
  return { camera: named('videoinput', 'device.camera'), microphone: named('audioinput', 'device.microphone') };
}

/**
 * What the person has said about this device, as far as the browser tells.
 * @param {Device} device
 * @returns {Promise<PermissionState | ''>}
 */
export async function permissionFor(device) {
  try {
    const status = await navigator.permissions.query({ name: /** @type {PermissionName} */ (device) });
    return status.state;
  } catch {
    return '';
  }
}
