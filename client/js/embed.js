/**
 * A room in a frame of another site: what that site's page is told, and what it may ask for. It may prepare and turn off; nobody
 * goes on air without a click in here. Whom the page listens and speaks to the server says.
 */

import { addressees, message, originsOf, peopleOf, readWish } from './core/around.js';
import { byId } from './core/dom.js';
import { framed } from './core/frame.js';
import { DEVICES } from './rtc/devices.js';

/** @import { Call } from './call/call.js' */
/** @import { Wish, Wrong } from './core/around.js' */
/** @import { Device } from './rtc/devices.js' */
/** @import { LocalMedia } from './rtc/local-media.js' */

/** Whether the person is inside, as the page around knows it. */
let inside = false;
/** Whom to tell. @type {string[]} */
let told = [];
/** What was said last of each kind that is said only when it changes. @type {Map<string, string>} */
const said = new Map();

/**
 * The page around this one, if it is one of a site that the server names.
 * @typedef {object} Around
 * @property {(room: { id: string, name: string }) => void} ready The door is open.
 * @property {(call: Call) => void} follow
 * @property {(why: string) => void} over The call has ended, or there is none.
 */

/**
 * Begins to listen.
 * @param {{ media: LocalMedia, leave: () => boolean }} page `leave` says whether there was a call to leave.
 * @returns {Promise<Around>}
 */
export async function meet({ media, leave }) {
  document.head.append(style());
  const origins = framed ? await named() : [];
  told = addressees(origins, location.ancestorOrigins?.[0]);
  addEventListener('message', ({ data, origin, source }) => {
    // Only who is around this page, and is named: neither another frame there nor a stranger.
    if (source !== window.parent || !origins.includes(origin)) return;
    const wish = readWish(data);
    if (!wish) return;
    told = [origin];
    obey(wish, media, leave);
  });
  media.on('change', (device) => tellDevice(media, device));
  return {
    ready: (room) => {
      tell('ready', { room });
      for (const device of DEVICES) tellDevice(media, device);
    },
    follow: (call) => follow(call),
    over: (why) => {
      if (inside) tell('left', { why });
      else if (why !== 'left') tell('error', { code: why, text: '' });
      inside = false;
      for (const key of ['people', 'door']) said.delete(key);
    },
  };
}

/** Which sites the server names. A page that does not learn it is silent, and works. @returns {Promise<string[]>} */
async function named() {
  try {
    return originsOf(await (await fetch('/api/frames')).json());
  } catch (error) {
    console.warn('the server did not tell who shows it in a frame:', error);
    return [];
  }
}

/**
 * @param {string} type
 * @param {object} [more]
 */
function tell(type, more) {
  for (const origin of told) window.parent.postMessage(message(type, more), origin);
}

/**
 * Tells it if it is something else than what was told.
 * @param {string} key
 * @param {string} type
 * @param {object} more
 */
function tellChange(key, type, more) {
  const text = JSON.stringify(more);
  if (said.get(key) === text) return;
  said.set(key, text);
  tell(type, more);
}

/**
 * @param {LocalMedia} media
 * @param {Device} device
 */
function tellDevice(media, device) {
  const { on, problem } = media.get(device);
  tellChange(device, 'muted', { device, muted: !on });
  if (problem) tellChange(`${device}-problem`, 'error', { code: `no-${device}`, text: problem });
  else said.delete(`${device}-problem`);
}

/** @param {Call} call */
function follow(call) {
  call.on('welcome', ({ room, peer }) => {
    if (inside) return;
    inside = true;
    tell('joined', { room: { id: room.id, name: room.name }, self: peer });
  });
  call.on('waiting', () => tellChange('door', 'waiting', {}));
  call.on('room', (state) => {
    if (inside && state.peers.length > 0) tellChange('people', 'people', { people: peopleOf(state) });
  });
  call.on('bad-name', () => tell('error', { code: 'bad-name', text: '' }));
}

/**
 * @param {Wish | Wrong} wish
 * @param {LocalMedia} media
 * @param {() => boolean} leave
 */
function obey(wish, media, leave) {
  switch (wish.type) {
    case 'wrong':
      return tell('error', { code: wish.code, text: wish.text });
    case 'join':
      for (const device of wish.off) media.set(device, false);
      if (wish.name !== null && !inside) fill(wish.name);
      return undefined;
    case 'mute':
      return media.set(wish.device, false);
    case 'leave':
      if (!leave()) tell('error', { code: 'not-inside', text: 'there is no call to leave' });
  }
}

/** The door asks for a name, and has one now. @param {string} text */
function fill(text) {
  const name = byId('name', HTMLInputElement);
  name.value = text;
  name.dispatchEvent(new Event('input', { bubbles: true }));
}

function style() {
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = new URL('../css/embed.css', import.meta.url).href;
  return link;
}
