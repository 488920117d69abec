/**
 * Everything a person sends, from wherever it comes.
 */

/** @import { Device } from '../rtc/devices.js' */
/** @import { OwnTrack } from '../rtc/link.js' */
/** @import { LocalMedia } from '../rtc/local-media.js' */
/** @import { ScreenShare } from '../rtc/screen-share.js' */
/** @import { Return } from '../core/storage.js' */

/** What the others are told: nothing is sent on a muted track. @typedef {OwnTrack & { muted: boolean }} Own */

/**
 * @param {Pick<LocalMedia, 'get'>} media
 * @param {Device} device
 * @returns {Own}
 */
export function deviceTrack(media, device) {
  const { live, track, silenced } = media.get(device);
  return { stream: 'camera', kind: device === 'camera' ? 'video' : 'audio', track, muted: !live || silenced };
}

/**
 * Follows camera and microphone; of what they do, others need not know everything.
 * @param {LocalMedia} media
 * @param {(changed: Own) => void} use
 */
export function followDevices(media, use) {
  for (const device of /** @type {const} */ (['camera', 'microphone'])) {
    let before = deviceTrack(media, device);
    media.on('change', (changed) => {
      if (changed !== device) return;
      const now = deviceTrack(media, device);
      if (now.track === before.track && now.muted === before.muted) return;
      before = now;
      use(now);
    });
  }
}

/**
 * @param {Pick<ScreenShare, 'tracks'>} share
 * @returns {Own[]}
 */
export function screenTracks(share) {
  const { video, audio } = share.tracks;
  return [
    { stream: 'screen', kind: 'video', track: video, muted: !video },
    { stream: 'screen', kind: 'audio', track: audio, muted: !audio },
  ];
}

/**
 * @param {Pick<LocalMedia, 'get'>} media
 * @param {Pick<ScreenShare, 'tracks'>} share
 * @returns {Own[]} In the order of their lines.
 */
export function ownTracks(media, share) {
  return [deviceTrack(media, 'microphone'), deviceTrack(media, 'camera'), ...screenTracks(share)];
}

/**
 * Which lines a new connection begins with. Camera and microphone always have one, because they come and go; a screen gets
 * one when it is first shared.
 * @param {Own[]} tracks
 * @returns {OwnTrack[]}
 */
export function firstOwn(tracks) {
  return tracks
    .filter(({ stream, track }) => stream === 'camera' || track !== null)
    .map(({ stream, kind, track }) => ({ stream, kind, track }));
}

/**
 * What the others are to be told of these lines: nothing is sent on one that has no track.
 * @param {{ stream: Own['stream'], kind: Own['kind'] }[]} lines
 * @param {Own[]} own
 */
export function mutesOf(lines, own) {
  return lines.map(({ stream, kind }) => {
    const muted = own.find((track) => track.stream === stream && track.kind === kind)?.muted ?? true;
    return { type: /** @type {const} */ ('mute'), stream, kind, muted };
  });
}

/**
 * What a page that is loaded again needs to go on.
 * @param {Pick<LocalMedia, 'get'>} media
 * @param {Pick<Return, 'name' | 'roomName'> & { token?: string | undefined }} who
 * @param {Pick<Return, 'offer' | 'screen'>} what
 * @returns {Return | null} Nothing for somebody who never came in.
 */
export function returnOf(media, { token, name, roomName = '' }, what) {
  if (!token) return null;
  const [camera, microphone] = [media.get('camera').on, media.get('microphone').on];
  return { ...what, token, name, roomName, camera, microphone, at: Date.now() };
}
