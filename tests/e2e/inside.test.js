/** What goes on beside a call: keys, the screen that stays on, and warnings of what one would not notice. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { until } from './lib/until.js';

const house = await House.open();
after(() => house.close());

/** The microphone hums without a pause, and what the page asks of the system is kept. */
function hum() {
  if (!('MediaDevices' in window)) return;
  const scene = /** @type {any} */ (window);
  const { getUserMedia } = MediaDevices.prototype;
  MediaDevices.prototype.getUserMedia = async function humming(constraints) {
    const stream = await getUserMedia.call(this, constraints);
    const [device] = stream.getAudioTracks();
    if (!device) return stream;
    const context = new AudioContext();
    void context.resume();
    const tone = new OscillatorNode(context);
    const out = context.createMediaStreamDestination();
    tone.connect(out);
    tone.start();
    return new MediaStream([...stream.getVideoTracks(), ...out.stream.getAudioTracks()]);
  };
  scene.keys = {};
  const { setActionHandler } = MediaSession.prototype;
  MediaSession.prototype.setActionHandler = function kept(action, handler) {
    scene.keys[action] = handler;
    return setActionHandler.call(this, action, handler);
  };
  scene.awake = 0;
  if (!('WakeLock' in window)) return;
  const { request } = WakeLock.prototype;
  WakeLock.prototype.request = async function counted(type) {
    scene.awake += 1;
    return request.call(this, type);
  };
}

const ann = await house.person('Ann', 'red', { also: [hum] });
const bob = await house.person('Bob', 'green');
let invitation = '';

house.opening('two people are in a room', async () => {
  invitation = await ann.createRoom(house.origin, 'Inside');
  await ann.join(invitation);
  await bob.join(invitation);
  await ann.sees('Bob', 'green');
});

house.scene('whoever speaks while muted is told so', async () => {
  await ann.press('Mute microphone');
  await ann.isTold('You are muted');
});

house.scene('a muted person is heard while they hold the space bar', async () => {
  await ann.page.locator('#room-name').focus();
  await bob.findsMarked('Ann', /muted/i);
  await ann.page.keyboard.down('Space');
  await ann.button('Mute microphone').waitFor();
  await bob.findsUnmarked('Ann', /muted/i);
  await ann.page.keyboard.up('Space');
  await ann.button('Unmute microphone').waitFor();
  await bob.findsMarked('Ann', /muted/i);
});

house.scene('a host mutes who holds the space bar, and holding on opens nothing', async () => {
  await bob.press('Mute microphone');
  await bob.page.locator('#room-name').focus();
  await bob.page.keyboard.down('Space');
  await ann.findsUnmarked('Bob', /muted/i);
  await ann.moderates('Bob', 'Mute Bob');
  await bob.button('Unmute microphone').waitFor();
  await bob.page.keyboard.down('Space');
  await ann.findsMarked('Bob', /muted/i);
  await bob.page.keyboard.up('Space');
  await bob.press('Unmute microphone');
  await ann.findsUnmarked('Bob', /muted/i);
  await ann.page.locator('#people-close').click();
});

house.scene('the space bar writes in the chat, and talks nowhere else than in the call', async () => {
  const { page } = ann;
  const talks = () => ann.button('Mute microphone').waitFor();
  const isSilent = () => ann.button('Unmute microphone').waitFor();
  const call = page.locator('#room-name');
  await ann.press('Unmute microphone');
  await ann.press('Mute microphone');
  await page.locator('#chat-open').click();
  const box = page.locator('#chat textarea');
  await box.fill('I');
  await page.keyboard.press('Space');
  await isSilent();
  assert.equal(await box.inputValue(), 'I ', 'who writes writes a blank');
  await page.locator('#chat-open').click();

  await call.focus();
  await page.keyboard.down('Space');
  await talks();
  await page.locator('#chat-open').click();
  await box.focus();
  await isSilent();
  for (let again = 0; again < 3; again += 1) await page.keyboard.down('Space');
  await page.keyboard.up('Space');
  assert.equal(await box.inputValue(), 'I ', 'the key that was held before writes nothing');
  await page.keyboard.press('Space');
  assert.equal(await box.inputValue(), 'I  ', 'the next one does');
  await page.locator('#chat-open').click();

  await call.focus();
  await page.keyboard.down('Space');
  await talks();
  await ann.press('Settings');
  await isSilent();
  await page.locator('#settings').getByRole('button', { name: 'Close', exact: true }).focus();
  await page.keyboard.down('Space');
  await page.keyboard.up('Space');
  await page.locator('#settings').waitFor();
  await page.keyboard.press('Escape');
});

house.scene('the keys of a headset mute, and turn the camera off', async () => {
  const press = (/** @type {string} */ key) =>
    ann.page.evaluate((action) => /** @type {any} */ (window).keys[action](), key);
  await press('togglemicrophone');
  await ann.button('Mute microphone').waitFor();
  await press('togglecamera');
  await ann.button('Turn on camera').waitFor();
  await press('togglecamera');
  await bob.sees('Ann', 'red');
});

house.scene('the screen is asked to stay on', async () => {
  await until(
    'the page asks for it',
    () => ann.page.evaluate(() => /** @type {any} */ (window).awake),
    (count) => count > 0,
  );
});

house.scene('whoever shared a screen and loads the page again is told that it ended, and shares again', async () => {
  await ann.share();
  await ann.reload();
  await ann.page.getByRole('alert').filter({ hasText: 'You share your screen no more' }).waitFor();
  await ann.screenshot('inside after a reload');
  await ann.press('Share again');
  await ann.button('Stop sharing').first().waitFor();
  await ann.stopSharing();
});

house.scene('what is wrong with a device is told beside the name of its switch', async () => {
  const eve = await house.personIn(await house.browserWithout('refused'), 'Eve');
  await eve.join(invitation, { patient: true });
  await until(
    'the switch tells',
    () => eve.button('Turn on camera').evaluate((/** @type {Element} */ button) => button.ariaDescription ?? ''),
    (words) => /does not let this page use the camera/.test(words),
  );
  const [panel, tile] = await Promise.all([eve.page.locator('#problems').boundingBox(), eve.tile('Ann').boundingBox()]);
  if (!panel || !tile || panel.y + panel.height > tile.y) throw new Error('the panel of problems lies on a face');
  await eve.screenshot('inside problems');
});

// Only Chromium lets a test take a permission back.
house.scene('who takes the permission back in a call stays, reads that they did, and comes back with it', async () => {
  const refuses = await house.browserWithout('refused', 'chromium');
  const dan = await house.personIn(refuses, 'Dan', { context: { permissions: ['camera', 'microphone'] } });
  const { page } = dan;
  await dan.join(invitation);
  await ann.findsUnmarked('Dan', /camera off|muted/i);
  await page.context().clearPermissions();
  const told = page
    .getByRole('alert')
    .filter({ hasText: 'The permission to use the camera and microphone was taken back' });
  await told.waitFor();
  await page.getByText('How to allow it').filter({ visible: true }).waitFor();
  await ann.findsMarked('Dan', /camera off/i);
  await ann.findsMarked('Dan', /muted/i);
  await dan.screenshot('inside permission taken back');
  assert.equal(await dan.camerasRunning(), 0);
  await dan.sees('Ann', 'red');

  await page.context().grantPermissions(['camera', 'microphone']);
  await dan.press('Turn on camera');
  await dan.press('Unmute microphone');
  await told.waitFor({ state: 'hidden' });
  await ann.findsUnmarked('Dan', /camera off|muted/i);
  await ann.seesMovement('Dan');
  await dan.closePage();
});
