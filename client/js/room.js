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
import {
  browserId,
  keepSecret,
  putAsk,
  putReturn,
  remembered,
  secretOf,
  tabStore,
  takeAsk,
  takeReturn,
} from './core/storage.js';
import { PROTOCOL } from './proto/messages.js';
import { Link } from './rtc/link.js';
import { LocalMedia } from './rtc/local-media.js';
import { ScreenShare } from './rtc/screen-share.js';
import { Spare } from './rtc/spare.js';
import { callView } from './ui/call-view.js';
import { ASK, endingOf } from './ui/endings.js';
import { liveRegion } from './ui/live-region.js';
import { offerRoom } from './ui/make-again.js';
import { prejoin } from './ui/prejoin.js';

/** @import { Return } from './core/storage.js' */
/** @import { LinkOptions } from './rtc/link.js' */

/** Milliseconds a reloaded page waits for its devices before it goes on without: the others should see no gap. */
const DEVICES_WITHIN = 1500;

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

/** When the room opens, in words; empty if it is open. */
let opens = '';

/** The person was banned, and asks to come in all the same. */
let asks = false;

/** @param {'prejoin' | 'joining' | 'waiting' | 'joined' | 'left'} state */
function show(state) {
  document.documentElement.dataset.state = state;
  byId('prejoin', HTMLElement).hidden = state !== 'prejoin' && state !== 'waiting';
  byId('call', HTMLElement).hidden = state !== 'joining' && state !== 'joined';
  byId('over', HTMLElement).hidden = state !== 'left';
}

/** @param {string} why */
function end(why) {
  const { title, text, again } = endingOf(why, opens);
  door?.close();
  media.stop();
  share.end();
  region.clear();
  byId('over-title', HTMLHeadingElement).textContent = title;
  byId('over-text', HTMLParagraphElement).textContent = text;
  const back = byId('return', HTMLButtonElement);
  back.hidden = again === '';
  back.textContent = again;
  if (why === 'unknown-room') offerRoom(room, pass);
  // Nobody is the owner of what is gone.
  if (why === 'ended' || why === 'room-over') keepSecret(room, '');
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
  const who = { browser: browserId(), secret, pass, hidesAddress, knock: asks };
  const entered = new Call({ url: url.href, room, name, media, share, back, quality, connect, ...who });
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
    leave: () => leave('left'),
  });
  entered.on('welcome', ({ protocol }) => {
    if (protocol === PROTOCOL) reload.current();
    const waited = document.documentElement.dataset.state === 'waiting';
    door?.close();
    show('joined');
    if (waited) byId('room-name', HTMLHeadingElement).focus();
  });
  entered.on('waiting', ({ room: there, knocks }) => {
    region.clear();
    show('waiting');
    theDoor().wait({ room: there.name, knocks });
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

/** @param {'left' | 'left-lobby'} where */
function leave(where) {
  call?.leave();
  call = null;
  end(where);
}

function goIn() {
  show('joining');
  byId('room-name', HTMLHeadingElement).focus();
}

/** The one door. */
function theDoor() {
  door ??= prejoin(media, (name) => {
    if (!call) return enter(name, null);
    goIn();
    call.startAs(name);
  });
  return door;
}

/** The same, open. */
function openDoor() {
  const opened = theDoor();
  opened.open();
  return opened;
}

/** @param {string} name */
function showRoom(name) {
  byId('prejoin-room', HTMLElement).replaceChildren(...nodesOf(said`${name}`));
}

/**
 * Everybody in one room has one address, which may be another than the one this page was opened at.
 * @returns {string} Why one cannot come in at present; empty if nothing is known to be in the way.
 * @param {{ id: string, name: string, topology?: string, access?: string, locked?: boolean, starts?: number }} there
 */
function found({ id, name, topology, access, locked, starts = 0 }) {
  showRoom(name);
  byId('door-direct', HTMLDivElement).hidden = (topology ?? 'sfu') === 'sfu';
  if (id !== room) {
    room = id;
    keepPass(store, room, pass);
    history.replaceState(null, '', `/r/${id}`);
  }
  // Whoever made the room need not ask; what the server says of the secret is seen on the way in.
  const made = secretOf(room) !== '';
  theDoor().asks(asks || (access === 'lobby' && !made));
  // Whether it is open is for the server's clock to say.
  if (starts > Date.now()) opens = momentWords(starts);
  if (access === 'token' && !made && !pass) return 'pass-needed';
  return locked === true && !made ? 'locked' : '';
}

/** @param {number} at In milliseconds since 1970. */
function momentWords(at) {
  return `on ${new Date(at).toLocaleString([], { dateStyle: 'long', timeStyle: 'short' })}`;
}

/** @returns {Promise<string>} Why one cannot come in, only if the server says so: without an answer joining will tell. */
async function obstacle() {
  try {
    const response = await fetch(`/api/rooms/${encodeURIComponent(room)}`, { headers: showing(pass) });
    if (response.status === 404) return 'unknown-room';
    if (response.ok) return found(await response.json());
  } catch (error) {
    console.warn('the room could not be asked for:', error);
  }
  return '';
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
  asks = takeAsk(store, room);
  theDoor().asks(asks);
  const why = await obstacle();
  if (why) return end(why);
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
byId('waiting-leave', HTMLButtonElement).addEventListener('click', () => leave('left-lobby'));
byId('return', HTMLButtonElement).addEventListener('click', ({ currentTarget }) => {
  if (currentTarget instanceof HTMLElement && currentTarget.textContent === ASK) putAsk(store, room);
  location.reload();
});

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
