/**
 * A call without this page's interface, for a page of one's own: docs/client.md.
 */

export { Call } from './call/call.js';
export { tilesOf } from './call/room-state.js';
export { makeRoom } from './core/making.js';
export { newsText } from './core/news.js';
export { roomMeant } from './core/names.js';
export { PROTOCOL } from './proto/messages.js';
export { LocalMedia } from './rtc/local-media.js';
export { ScreenShare } from './rtc/screen-share.js';
