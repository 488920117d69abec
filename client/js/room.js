/**
 * The room page: before the call, the call, after it. Only the door is in its first part.
 */

import { answer, back, linked, pass, store } from './asking.js';
import { byId, nodesOf } from './core/dom.js';
import { embedded, framed, takesFocus } from './core/frame.js';
import { fetchLater } from './core/later.js';
import { keepPass } from './core/pass.js';
import { said } from './core/sentence.js';
import { Reload } from './core/reload.js';
import { keeps, keepSecret, putAsk, putReturn, remembered, secretOf, takeAsk } from './core/storage.js';
import { listed, say, regional, translate, word } from './core/words.js';
import { LocalMedia } from './rtc/local-media.js';
import { prejoin } from './ui/prejoin.js';

/** @import { There } from './asking.js' */
/** @import { Call } from './call/call.js' */
/** @import { Around } from './embed.js' */
/** @import { Return } from './core/storage.js' */

/** Milliseconds a reloaded page waits for its devices before it goes on without: the others should see no gap. */
const DEVICES_WITHIN = 1500;

let room = linked;
const reload = new Reload(store, () => location.reload());
const media = new LocalMedia();
/** @type {Call | null} */
let call = null;
/** @type {ReturnType<typeof prejoin> | null} */
let door = null;
/** @type {typeof import('./inside.js') | null} */
let inside = null;
/** @type {Promise<typeof import('./inside.js')> | null} */
let loading = null;

/** Ends what goes on while somebody is inside. */
let outside = () => {};

/** When the room opens, in milliseconds since 1970; 0 if it is open. */
let opens = 0;
/** What is wrong with the access token, if the server said so. */
let fault = '';

/** The person was banned, and asks to come in all the same. */
let asks = false;
/** What makes the next call go on with the last one. In a frame that takes a click. */
let goesOn = framed ? back : null;
/** The page around this one. @type {Around | null} */
let around = null;
document.documentElement.toggleAttribute('data-embed', embedded);
translate(document);

/** @param {'prejoin' | 'joining' | 'waiting' | 'joined' | 'left'} state */
function show(state) {
  document.documentElement.dataset.state = state;
  const prejoins = byId('prejoin', HTMLElement);
  prejoins.hidden = state !== 'prejoin' && state !== 'waiting';
  prejoins.inert = false;
  prejoins.ariaBusy = null;
  byId('call', HTMLElement).hidden = state !== 'joining' && state !== 'joined';
  byId('over', HTMLElement).hidden = state !== 'left';
}

/** The second part of the page, which may be on its way already. */
function loadInside() {
  loading ??= load();
  return loading;
}

async function load() {
  try {
    const styles = fetchLater(byId('later', HTMLTemplateElement));
    const part = await import('./inside.js');
    await styles;
    // Two halves of two clients may not know each other.
    if (part.place !== new URL('.', import.meta.url).href && reload.outdated()) return await new Promise(() => {});
    inside = part;
    return part;
  } catch (error) {
    loading = null;
    throw error;
  }
}

/** @param {string} why */
async function end(why) {
  door?.close();
  outside();
  outside = () => {};
  media.stop();
  inside?.end();
  const { over } = inside ?? (await import('./over.js'));
  over(why, { room, pass, opens, when: opens ? momentWords(opens) : '', fault, ask: () => putAsk(store, room) });
  // Nobody is the owner of what is gone.
  if (why === 'ended' || why === 'room-over' || why === 'gone') keepSecret(room, '');
  if (why === 'bad-pass') keepPass(store, room, '');
  show('left');
  around?.over(why);
  if (takesFocus()) byId('over-title', HTMLHeadingElement).focus();
}

/**
 * @param {string} name
 * @param {Return | null} returning
 */
async function enter(name, returning) {
  try {
    begin(await loadInside(), name, returning);
  } catch (error) {
    console.warn('the page could not be loaded:', error);
    show('prejoin');
    openDoor().refuse(word('door.not-loaded'));
  }
}

/**
 * @param {typeof import('./inside.js')} part
 * @param {string} name
 * @param {Return | null} returning
 */
function begin(part, name, returning) {
  const entered = part.enter({ room, name, back: returning, pass, asks, media, leave: () => leave('left') });
  call = entered;
  let isInside = false;
  around?.follow(entered);
  entered.on('welcome', ({ protocol }) => {
    if (protocol === part.PROTOCOL) reload.current();
    const waited = document.documentElement.dataset.state === 'waiting';
    door?.close();
    show('joined');
    if (waited) byId('room-name', HTMLHeadingElement).focus();
    if (isInside) return;
    isInside = true;
    const shared = returning?.screen === true;
    outside = part.stay({ call: entered, media, id: room, shared, leave: () => leave('left') });
  });
  entered.on('waiting', ({ room: there, knocks }) => {
    part.hush();
    show('waiting');
    theDoor().wait({ room: there.name, knocks });
  });
  // On the way in: who was inside already stays, and reads that the page is to be loaded again if it has to be.
  entered.on('outdated', () => reload.outdated());
  entered.on('secret-refused', () => keepSecret(room, ''));
  entered.on('pass-refused', (reason) => {
    fault = reason;
  });
  entered.on('bad-name', () => {
    show('prejoin');
    openDoor().refuseName();
  });
  entered.on('ended', (why) => {
    call = null;
    void end(why);
  });
  goIn();
}

/** @param {'left' | 'left-lobby'} where */
function leave(where) {
  call?.leave();
  call = null;
  void end(where);
}

function goIn() {
  door?.close();
  show('joining');
  byId('room-name', HTMLHeadingElement).focus();
}

/** The one door. */
function theDoor() {
  door ??= prejoin(media, (name) => {
    const returning = goesOn;
    goesOn = null;
    if (!call) return void enter(name, returning);
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
 * @param {number} people
 * @param {string[]} names Of some of them, or of nobody.
 */
function showInside(people, names) {
  const more = people - names.length;
  const all = listed(more > 0 ? [...names, word('door.inside.more', { n: more })] : names);
  const known = names.length > 0 ? say('door.inside.names', { n: people, names: all }) : null;
  const words = known ?? say(people > 0 ? 'door.inside.count' : 'door.inside.none', { n: people });
  const place = byId('door-inside', HTMLParagraphElement);
  place.replaceChildren(...nodesOf(words));
  place.hidden = false;
}

/**
 * Everybody in one room has one address, which may be another than the one this page was opened at.
 * @returns {string} Why one cannot come in at present; empty if nothing is known to be in the way.
 * @param {There} there
 */
function found({ id, name, topology, access, passNeeded, locked, starts = 0, people = 0, full, names = [] }) {
  showRoom(name);
  showInside(people, names);
  byId('door-direct', HTMLDivElement).hidden = (topology ?? 'sfu') === 'sfu';
  if (id !== room) {
    room = id;
    keepPass(store, room, pass);
    history.replaceState(null, '', `/${embedded ? 'e' : 'r'}/${id}`);
  }
  // Whoever made the room need not ask; what the server says of the secret is seen on the way in.
  const made = secretOf(room) !== '';
  theDoor().asks(asks || (access === 'lobby' && !made));
  // Whether it is open is for the server's clock to say.
  if (starts > Date.now()) showOpening(starts);
  if ((passNeeded || access === 'token') && !made && !pass) return 'pass-needed';
  if (locked === true && !made) return 'locked';
  return full ? `${full}-full` : '';
}

/** @param {number} at In milliseconds since 1970. */
function showOpening(at) {
  opens = at;
  const place = byId('door-opens', HTMLParagraphElement);
  place.textContent = word('door.opens', { when: [momentWords(at)] });
  place.hidden = false;
}

/** @param {number} at In milliseconds since 1970. */
function momentWords(at) {
  return new Date(at).toLocaleString(regional, { dateStyle: 'long', timeStyle: 'short' });
}

/** @param {Return} returning */
async function comeBack(returning) {
  byId('prejoin', HTMLElement).hidden = true;
  loadInside().catch(() => {});
  const ids = { camera: remembered('camera'), microphone: remembered('microphone') };
  const started = media.start({ camera: returning.camera, microphone: returning.microphone }, ids);
  await Promise.race([started, new Promise((resolve) => setTimeout(resolve, DEVICES_WITHIN))]);
  await enter(returning.name, returning);
}

/** Whoever is around hears of what happens here. Without them the page works all the same. */
async function meetAround() {
  try {
    const { meet } = await import('./embed.js');
    around = await meet({
      media,
      leave: () => {
        const there = call !== null;
        if (there) leave('left');
        return there;
      },
    });
  } catch (error) {
    console.warn('the page around this one hears nothing:', error);
  }
}

/** What is good to have at the door, and nobody waits for. */
async function moreOfDoor() {
  try {
    const { doorMore } = await import('./ui/door-more.js');
    doorMore(media, opens);
  } catch (error) {
    console.warn('the speaker cannot be tried:', error);
  }
}

async function come() {
  showRoom(room);
  asks = takeAsk(store, room);
  if (embedded) await meetAround();
  const there = await answer;
  theDoor().asks(asks);
  const why = typeof there === 'string' ? there : there && found(there);
  if (why) return end(why);
  show('prejoin');
  openDoor();
  const { camera, microphone } = goesOn ?? { camera: true, microphone: true };
  void media.start({ camera, microphone }, { camera: remembered('camera'), microphone: remembered('microphone') });
  void moreOfDoor();
  around?.ready({ id: room, name: (typeof there === 'object' && there?.name) || room });
  try {
    const part = await loadInside();
    if (!call) part.prepare();
  } catch (error) {
    // Whoever goes in tries again.
    console.warn('the page could not be loaded:', error);
  }
}

addEventListener('pagehide', () => {
  // Who could not come back is not waited for.
  if (!keeps(store)) return call?.leave();
  const returning = call?.suspend();
  if (returning) putReturn(store, room, returning);
  return undefined;
});
// A page taken from the back-forward cache has a dead call: begin again, with what was put away.
addEventListener('pageshow', (event) => event.persisted && location.reload());
byId('waiting-leave', HTMLButtonElement).addEventListener('click', () => leave('left-lobby'));

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

void (back && !framed ? comeBack(back) : come());
