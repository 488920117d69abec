/**
 * The keys of headsets, lock screens and small windows: mute, camera, hang up.
 */

/** @import { Device } from '../rtc/devices.js' */
/** @import { LocalMedia } from '../rtc/local-media.js' */

/**
 * @param {LocalMedia} media
 * @param {object} may
 * @param {(device: Device) => boolean} may.use Whether the person may use it.
 * @param {() => void} may.leave
 * @returns {() => void} The keys are somebody else's again.
 */
export function mediaKeys(media, { use, leave }) {
  const session = navigator.mediaSession;
  if (!session) return () => {};
  const toggle = (/** @type {Device} */ device) => use(device) && media.set(device, !media.get(device).on);
  /** @type {[action: string, handler: () => void][]} */
  const keys = [
    ['togglemicrophone', () => toggle('microphone')],
    ['togglecamera', () => toggle('camera')],
    ['hangup', leave],
  ];
  const set = (/** @type {string} */ action, /** @type {(() => void) | null} */ handler) => {
    try {
      session.setActionHandler(/** @type {MediaSessionAction} */ (action), handler);
    } catch {
      // This browser does not know the key.
    }
  };
  for (const [action, handler] of keys) set(action, handler);
  const show = () => {
    void tell(session, 'setMicrophoneActive', media.get('microphone').live);
    void tell(session, 'setCameraActive', media.get('camera').live);
  };
  const unlisten = media.on('change', show);
  show();
  return () => {
    unlisten();
    for (const [action] of keys) set(action, null);
  };
}

/**
 * @param {MediaSession & Record<string, any>} session
 * @param {string} what
 * @param {boolean} active
 */
async function tell(session, what, active) {
  try {
    await session[what]?.(active);
  } catch {
    // A page in the background may not.
  }
}
