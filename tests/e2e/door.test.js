/** Before the call: finding the right room, and choosing what to take in. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { until } from './lib/until.js';

const house = await House.open();
after(() => house.close());

const ann = await house.person('Ann', 'red');
const greens = await house.browser('green');
const bob = await house.personIn(greens, 'Bob');
let invitation = '';

house.opening('a person makes a room and goes in', async () => {
  invitation = await ann.createRoom(house.origin, 'Book Club');
  await ann.join(invitation);
});

house.scene('a stranger at a room that does not exist is told so, and led home', async () => {
  const { page } = bob;
  await page.goto(new URL('r/no-such-room', house.origin).href);
  await page.getByRole('heading', { name: 'There is no such room' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Join' }).count(), 0, 'no door to nowhere');
  await page.getByRole('link', { name: 'Home page' }).click();
  await page.waitForURL(house.origin);
  await page.getByRole('button', { name: 'Create room' }).waitFor();
  assert.equal(await bob.camerasRunning(), 0, 'nobody asked for a camera');
});

house.scene('making a room whose name is taken says so, and opens it on request', async () => {
  const { page } = bob;
  await page.goto(house.origin);
  await page.getByRole('textbox', { name: 'Room name' }).fill('book club');
  await page.getByRole('button', { name: 'Create room' }).click();
  await page.getByRole('status').filter({ hasText: 'exists already' }).waitFor();
  assert.equal(page.url(), house.origin, 'nobody walks into a room of others unasked');
  await page.keyboard.press('Enter');
  await page.waitForURL(invitation);
});

house.scene('a room is opened from the home page by its name, however it is written', async () => {
  const { page } = bob;
  await page.goto(house.origin);
  const name = page.getByRole('textbox', { name: 'Room name' });
  const open = page.getByRole('button', { name: 'Open room' });
  await name.fill('Cook Club');
  await open.click();
  await page.getByRole('status').filter({ hasText: 'no room called “Cook Club”' }).waitFor();
  await name.fill('');
  await open.click();
  await page.getByRole('status').filter({ hasText: 'Type the name' }).waitFor();
  await name.fill('  BOOK   club ');
  await open.click();
  await page.waitForURL(invitation);
  await page.getByRole('heading', { name: 'Book Club' }).waitFor();
});

house.scene('who turns camera and microphone off at the door is neither seen nor heard inside', async () => {
  await bob.goTo(invitation);
  await bob.press('Turn off camera');
  await bob.press('Mute microphone');
  await bob.join(invitation);
  await bob.sees('Ann', 'red');
  await bob.button('Turn on camera').waitFor();
  await bob.button('Unmute microphone').waitFor();
  await ann.findsMarked('Bob', /camera off/i);
  await ann.findsMarked('Bob', /muted/i);
  assert.equal(await bob.camerasRunning(), 0, 'the light of the camera is off');
  await ann.hears(0);
});

house.scene('and turns both on inside without any new offer', async () => {
  await bob.rememberConnection();
  const offers = bob.offers.length;
  await bob.press('Turn on camera');
  await bob.press('Unmute microphone');
  await ann.sees('Bob', 'green');
  await ann.seesMovement('Bob');
  await ann.hears(1);
  await ann.findsUnmarked('Bob', /camera off|muted/i);
  assert.equal(await bob.hasSameConnection(), true);
  assert.equal(bob.offers.length, offers, 'replacing a track needs no negotiation');
});

house.scene('a duplicated tab is a second person, and the first goes on', async () => {
  const [copy] = await Promise.all([
    bob.page.context().waitForEvent('page'),
    // Like "Duplicate tab": the new one begins with a copy of this one's sessionStorage.
    bob.page.evaluate(() => void window.open(location.href)),
  ]);
  await copy.getByRole('textbox', { name: 'Your name' }).fill('Bob two');
  await copy.getByRole('button', { name: 'Join' }).click();
  await copy.getByRole('button', { name: 'Leave', exact: true }).waitFor();
  await ann.hasTilesOf(['Bob', 'Bob two']);
  await ann.sees('Bob two', 'green');
  await ann.seesMovement('Bob');
  await copy.getByRole('button', { name: 'Leave', exact: true }).click();
  await ann.hasTilesOf(['Bob']);
  await ann.seesMovement('Bob');
  await copy.close();
});

house.scene('a browser that plays no sound unasked offers a tap, and the tap brings the sound', async () => {
  const eve = await house.personIn(greens, 'Eve');
  await eve.page.addInitScript(() => {
    const play = HTMLMediaElement.prototype.play;
    let tapped = false;
    addEventListener('click', (event) => (tapped ||= String(event.target).includes('Button')), true);
    HTMLMediaElement.prototype.play = function guarded() {
      const refused = this instanceof HTMLAudioElement && !tapped;
      return refused ? Promise.reject(new DOMException('tap first', 'NotAllowedError')) : play.call(this);
    };
    // The click on Join is no tap for this browser: it happened before the sound was there.
    addEventListener('submit', () => setTimeout(() => (tapped = false)), true);
  });
  await eve.join(invitation);
  await eve.button('Tap to hear').click();
  await eve.button('Tap to hear').waitFor({ state: 'hidden' });
  const playing = () =>
    eve.page.evaluate(() => [...document.querySelectorAll('audio')].filter((audio) => !audio.paused).length);
  await until('Eve hears through all her audio elements', playing, (count) => count > 0);
  await eve.hears(2);
  await eve.press('Leave');
});
