/** The page as a program that is installed, and the ways to invite somebody. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { ARTIFACTS } from './lib/person.js';
import { until } from './lib/until.js';

const house = await House.open();
// Nobody meets anybody here, so the egress guard has nothing to judge.
after(() => house.close({ guarded: false }));
const ann = await house.person('Ann', 'red', { size: { width: 640, height: 360, rate: 30 } });
/** Playwright's: only Chromium says what keeps a page from being installed. */
const page = /** @type {import('playwright-core').Page} */ (/** @type {unknown} */ (ann.page));
let invitation = '';

house.opening('a person makes a room and goes in', async () => {
  invitation = await ann.createRoom(house.origin, 'Tea, cake; & more');
  await ann.join(invitation);
});

house.scene('a mail and a date invite to the room', async () => {
  await ann.openPeople();
  const mail = new URL((await page.getByRole('link', { name: 'Mail' }).getAttribute('href')) ?? '');
  assert.equal(mail.searchParams.get('subject'), 'Invitation: Tea, cake; & more');
  const link = /https?:\S+/.exec(mail.searchParams.get('body') ?? '')?.[0] ?? '';
  assert.equal(new URL(link).pathname, new URL(invitation).pathname);
  await ann.press('Calendar');
  for (const [width, height] of /** @type {const} */ ([
    [1280, 720],
    [360, 640],
  ])) {
    await page.setViewportSize({ width, height });
    await ann.screenshot(`invite ways ${width}`);
  }
  const saved = page.waitForEvent('download');
  await ann.press('Save the date');
  const file = join(ARTIFACTS, 'invitation.ics');
  await (await saved).saveAs(file);
  const text = await readFile(file, 'utf8');
  assert.ok(text.startsWith('BEGIN:VCALENDAR\r\n'), text);
  assert.ok(text.includes('SUMMARY:Tea\\, cake\\; & more\r\n'), text);
  assert.ok(text.replaceAll('\r\n ', '').includes(`URL:${link}\r\n`), text);
  await page.locator('#people-close').click();
  await ann.press('Leave');
});

house.scene('the browser finds nothing that keeps the page from being installed', async () => {
  await page.goto(house.origin);
  const cdp = await page.context().newCDPSession(page);
  const { errors, data } = await cdp.send('Page.getAppManifest');
  assert.deepEqual(errors, []);
  assert.equal(JSON.parse(data ?? '').name, 'Plenary');
  // A profile that is not kept installs nothing, and says so.
  const wrong = async () => {
    const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
    return installabilityErrors.map(({ errorId }) => errorId).filter((error) => error !== 'in-incognito');
  };
  await until('nothing keeps the page from being installed', wrong, (found) => found.length === 0);
});

house.scene('what is shared with it leads to the room, or to its name', async () => {
  const share = (/** @type {Record<string, string>} */ fields) =>
    page.goto(`${house.origin}?${new URLSearchParams(fields)}`);
  await share({ title: 'Come', text: `Tea: ${invitation}` });
  await page.waitForURL(invitation);
  await ann.button('Join').waitFor();
  await share({ text: 'Reading circle' });
  const name = page.getByRole('textbox', { name: 'Room name' });
  await until(
    'the home page has what was shared',
    () => name.inputValue(),
    (text) => text === 'Reading circle',
  );
  assert.equal(page.url(), house.origin, 'and its address has not');
});
