/** Cameras and microphones: what the person wants is obeyed at once, and what the devices do is said. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { FIRST, OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

/** @import { Person } from './lib/person.js' */

const house = await House.open();
after(() => house.close());

const ann = await house.person('Ann', 'red');
const bob = await house.person('Bob', 'green', { engine: OTHER });
const OPENING = { camera: 'Camera is opening: leave it off', microphone: 'Microphone is opening: leave it off' };

let invitation = '';

/** @param {Person} person @param {string} words */
const alerted = (person, words) => person.page.getByRole('alert').filter({ hasText: words }).waitFor();

house.opening('two people are in a room', async () => {
  invitation = await ann.createRoom(house.origin, 'Devices');
  await ann.join(invitation);
  await bob.join(invitation);
  await bob.sees('Ann', 'red');
  await bob.hears(1);
});

house.scene('mute and camera off do not wait for a camera that takes long to open', async () => {
  await ann.press('Turn off camera');
  await ann.button('Turn on camera').waitFor();
  await ann.page.evaluate(() => {
    const capture = MediaDevices.prototype.getUserMedia;
    const scene = /** @type {any} */ (window);
    MediaDevices.prototype.getUserMedia = async function slow(constraints) {
      MediaDevices.prototype.getUserMedia = capture;
      await new Promise((resolve) => {
        scene.openCamera = resolve;
      });
      return capture.call(this, constraints);
    };
  });
  await ann.press('Turn on camera');
  await ann.button(OPENING.camera).waitFor();
  await ann.press('Mute microphone');
  await ann.button('Unmute microphone').waitFor();
  await bob.findsMarked('Ann', /muted/i);
  await alerted(ann, 'camera');
  await ann.press(OPENING.camera);
  await ann.button('Turn on camera').waitFor();
  const asked = await ann.page.evaluate(() => /** @type {any} */ (window).seen.asked);
  await ann.page.evaluate(() => /** @type {any} */ (window).openCamera());
  const seen = () => ann.page.evaluate(() => /** @type {any} */ (window).seen);
  await until('the camera opens late', seen, (now) => now.asked > asked && now.unanswered === 0);
  await until(
    'it is closed again',
    () => ann.camerasRunning(),
    (running) => running === 0,
  );
  await bob.findsMarked('Ann', /camera off/i);
  await ann.press('Turn on camera');
  await ann.press('Unmute microphone');
  await bob.sees('Ann', 'red');
  await bob.hears(1);
});

house.scene('what the system silences is told to everyone, and goes on by itself', async () => {
  const silence = (/** @type {boolean} */ muted) =>
    ann.page.evaluate((/** @type {boolean} */ now) => {
      const { pc } = /** @type {{ pc: RTCPeerConnection }} */ (/** @type {any} */ (window).plenary);
      for (const { track } of pc.getSenders()) {
        if (!track) continue;
        Object.defineProperty(track, 'muted', { value: now, configurable: true });
        track.dispatchEvent(new Event(now ? 'mute' : 'unmute'));
      }
    }, muted);
  await silence(true);
  await bob.findsMarked('Ann', /camera off/i);
  await bob.findsMarked('Ann', /muted/i);
  await alerted(ann, 'Your system lets nothing through from the camera and microphone at present.');
  await ann.screenshot('silenced by the system');
  await silence(false);
  await bob.findsUnmarked('Ann', /camera off|muted/i);
  await bob.sees('Ann', 'red');
  const alerts = await ann.page.evaluate(() => document.getElementById('problems')?.hidden);
  assert.equal(alerts, true, 'what is over is not said any more');
});

// Chromium without a window refuses what it would ask.
house.scene('a question nobody answers is said in words, and every button works', async () => {
  const nobody = await house.browserWithout('unanswered', 'firefox');
  const eve = await house.personIn(nobody, 'Eve');
  await eve.goTo(invitation);
  await alerted(eve, 'Your browser is asking whether this page may use the camera and microphone.');
  await eve.screenshot('open question');
  await eve.press(OPENING.microphone);
  await eve.button('Unmute microphone').waitFor();
  await alerted(eve, 'Your browser is asking whether this page may use the camera.');
  await eve.join(invitation, { patient: false });
  await ann.findsMarked('Eve', /camera off/i);
  await alerted(eve, 'Your browser is asking whether this page may use the camera.');
  await eve.screenshot('open question inside');
  await eve.press(OPENING.camera);
  await eve.button('Turn on camera').waitFor();
  await eve.press('Leave');
  await ann.isTold('Eve left');
  await eve.closePage();
  const small = await house.personIn(nobody, 'Small', { context: { viewport: { width: 360, height: 640 } } });
  await small.goTo(invitation);
  await alerted(small, 'Your browser is asking');
  const join = await small.page.getByRole('button', { name: 'Join' }).evaluate((/** @type {Element} */ button) => {
    const { bottom } = button.getBoundingClientRect();
    return bottom <= innerHeight;
  });
  await small.screenshot('open question on a phone');
  assert.equal(join, true, 'the way in is in sight');
  await small.closePage();
});

/**
 * Firefox has one fake camera and one fake microphone: more are made of them. As in Firefox nothing is named until something
 * was opened, and a device that is asked for and not there is an error.
 */
function severalDevices() {
  if (!('MediaDevices' in window)) return;
  const { getUserMedia } = MediaDevices.prototype;
  const ids = { audioinput: ['m1', 'm2', 'm3'], videoinput: ['c1', 'c2', 'c3'] };
  let opened = false;
  MediaDevices.prototype.enumerateDevices = async () =>
    Object.entries(ids).flatMap(([kind, all]) =>
      (opened ? all : ['']).map((deviceId) => {
        const device = { deviceId, groupId: '', kind, label: opened ? `Device ${deviceId}` : '' };
        return /** @type {any} */ ({ ...device, toJSON: () => device });
      }),
    );
  MediaDevices.prototype.getUserMedia = async function chosen(constraints = {}) {
    const { audio, video } = /** @type {any} */ (constraints);
    /** @param {any} wanted @param {string[]} all */
    const idFor = (wanted, all) => {
      const id = wanted?.deviceId?.exact ?? all[0];
      if (all.includes(id)) return id;
      throw Object.assign(new Error('no such device'), { name: 'OverconstrainedError', constraint: 'deviceId' });
    };
    const [ear, eye] = [idFor(audio, ids.audioinput), idFor(video, ids.videoinput)];
    const any = (/** @type {any} */ wanted) => (wanted ? { ...wanted, deviceId: undefined } : false);
    const stream = await getUserMedia.call(this, { audio: any(audio), video: any(video) });
    opened = true;
    for (const track of stream.getTracks()) {
      const settings = track.getSettings;
      track.getSettings = () => ({ ...settings.call(track), deviceId: track.kind === 'audio' ? ear : eye });
    }
    return stream;
  };
}

/**
 * Of several cameras and microphones the last ones are chosen, and used from then on.
 * @param {Person} dan
 */
async function choosesAmongSeveral(dan) {
  const { page } = dan;
  const inUse = () =>
    page.evaluate(() =>
      /** @type {any} */ (window).seen.cameras().map((/** @type {any} */ t) => t.getSettings().deviceId),
    );
  await dan.goTo(invitation);
  await dan.button('Turn off camera').waitFor();
  const camera = page.getByRole('combobox', { name: 'Camera' });
  const microphone = page.getByRole('combobox', { name: 'Microphone' });
  const chosen = {};
  for (const [which, picker] of Object.entries({ camera, microphone })) {
    const listed = () =>
      picker.locator('option').evaluateAll((/** @type {any[]} */ all) => all.map(({ value }) => value));
    const ids = await until(`there are several to choose from: ${which}`, listed, (all) => all.length >= 3);
    await picker.selectOption(ids.at(-1));
    Object.assign(chosen, { [which]: ids.at(-1) });
  }
  const wanted = /** @type {{ camera: string, microphone: string }} */ (chosen);
  const isChosen = (/** @type {string[]} */ ids) => ids.length === 1 && ids[0] === wanted.camera;
  await until('the chosen camera is in use', inUse, isChosen);
  await dan.button('Mute microphone').waitFor();
  assert.deepEqual([await camera.inputValue(), await microphone.inputValue()], [wanted.camera, wanted.microphone]);
  await dan.join(invitation);
  const sent = () =>
    page.evaluate(() =>
      /** @type {any} */ (window).plenary.pc
        ?.getSenders()
        .map((/** @type {any} */ { track }) => track?.getSettings().deviceId)
        .filter(Boolean),
    );
  const both = (/** @type {string[]} */ ids) =>
    JSON.stringify(ids) === JSON.stringify([wanted.microphone, wanted.camera]);
  await until('both are sent', sent, both);
  await dan.reload();
  await until('both are sent again', sent, both);
  await page.evaluate(() => localStorage.setItem('plenary.camera', 'gone'));
  await dan.reload();
  await alerted(dan, 'The camera chosen or used before is not there. Another one is used instead.');
  await dan.button('Turn off camera').waitFor();
  await until('another camera is sent', sent, (ids) => ids?.length === 2 && ids[0] === wanted.microphone);
  await ann.seesMovement('Dan');
  await dan.screenshot('another camera');
  await dan.press('Leave');
}

if (FIRST === 'chromium') {
  house.scene('of three cameras and several microphones the chosen ones open, also after a reload', async () => {
    // Without a permission that stays Chromium names no devices, although it opens them.
    const allowed = { context: { permissions: ['camera', 'microphone'] } };
    await choosesAmongSeveral(await house.personIn(await house.browserWithout('several'), 'Dan', allowed));
  });
}

if (OTHER === 'firefox') {
  house.scene('in Firefox, too, the chosen ones of several open, also after a reload', async () => {
    await choosesAmongSeveral(await house.person('Dan', 'blue', { engine: 'firefox', also: [severalDevices] }));
  });
}
