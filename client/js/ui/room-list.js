/**
 * The listed rooms on the home page. They are asked for again while the page is seen; what has not changed is left alone,
 * so nothing flickers and no focus is lost.
 */

import { byId, h } from '../core/dom.js';
import { PAGE, asking, listedRooms, peopleWords } from '../core/rooms.js';

/** @import { ListedRoom } from '../core/rooms.js' */

/** Milliseconds between two looks at the list. */
const EVERY = 10_000;

/**
 * @param {string} pass Shows that one may make rooms; empty if there is none.
 * @param {(makes: boolean) => void} told Whether who is here makes rooms.
 */
export function roomList(pass, told) {
  const get = asking(pass);
  const section = byId('rooms', HTMLElement);
  const list = byId('room-list', HTMLUListElement);
  const more = byId('more-rooms', HTMLButtonElement);
  const empty = byId('no-rooms', HTMLParagraphElement);
  let most = PAGE;
  let busy = false;

  const refresh = async () => {
    if (busy || document.hidden) return;
    busy = true;
    try {
      const found = await listedRooms(get, most);
      told(found.makes);
      show(list, found.rooms);
      more.hidden = !found.more;
      empty.hidden = found.rooms.length > 0;
      section.hidden = false;
    } catch (error) {
      // What was seen last stays: the next look may succeed.
      console.warn('the rooms could not be listed:', error);
    } finally {
      busy = false;
    }
  };

  more.addEventListener('click', async () => {
    const before = list.children.length;
    most += PAGE;
    more.disabled = true;
    await refresh();
    more.disabled = false;
    list.children[before]?.querySelector('a')?.focus();
  });
  document.addEventListener('visibilitychange', refresh);
  addEventListener('pageshow', refresh);
  setInterval(refresh, EVERY);
}

/**
 * @param {HTMLUListElement} list
 * @param {ListedRoom[]} rooms
 */
function show(list, rooms) {
  const old = new Map([...list.children].map((item) => [item instanceof HTMLElement ? item.dataset.id : '', item]));
  const items = rooms.map((room) => {
    const item = old.get(room.id) ?? itemOf(room);
    old.delete(room.id);
    const people = item.querySelector('.people');
    const words = peopleWords(room.people);
    if (people && people.textContent !== words) people.textContent = words;
    return item;
  });
  for (const gone of old.values()) gone.remove();
  // An item that is in its place is not touched: it may have the focus.
  items.forEach((item, index) => {
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
  });
}

/** @param {ListedRoom} room */
function itemOf({ id, name }) {
  const item = h(
    'li',
    {},
    h(
      'a',
      { href: `/r/${encodeURIComponent(id)}` },
      h('bdi', { class: 'room-name', text: name }),
      h('span', { class: 'people' }),
    ),
  );
  item.dataset.id = id;
  return item;
}
