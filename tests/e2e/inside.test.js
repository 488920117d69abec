/** What goes on beside a call: keys, the screen that stays on, and warnings of what one would not notice. */

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
