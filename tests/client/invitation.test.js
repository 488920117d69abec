/** Invitations by mail and calendar, what other programs share with the page, and the page that can be installed. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { calendarOf, mailOf, nextHour, sharedIn } from '../../client/js/core/invitation.js';

const LINK = 'https://meet.example.org/r/tea-club-k3xwq2ab-7hmzq4tcvd5pe';
const MEETING = {
  name: 'Tea Club',
  link: LINK,
  start: new Date('2026-12-01T16:00:00.000Z'),
  minutes: 90,
  now: new Date('2026-11-30T09:08:07.654Z'),
  uid: 'one@meet.example.org',
};

/** The lines of a calendar as programs read them. @param {string} file */
function lines(file) {
  assert.ok(file.endsWith('END:VCALENDAR\r\n'));
  assert.ok(!/(?<!\r)\n|\r(?!\n)/.test(file), 'lines end with CRLF, and nothing else is one');
  return file
    .replaceAll(/\r\n[ \t]/g, '')
    .trimEnd()
    .split('\r\n');
}

test('a date says when, where and what', () => {
  assert.deepEqual(lines(calendarOf(MEETING)), [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Plenary//Plenary//EN',
    'BEGIN:VEVENT',
    'UID:one@meet.example.org',
    'DTSTAMP:20261130T090807Z',
    'DTSTART:20261201T160000Z',
    'DTEND:20261201T173000Z',
    'SUMMARY:Tea Club',
    `DESCRIPTION:Join in the browser: ${LINK}`,
    `LOCATION:${LINK}`,
    `URL:${LINK}`,
    'END:VEVENT',
    'END:VCALENDAR',
  ]);
});

test('a name is text, whatever is in it', () => {
  const file = calendarOf({ ...MEETING, name: 'Tea; cake, \\ and\nBEGIN:VALARM\r\u0007\ud800' });
  const summary = lines(file).find((line) => line.startsWith('SUMMARY:'));
  assert.equal(summary, 'SUMMARY:Tea\\; cake\\, \\\\ and\\nBEGIN:VALARM\\n\ufffd');
  assert.equal(lines(file).length, 14);
});

test('no line is longer than 75 bytes, and no letter is cut', () => {
  for (const letter of ['a', 'é', '会', '🫖', ';']) {
    for (let shift = 0; shift < 5; shift += 1) {
      const name = 'x'.repeat(shift) + letter.repeat(200);
      const file = calendarOf({ ...MEETING, name });
      for (const line of file.split('\r\n')) {
        assert.ok(Buffer.byteLength(line) <= 75, line);
        assert.ok(!/\p{Cs}/u.test(line), line);
      }
      const escaped = name.replaceAll(';', '\\;');
      assert.ok(lines(file).includes(`SUMMARY:${escaped}`), letter);
    }
  }
});

test('a mail has a subject and the link, whatever the room is called', () => {
  const address = new URL(mailOf('Tea & cake?\r\nBcc: all@example.org', LINK));
  assert.equal(address.protocol, 'mailto:');
  assert.deepEqual([...address.searchParams.keys()], ['subject', 'body']);
  assert.equal(address.searchParams.get('subject'), 'Invitation: Tea & cake? Bcc: all@example.org');
  assert.ok(address.searchParams.get('body')?.includes(`\r\n${LINK}\r\n`));
});

test('a meeting begins at the next full hour', () => {
  assert.equal(nextHour(new Date(2026, 11, 31, 23, 5)), '2027-01-01T00:00');
  assert.equal(nextHour(new Date(2026, 0, 2, 3, 59, 59)), '2026-01-02T04:00');
});

test('a link that is shared leads to its room, a text to the home page', () => {
  const shared = (/** @type {Record<string, string>} */ fields) => sharedIn(`?${new URLSearchParams(fields)}`);
  assert.deepEqual(shared({ url: LINK }), { link: '/r/tea-club-k3xwq2ab-7hmzq4tcvd5pe', text: '' });
  assert.equal(shared({ title: 'Tea', text: `Come: ${LINK}#pass=a.b-c` }).link.split('#')[1], 'pass=a.b-c');
  assert.deepEqual(shared({ text: ' Tea \n at four ' }), { link: '', text: 'Tea at four' });
  assert.deepEqual(shared({ title: 'Tea', text: '' }), { link: '', text: 'Tea' });
  assert.deepEqual(sharedIn(''), { link: '', text: '' });
  // It stays on this server, and in its rooms.
  assert.ok(shared({ url: 'https://evil.example/r/%2F%2Fevil.example%2F..' }).link.startsWith('/r/%2F%2Fevil'));
});

test('the page can be installed: what its manifest names is there, and as large as it says', async () => {
  const client = new URL('../../client/', import.meta.url);
  const manifest = JSON.parse(await readFile(new URL('manifest.webmanifest', client), 'utf8'));
  const { icons, share_target: target, start_url: start, scope, display } = manifest;
  assert.deepEqual([target.action, target.method, start, scope, display], ['/', 'GET', '/', '/', 'standalone']);
  for (const { src, sizes, type } of icons) {
    const file = await readFile(new URL(src.slice(1), client));
    if (type !== 'image/png') continue;
    assert.equal(`${file.readUInt32BE(16)}x${file.readUInt32BE(20)}`, sizes, src);
  }
  for (const size of ['192x192', '512x512']) {
    const purposes = icons
      .filter((/** @type {any} */ icon) => icon.sizes === size)
      .map((/** @type {any} */ i) => i.purpose);
    assert.deepEqual(purposes, [undefined, 'maskable']);
  }
  for (const page of ['index.html', 'room.html']) {
    const html = await readFile(new URL(page, client), 'utf8');
    assert.ok(
      html.includes('<link rel="manifest" href="/manifest.webmanifest" data-say-href="page.manifest" />'),
      page,
    );
    assert.equal(html.match(/<meta name="theme-color"/g)?.length, 2, page);
  }
});
