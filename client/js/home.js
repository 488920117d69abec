/**
 * The home page: make a room, open one by its name, or choose one that is listed.
 */

import { byId, nodesOf } from './core/dom.js';
import { makeRoom } from './core/making.js';
import { sharedIn } from './core/invitation.js';
import { generatedRoomName, isLink, roomMeant } from './core/names.js';
import { takePass } from './core/pass.js';
import { keepSecret, tabStore } from './core/storage.js';
import { say, translate, word } from './core/words.js';
import { languageChoice } from './ui/language-choice.js';
import { roomList } from './ui/room-list.js';

/** @import { Sentence } from './core/sentence.js' */

const { pass } = takePass(tabStore(), '', location, (address) => history.replaceState(null, '', address));
const form = byId('room-form', HTMLFormElement);
const input = byId('room', HTMLInputElement);
const listed = byId('listed', HTMLInputElement);
const create = byId('create', HTMLButtonElement);
const open = byId('open', HTMLButtonElement);
const message = byId('message', HTMLParagraphElement);
/** Whether who is here makes rooms. */
let makes = true;

translate(document);
document.documentElement.toggleAttribute('data-words', true);
languageChoice(byId('language', HTMLSelectElement));
input.placeholder = suggestedName();

/** From 0 to below 1, as `Math.random`, but drawn well. */
function random() {
  const [drawn = 0] = crypto.getRandomValues(new Uint32Array(1));
  return drawn / 2 ** 32;
}

function suggestedName() {
  return generatedRoomName(random, word('home.suggested.first'), word('home.suggested.second'));
}

/** @param {Sentence} sentence */
function tell(sentence) {
  message.replaceChildren(...nodesOf(sentence));
}

/** @param {string} id */
function go(id) {
  location.assign(`/r/${encodeURIComponent(id)}`);
}

/** @param {boolean} may Whether who is here makes rooms: if not, there is no form that fails. */
function showMaking(may) {
  if (makes === may) return;
  makes = may;
  for (const part of form.querySelectorAll('.check, .choice, #create')) {
    if (part instanceof HTMLElement) part.hidden = !may;
  }
  input.placeholder = may ? suggestedName() : '';
  byId('hint', HTMLParagraphElement).textContent = word(may ? 'home.hint' : 'home.makers');
}

/** @param {boolean} busy */
function setBusy(busy) {
  create.disabled = open.disabled = busy;
}

/**
 * @param {() => Promise<void>} action
 */
async function whileBusy(action) {
  tell([]);
  setBusy(true);
  try {
    await action();
  } catch (error) {
    console.warn(error);
    tell(say('making.unreachable'));
  } finally {
    setBusy(false);
  }
}

async function createRoom() {
  if (!makes) return openRoom();
  // Nobody means a room whose name is a link.
  if (isLink(input.value)) return openRoom();
  const name = input.value.trim() || input.placeholder;
  const wanted = {
    name,
    listed: listed.checked,
    lasts: byId('lasts', HTMLInputElement).checked,
    topology: byId('topology', HTMLSelectElement).value,
    access: byId('lobby', HTMLInputElement).checked ? 'lobby' : 'open',
  };
  const making = await makeRoom(fetch, wanted, pass);
  if ('made' in making) {
    keepSecret(making.made, making.secret);
    return go(making.made);
  }
  if ('refused' in making) return tell([making.refused]);
  input.value = name;
  tell(say('making.exists', { name }));
  open.disabled = false;
  open.focus();
}

async function openRoom() {
  const meant = roomMeant(input.value);
  if (!meant) {
    tell(say('home.name-missing'));
    return input.focus();
  }
  // Where a link leads nowhere, the page it leads to says so, and offers to make the room.
  if (isLink(input.value)) return go(meant);
  const response = await fetch(`/api/rooms/${encodeURIComponent(meant)}`);
  if (response.ok) return go((await response.json()).id);
  if (response.status === 429) return tell(say('home.too-many'));
  if (response.status === 404 || response.status === 410) {
    return tell(say('home.not-found', { name: input.value.trim() }));
  }
  tell(say('home.not-told'));
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void whileBusy(createRoom);
});
open.addEventListener('click', () => void whileBusy(openRoom));
setBusy(false);
takeShared();
roomList(pass, showMaking);

/** Another program shared something with the installed page: a link leads to its room, and a text is what one may be called. */
function takeShared() {
  const { link, text } = sharedIn(location.search);
  if (link) return location.replace(link);
  if (!text) return undefined;
  history.replaceState(null, '', location.pathname);
  input.value = text;
  return input.focus();
}
