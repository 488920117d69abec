import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { LocalMedia, SILENT_FOR, STEADY_AFTER } from '../../client/js/rtc/local-media.js';
import { explain, noteOn } from '../../client/js/rtc/devices.js';

/** @typedef {'camera' | 'microphone'} Device */

const DEVICES = /** @type {const} */ (['camera', 'microphone']);

class Track {
  enabled = true;
  muted = false;
  readyState = 'live';
  /** @type {(() => void) | null} */
  onended = null;
  /** @type {(() => void) | null} */
  onmute = null;
  /** @type {(() => void) | null} */
  onunmute = null;
  /** @param {Device} device @param {string} id */
  constructor(device, id) {
    this.device = device;
    this.id = id;
  }
  stop() {
    this.readyState = 'ended';
  }
  getSettings() {
    return { deviceId: this.id };
  }
  end() {
    this.readyState = 'ended';
    this.onended?.();
  }
  /** @param {boolean} muted */
  silence(muted) {
    this.muted = muted;
    if (muted) this.onmute?.();
    else this.onunmute?.();
  }
}

/** @typedef {Partial<Record<Device, string>>} Asked Each device with its id. */

/** A browser that answers when it is told to. */
class FakeBrowser {
  /** @type {{ asked: Asked, answer: (error?: string) => void }[]} */
  questions = [];
  /** @type {Track[]} */
  tracks = [];
  permission = 'granted';
  ids = ['one', 'two'];
  /** Whether devices are listed before one is open. */
  lists = true;
  /** @param {any} constraints */
  getUserMedia({ audio, video }) {
    /** @type {Asked} */
    const asked = {};
    if (video) asked.camera = video.deviceId?.exact ?? '';
    if (audio) asked.microphone = audio.deviceId?.exact ?? '';
    return new Promise((resolve, reject) => {
      const question = {
        asked,
        answer: (/** @type {string | undefined} */ error) => {
          this.questions.splice(this.questions.indexOf(question), 1);
          if (error) return reject(new DOMException('', error));
          if (Object.values(asked).some((id) => id && !this.ids.includes(id))) {
            return reject(new DOMException('', 'OverconstrainedError'));
          }
          const made = DEVICES.filter((device) => asked[device] !== undefined).map(
            (device) => new Track(device, asked[device] || (this.ids[0] ?? '')),
          );
          this.tracks.push(...made);
          const of = (/** @type {Device} */ wanted) => made.filter(({ device }) => device === wanted);
          return resolve({ getAudioTracks: () => of('microphone'), getVideoTracks: () => of('camera') });
        },
      };
      this.questions.push(question);
    });
  }
  async enumerateDevices() {
    return (this.lists ? this.ids : ['']).flatMap((deviceId) =>
      ['videoinput', 'audioinput'].map((kind) => ({ kind, deviceId, label: '' })),
    );
  }
  get live() {
    return this.tracks.filter(({ readyState }) => readyState === 'live');
  }
  /** @param {string} [error] */
  async answer(error) {
    assert.ok(this.questions[0], 'the browser was asked');
    this.questions[0].answer(error);
    await settled();
  }
}

/** Everything that follows from the last answer has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

function inBrowser() {
  const browser = new FakeBrowser();
  Object.defineProperty(globalThis, 'navigator', {
    configurable: true,
    value: { mediaDevices: browser, permissions: { query: async () => ({ state: browser.permission }) } },
  });
  return { browser, media: new LocalMedia() };
}

/** @param {LocalMedia} media @param {Device} device @returns {Track} */
function trackOf(media, device) {
  return /** @type {any} */ (media.get(device).track);
}

const BOTH = { camera: true, microphone: true };
const ANY = { camera: '', microphone: '' };

test('mute, camera off and leave do not wait for a device that is being opened', async () => {
  const { browser, media } = inBrowser();
  void media.start({ camera: false, microphone: true }, ANY);
  await browser.answer();
  const microphone = trackOf(media, 'microphone');
  media.set('camera', true);
  assert.equal(media.get('camera').opening, true, 'never shown as off while it may come');
  media.set('microphone', false);
  assert.equal(microphone.enabled, false);
  media.set('microphone', true);
  assert.equal(microphone.enabled, true);
  media.set('camera', false);
  assert.deepEqual([media.get('camera').opening, media.get('camera').live], [false, false]);
  media.stop();
  assert.equal(microphone.readyState, 'ended');
  await browser.answer();
  assert.deepEqual(browser.live, [], 'what opens late is closed');
});

test('a question that is still open serves a later wish, and is asked once', async () => {
  const { browser, media } = inBrowser();
  void media.start(BOTH, ANY);
  assert.deepEqual(browser.questions[0]?.asked, ANY, 'one question for both');
  media.set('microphone', false);
  media.set('camera', false);
  media.set('camera', true);
  assert.equal(browser.questions.length, 1);
  await browser.answer();
  assert.equal(media.get('camera').live, true);
  assert.deepEqual(
    browser.live.map(({ device }) => device),
    ['camera'],
    'the microphone that was turned off meanwhile is not captured',
  );
});

test('a question without an answer is said after a while, and a slow device is no question', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    for (const [permission, note] of /** @type {const} */ ([
      ['prompt', 'Question'],
      ['granted', 'Slow'],
    ])) {
      const { browser, media } = inBrowser();
      browser.permission = permission;
      void media.start(BOTH, ANY);
      mock.timers.tick(SILENT_FOR - 1);
      await settled();
      assert.equal(noteOn(media.get('camera')), null);
      mock.timers.tick(1);
      await settled();
      assert.deepEqual(
        DEVICES.map((device) => noteOn(media.get(device))),
        [note, note],
      );
      media.set('camera', false);
      assert.equal(noteOn(media.get('camera')), null, 'it is not waited for any more');
      await browser.answer();
      assert.equal(noteOn(media.get('microphone')), null);
    }
  } finally {
    mock.timers.reset();
  }
  const { title } = explain(['camera', 'microphone'], 'Question');
  assert.equal(title, 'Your browser is asking whether this page may use the camera and microphone.');
});

test('the chosen device is opened; if it is gone, the browser’s choice is, and that is said', async () => {
  const { browser, media } = inBrowser();
  void media.start(BOTH, { camera: 'two', microphone: 'lost' });
  await browser.answer();
  assert.deepEqual(browser.questions[0]?.asked, { camera: 'two', microphone: '' }, 'only what is gone is replaced');
  await browser.answer();
  assert.equal(trackOf(media, 'camera').id, 'two');
  assert.equal(trackOf(media, 'microphone').id, 'one');
  assert.deepEqual(
    DEVICES.map((device) => noteOn(media.get(device))),
    [null, 'Replaced'],
  );
  media.choose('microphone', 'two');
  assert.equal(noteOn(media.get('microphone')), null);
  await browser.answer();
  assert.equal(trackOf(media, 'microphone').id, 'two');
  assert.equal(browser.live.length, 2, 'the one before is closed');
});

test('where nothing is listed before a device is open, only the one that is gone is replaced all the same', async () => {
  for (const [ids, replaced] of /** @type {const} */ ([
    [{ camera: 'lost', microphone: 'two' }, ['Replaced', null]],
    [{ camera: 'two', microphone: 'lost' }, [null, 'Replaced']],
    [{ camera: 'lost', microphone: 'lost' }, ['Replaced', 'Replaced']],
    [{ camera: '', microphone: 'lost' }, [null, 'Replaced']],
  ])) {
    const { browser, media } = inBrowser();
    browser.lists = false;
    void media.start(BOTH, ids);
    await browser.answer();
    while (browser.questions.length > 0) await browser.answer();
    assert.deepEqual(
      DEVICES.map((device) => noteOn(media.get(device))),
      replaced,
      JSON.stringify(ids),
    );
    for (const device of DEVICES) assert.equal(trackOf(media, device).id, ids[device] === 'two' ? 'two' : 'one');
  }
});

test('who wants nothing any more is not asked for another device in place of the one that is gone', async () => {
  for (const change of [
    (/** @type {LocalMedia} */ media) => media.stop(),
    (/** @type {LocalMedia} */ media) => DEVICES.forEach((device) => media.set(device, false)),
  ]) {
    const { browser, media } = inBrowser();
    void media.start(BOTH, { camera: 'lost', microphone: '' });
    change(media);
    browser.questions[0]?.answer();
    await settled();
    assert.equal(browser.questions.length, 0, 'nothing is asked');
    assert.equal(browser.live.length, 0);
  }
});

test('another choice does not wait for the device that was chosen before', async () => {
  const { browser, media } = inBrowser();
  void media.start({ camera: true, microphone: false }, { camera: 'one', microphone: '' });
  media.choose('camera', 'two');
  const [first, second] = browser.questions;
  second?.answer();
  await settled();
  assert.equal(trackOf(media, 'camera').id, 'two');
  first?.answer();
  await settled();
  assert.equal(trackOf(media, 'camera').id, 'two');
  assert.equal(browser.live.length, 1);
});

test('a device that ends is opened again once, and if that does not last it is said that it stopped', async () => {
  const now = mock.method(performance, 'now', () => 0);
  try {
    const { browser, media } = inBrowser();
    void media.start({ camera: false, microphone: true }, ANY);
    await browser.answer();
    trackOf(media, 'microphone').end();
    assert.deepEqual([media.get('microphone').live, media.get('microphone').opening], [false, true]);
    await settled();
    await browser.answer();
    assert.deepEqual([media.get('microphone').live, noteOn(media.get('microphone'))], [true, null]);
    now.mock.mockImplementation(() => STEADY_AFTER);
    trackOf(media, 'microphone').end();
    await settled();
    await browser.answer();
    assert.equal(media.get('microphone').live, true, 'it had lasted');
    trackOf(media, 'microphone').end();
    await settled();
    assert.equal(browser.questions.length, 0, 'not for ever');
    assert.equal(noteOn(media.get('microphone')), 'Ended');
  } finally {
    now.mock.restore();
  }
});

test('after a plug was pulled another device takes over and that is said; without any, that it stopped', async () => {
  const { browser, media } = inBrowser();
  void media.start({ camera: true, microphone: false }, ANY);
  await browser.answer();
  browser.ids = ['two'];
  trackOf(media, 'camera').end();
  await settled();
  await browser.answer();
  assert.deepEqual([trackOf(media, 'camera').id, noteOn(media.get('camera'))], ['two', 'Replaced']);

  const other = inBrowser();
  void other.media.start({ camera: true, microphone: false }, ANY);
  await other.browser.answer();
  trackOf(other.media, 'camera').end();
  await settled();
  await other.browser.answer('NotFoundError');
  assert.deepEqual([other.media.get('camera').on, noteOn(other.media.get('camera'))], [false, 'Ended']);
});

test('after the plug of a microphone was pulled another one is ready, but muted: it may hear what that one did not', async () => {
  const { browser, media } = inBrowser();
  void media.start({ camera: false, microphone: true }, ANY);
  await browser.answer();
  browser.ids = ['two'];
  trackOf(media, 'microphone').end();
  await settled();
  await browser.answer();
  const other = trackOf(media, 'microphone');
  assert.deepEqual([other.id, other.enabled, other.readyState], ['two', false, 'live']);
  assert.deepEqual([media.get('microphone').on, media.get('microphone').live], [false, false]);
  assert.equal(noteOn(media.get('microphone')), 'Unplugged');
  media.set('microphone', true);
  assert.deepEqual([other.enabled, media.get('microphone').live], [true, true], 'at once');
  assert.equal(noteOn(media.get('microphone')), 'Replaced');
});

test('who takes the permission back is not asked again, nor is a muted microphone opened again', async () => {
  const { browser, media } = inBrowser();
  void media.start(BOTH, ANY);
  await browser.answer();
  await settled();
  media.set('microphone', false);
  browser.permission = 'prompt';
  trackOf(media, 'camera').end();
  trackOf(media, 'microphone').end();
  await settled();
  assert.equal(browser.questions.length, 0);
  assert.deepEqual(
    DEVICES.map((device) => noteOn(media.get(device))),
    ['Revoked', null],
  );
});

test('what the system silences is seen as such until it goes on', async () => {
  const { browser, media } = inBrowser();
  void media.start(BOTH, ANY);
  await browser.answer();
  let changes = 0;
  media.on('change', () => (changes += 1));
  trackOf(media, 'camera').silence(true);
  assert.deepEqual([media.get('camera').silenced, noteOn(media.get('camera')), changes], [true, 'Silenced', 1]);
  trackOf(media, 'camera').silence(false);
  assert.deepEqual([media.get('camera').silenced, media.get('camera').live, changes], [false, true, 2]);
});

test('with both refused nobody is asked twice; with one missing the other is opened alone', async () => {
  const { browser, media } = inBrowser();
  void media.start(BOTH, ANY);
  browser.permission = 'denied';
  await browser.answer('NotAllowedError');
  assert.equal(browser.questions.length, 0);
  assert.equal(media.get('camera').problem, 'NotAllowedError');

  const other = inBrowser();
  void other.media.start(BOTH, ANY);
  await other.browser.answer('NotFoundError');
  assert.equal(other.browser.questions.length, 2, 'neither waits for the other');
  other.media.set('microphone', false);
  await other.browser.answer('NotFoundError');
  await other.browser.answer();
  assert.equal(other.media.get('camera').problem, 'NotFoundError');
  assert.deepEqual(other.browser.live, []);
});

/** Mulberry32. @param {number} seed @returns {(below: number) => number} */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const ERRORS = ['NotFoundError', 'NotReadableError', 'NotAllowedError', 'OverconstrainedError'];

test('in whatever order wishes and late answers come, nothing runs that is not wanted, and what is wanted comes', async () => {
  for (let seed = 0; seed < 400; seed += 1) {
    const { browser, media } = inBrowser();
    const draw = random(seed);
    const pick = (/** @type {readonly any[]} */ from) => from[draw(from.length)];
    const wish = { camera: draw(2) === 0, microphone: draw(2) === 0 };
    void media.start({ ...wish }, { camera: pick(['', 'one', 'lost']), microphone: pick(['', 'one', 'lost']) });
    const check = (/** @type {string} */ step, arrived = true) => {
      const at = `seed ${seed}, ${step}`;
      for (const device of DEVICES) {
        const { on, live, opening, track, problem } = media.get(device);
        // What a device does by itself is to fail, and then it says so.
        if (problem === null) assert.equal(on, wish[device], at);
        else assert.equal(on, false, at);
        assert.equal(on, live || opening, `${at}: never "off" while it may come`);
        // What was answered is yet to arrive.
        if (!arrived) continue;
        const running = browser.live.filter((one) => one.device === device);
        assert.ok(running.length <= 1, `${at}: one at a time`);
        assert.ok(running.length === 0 || /** @type {unknown} */ (track) === running[0], `${at}: nothing is forgotten`);
        assert.equal(running[0]?.enabled ?? false, live, at);
        if (device === 'camera' && !on) assert.equal(running.length, 0, `${at}: the light is off`);
      }
    };
    for (let step = 0; step < 40; step += 1) {
      const device = pick(DEVICES);
      const what = draw(8);
      if (what < 3) {
        wish[/** @type {Device} */ (device)] = !media.get(device).on;
        media.set(device, !media.get(device).on);
      } else if (what === 3) media.choose(device, pick(['', 'one', 'two', 'lost']));
      else if (what === 4) {
        const track = trackOf(media, device);
        if (track?.readyState === 'live') track.end();
      } else if (what === 5 && draw(4) === 0) {
        media.stop();
        wish.camera = wish.microphone = false;
      } else pick(browser.questions)?.answer(draw(3) === 0 ? pick(ERRORS) : undefined);
      check(`step ${step}, at once`, false);
      if (draw(2) === 0) continue;
      await settled();
      check(`step ${step}`);
    }
    for (let answers = 0; browser.questions.length > 0 || answers === 0; answers += 1) {
      assert.ok(answers < 100, `seed ${seed}: it asks for ever`);
      browser.questions[0]?.answer();
      await settled();
    }
    check('the end');
    for (const device of DEVICES) assert.equal(media.get(device).opening, false, `seed ${seed}: all is answered`);
  }
});
