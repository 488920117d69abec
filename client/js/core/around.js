/**
 * What the page of a room and the page around it say to each other: docs/embedding.md. Pure.
 */

/** @import { PeerInfo } from '../proto/messages.js' */
/** @import { Device } from '../rtc/devices.js' */

/** What every type begins with: other programs post messages to a page as well. */
const OURS = 'plenary:';

/** Letters of a name. */
const NAME = 64;

/**
 * What the page around wants: to prepare the door, to turn something off, to end the call.
 * @typedef {{ type: 'join', name: string | null, off: Device[] } | { type: 'mute', device: Device } | { type: 'leave' }} Wish
 */

/** Why a message is not followed. @typedef {{ type: 'wrong', code: 'bad-message' | 'needs-click', text: string }} Wrong */

/** @param {string} text @returns {Wrong} */
const bad = (text) => ({ type: 'wrong', code: 'bad-message', text });

/** @param {string} text @returns {Wrong} */
const needsClick = (text) => ({ type: 'wrong', code: 'needs-click', text });

/**
 * @param {unknown} data
 * @returns {Wish | Wrong | null} Null if it is none of ours.
 */
export function readWish(data) {
  const { type, name, camera, microphone, device, muted } = /** @type {Record<string, unknown>} */ (Object(data));
  if (typeof type !== 'string' || !type.startsWith(OURS)) return null;
  switch (type.slice(OURS.length)) {
    case 'join': {
      if (![camera, microphone].every((on) => on === undefined || typeof on === 'boolean')) {
        return bad('camera and microphone are true or false');
      }
      if (name !== undefined && (typeof name !== 'string' || name.length > NAME)) {
        return bad(`name is a text of ${NAME} characters at most`);
      }
      /** @type {Device[]} */
      const off = [...(camera === false ? [DEVICE.camera] : []), ...(microphone === false ? [DEVICE.microphone] : [])];
      return { type: 'join', name: name ?? null, off };
    }
    case 'mute':
      if (device !== 'camera' && device !== 'microphone') return bad('device is camera or microphone');
      if (muted !== undefined && typeof muted !== 'boolean') return bad('muted is true');
      return muted === false ? needsClick(`only the person turns the ${device} on`) : { type: 'mute', device };
    case 'leave':
      return { type: 'leave' };
    default:
      return bad(`there is no message ${type}`);
  }
}

/** @type {Record<Device, Device>} */
const DEVICE = { camera: 'camera', microphone: 'microphone' };

/**
 * The origins that the server names, as browsers write them.
 * @param {unknown} answer
 * @returns {string[]} None if it names none.
 */
export function originsOf(answer) {
  const { origins } = /** @type {{ origins?: unknown }} */ (Object(answer));
  if (!Array.isArray(origins)) return [];
  const read = origins.filter((origin) => typeof origin === 'string').flatMap(originOf);
  return [...new Set(read)];
}

/**
 * @param {string} text
 * @returns {string[]} None if it is no site's.
 */
function originOf(text) {
  if (!URL.canParse(text)) return [];
  const { origin, protocol } = new URL(text);
  return /^https?:$/.test(protocol) ? [origin] : [];
}

/**
 * To whom the page speaks before it has heard anything: a browser delivers a message to the one it is for, and to nobody else.
 * @param {string[]} origins Which the server names.
 * @param {string | undefined} parent Whose page is around, where browsers say that.
 * @returns {string[]}
 */
export function addressees(origins, parent) {
  return parent === undefined ? origins : origins.filter((origin) => origin === parent);
}

/**
 * Who is in the room, as it is told.
 * @param {{ self: string, peers: Pick<PeerInfo, 'id' | 'name'>[] }} room
 * @returns {{ id: string, name: string, self: boolean }[]}
 */
export function peopleOf({ self, peers }) {
  return peers.map(({ id, name }) => ({ id, name, self: id === self }));
}

/**
 * A message as it is posted.
 * @param {string} type
 * @param {object} [more]
 */
export function message(type, more = {}) {
  return { type: `${OURS}${type}`, ...more };
}
