/**
 * A room's invitation as a mail and as a date in a calendar, and what other programs share with the page. Pure.
 */

import { isLink, roomMeant } from './names.js';
import { textOf } from './sentence.js';
import { say, spoken } from './words.js';

/** Bytes of a line of a calendar, its end not counted (RFC 5545, 3.1). */
const LINE = 75;

/**
 * @typedef {object} Meeting
 * @property {string} name The room's.
 * @property {string} link
 * @property {Date} start
 * @property {number} minutes
 * @property {Date} now When this is written.
 * @property {string} uid Of this date, the only one in the world.
 */

/**
 * A mail that invites.
 * @param {string} name The room's.
 * @param {string} link
 * @returns {string} An address for `href`.
 */
export function mailOf(name, link) {
  const subject = encodeURIComponent(textOf(say('invite.mail.subject', { name: oneLine(name) })));
  // RFC 6068, 5: lines end with both.
  const body = encodeURIComponent(`${textOf(say('invite.mail.body', { name: oneLine(name) }))}\r\n${link}\r\n`);
  return `mailto:?subject=${subject}&body=${body}`;
}

/**
 * A date as a file for calendars (RFC 5545).
 * @param {Meeting} meeting
 * @returns {string}
 */
export function calendarOf({ name, link, start, minutes, now, uid }) {
  const end = new Date(start.getTime() + minutes * 60_000);
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    `PRODID:-//Plenary//Plenary//${spoken.toUpperCase()}`,
    'BEGIN:VEVENT',
    `UID:${escaped(uid)}`,
    `DTSTAMP:${utc(now)}`,
    `DTSTART:${utc(start)}`,
    `DTEND:${utc(end)}`,
    `SUMMARY:${escaped(name)}`,
    `DESCRIPTION:${escaped(textOf(say('invite.calendar.text', { link: [link] })))}`,
    `LOCATION:${escaped(link)}`,
    `URL:${plain(link)}`,
    'END:VEVENT',
    'END:VCALENDAR',
  ];
  return lines.map((line) => `${folded(line)}\r\n`).join('');
}

/**
 * A text as a value (RFC 5545, 3.3.11).
 * @param {string} text
 */
function escaped(text) {
  const lines = text.replaceAll(/\r\n?/g, '\n');
  return plain(lines.replaceAll(/[\\;,]/g, '\\$&').replaceAll('\n', '\\n'));
}

/** Without what no line may hold. @param {string} text */
function plain(text) {
  return text.replaceAll(/\p{Cs}/gu, '\ufffd').replaceAll(/\p{Cc}/gu, '');
}

/** @param {string} text */
function oneLine(text) {
  return text.replaceAll(/\p{Cs}/gu, '\ufffd').replaceAll(/[\p{Cc}\s]+/gu, ' ');
}

/**
 * A long line in pieces, none of which cuts a letter's bytes apart.
 * @param {string} line
 * @returns {string}
 */
function folded(line) {
  const encoder = new TextEncoder();
  let [text, bytes] = ['', 0];
  for (const letter of line) {
    const size = encoder.encode(letter).length;
    if (bytes + size > LINE) {
      text += '\r\n ';
      bytes = 1;
    }
    text += letter;
    bytes += size;
  }
  return text;
}

/** @param {Date} date */
function utc(date) {
  return date.toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

/**
 * What a field for a date and a time is filled with: the next full hour of the clock on the wall.
 * @param {Date} now
 * @returns {string}
 */
export function nextHour(now) {
  const two = (/** @type {number} */ number) => String(number).padStart(2, '0');
  const next = new Date(now);
  next.setHours(now.getHours() + 1, 0, 0, 0);
  const day = `${next.getFullYear()}-${two(next.getMonth() + 1)}-${two(next.getDate())}`;
  return `${day}T${two(next.getHours())}:${two(next.getMinutes())}`;
}

/**
 * What another program shared with the installed page.
 * @param {string} search Of the address it opened.
 * @returns {{ link: string, text: string }} A room's address on this server, or a text; both empty if it shared nothing.
 */
export function sharedIn(search) {
  const given = new URLSearchParams(search);
  const [title = '', text = '', url = ''] = ['title', 'text', 'url'].map((name) => given.get(name)?.trim() ?? '');
  for (const shared of [url, text, title]) {
    if (!isLink(shared)) continue;
    // The token of an invitation goes on to where it is taken out of the address.
    const pass = shared.match(/#(?:[^\s#]*&)?pass=([\w.~-]+)/)?.[1];
    return { link: `/r/${encodeURIComponent(roomMeant(shared))}${pass ? `#pass=${pass}` : ''}`, text: '' };
  }
  return { link: '', text: oneLine(text || title || url) };
}
