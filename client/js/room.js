/**
 * The room page: before the call, the call, after it.
 */

import { Call } from './call/call.js';
import { byId, nodesOf } from './core/dom.js';
import { unescaped } from './core/names.js';
import { keepPass, showing, takePass } from './core/pass.js';
import { said } from './core/sentence.js';
import { rememberedHint, rememberedQuality } from './core/quality.js';
import { Reload } from './core/reload.js';
import { keepSecret, putReturn, remembered, secretOf, tabStore, takeReturn } from './core/storage.js';
import { PROTOCOL } from './proto/messages.js';
import { Link } from './rtc/link.js';
import { LocalMedia } from './rtc/local-media.js';
import { ScreenShare } from './rtc/screen-share.js';
import { Spare } from './rtc/spare.js';
import { callView } from './ui/call-view.js';
import { liveRegion } from './ui/live-region.js';
import { offerRoom } from './ui/make-again.js';
import { prejoin } from './ui/prejoin.js';

/** @import { Return } from './core/storage.js' */
/** @import { LinkOptions } from './rtc/link.js' */

/** Milliseconds a reloaded page waits for its devices before it goes on without: the others should see no gap. */
const DEVICES_WITHIN = 1500;

/** @type {Record<string, { title: string, text: string }>} */
const ENDINGS = {
  left: { title: 'You left the room', text: 'The others can still talk. You may come back at any time.' },
  'taken-over': { title: 'The call goes on elsewhere', text: 'This call was continued in another tab or window.' },
  'unknown-room': {
    title: 'There is no such room',
    text: 'The link may be mistyped or of another server, or the room has ended.',
  },
  reload: {
    title: 'This page is of another version',
    text: 'The server was changed while the page was open. Load it again to go on.',
  },
  'room-full': {
    title: 'The room is full',
    text: 'As many people are inside as the room holds, or as it holds from one network. Try again later.',
  },
  'pass-needed': {
    title: 'You need an invitation',
    text: 'Nobody comes in here by the address of the room alone. Open the link that you were given, or ask for one.',
  },
  'bad-pass': {
    title: 'This invitation is not valid',
    text: 'It may have expired, be for another room, or have been taken back. Ask whoever invited you for a new link.',
  },
};

/** The id in the link, or what was made of it on its way here. */
let room = unescaped(location.pathname.split('/')[2] ?? '');
const store = tabStore();
const { pass, fresh } = takePass(store, room, location, (address) => history.replaceState(null, '', address));
const reload = new Reload(store, () => location.reload());
const media = new LocalMedia();
const share = new ScreenShare(rememberedHint());
const region = liveRegion(byId('status', HTMLDivElement));
/** @type {Call | null} */
let call = null;
/** @type {Spare | null} */
let spare = null;
/** @type {ReturnType<typeof prejoin> | null} */
let door = null;

/** @param {'prejoin' | 'joining' | 'joined' | 'left'} state */
function show(state) {
  document.documentElement.dataset.state = state;
  byId('prejoin', HTMLElement).hidden = state !== 'prejoin';
  byId('call', HTMLElement).hidden = state !== 'joining' && state !== 'joined';
  byId('over', HTMLElement).hidden = state !== 'left';
}

/** @param {string} why */
function end(why) {
  const { title, text } = ENDINGS[why] ?? { title: 'The call has ended', text: `The server says “${why}”.` };
  media.stop();
  share.end();
  region.clear();
  byId('over-title', HTMLHeadingElement).textContent = title;
  byId('over-text', HTMLParagraphElement).textContent = text;
  byId('return', HTMLButtonElement).hidden = why === 'unknown-room';
  if (why === 'unknown-room') offerRoom(room, pass);
  if (why === 'bad-pass') keepPass(store, room, '');
  show('left');
  byId('over-title', HTMLHeadingElement).focus();
}

/**
 * @param {string} name
 * @param {Return | null} back
 */
function enter(name, back) {
  const url = new URL('/ws', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const quality = rememberedQuality();
  const secret = secretOf(room);
  const connect = (/** @type {LinkOptions} */ options) => spare?.take(options) ?? new Link(options);
  const hidesAddress = remembered('hide-address') === 'yes';
  const entered = new Call({
    url: url.href,
    room,
    name,
    media,
    share,
    back,
    quality,
    secret,
    pass,
    hidesAddress,
    connect,
  });
  call = entered;
  // The socket is on its way while the page changes.
  entered.start();
  callView({
    call: entered,
    media,
    share,
    quality,
    id: room,
    name,
    region,
    leave: () => {
      entered.leave();
      call = null;
      end('left');
    },
  });
  entered.on('welcome', ({ protocol }) => {
    if (protocol === PROTOCOL) reload.current();
    show('joined');
  });
  // On the way in: who was inside already stays, and reads that the page is to be loaded again if it has to be.
  entered.on('outdated', () => reload.outdated());
  entered.on('secret-refused', () => keepSecret(room, ''));
  entered.on('bad-name', () => {
    show('prejoin');
    openDoor().refuseName();
  });
  entered.on('ended', (why) => {
    call = null;
    end(why);
  });
  goIn();
}

function goIn() {
  show('joining');
  byId('room-name', HTMLHeadingElement).focus();
}

/** The one door, open. */
function openDoor() {
  door ??= prejoin(media, (name) => {
    if (!call) return enter(name, null);
    goIn();
    call.startAs(name);
  });
  door.open();
  return door;
}

/** @param {string} name */
function showRoom(name) {
  byId('prejoin-room', HTMLElement).replaceChildren(...nodesOf(said`${name}`));
}

/**
 * Everybody in one room has one address, which may be another than the one this page was opened at.
 * @param {{ id: string, name: string, topology?: string }} there
 */
function found({ id, name, topology }) {
  showRoom(name);
  byId('door-direct', HTMLDivElement).hidden = (topology ?? 'sfu') === 'sfu';
  if (id === room) return;
  room = id;
  keepPass(store, room, pass);
  history.replaceState(null, '', `/r/${id}`);
}

/** @returns {Promise<boolean>} False only if the server says so: without an answer joining will tell. */
async function exists() {
  try {
    const response = await fetch(`/api/rooms/${encodeURIComponent(room)}`, { headers: showing(pass) });
    if (response.status === 404) return false;
    if (response.ok) found(await response.json());
  } catch (error) {
    console.warn('the room could not be asked for:', error);
  }
  return true;
}

async function begin() {
  const ids = { camera: remembered('camera'), microphone: remembered('microphone') };
  const back = takeReturn(store, room, Date.now());
  // Whoever opens another invitation comes in as who that one says.
  if (back && !fresh) {
    const started = media.start({ camera: back.camera, microphone: back.microphone }, ids);
    await Promise.race([started, new Promise((resolve) => setTimeout(resolve, DEVICES_WITHIN))]);
    enter(back.name, back);
    return;
  }
  showRoom(room);
  if (!(await exists())) {
    end('unknown-room');
    return;
  }
  show('prejoin');
  openDoor();
  void media.start({ camera: true, microphone: true }, ids);
  spare = new Spare();
}

addEventListener('pagehide', () => {
  const back = call?.suspend();
  if (back) putReturn(store, room, back);
});
// A page taken from the back-forward cache has a dead call: begin again, with what was put away.
addEventListener('pageshow', (event) => event.persisted && location.reload());
byId('return', HTMLButtonElement).addEventListener('click', () => location.reload());

// For tests and for looking into a call from the console. Nothing in the client reads it.
Object.defineProperty(window, 'plenary', {
  value: {
    get pc() {
      return call?.pc ?? null;
    },
    get socket() {
      return call?.socket ?? null;
    },
    get state() {
      return call?.state ?? null;
    },
    get mesh() {
      return call?.mesh ?? null;
    },
  },
});

void begin();
