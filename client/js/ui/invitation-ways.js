/**
 * Ways to invite somebody besides copying the link: a mail, a date for their calendar, what the system has for sharing.
 */

import { byId } from '../core/dom.js';
import { calendarOf, mailOf, nextHour } from '../core/invitation.js';
import { invitesTo, isLoopback } from '../core/invites.js';
import { word } from '../core/words.js';

/** @import { Call } from '../call/call.js' */

/** Milliseconds a browser has for beginning to save a file. */
const SAVED_WITHIN = 60_000;

/**
 * @param {Call} call
 * @param {string} room Its id.
 * @param {(sentence: string) => void} announce
 */
export function invitationWays(call, room, announce) {
  const mail = byId('ways-mail', HTMLAnchorElement);
  const calendar = byId('ways-calendar', HTMLButtonElement);
  const share = byId('ways-share', HTMLButtonElement);
  const form = byId('ways-when', HTMLFormElement);
  const start = byId('ways-start', HTMLInputElement);
  const minutes = byId('ways-minutes', HTMLSelectElement);
  let [name, link] = ['', `${location.origin}/r/${room}`];
  const show = () => {
    mail.href = mailOf(name, link);
  };
  call.on('welcome', (welcome) => {
    ({ name } = welcome.room);
    show();
  });
  show();
  const alone = byId('ways-pass', HTMLParagraphElement);
  call.moderation.on('change', () => (alone.hidden = !call.moderation.needsPass));
  // Where the address of this page leads nobody else here.
  if (isLoopback(location.hostname)) {
    void invitesTo(get, room).then(([first]) => {
      link = first?.url ?? link;
      show();
    });
  }
  calendar.addEventListener('click', () => {
    form.hidden = !form.hidden;
    calendar.ariaExpanded = String(!form.hidden);
    if (form.hidden) return;
    start.value = nextHour(new Date());
    start.focus();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const [now, uid] = [new Date(), `${crypto.randomUUID()}@${location.hostname}`];
    const meeting = { name, link, start: new Date(start.value), minutes: Number(minutes.value), now, uid };
    save('invitation.ics', new Blob([calendarOf(meeting)], { type: 'text/calendar;charset=utf-8' }));
    announce(word('invite.calendar.saved'));
  });
  share.hidden = !('share' in navigator);
  share.addEventListener('click', () => {
    navigator.share({ title: name, url: link }).catch((/** @type {unknown} */ error) => {
      // Who closes the sheet has decided.
      if (error instanceof Error && error.name === 'AbortError') return;
      announce(word('invite.not-shared', { link: [link] }));
    });
  });
}

/** @param {string} path */
async function get(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/**
 * @param {string} name
 * @param {Blob} file
 */
function save(name, file) {
  const anchor = document.createElement('a');
  anchor.href = URL.createObjectURL(file);
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), SAVED_WITHIN);
}
