/**
 * The inside of a room, all of it: what the page loads while the person is still at the door.
 */

import { Call } from './call/call.js';
import { byId } from './core/dom.js';
import { rememberedHint, rememberedQuality } from './core/quality.js';
import { browserId, remembered, secretOf } from './core/storage.js';
import { Link } from './rtc/link.js';
import { ScreenShare } from './rtc/screen-share.js';
import { Spare } from './rtc/spare.js';
import { callView } from './ui/call-view.js';
import { KeyTable } from './ui/key-table.js';
import { liveRegion } from './ui/live-region.js';
import { permissionHelp } from './ui/permission-help.js';
import { settings } from './ui/settings.js';
import * as staying from './ui/staying.js';

/** @import { Return } from './core/storage.js' */
/** @import { LinkOptions } from './rtc/link.js' */
/** @import { LocalMedia } from './rtc/local-media.js' */

// What ends a call is there when it ends, also if the server is not.
export { over } from './over.js';
export { PROTOCOL } from './proto/messages.js';

/** Where this is from: a server that was changed a moment ago gives the parts of its new client. */
export const place = new URL('.', import.meta.url).href;

const share = new ScreenShare(rememberedHint());
const region = liveRegion(byId('status', HTMLDivElement));
const keys = new KeyTable();
/** Ends what a call has on the screen beside the page. */
let close = () => {};
/** @type {Spare | null} */
let spare = null;

/** Makes the connection of a call that is to come. */
export function prepare() {
  spare ??= new Spare();
}

/**
 * Begins a call.
 * @param {object} options
 * @param {string} options.room
 * @param {string} options.name
 * @param {Return | null} options.back
 * @param {string} options.pass
 * @param {boolean} options.asks
 * @param {LocalMedia} options.media
 * @param {() => void} options.leave
 */
export function enter({ room, name, back, pass, asks, media, leave }) {
  const url = new URL('/ws', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const quality = rememberedQuality();
  const connect = (/** @type {LinkOptions} */ options) => spare?.take(options) ?? new Link(options);
  const hidesAddress = remembered('hide-address') === 'yes';
  const who = { browser: browserId(), secret: secretOf(room), pass, hidesAddress, knock: asks };
  const call = new Call({ url: url.href, room, name, media, share, back, quality, connect, ...who });
  // The socket is on its way while the page changes.
  call.start();
  close = callView({ call, media, share, quality, id: room, name, returns: back !== null, region, leave });
  permissionHelp(byId('problems', HTMLDivElement), media);
  settings({ media, keys, say: region.say });
  return call;
}

/**
 * Somebody is inside: what goes on beside the call begins.
 * @param {Omit<Parameters<typeof staying.stay>[0], 'say' | 'keys'>} options
 * @returns {() => void} The call is over.
 */
export function stay(options) {
  return staying.stay({ ...options, keys, say: region.say });
}

/** What was said in a call is of no interest after it. */
export function hush() {
  region.clear();
}

/** Nothing is shared after a call. */
export function end() {
  close();
  share.end();
  hush();
}
