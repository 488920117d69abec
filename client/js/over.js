/**
 * The page after a call, or instead of one.
 */

import { byId } from './core/dom.js';
import { onceItIs } from './core/moment.js';
import { word } from './core/words.js';
import { ASK, endingOf } from './ui/endings.js';
import { offerRoom } from './ui/make-again.js';

/**
 * Says how a call ended, or why there is none.
 * @param {string} why A word of the page, or the code of an error.
 * @param {object} options
 * @param {string} options.room
 * @param {string} options.pass
 * @param {number} options.opens When the room does, in milliseconds since 1970; 0 if it is open.
 * @param {string} options.when The same in words; empty if it is open.
 * @param {string} options.fault What is wrong with the access token, if that is known.
 * @param {() => void} options.ask For who asks to come in next.
 */
export function over(why, { room, pass, opens, when, fault, ask }) {
  const { title, text, again } = endingOf(why, { when, fault });
  byId('over-title', HTMLHeadingElement).textContent = title;
  byId('over-text', HTMLParagraphElement).textContent = text;
  const back = byId('return', HTMLButtonElement);
  back.hidden = again === '';
  back.textContent = again;
  back.addEventListener('click', () => {
    if (again === ASK) ask();
    location.reload();
  });
  if (why === 'too-early' && opens) onceItIs(opens, sayOpen);
  if (why === 'unknown-room') void offerRoom(room, pass);
}

/** Nobody goes in by themselves: they may have turned to something else. */
function sayOpen() {
  const text = byId('over-text', HTMLParagraphElement);
  text.role = 'status';
  text.textContent = word('door.opened');
}
