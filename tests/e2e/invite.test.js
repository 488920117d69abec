/** Links that last and work: copied at `localhost`, dead, pasted. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';

/** Others in the network reach the server here: an address for documentation (RFC 5737), which nobody has. */
const NETWORK = '192.0.2.7';
const FLAGS = ['--host', `127.0.0.1,${NETWORK}`];

const house = await House.open({ flags: FLAGS });
// Nobody meets anybody here, so the egress guard has nothing to judge.
after(() => house.close({ guarded: false }));

const ann = await house.person('Ann', 'red', {
  context: {
    permissions: ['clipboard-read', 'clipboard-write', 'camera', 'microphone'],
    viewport: { width: 1280, height: 720 },
  },
});
let invitation = '';
/** The dialog's words, not those of a role: it is no modal one. */
const DIALOG = 'This link works on this device only';

/** Resizes the window. @param {'desktop' | 'phone'} size */
async function show(size) {
  const viewport = size === 'phone' ? { width: 360, height: 640 } : { width: 1280, height: 720 };
  await ann.page.setViewportSize(viewport);
}

const clipboard = () => ann.page.evaluate(() => navigator.clipboard.readText());

const isOpen = () => ann.page.evaluate(() => /** @type {HTMLDialogElement} */ (document.querySelector('#invite')).open);

house.opening('a person makes a room and goes in', async () => {
  invitation = await ann.createRoom(house.origin, 'Tea & Cake');
  await ann.join(invitation);
});

house.scene('who copies a link that works here only is told so, and offered one for the network', async () => {
  await ann.press('Copy invite link');
  await ann.page.getByRole('heading', { name: DIALOG }).waitFor();
  assert.equal(await clipboard(), invitation, 'it is still the link of this page');
  const link = invitation.replace('127.0.0.1', NETWORK);
  const words = await ann.page.evaluate(() => ({
    link: document.querySelector('#invite-link')?.textContent,
    focused: document.activeElement?.textContent?.trim(),
  }));
  assert.deepEqual(words, { link, focused: 'Copy network link' });
  for (const size of /** @type {const} */ (['desktop', 'phone'])) {
    await show(size);
    await ann.screenshot(`invite ${size}`);
  }
  await show('desktop');
  await ann.press('Copy network link');
  await ann.isTold('Invite link copied');
  assert.equal(await clipboard(), link);
});

house.scene('the code that is shown is the one the server drew, with light around it', async () => {
  const { drawn, told } = await ann.page.evaluate(async () => {
    const id = location.pathname.split('/')[2];
    const { links } = await (await fetch(`/api/invites/${id}`)).json();
    const picture = /** @type {SVGSVGElement} */ (document.querySelector('#invite-qr svg'));
    const path = /** @type {SVGPathElement} */ (picture.querySelector('path'));
    const side = picture.viewBox.baseVal.width;
    const rows = Array.from({ length: side }, (_row, y) =>
      Array.from({ length: side }, (_, x) => (path.isPointInFill(new DOMPoint(x + 0.5, y + 0.5)) ? '1' : '0')).join(''),
    );
    return { drawn: rows, told: /** @type {string[]} */ (links[0].qr) };
  });
  const empty = '0'.repeat(told.length + 8);
  const quiet = Array.from({ length: 4 }, () => empty);
  assert.deepEqual(drawn, [...quiet, ...told.map((row) => `0000${row}0000`), ...quiet]);
});

house.scene('the call goes on under the dialog, and Escape leads back to the button', async () => {
  await ann.press('Mute microphone');
  await ann.button('Unmute microphone').waitFor();
  assert.equal(await isOpen(), true, 'nobody closed it');
  await ann.button('Copy network link').evaluate((button) => /** @type {HTMLElement} */ (button).focus());
  await ann.page.keyboard.press('Escape');
  assert.equal(await isOpen(), false);
  const focused = await ann.page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
  assert.equal(focused, 'Copy invite link');
  await ann.press('Copy invite link');
  await ann.press('Close');
  assert.equal(await isOpen(), false);
  await ann.press('Leave');
});

house.scene('the link of a room that ended opens it again, also in another life of the server', async () => {
  await house.server.restart(FLAGS);
  await ann.page.goto(invitation);
  await ann.join(invitation);
  await ann.press('Leave');
});

house.scene(
  'at a dead link the room is made now, with the name in the link, and keeps the link if it is public',
  async () => {
    const { page } = ann;
    const dead = new URL('r/reading-circle', house.origin).href;
    await page.goto(dead);
    await page.getByRole('heading', { name: 'There is no such room' }).waitFor();
    assert.equal(await page.getByRole('textbox', { name: 'Room name' }).inputValue(), 'reading circle');
    await ann.screenshot('dead link');
    const hint = () => page.evaluate(() => document.querySelector('#again-hint')?.textContent ?? '');
    assert.match(await hint(), /link of its own/);
    await page.getByRole('button', { name: 'Make this room now' }).click();
    await page.waitForURL(/\/r\/reading-circle-[a-z2-7]{8}-[a-z2-7]{13}$/);
    await page.getByRole('button', { name: 'Join' }).waitFor();
    await page.goto(dead);
    await page.getByRole('checkbox', { name: 'List this room' }).click();
    assert.match(await hint(), /stays the same/);
    await page.getByRole('button', { name: 'Make this room now' }).click();
    await page.getByRole('button', { name: 'Join' }).waitFor();
    assert.equal(page.url(), dead);
    await page.goto(house.origin);
    await page.getByRole('link', { name: 'reading circle' }).waitFor();
  },
);

house.scene('a link that another server drew has a room of its name made, under a link of this one', async () => {
  const { page } = ann;
  await page.goto(new URL('r/book-club-aaaaaaaa-bbbbbbbbbbbbb', house.origin).href);
  await page.getByRole('button', { name: 'Make this room now' }).click();
  await page.waitForURL(/\/r\/book-club-(?!aaaaaaaa)[a-z2-7]{8}-[a-z2-7]{13}$/);
});

house.scene('a link that is pasted on the home page leads to its room, whatever stands around it', async () => {
  const { page } = ann;
  const { pathname } = new URL(invitation);
  for (const text of [
    invitation,
    `  https://desk.example:1234${pathname.toUpperCase()}/ `,
    `Tea at four? Come to https://${NETWORK}${pathname}, and bring cake.`,
  ]) {
    await page.goto(house.origin);
    await page.getByRole('textbox', { name: 'Room name' }).fill(text);
    await page.keyboard.press('Enter');
    await page.waitForURL(invitation);
    await page.getByRole('button', { name: 'Join' }).waitFor();
  }
  await page.goto(house.origin);
  await page.getByRole('textbox', { name: 'Room name' }).fill('https://desk.example/r/Chess-Club/');
  await page.getByRole('button', { name: 'Open room' }).click();
  await page.getByRole('button', { name: 'Make this room now' }).waitFor();
  assert.equal(await page.getByRole('textbox', { name: 'Room name' }).inputValue(), 'chess club');
});
