/**
 * The home page: make a room, open one by its name, or choose one that is listed.
 */

import { byId, nodesOf } from './core/dom.js';
import { generatedRoomName, isLink, roomId } from './core/names.js';
import { said } from './core/sentence.js';
import { roomList } from './ui/room-list.js';

const form = byId('room-form', HTMLFormElement);
const input = byId('room', HTMLInputElement);
const listed = byId('listed', HTMLInputElement);
const create = byId('create', HTMLButtonElement);
const open = byId('open', HTMLButtonElement);
const message = byId('message', HTMLParagraphElement);

input.placeholder = generatedRoomName(random);

/** From 0 to below 1, as `Math.random`, but drawn well. */
function random() {
  const [drawn = 0] = crypto.getRandomValues(new Uint32Array(1));
  return drawn / 2 ** 32;
}

/** @param {string | import('./core/sentence.js').Sentence} sentence A string has no name in it. */
function say(sentence) {
  message.replaceChildren(...nodesOf(typeof sentence === 'string' ? [sentence] : sentence));
}

/**
 * The rest of a sentence, as the server says it.
 * @param {unknown} detail
 */
function why(detail) {
  return typeof detail === 'string' && detail ? `: ${detail}` : '';
}

/** @param {string} id */
function go(id) {
  location.assign(`/r/${encodeURIComponent(id)}`);
}

/** @param {boolean} busy */
function setBusy(busy) {
  create.disabled = open.disabled = busy;
}

/**
 * @param {() => Promise<void>} action
 */
async function whileBusy(action) {
  say('');
  setBusy(true);
  try {
    await action();
  } catch (error) {
    console.warn(error);
    say('The server cannot be reached. Check your connection and try again.');
  } finally {
    setBusy(false);
  }
}

async function createRoom() {
  const name = input.value.trim() || input.placeholder;
  const response = await fetch('/api/rooms', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, listed: listed.checked }),
  });
  const body = await response.json().catch(() => ({}));
  if (response.status === 201 && typeof body.id === 'string') return go(body.id);
  if (response.status === 429 || response.status === 503) {
    return say(`No room can be made at present${why(body.detail)}. Try again in a minute.`);
  }
  if (response.status !== 409) {
    return say(`The room cannot be made${why(body.detail ?? body.title)}. Try another name.`);
  }
  input.value = name;
  say(said`A public room called “${name}” exists already. Open it, or choose another name.`);
  open.disabled = false;
  open.focus();
}

async function openRoom() {
  const id = roomId(input.value);
  if (!id) {
    say(
      input.value.trim()
        ? 'Only names with a letter from a to z or a digit lead to a room. Paste its link.'
        : 'Type the name of the room you want to open, or paste its link.',
    );
    return input.focus();
  }
  const response = await fetch(`/api/rooms/${encodeURIComponent(id)}`);
  if (response.ok) return go(id);
  if (response.status === 429) {
    return say('Your network asked for too many rooms that do not exist. Try again in a minute.');
  }
  if (response.status === 404 && isLink(input.value)) {
    return say('There is no room at this link. It may be mistyped, or the room has ended.');
  }
  say(
    response.status === 404
      ? said`There is no public room called “${input.value.trim()}”. Paste the link of one that is not public, or create it.`
      : 'The server cannot tell whether this room exists. Try again.',
  );
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void whileBusy(createRoom);
});
open.addEventListener('click', () => void whileBusy(openRoom));
roomList();
