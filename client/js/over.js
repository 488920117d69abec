/**
 * The page after a call, or instead of one.
 */

import { byId } from './core/dom.js';
import { ASK, endingOf } from './ui/endings.js';
import { offerRoom } from './ui/make-again.js';

/**
 * Says how a call ended, or why there is none.
 * @param {string} why A word of the page, or the code of an error.
 * @param {{ room: string, pass: string, opens: string, ask: () => void }} options `opens` is when the room does, in words, if it is not open;
 *   `ask` is for who asks to come in next.
 */
export function over(why, { room, pass, opens, ask }) {
  const { title, text, again } = endingOf(why, opens);
  byId('over-title', HTMLHeadingElement).textContent = title;
  byId('over-text', HTMLParagraphElement).textContent = text;
  const back = byId('return', HTMLButtonElement);
  back.hidden = again === '';
  back.textContent = again;
  back.addEventListener('click', () => {
    if (again === ASK) ask();
    location.reload();
  });
  if (why === 'unknown-room') offerRoom(room, pass);
}
