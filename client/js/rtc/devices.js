/**
 * Cameras and microphones: asking for them, and explaining why there is none.
 */

import { word } from '../core/words.js';

/** @import { DeviceState } from './local-media.js' */

/** @typedef {'camera' | 'microphone'} Device */

/** @type {Device[]} */
export const DEVICES = ['camera', 'microphone'];

/** @typedef {{ title: string, advice: string }} Explanation */

/**
 * Says in plain words why devices cannot be used, and what to do. Pure.
 * @param {Device[]} devices One, or both when both have the same trouble.
 * @param {string} error The name of the DOMException.
 * @returns {Explanation}
 */
export function explain(devices, error) {
  const name = devices.join(' and ');
  const them = devices.length > 1 ? 'them' : 'it';
  switch (error) {
    case 'NotAllowedError':
    case 'SecurityError':
      return {
        title: `Your browser does not let this page use the ${name}.`,
        advice: `Allow ${them} in the site settings beside the address, then turn ${them} on again.`,
      };
    case 'NotFoundError':
    case 'OverconstrainedError':
      return {
        title: devices.length > 1 ? 'Neither a camera nor a microphone was found.' : `No ${name} was found.`,
        advice: `Plug ${them} in and turn ${them} on, or take part without ${them}.`,
      };
    case 'NotReadableError':
    case 'AbortError':
      return {
        title: `The ${name} cannot be opened.`,
        advice: 'Another program may be using it. Close that program and try again.',
      };
    case 'InsecureContext':
      return { title: `The ${name} cannot be used on an insecure page.`, advice: 'Open this page with https://.' };
    case 'Question':
      return {
        title: `Your browser is asking whether this page may use the ${name}.`,
        advice: `Answer its question, near the address, or take part without ${them}.`,
      };
    case 'Slow':
      return {
        title: `The ${name} ${devices.length > 1 ? 'take' : 'takes'} long to open.`,
        advice: `You can take part meanwhile without ${them}.`,
      };
    case 'Silenced':
      return {
        title: `Your system lets nothing through from the ${name} at present.`,
        advice:
          'A phone call, another program or a switch on the device may be the reason. It goes on by itself afterwards.',
      };
    case 'Replaced':
      return {
        title: `The ${name} chosen or used before ${devices.length > 1 ? 'are' : 'is'} not there.`,
        advice: devices.length > 1 ? 'Others are used instead.' : 'Another one is used instead.',
      };
    case 'Unplugged':
      return { title: word('devices.unplugged.title'), advice: word('devices.unplugged.advice') };
    case 'Revoked':
      return {
        title: `The permission to use the ${name} was taken back.`,
        advice: `Give it again in the site settings beside the address, then turn ${them} on again.`,
      };
    case 'Ended':
      return { title: `The ${name} stopped.`, advice: `Check the plug, then turn ${them} on again.` };
    default:
      return { title: `The ${name} cannot be used.`, advice: `The browser says “${error}”.` };
  }
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
  const named = (/** @type {MediaDeviceKind} */ kind, /** @type {string} */ name) =>
    all
      .filter((device) => device.kind === kind && device.deviceId !== '')
      .map((device, index) => ({ id: device.deviceId, label: device.label || `${name} ${index + 1}` }));
  return { camera: named('videoinput', 'Camera'), microphone: named('audioinput', 'Microphone') };
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
