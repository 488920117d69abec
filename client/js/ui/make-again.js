/**
 * At a link that leads to no room: the room is made now, with the name that is in the link. Who makes no rooms here reads who does.
 */

import { byId, nodesOf } from '../core/dom.js';
import { makeRoom, nameOfId } from '../core/making.js';
import { asking, makesRooms } from '../core/rooms.js';
import { keepSecret } from '../core/storage.js';
import { say, word } from '../core/words.js';

/**
 * Offers it.
 * @param {string} id What the link has.
 * @param {string} pass What may show that one may make rooms.
 */
export async function offerRoom(id, pass) {
  if (!(await makesRooms(asking(pass)))) {
    const makers = byId('makers', HTMLParagraphElement);
    makers.textContent = word('making.makers');
    makers.hidden = false;
    return;
  }
  const form = byId('make-again', HTMLFormElement);
  const name = byId('again-name', HTMLInputElement);
  const listed = byId('again-listed', HTMLInputElement);
  const make = byId('again', HTMLButtonElement);
  const hint = byId('again-hint', HTMLParagraphElement);
  const message = byId('again-message', HTMLParagraphElement);

  const showLink = () => {
    // Only the server knows what becomes of a name; one that reads as the link does becomes that again.
    const same = listed.checked && name.value.trim().toLowerCase().replaceAll(/\s+/g, '-') === id;
    hint.textContent = word(same ? 'making.same-link' : 'making.own-link');
  };
  const makeIt = async () => {
    message.textContent = '';
    make.disabled = true;
    try {
      const making = await makeRoom(fetch, { name: name.value.trim(), listed: listed.checked }, pass);
      if ('refused' in making) message.textContent = making.refused;
      else if ('made' in making) {
        keepSecret(making.made, making.secret);
        go(making.made);
      }
      // Somebody else with this link was faster.
      else if (making.exists === id) go(id);
      else message.replaceChildren(...nodesOf(say('making.exists', { name: name.value.trim() })));
    } catch (error) {
      console.warn(error);
      message.textContent = word('making.unreachable');
    } finally {
      make.disabled = false;
    }
  };

  name.value = nameOfId(id);
  name.addEventListener('input', showLink);
  listed.addEventListener('change', showLink);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void makeIt();
  });
  showLink();
  form.hidden = false;
}

/** @param {string} id */
function go(id) {
  const path = `/r/${encodeURIComponent(id)}`;
  if (path === location.pathname) location.reload();
  else location.assign(path);
}
