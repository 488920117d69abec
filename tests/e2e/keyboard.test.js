/**
 * A whole call by keyboard alone, from the home page to the end page: whatever is pressed, the focus is where one goes on, is to be
 * seen, and can be led away again.
 */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { until } from './lib/until.js';

const DESK = {
  viewport: { width: 1440, height: 900 },
  reducedMotion: /** @type {const} */ ('reduce'),
  // Without a permission that stays Chromium names no devices.
  permissions: ['camera', 'microphone'],
};
/** As many steps lead all around a page with everything open. */
const AROUND = 90;

const house = await House.open();
after(() => house.close());

const ann = await house.personIn(await house.browserWithout('several'), 'Ann', { context: DESK });
const bob = await house.person('Bob', 'green', { size: { width: 320, height: 180, rate: 15 } });
const { page } = ann;
const { keyboard } = page;

/** What has the focus, by what it is called and shows; runs in the page. */
function readFocus() {
  const at = /** @type {any} */ (document.activeElement);
  const words = (/** @type {string | null | undefined} */ text) => (text ?? '').replaceAll(/\s+/g, ' ').trim();
  const { outlineStyle, outlineWidth } = getComputedStyle(at);
  const { left, top, right, bottom, width } = at.getBoundingClientRect();
  return {
    name: words(at.getAttribute('aria-label') ?? at.labels?.[0]?.innerText ?? at.innerText),
    lost: at === document.body || !at.checkVisibility({ visibilityProperty: true }),
    ringed: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 1,
    inSight: width > 0 && right > 0 && bottom > 0 && left < innerWidth && top < innerHeight,
    tag: at.localName,
  };
}

const focus = () => page.evaluate(readFocus);

/** The focus is there, and one sees it. @param {string | RegExp} name */
async function isAt(name) {
  const fits = (/** @type {string} */ seen) => (typeof name === 'string' ? seen === name : name.test(seen));
  const seen = await until(`the focus is at ${name}`, focus, (now) => fits(now.name), { within: 5_000 });
  // What a page puts the focus on to begin there is read, not pressed.
  assert.ok(/^h\d$/.test(seen.tag) || seen.ringed, `one sees that ${seen.name} has the focus`);
  assert.ok(seen.inSight, `${seen.name} is in sight`);
}

/**
 * Leads the focus there with the tabulator, and loses it nowhere.
 * @param {string | RegExp} name
 * @param {'Tab' | 'Shift+Tab'} [key]
 */
async function goTo(name, key = 'Tab') {
  const fits = (/** @type {string} */ seen) => (typeof name === 'string' ? seen === name : name.test(seen));
  const passed = [];
  let ends = 0;
  for (let steps = 0; steps < AROUND; steps++) {
    const seen = await focus();
    passed.push(seen.name || seen.tag);
    if (fits(seen.name)) return isAt(name);
    // Behind the last one the browser itself has its turn, and then the first one.
    if (seen.lost) ends += 1;
    assert.ok(ends < 3, `${seen.tag} has the focus and is not to be seen, after ${passed.join(' > ')}`);
    await keyboard.press(key);
  }
  assert.fail(`nothing leads to ${name}: ${passed.join(' > ')}`);
}

/** @param {string | RegExp} name @param {'Enter' | 'Space'} [key] */
async function presses(name, key = 'Enter') {
  await goTo(name);
  await keyboard.press(key);
}

/** Presses what then is called otherwise, and keeps the focus. @param {string} name @param {string} then */
async function turns(name, then) {
  await presses(name);
  await isAt(then);
}

house.opening('a room is made on the home page', async () => {
  await page.goto(house.origin);
  await ann.button('Create room').waitFor();
  await goTo('Room name');
  await keyboard.type('By hand');
  await presses('Create room');
  await page.waitForURL(/\/r\/by-hand-/);
  await bob.join(page.url());
});

house.scene('at the door one says a name, chooses devices, tries the speaker, and goes in', async () => {
  await isAt('Your name');
  await keyboard.type('Ann');
  const chosen = (/** @type {string} */ id) => page.locator(id).evaluate((one) => one.selectedIndex);
  for (const [name, id] of [
    ['Microphone', '#pick-microphone'],
    ['Camera', '#pick-camera'],
  ]) {
    await goTo(String(name));
    const before = await chosen(String(id));
    await keyboard.press('ArrowDown');
    await until(
      `another ${name} is chosen`,
      () => chosen(String(id)),
      (now) => now !== before,
    );
    await isAt(String(name));
  }
  await presses('Test');
  await page.getByRole('status').filter({ hasText: 'Two tones are playing' }).waitFor();
  await isAt(/Test|Stop/);
  await goTo('Turn off camera', 'Shift+Tab');
  await keyboard.press('Space');
  await isAt('Turn on camera');
  await keyboard.press('Space');
  await isAt('Turn off camera');
  await presses('Join');
  await ann.button('Leave').waitFor();
  await isAt('By hand');
  await ann.hasTilesOf(['Bob']);
});

house.scene('microphone, camera and hand keep the focus on their buttons', async () => {
  await turns('Mute microphone', 'Unmute microphone');
  await bob.findsMarked('Ann', /muted/i);
  await turns('Unmute microphone', 'Mute microphone');
  await turns('Turn off camera', 'Turn on camera');
  await turns('Turn on camera', 'Turn off camera');
  await turns('Raise hand', 'Lower hand');
  await turns('Lower hand', 'Raise hand');
});

house.scene('reactions are opened, chosen and closed, and the focus is back', async () => {
  await presses('React');
  await isAt('Thumbs up');
  await presses('Heart');
  await bob.isTold('Ann reacted: heart');
  await isAt('Heart');
  await keyboard.press('Escape');
  await isAt('React');
  assert.equal(await ann.button('Heart').count(), 0);
});

house.scene('the chat is opened, written in, gone through and closed', async () => {
  await presses('Chat');
  await isAt('Message');
  await keyboard.type('Good morning');
  await keyboard.press('Enter');
  await bob.page.locator('#chat-open[data-unread="1"]').waitFor();
  await isAt('Message');
  await goTo('Send');
  await goTo('Close', 'Shift+Tab');
  await keyboard.press('Enter');
  await isAt('Chat');
  await keyboard.press('Enter');
  await isAt('Message');
  // Nothing traps: the controls are reached from the box.
  await goTo('Leave', 'Shift+Tab');
  await goTo('Message');
  await keyboard.press('Escape');
  await isAt('Chat');
});

house.scene('among the people one is turned down by the arrows, and all are silenced', async () => {
  await presses('2 in the room');
  await isAt('People');
  await presses('Volume of Bob');
  await isAt('Volume of Bob');
  await keyboard.press('ArrowLeft');
  await keyboard.press('ArrowLeft');
  const slider = page.locator('#people-list input[type=range]:not([hidden] *)');
  assert.equal(await slider.getAttribute('aria-valuetext'), '90%');
  await goTo('Hear nobody', 'Shift+Tab');
  await keyboard.press('Space');
  await ann.isTold('You hear nobody');
  await isAt('Hear nobody');
  await keyboard.press('Space');
  await isAt('Hear nobody');
  await keyboard.press('Escape');
  await isAt('2 in the room');
  await turns('Hear nobody', 'Hear the others again');
  await turns('Hear the others again', 'Hear nobody');
});

house.scene('how the stage is laid out is chosen in the dialog about quality', async () => {
  await presses('Quality');
  await goTo('Pictures');
  const layout = page.locator('#view-layout');
  await keyboard.press('ArrowDown');
  assert.equal(await layout.inputValue(), 'grid');
  await isAt('Pictures');
  await keyboard.press('ArrowUp');
  assert.equal(await layout.inputValue(), 'auto');
  await presses('Close');
  await isAt('Quality');
  await keyboard.press('Enter');
  await keyboard.press('Escape');
  await isAt('Quality');
});

house.scene('in the settings one pushes to talk, and changes a shortcut', async () => {
  await presses('Settings');
  await isAt('Settings');
  await presses('Push to talk', 'Space');
  await isAt('Push to talk');
  await presses('Change keys');
  await presses('Microphone: Ctrl+D');
  await isAt('Microphone: Press keys…');
  await keyboard.press('Control+y');
  await isAt('Microphone: Ctrl+Y');
  await keyboard.press('Escape');
  await isAt('Settings');
  await goTo('Unmute microphone');
  await keyboard.down('Space');
  await isAt('Mute microphone');
  await keyboard.up('Space');
  await isAt('Unmute microphone');
  await presses('Settings');
  await presses('Push to talk', 'Space');
  await keyboard.press('Escape');
  await isAt('Settings');
  await keyboard.press('Control+y');
  await ann.isTold('You can be heard');
  await isAt('Settings');
});

house.scene('a tile is held on to, and shown over the whole screen, and back', async () => {
  const pin = ann.button('Keep Bob large');
  await presses('Keep Bob large');
  assert.equal(await pin.getAttribute('aria-pressed'), 'true');
  await isAt('Keep Bob large');
  await keyboard.press('Enter');
  assert.equal(await pin.getAttribute('aria-pressed'), 'false');
  await isAt('Keep Bob large');
  await turns('Show Bob in full screen', 'Leave full screen');
  await turns('Leave full screen', 'Show Bob in full screen');
});

/** What is over the whole screen, by what it is called; runs in the page. */
function readFull() {
  const full = document.fullscreenElement;
  if (!full) return 'nothing';
  const { width, height } = full.getBoundingClientRect();
  const whole = width === innerWidth && height === innerHeight;
  return `${full.getAttribute('aria-label') ?? full.localName}${whole ? '' : ', not whole'}`;
}

/** @param {string} what */
const isFull = (what) =>
  until(
    `${what} is over the whole screen`,
    () => page.evaluate(readFull),
    (seen) => seen === what,
    { within: 10_000 },
  );

house.scene(
  'keys show the tile that has the focus over the whole screen, or else the page, and lead out again',
  async () => {
    await goTo('Keep Bob large');
    await keyboard.press('Control+Alt+f');
    await isFull('Bob');
    await isAt('Keep Bob large');
    await goTo('Leave full screen');
    await keyboard.press('Control+Alt+f');
    await isFull('nothing');
    await isAt('Show Bob in full screen');
    await goTo('Raise hand');
    await keyboard.press('Control+Alt+f');
    await isFull('html');
    await turns('Raise hand', 'Lower hand');
    await turns('Lower hand', 'Raise hand');
    await keyboard.press('Control+Alt+f');
    await isFull('nothing');
    await isAt('Raise hand');
  },
);

house.scene('the small window is opened and brought back', async () => {
  await turns('Show the call in a small window', 'Bring the call back from the small window');
  await turns('Bring the call back from the small window', 'Show the call in a small window');
  await ann.hasTilesOf(['Bob']);
});

house.scene('somebody goes while the focus is on their tile: it is not lost', async () => {
  await goTo('Keep Bob large');
  await bob.press('Leave');
  await ann.hasTilesOf([]);
  assert.equal((await focus()).lost, false);
  await bob.press('Return to the room');
  await bob.join(bob.page.url());
  await ann.hasTilesOf(['Bob']);
});

house.scene('one invites, leaves, and comes back', async () => {
  await presses('Copy invite link');
  await page.getByRole('dialog', { name: /This link works/ }).waitFor();
  assert.equal((await focus()).lost, false);
  await keyboard.press('Escape');
  await isAt('Copy invite link');
  await presses('Leave');
  await isAt('You left the room');
  await presses('Return to the room');
  await isAt('Your name');
});
