/**
 * How a call ends, or why it does not begin: what is said, and what one can do then. Pure.
 */

import { word } from '../core/words.js';

/**
 * @typedef {object} Ending
 * @property {string} title
 * @property {string} text
 * @property {string} again What leads back into the room is called; empty if nothing does.
 */

const RETURN = word('over.return');
const TRY = word('over.try-again');

/** Leads back for somebody who was banned: it asks for admission. */
export const ASK = word('over.ask');

/** @type {Record<string, Ending>} */
const ENDINGS = {
  left: {
    title: word('over.left.title'),
    text: word('over.left.text'),
    again: RETURN,
  },
  'left-lobby': { title: word('over.left-lobby.title'), text: word('over.left-lobby.text'), again: RETURN },
  'taken-over': {
    title: 'The call goes on elsewhere',
    text: 'This call was continued in another tab or window.',
    again: RETURN,
  },
  'unknown-room': {
    title: 'There is no such room',
    text: 'The link may be mistyped or of another server, or the room has ended.',
    again: '',
  },
  reload: {
    title: 'This page is of another version',
    text: 'The server was changed while the page was open. Load it again to go on.',
    again: RETURN,
  },
  'room-full': {
    title: 'The room is full',
    text: 'As many people are inside as the room holds, or as it holds from one network. Try again later.',
    again: RETURN,
  },
  'pass-needed': {
    title: 'You need an invitation',
    text: 'Nobody comes in here by the address of the room alone. Open the link that you were given, or ask for one.',
    again: '',
  },
  'bad-pass': {
    title: 'This invitation is not valid',
    text: 'It may have expired, be for another room, or have been taken back. Ask whoever invited you for a new link.',
    again: '',
  },
  locked: { title: 'The room is locked', text: 'Nobody new comes in at present. Try again later.', again: TRY },
  'lobby-full': {
    title: 'Too many people wait',
    text: 'As many people wait to come in as may, or as may from one network. Try again later.',
    again: TRY,
  },
  'not-admitted': {
    title: 'You were not let in',
    text: 'Somebody who decides about this room does not let you in now.',
    again: '',
  },
  removed: {
    title: 'You were removed from the room',
    text: 'Somebody who decides about this room put you out. You may come back if you are welcome.',
    again: RETURN,
  },
  banned: {
    title: 'You were banned from this room',
    text: 'Somebody who decides about it does not want you inside. You may ask them to let you in again.',
    again: ASK,
  },
  ended: {
    title: 'The room was ended',
    text: 'It was ended for everybody. Its link leads nowhere now.',
    again: '',
  },
  'room-over': {
    title: 'The room is over',
    text: 'It was to end at this time, for everybody. Its link leads nowhere now.',
    again: '',
  },
  'meeting-over': {
    title: 'The meeting is over',
    text: 'It took as long as a meeting may in this room. Another one may begin.',
    again: RETURN,
  },
  'too-early': {
    title: 'The room is not open yet',
    text: 'Until then only who decides about it comes in.',
    again: TRY,
  },
};

/**
 * @param {string} why A word of the page, or the code of an error.
 * @param {string} [opens] When the room opens, in words.
 * @returns {Ending}
 */
export function endingOf(why, opens = '') {
  const known = Object.hasOwn(ENDINGS, why) ? ENDINGS[why] : undefined;
  if (known && why === 'too-early' && opens) return { ...known, text: `It opens ${opens}. ${known.text}` };
  return known ?? { title: 'The call has ended', text: `The server says “${why}”.`, again: RETURN };
}
