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
  'taken-over': { title: word('over.taken-over.title'), text: word('over.taken-over.text'), again: RETURN },
  'unknown-room': { title: word('over.unknown-room.title'), text: word('over.unknown-room.text'), again: '' },
  gone: { title: word('over.gone.title'), text: word('over.gone.text'), again: '' },
  reload: { title: word('over.reload.title'), text: word('over.reload.text'), again: RETURN },
  'room-full': { title: word('over.room-full.title'), text: word('over.room-full.text'), again: RETURN },
  'server-full': { title: word('over.server-full.title'), text: word('over.server-full.text'), again: TRY },
  'pass-needed': { title: word('over.pass-needed.title'), text: word('over.pass-needed.text'), again: '' },
  'bad-pass': { title: word('over.bad-pass.title'), text: word('over.bad-pass.text'), again: '' },
  locked: { title: word('over.locked.title'), text: word('over.locked.text'), again: TRY },
  'lobby-full': { title: word('over.lobby-full.title'), text: word('over.lobby-full.text'), again: TRY },
  'not-admitted': { title: word('over.not-admitted.title'), text: word('over.not-admitted.text'), again: '' },
  removed: { title: word('over.removed.title'), text: word('over.removed.text'), again: RETURN },
  banned: { title: word('over.banned.title'), text: word('over.banned.text'), again: ASK },
  ended: { title: word('over.ended.title'), text: word('over.ended.text'), again: '' },
  'room-over': { title: word('over.room-over.title'), text: word('over.room-over.text'), again: '' },
  'meeting-over': { title: word('over.meeting-over.title'), text: word('over.meeting-over.text'), again: RETURN },
  'too-early': { title: word('over.too-early.title'), text: word('over.too-early.text'), again: TRY },
};

/** What is said of an access token that is not good, by what is wrong with it. @type {Record<string, string>} */
const FAULTS = {
  expired: word('over.bad-pass.expired'),
  'not-yet': word('over.bad-pass.not-yet'),
  'other-room': word('over.bad-pass.other-room'),
};

/**
 * @param {string} why A word of the page, or the code of an error.
 * @param {{ when?: string, fault?: string }} [more] When the room opens, a date and a time in words; what is wrong with the access token.
 * @returns {Ending}
 */
export function endingOf(why, { when = '', fault = '' } = {}) {
  const known = Object.hasOwn(ENDINGS, why) ? ENDINGS[why] : undefined;
  if (known && why === 'too-early' && when) {
    return { ...known, text: word('over.too-early.when', { when: [when] }) };
  }
  if (known && why === 'bad-pass' && Object.hasOwn(FAULTS, fault)) {
    return { ...known, text: FAULTS[fault] ?? known.text };
  }
  if (known) return known;
  return { title: word('over.unknown.title'), text: word('over.unknown.text', { why: [why] }), again: RETURN };
}
