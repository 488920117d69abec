/** Everything one comes to, in light and dark, as axe-core judges it: names, roles, contrast, landmarks. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { bringAxe, faultless } from './lib/axe.js';
import { House } from './lib/house.js';
import { until } from './lib/until.js';

/** @import { Person } from './lib/person.js' */

const house = await House.open();
after(() => house.close());

const size = { width: 320, height: 180, rate: 10 };
const context = { viewport: { width: 1280, height: 720 } };
const reds = await house.browser('red', { size });
const ann = await house.personIn(reds, 'Ann', { context });
const bob = await house.personIn(reds, 'Bob', { context: { viewport: { width: 390, height: 844 } } });
const eve = await house.personIn(await house.browserWithout('refused'), 'Eve', { context });
for (const person of [ann, bob, eve]) await bringAxe(person);
let invitation = '';

/**
 * Presses what opens something, looks, and closes it.
 * @param {Person} person
 * @param {string | RegExp} opener
 * @param {string} what
 */
async function opened(person, opener, what) {
  const button = person.page.getByRole('button', { name: opener }).first();
  await button.click();
  await faultless(person, what);
  await person.page.keyboard.press('Escape');
}

/** @param {Person} person @param {string} text */
async function writes({ page }, text) {
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

/** Somebody reads it in the chat: what is announced is elsewhere, too. @param {Person} person @param {string} text */
const chatOf = ({ page }, text) => page.locator('#chat').getByText(text).first().waitFor();

house.opening('the home page, the page of a link that leads nowhere, and the door', async () => {
  await ann.page.goto(house.origin);
  await ann.button('Create room').waitFor();
  await faultless(ann, 'home');
  await ann.page.goto(`${house.origin}nothing/here`);
  await ann.reads('There is nothing here');
  await faultless(ann, 'not found');
  invitation = await ann.createRoom(house.origin, 'Judged', { lobby: true });
  await ann.button('Turn off camera').waitFor();
  await faultless(ann, 'door');
  await ann.join(invitation);
});

house.scene('a call alone, and the link that leads nowhere else', async () => {
  await ann.page.getByText('Nobody else is here yet.').waitFor();
  await faultless(ann, 'alone');
  await opened(ann, 'Copy invite link', 'invite');
});

house.scene('the door without devices, waiting before it, and who is asked', async () => {
  await eve.page.goto(invitation);
  await eve.page.getByText('does not let this page use').first().waitFor();
  await faultless(eve, 'door refused');
  await bob.knock(invitation);
  await faultless(bob, 'waiting');
  await ann.button('Admit Bob').waitFor();
  await faultless(ann, 'lobby notice');
  await opened(ann, /in the room/, 'people with somebody waiting');
  await ann.press('Admit Bob');
  await bob.button('Leave').waitFor();
});

house.scene('a call of two: its tiles, and each of its dialogs', async () => {
  await ann.sees('Bob', 'red');
  await bob.press('Turn off camera');
  await bob.press('Mute microphone');
  await bob.press('Raise hand');
  await ann.findsMarked('Bob', /muted/i);
  await faultless(ann, 'two');
  await faultless(bob, 'two on a phone');
  await ann.tile('Bob').focus();
  await faultless(ann, 'tile tools');
  await ann.openDeeds('Bob');
  await faultless(ann, 'people as owner');
  await ann.press('Close');
  await opened(bob, /in the room/, 'people as guest');
  for (const person of [ann, bob]) {
    await opened(person, 'Quality', `quality ${person.name}`);
    await opened(person, /^Media goes/, `way ${person.name}`);
  }
});

house.scene(
  'with forced colours one still sees who speaks, what is pressed, and that something is unread',
  async () => {
    const { page } = ann;
    const [hand, chat, pin] = [page.locator('#hand'), page.locator('#chat-open'), ann.button('Keep Bob large')];
    const box = await ann.tile('Bob').boundingBox();
    assert.ok(box);
    const edge = { x: box.x, y: box.y + box.height / 2, width: 4, height: 20 };
    const ring = () => page.screenshot({ clip: edge });
    await page.emulateMedia({ forcedColors: 'active' });
    await page.mouse.move(0, 0);
    const before = { hand: await hand.screenshot(), chat: await chat.screenshot(), ring: await ring() };
    await ann.press('Raise hand');
    await page.mouse.move(0, 0);
    await until(
      'the raised hand',
      () => hand.screenshot(),
      (now) => !now.equals(before.hand),
    );
    await ann.press('Lower hand');
    await bob.page.locator('#chat-open').click();
    await writes(bob, 'Are you there?');
    await page.mouse.move(0, 0);
    await until(
      'the unread message',
      () => chat.screenshot(),
      (now) => !now.equals(before.chat),
    );
    // Over the whole of a phone.
    await bob.page.keyboard.press('Escape');
    // What a browser's own microphone for tests gives is too short to be speech.
    const speaks = (/** @type {boolean} */ on) =>
      ann.tile('Bob').evaluate((/** @type {HTMLElement} */ tile, /** @type {boolean} */ is) => {
        tile.classList.toggle('speaking', is);
      }, on);
    const ringed = async () => {
      await speaks(true);
      return ring();
    };
    await until('the ring of whoever speaks', ringed, (now) => !now.equals(before.ring));
    await speaks(false);
    await pin.hover();
    const loose = await pin.screenshot();
    await pin.click();
    await pin.hover();
    await until(
      'what is held on to',
      () => pin.screenshot(),
      (now) => !now.equals(loose),
    );
    await pin.click();
    await page.emulateMedia({ forcedColors: 'none' });
  },
);

house.scene('the chat with messages and a file', async () => {
  for (const person of [ann, bob]) await person.page.locator('#chat-open').click();
  await writes(ann, 'Good morning: https://example.org/minutes');
  await chatOf(bob, 'Good morning');
  await writes(bob, 'Hello');
  await chatOf(ann, 'Hello');
  await ann.page
    .locator('#chat input[type=file]')
    .setInputFiles({ name: 'minutes.txt', mimeType: 'text/plain', buffer: Buffer.from('minutes') });
  await chatOf(bob, 'minutes.txt');
  for (const person of [ann, bob]) await faultless(person, `chat ${person.name}`);
});

house.scene('a shared screen, and the end', async () => {
  await ann.share();
  await bob.page.keyboard.press('Escape');
  await bob.tile("Ann's screen").waitFor();
  await faultless(ann, 'sharing');
  await faultless(bob, 'a screen on a phone');
  await bob.press('Leave');
  await bob.reads('You left the room');
  await faultless(bob, 'end');
  await bob.page.goto(invitation.replace('/r/', '/e/'));
  await bob.page.getByRole('textbox', { name: 'Your name' }).waitFor();
  await faultless(bob, 'embedded door');
});
