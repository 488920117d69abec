/**
 * Cameras and microphones: asking for them, and explaining why there is none.
 */

/** @typedef {'camera' | 'microphone'} Device */
/** @typedef {{ title: string, advice: string }} Explanation */

const NAMES = { camera: 'camera', microphone: 'microphone' };

/**
 * Says in plain words why a device cannot be used, and what to do. Pure.
 * @param {Device} device
 * @param {string} error The name of the DOMException.
 * @returns {Explanation}
 */
export function explain(device, error) {
  const name = NAMES[device];
  switch (error) {
    case 'NotAllowedError':
    case 'SecurityError':
      return {
        title: `Your browser does not let this page use the ${name}.`,
        advice: 'Allow it in the site settings beside the address, then turn it on again.',
      };
    case 'NotFoundError':
    case 'OverconstrainedError':
      return { title: `No ${name} was found.`, advice: 'Plug one in and turn it on, or take part without it.' };
    case 'NotReadableError':
    case 'AbortError':
      return {
        title: `The ${name} cannot be opened.`,
        advice: 'Another program may be using it. Close that program and try again.',
      };
    case 'InsecureContext':
      return { title: `The ${name} needs a secure page.`, advice: 'Open this page with https://.' };
    case 'Ended':
      return { title: `The ${name} has stopped.`, advice: 'Check that it is plugged in, then turn it on again.' };
    default:
      return { title: `The ${name} cannot be used.`, advice: `The browser says “${error}”.` };
  }
}

/**
 * @param {Device} device
 * @param {string} id Empty for the browser's choice.
 * @returns {MediaTrackConstraints}
 */
function constraints(device, id) {
  const which = id ? { deviceId: { ideal: id } } : {};
  return device === 'camera'
    ? { ...which, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } }
    : { ...which, channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true };
}

/**
 * Opens devices, several under one question to the person.
 * @param {Partial<Record<Device, string>>} wanted Each device with its id, empty for the browser's choice.
 * @returns {Promise<Partial<Record<Device, MediaStreamTrack>>>}
 * @throws {DOMException} What `getUserMedia` throws, or one named `InsecureContext`.
 */
export async function openDevices(wanted) {
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException('no media devices', 'InsecureContext');
  const { camera, microphone } = wanted;
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
  const named = (/** @type {MediaDeviceKind} */ kind, /** @type {string} */ word) =>
    all
      .filter((device) => device.kind === kind && device.deviceId !== '')
      .map((device, index) => ({ id: device.deviceId, label: device.label || `${word} ${index + 1}` }));
  return { camera: named('videoinput', 'Camera'), microphone: named('audioinput', 'Microphone') };
}

/**
 * Whether the person has refused this device for good, as far as the browser says.
 * @param {Device} device
 * @returns {Promise<boolean>}
 */
export async function isDenied(device) {
  try {
    const status = await navigator.permissions.query({ name: /** @type {PermissionName} */ (device) });
    return status.state === 'denied';
  } catch {
    return false;
  }
}
