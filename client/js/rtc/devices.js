/**
 * Cameras and microphones: asking for them, and explaining why there is none.
 */

/** @typedef {'camera' | 'microphone'} Device */
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
    case 'Ended':
      return { title: `The ${name} stopped.`, advice: `Check the plug, then turn ${them} on again.` };
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
