/** Before the call: finding the right room, and choosing what to take in. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { readPaused } from './lib/in-page.js';
import { OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

const house = await House.open();
after(() => house.close());

const ann = await house.person('Ann', 'red');
const greens = await house.browser('green', { engine: OTHER });
const bob = await house.personIn(greens, 'Bob');
/** In the order of what is seen. */
const CONTROLS = [
  'Mute microphone',
  'Turn off camera',
  'Share screen',
  'Raise hand',
  'React',
  'Hear nobody',
  'Quality',
  'Chat',
  'Copy invite link',
  'Leave',
];

let invitation = '';

house.opening('a person makes a room and goes in', async () => {
  invitation = await ann.createRoom(house.origin, 'Book Club');
  assert.match(
    new URL(invitation).pathname,
    /^\/r\/book-club-[a-z2-7]{8}-[a-z2-7]{13}$/,
    'readable, and not to be guessed',
  );
  await ann.join(invitation);
});

house.scene('the connection of a call is made while the person is still at the door', async () => {
  const count = () => {
    const made = /** @type {RTCPeerConnection[]} */ ([]);
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(/** @type {RTCConfiguration} */ configuration) {
        super(configuration);
        made.push(this);
      }
    };
    Object.assign(window, { made });
  };
  const dan = await house.personIn(greens, 'Dan', { also: [count] });
  await dan.goTo(invitation);
  await until(
    'there is a connection at the door',
    () => dan.page.evaluate(() => /** @type {any} */ (window).made.length),
    (made) => made === 1,
  );
  await dan.join(invitation);
  await dan.sees('Ann', 'red');
  await ann.sees('Dan', 'green');
  const used = await dan.page.evaluate(() => {
    const { made, plenary } = /** @type {any} */ (window);
    return made.length === 1 && made[0] === plenary.pc;
  });
  assert.ok(used, 'it is the one of the call');
  await dan.closePage();
  await ann.hasTilesOf([]);
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

house.scene('another room of the same name is another room', async () => {
  const other = await bob.createRoom(house.origin, 'Book Club');
  assert.notEqual(other, invitation);
  await bob.goTo(other);
  await bob.page.getByRole('heading', { name: 'Book Club' }).waitFor();
});

house.scene('making a public room whose name is taken says so, and opens it on request', async () => {
  const { page } = bob;
  const circle = await bob.createRoom(house.origin, 'Reading Circle', { listed: true });
  assert.match(circle, /\/r\/reading-circle$/);
  await page.goto(house.origin);
  await page.getByRole('textbox', { name: 'Room name' }).fill('reading circle');
  await page.getByRole('checkbox', { name: 'List this room' }).click();
  await page.getByRole('button', { name: 'Create room' }).click();
  await page.getByRole('status').filter({ hasText: 'exists already' }).waitFor();
  assert.equal(page.url(), house.origin, 'nobody walks into a room of others unasked');
  await page.keyboard.press('Enter');
  await page.waitForURL(circle);
});

house.scene(
  'a public room is opened from the home page by its name, however it is written, another by its link',
  async () => {
    const { page } = bob;
    await page.goto(house.origin);
    const name = page.getByRole('textbox', { name: 'Room name' });
    const open = page.getByRole('button', { name: 'Open room' });
    await name.fill('Cook Club');
    await open.click();
    await page.getByRole('status').filter({ hasText: 'no public room called “Cook Club”' }).waitFor();
    // The name of a room that is not public leads nowhere: its link does.
    await name.fill('Book Club');
    await open.click();
    await page.getByRole('status').filter({ hasText: 'no public room called “Book Club”' }).waitFor();
    await name.fill('');
    await open.click();
    await page.getByRole('status').filter({ hasText: 'Type the name' }).waitFor();
    await name.fill('  READING   circle ');
    await open.click();
    await page.waitForURL(/\/r\/reading-circle$/);
    await page.goto(house.origin);
    await name.fill(invitation);
    await open.click();
    await page.waitForURL(invitation);
    await page.getByRole('heading', { name: 'Book Club' }).waitFor();
  },
);

house.scene('a room that is listed is found on the home page by others, and one that is not is not', async () => {
  const { page } = bob;
  await ann.press('Leave');
  await ann.createRoom(house.origin, 'Open Stage', { listed: true });
  await ann.join(ann.page.url());
  await page.goto(house.origin);
  const list = page.getByRole('region', { name: 'Public rooms' });
  await list.getByRole('link', { name: 'Open Stage' }).waitFor();
  await list.getByRole('link', { name: '1 person' }).waitFor();
  assert.equal(await list.getByRole('link', { name: 'Book Club' }).count(), 0);
  await list.getByRole('link', { name: 'Open Stage' }).click();
  await page.waitForURL(/\/r\/open-stage$/);
  await bob.join(page.url());
  await bob.sees('Ann', 'red');
  await bob.press('Leave');
  await ann.press('Leave');
  await ann.join(invitation);
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
  // A tab that was reloaded has found its way back in its sessionStorage; the copy must not.
  await bob.reload();
  const copy = await bob.duplicate('Bob two');
  await copy.join(invitation);
  await ann.hasTilesOf(['Bob', 'Bob two']);
  await ann.sees('Bob two', 'green');
  await ann.seesMovement('Bob');
  await copy.press('Leave');
  await ann.hasTilesOf(['Bob']);
  await ann.seesMovement('Bob');
  await copy.closePage();
});

house.scene('a browser that plays nothing unasked offers a tap, and the tap brings sound and pictures', async () => {
  const eve = await house.personIn(greens, 'Eve');
  await eve.page.addInitScript(() => {
    const play = HTMLMediaElement.prototype.play;
    let tapped = false;
    const onButton = (/** @type {EventTarget | null} */ target) =>
      target instanceof Element && target.closest('button');
    addEventListener('click', ({ target }) => (tapped ||= Boolean(onButton(target))), true);
    HTMLMediaElement.prototype.play = function guarded() {
      if (tapped) return play.call(this);
      this.autoplay = false;
      this.pause();
      return Promise.reject(new DOMException('tap first', 'NotAllowedError'));
    };
    // The click on Join is no tap for this browser: it happened before the sound was there.
    addEventListener('submit', () => setTimeout(() => (tapped = false)), true);
  });
  await eve.join(invitation);
  await eve.hasTilesOf(['Ann', 'Bob']);
  await until(
    'nothing plays',
    () => eve.page.evaluate(readPaused),
    (paused) => paused > 2,
  );
  await eve.button('Tap to hear').click();
  await eve.button('Tap to hear').waitFor({ state: 'hidden' });
  const playing = () =>
    eve.page.evaluate(() => [...document.querySelectorAll('audio')].filter((audio) => !audio.paused).length);
  await until('Eve hears through all her audio elements', playing, (count) => count > 0);
  await eve.hears(2);
  await eve.seesMovement('Ann');
  await eve.seesMovement('Bob');
  await eve.press('Leave');
});

house.scene('everything can be done with the keyboard, in the order of what is seen', async () => {
  const kay = await house.personIn(greens, 'Kay', { context: { reducedMotion: 'reduce' } });
  const { page } = kay;
  const focus = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
  await kay.goTo(invitation);
  await kay.button('Turn off camera').waitFor();
  // The name has the focus, so one may begin to type.
  await page.keyboard.type('Kay');
  await page.keyboard.press('Enter');
  await kay.sees('Ann', 'red');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'count', 'who is here');
  await page.keyboard.press('Tab');
  assert.match(await focus(), /^Media goes/, 'the badge beside the name of the room');
  await page.keyboard.press('Tab');
  assert.equal(await focus(), 'Settings');
  await page.keyboard.press('Tab');
  // Not every browser has one.
  if ((await focus()) === 'Show the call in a small window') await page.keyboard.press('Tab');
  // What belongs to tiles comes before the controls, as it is above.
  const onStage = () => page.evaluate(() => Boolean(document.activeElement?.closest('#stage')));
  // A mark stands there, too, as long as somebody's picture is not what it should be.
  assert.match(await focus(), /^(Keep .+ large$|Quality of .+)/);
  for (let tabs = 0; tabs < 20 && (await onStage()); tabs++) await page.keyboard.press('Tab');
  for (const [place, name] of CONTROLS.entries()) {
    if (place > 0) await page.keyboard.press('Tab');
    assert.equal(await focus(), name);
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
    assert.notEqual(outline, 'none', `one sees that ${name} has the focus`);
  }
  for (let back = 1; back < CONTROLS.length; back++) await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Space');
  await kay.button('Unmute microphone').waitFor();
  assert.equal(await focus(), 'Unmute microphone', 'the focus stays on the button whose name changes');
  await ann.findsMarked('Kay', /muted/i);
  for (let on = 1; on < CONTROLS.length; on++) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'You left the room' }).waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Return to the room');
  await page.keyboard.press('Enter');
  // The door is there before what is kept is in it.
  await until(
    'the name is remembered',
    () => page.getByRole('textbox', { name: 'Your name' }).inputValue(),
    (name) => name === 'Kay',
  );
});
