/** The settings of a call, and what the door has beside the way in: other devices, other keys, and whether one is heard. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { until } from './lib/until.js';

/** @import { Person } from './lib/person.js' */

const house = await House.open();
after(() => house.close());

/** The tones of the two microphones, in hertz. */
const [LOW, HIGH] = [500, 1500];

const reds = await house.browser('red');
const ann = await house.personIn(reds, 'Ann', { also: [studio] });
const bob = await house.person('Bob', 'green');
let invitation = '';

/**
 * A desk with two cameras of a colour each, two microphones of a tone each, and two speakers, that are plugged in and pulled out.
 */
function studio() {
  if (!('MediaDevices' in window)) return;
  const { getUserMedia } = MediaDevices.prototype;
  /** @type {{ kind: string, deviceId: string, label: string, makes: string | number }[]} */
  const all = [
    { kind: 'videoinput', deviceId: 'c1', label: 'Red camera', makes: 'rgb(200 30 30)' },
    { kind: 'videoinput', deviceId: 'c2', label: 'Blue camera', makes: 'rgb(40 60 210)' },
    { kind: 'audioinput', deviceId: 'm1', label: 'Low microphone', makes: 500 },
    { kind: 'audioinput', deviceId: 'm2', label: 'High microphone', makes: 1500 },
    { kind: 'audiooutput', deviceId: 's1', label: 'Desk speaker', makes: '' },
    { kind: 'audiooutput', deviceId: 's2', label: 'Headset', makes: '' },
  ];
  // The desk stays as it is when the page is loaded again.
  const gone = new Set(JSON.parse(sessionStorage.getItem('desk') ?? '["c2"]'));
  const there = () => all.filter(({ deviceId }) => !gone.has(deviceId));
  /** @type {Map<string, MediaStreamTrack[]>} */
  const tracks = new Map();
  MediaDevices.prototype.enumerateDevices = async () =>
    there().map((device) => /** @type {any} */ ({ ...device, groupId: '', toJSON: () => device }));

  /** @param {string | number} makes */
  const picture = (makes) => {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width: 640, height: 360 });
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    let moves = 0;
    setInterval(() => {
      context.fillStyle = String(makes);
      context.fillRect(0, 0, 640, 360);
      context.fillStyle = 'white';
      context.fillRect((moves = (moves + 4) % 600), 340, 20, 12);
    }, 40);
    return canvas.captureStream(25).getVideoTracks()[0];
  };
  /** @param {string | number} makes */
  const tone = (makes) => {
    const context = new AudioContext();
    const out = context.createMediaStreamDestination();
    const oscillator = new OscillatorNode(context, { frequency: Number(makes) });
    oscillator.connect(new GainNode(context, { gain: 0.3 })).connect(out);
    oscillator.start();
    // A page makes no sound before somebody has touched it.
    for (const touch of ['pointerdown', 'keydown']) addEventListener(touch, () => void context.resume(), true);
    return out.stream.getAudioTracks()[0];
  };
  MediaDevices.prototype.getUserMedia = async function chosen(constraints = {}) {
    const asked = await getUserMedia.call(this, {
      audio: Boolean(constraints.audio),
      video: Boolean(constraints.video),
    });
    for (const track of asked.getTracks()) track.stop();
    const made = Object.entries({ audioinput: constraints.audio, videoinput: constraints.video }).flatMap(
      ([kind, wanted]) => {
        if (!wanted) return [];
        const id = /** @type {any} */ (wanted).deviceId?.exact;
        const device = there().find((one) => one.kind === kind && (!id || one.deviceId === id));
        if (!device) throw Object.assign(new Error('no such device'), { name: 'OverconstrainedError' });
        const track = /** @type {MediaStreamTrack} */ (
          kind === 'audioinput' ? tone(device.makes) : picture(device.makes)
        );
        track.getSettings = () => ({ deviceId: device.deviceId, width: 640, height: 360 });
        tracks.set(device.deviceId, [...(tracks.get(device.deviceId) ?? []), track]);
        return [track];
      },
    );
    return new MediaStream(made);
  };

  /** @type {WeakMap<object, string>} */
  const sinks = new WeakMap();
  Object.defineProperty(HTMLMediaElement.prototype, 'sinkId', {
    get() {
      return sinks.get(this) ?? '';
    },
  });
  Object.assign(HTMLMediaElement.prototype, {
    async setSinkId(/** @type {string} */ id) {
      if (id && !there().some(({ deviceId }) => deviceId === id)) throw new DOMException('', 'NotFoundError');
      sinks.set(this, id);
    },
  });
  const changed = () => {
    sessionStorage.setItem('desk', JSON.stringify([...gone]));
    navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
  };
  Object.assign(window, {
    plug: (/** @type {string} */ id) => gone.delete(id) && changed(),
    pull: (/** @type {string} */ id) => {
      gone.add(id);
      for (const track of tracks.get(id) ?? []) {
        if (track.readyState !== 'live') continue;
        track.stop();
        track.dispatchEvent(new Event('ended'));
      }
      changed();
    },
  });
}

/** @param {'plug' | 'pull'} deed @param {string} id */
const desk = (deed, id) =>
  ann.page.evaluate(
    (/** @type {string[]} */ [what = '', which]) => /** @type {any} */ (window)[what](which),
    [deed, id],
  );

/** @param {Person} person */
const dialogOf = ({ page }) => page.getByRole('dialog', { name: 'Settings' });

/** @param {Person} person */
async function openSettings(person) {
  if (!(await dialogOf(person).isVisible())) await person.press('Settings');
  await dialogOf(person).waitFor();
}

/** @param {Person} person */
async function closeSettings(person) {
  if (await dialogOf(person).isVisible()) await dialogOf(person).getByRole('button', { name: 'Close' }).click();
  await dialogOf(person).waitFor({ state: 'hidden' });
}

/** How loud Bob hears each tone of Ann's: its part of what sounds, from 0 to 255. */
const tones = () =>
  bob.page.evaluate(
    async (/** @type {number[]} */ wanted) => {
      const scene = /** @type {any} */ (window);
      const tracks = scene.plenary.pc
        .getReceivers()
        .map((/** @type {RTCRtpReceiver} */ { track }) => track)
        .filter((/** @type {MediaStreamTrack} */ { kind }) => kind === 'audio');
      scene.ears ??= new AudioContext();
      await scene.ears.resume();
      const levels = wanted.map(() => 0);
      for (const track of tracks) {
        track.ear ??= (() => {
          const analyser = new AnalyserNode(scene.ears, { fftSize: 2048, smoothingTimeConstant: 0 });
          scene.ears.createMediaStreamSource(new MediaStream([track])).connect(analyser);
          return analyser;
        })();
        const bins = new Uint8Array(track.ear.frequencyBinCount);
        track.ear.getByteFrequencyData(bins);
        for (const [place, tone] of wanted.entries()) {
          const bin = Math.round((tone * 2048) / scene.ears.sampleRate);
          levels[place] = Math.max(levels[place] ?? 0, bins[bin] ?? 0);
        }
      }
      return levels;
    },
    [LOW, HIGH],
  );

/** @param {'low' | 'high' | 'none'} which */
const bobHears = (which) =>
  until(`Bob hears the ${which} tone`, tones, ([low = 0, high = 0]) => {
    if (which === 'none') return low < 60 && high < 60;
    return which === 'low' ? low > high + 60 : high > low + 60;
  });

/** @param {any} meter */
const levelOf = (meter) => () => meter.evaluate((/** @type {Element} */ { ariaValueNow }) => Number(ariaValueNow));

house.opening('two people are in a room', async () => {
  invitation = await ann.createRoom(house.origin, 'Settings');
  await ann.join(invitation);
  await bob.join(invitation);
  await bob.sees('Ann', 'red');
  await bobHears('low');
});

house.scene('a camera that is plugged in is in the open menu, and chosen there the others see it at once', async () => {
  await ann.rememberConnection();
  await openSettings(ann);
  const cameras = dialogOf(ann).getByRole('combobox', { name: 'Camera' });
  const listed = () => cameras.locator('option').allTextContents();
  await until('one camera is listed', listed, (all) => JSON.stringify(all) === JSON.stringify(['Red camera']));
  await desk('plug', 'c2');
  await until('the other is, too', listed, (all) => all.includes('Blue camera'));
  await cameras.selectOption('c2');
  await bob.sees('Ann', 'blue');
  await bob.seesMovement('Ann');
  await ann.screenshot('settings of a call');
});

house.scene('another microphone is chosen in the call, and the others hear it', async () => {
  await openSettings(ann);
  await dialogOf(ann).getByRole('combobox', { name: 'Microphone' }).selectOption('m2');
  await bobHears('high');
  assert.equal(await ann.hasSameConnection(), true, 'on the same connection');
  const meter = dialogOf(ann).getByRole('meter', { name: 'Microphone level' });
  await until('the meter shows it', levelOf(meter), (level) => level > 30);
  await closeSettings(ann);
  await ann.reload();
  await bob.sees('Ann', 'blue');
  // What plays before somebody touched the page is up to the browser.
  await ann.page.locator('#stage').click();
  await bobHears('high');
});

house.scene('a headset that is pulled out: the sound goes on elsewhere, and one is muted, and told so', async () => {
  await openSettings(ann);
  await dialogOf(ann).getByRole('combobox', { name: 'Speaker' }).selectOption('s2');
  await closeSettings(ann);
  const sinks = () =>
    ann.page.evaluate(() =>
      [...document.querySelectorAll('#call audio')]
        .filter((audio) => /** @type {HTMLAudioElement} */ (audio).srcObject)
        .map((audio) => /** @type {HTMLAudioElement} */ (audio).sinkId),
    );
  const all = (/** @type {string} */ id) => (/** @type {string[]} */ used) =>
    used.length > 0 && used.every((one) => one === id);
  await until('the headset plays', sinks, all('s2'));
  await desk('pull', 's2');
  await desk('pull', 'm2');
  await until('the system’s speaker plays', sinks, all(''));
  await ann.isTold('Your speaker is gone');
  await ann.page.getByRole('alert').filter({ hasText: 'Another one is ready, and muted' }).waitFor();
  await bob.findsMarked('Ann', /muted/i);
  await bobHears('none');
  await ann.press('Unmute microphone');
  await bobHears('low');
  await desk('plug', 's2');
  await until('it is back', sinks, all('s2'));
});

house.scene('a shortcut mutes, is changed, and is switched off', async () => {
  const { page } = ann;
  await closeSettings(ann);
  await page.locator('#room-name').focus();
  const microphone = page.locator('#microphone');
  assert.equal(await microphone.getAttribute('aria-keyshortcuts'), 'Control+D');
  await page.keyboard.press('Control+d');
  await ann.button('Unmute microphone').waitFor();
  await ann.isTold('You are muted');
  await page.keyboard.press('Control+d');
  await ann.button('Mute microphone').waitFor();

  await ann.press('Chat');
  await page.getByRole('textbox', { name: 'Message' }).focus();
  await page.keyboard.press('Control+d');
  await page.keyboard.press('Escape');
  await ann.button('Mute microphone').waitFor();

  await openSettings(ann);
  await dialogOf(ann).getByText('Change keys').click();
  const key = (/** @type {string} */ name) => dialogOf(ann).getByRole('button', { name, exact: true });
  await key('Microphone: Ctrl+D').click();
  await page.keyboard.press('m');
  await dialogOf(ann).getByRole('status').filter({ hasText: 'Switch on single letters first' }).waitFor();
  await page.keyboard.press('Control+y');
  await key('Microphone: Ctrl+Y').waitFor();
  await ann.screenshot('keys of a call');
  await closeSettings(ann);
  assert.equal(await microphone.getAttribute('aria-keyshortcuts'), 'Control+Y');
  await page.keyboard.press('Control+d');
  await page.keyboard.press('Control+y');
  await ann.button('Unmute microphone').waitFor();
  await page.keyboard.press('Control+Alt+h');
  await ann.button('Lower hand').waitFor();
  await page.keyboard.press('Control+Alt+h');
  await ann.button('Raise hand').waitFor();

  await openSettings(ann);
  await dialogOf(ann).getByRole('checkbox', { name: 'Shortcuts' }).uncheck();
  await closeSettings(ann);
  assert.equal(await microphone.getAttribute('aria-keyshortcuts'), null);
  await page.keyboard.press('Control+y');
  await page.keyboard.press('Control+Alt+h');
  await ann.button('Unmute microphone').waitFor();
  await ann.button('Raise hand').waitFor();
});

house.scene('who pushes to talk is heard while a key or the button is held, and never else', async () => {
  const { page } = ann;
  await ann.press('Unmute microphone');
  await bobHears('low');
  await openSettings(ann);
  await dialogOf(ann).getByRole('checkbox', { name: 'Push to talk' }).check();
  await ann.button('Unmute microphone').waitFor();
  await bobHears('none');
  await closeSettings(ann);
  // A click leaves the focus on a button that the space bar would press.
  await page.locator('#hand').click();
  await page.keyboard.down('Space');
  await ann.button('Mute microphone').waitFor();
  await bobHears('low');
  await page.keyboard.up('Space');
  await ann.button('Unmute microphone').waitFor();
  await bobHears('none');
  await ann.button('Lower hand').waitFor();

  await ann.press('Unmute microphone');
  await ann.isTold('Push to talk: hold Space');
  await ann.button('Unmute microphone').waitFor();
  await page.locator('#microphone').hover();
  await page.mouse.down();
  await bobHears('low');
  await page.mouse.up();
  await ann.button('Unmute microphone').waitFor();

  await ann.reload();
  await ann.button('Unmute microphone').waitFor();
  await openSettings(ann);
  assert.equal(await dialogOf(ann).getByRole('checkbox', { name: 'Push to talk' }).isChecked(), true, 'remembered');
  await dialogOf(ann).getByRole('checkbox', { name: 'Push to talk' }).uncheck();
  await closeSettings(ann);
  await ann.press('Unmute microphone');
  await bobHears('low');
});

/** Hears what a page plays to try the speaker. */
function listenToTests() {
  const { play } = HTMLMediaElement.prototype;
  const scene = /** @type {any} */ (window);
  scene.loudest = 0;
  HTMLMediaElement.prototype.play = function heard() {
    if (this instanceof HTMLAudioElement && this.srcObject instanceof MediaStream) {
      const context = new AudioContext();
      const analyser = new AnalyserNode(context);
      context.createMediaStreamSource(this.srcObject).connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      setInterval(() => {
        analyser.getFloatTimeDomainData(samples);
        scene.loudest = Math.max(scene.loudest, ...samples);
      }, 20);
    }
    return play.call(this);
  };
}

house.scene('at the door one sees that the microphone hears, and hears that the speaker plays', async () => {
  const eve = await house.personIn(reds, 'Eve', { also: [listenToTests] });
  const { page } = eve;
  await eve.goTo(invitation);
  const meter = page.getByRole('meter', { name: 'Microphone level' });
  await until('it moves', levelOf(meter), (level) => level > 20);
  await page.getByText(/^(Ann and Bob|Bob and Ann) are inside\.$/).waitFor();
  await eve.press('Mute microphone');
  await until('muted it does not', levelOf(meter), (level) => level === 0);
  await eve.press('Test');
  await page.getByRole('status').filter({ hasText: 'Two tones are playing' }).waitFor();
  const loudest = () => page.evaluate(() => /** @type {any} */ (window).loudest);
  await until('something is heard', loudest, (loud) => loud > 0.1);
  await eve.screenshot('door with a meter');
  await eve.closePage();
});

house.scene('who is refused reads where to click in this browser', async () => {
  const nobody = await house.browserWithout('refused');
  const small = await house.personIn(nobody, 'Small', { context: { viewport: { width: 640, height: 360 } } });
  const { page } = small;
  await small.goTo(invitation);
  await page.getByText('How to allow it').click();
  await page.getByText(/Click the (sign|crossed-out)/).waitFor();
  const join = await page.getByRole('button', { name: 'Join' }).evaluate((/** @type {Element} */ button) => {
    const { bottom } = button.getBoundingClientRect();
    return bottom <= innerHeight;
  });
  assert.equal(join, true, 'the way in is in sight');
  await small.screenshot('refused on a phone on its side');
  await small.closePage();
});
