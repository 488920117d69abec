/** How loud each person is, whatever carries their sound, and hearing nobody. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { Deafness } from '../../client/js/ui/deafen.js';
import { Sound } from '../../client/js/ui/sound.js';
import { Volumes } from '../../client/js/ui/volume.js';

const ANN = '00000000000000aa';
const BOB = '00000000000000bb';

/** A store of paper. */
function store() {
  /** @type {Map<string, string>} */
  const kept = new Map();
  return {
    kept,
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void kept.set(key, value),
    removeItem: (/** @type {string} */ key) => void kept.delete(key),
  };
}

/** What no browser gives: storage that is forbidden. */
const FORBIDDEN = {
  getItem: () => {
    throw new Error('forbidden');
  },
  setItem: () => {
    throw new Error('forbidden');
  },
  removeItem: () => {
    throw new Error('forbidden');
  },
};

/** Sound with elements of paper. */
function sounding() {
  /** @type {any[]} */
  const elements = [];
  const volumes = new Volumes('den', store());
  let deaf = false;
  const root = { append: (/** @type {any} */ element) => elements.push(element) };
  const made = () => ({ setAttribute: () => {}, append: () => {}, remove: () => {}, muted: false, volume: 1 });
  Object.assign(globalThis, { document: { createElement: made }, MediaStream: class {} });
  const sound = new Sound(/** @type {any} */ (root), { volume: (peer) => volumes.of(peer), deaf: () => deaf });
  volumes.on('change', () => sound.renew());
  const track = /** @type {any} */ ({});
  return {
    sound,
    volumes,
    track,
    elements,
    hear: () => elements.map(({ muted, volume }) => (muted ? 'muted' : volume)),
    deafen: (/** @type {boolean} */ on) => {
      deaf = on;
      sound.renew();
    },
    /** @param {Record<number, string>} slots Who is in which. @param {string[]} [direct] */
    show: (slots, direct = []) =>
      sound.show({
        audio: Object.entries(slots).map(([slot, peer]) => ({ slot: Number(slot), peer, stream: 'camera' })),
        direct,
        people: [ANN, BOB],
        silent: () => false,
      }),
  };
}

test('the volume goes with the person when a slot changes hands', () => {
  const { sound, volumes, track, hear, show } = sounding();
  sound.setSlot(0, track);
  sound.setSlot(1, track);
  show({ 0: ANN, 1: BOB });
  volumes.set(BOB, 0.2);
  assert.deepEqual(hear(), [1, 0.2]);
  show({ 0: BOB, 1: ANN });
  assert.deepEqual(hear(), [0.2, 1]);
  show({ 0: ANN });
  assert.deepEqual(hear(), [1, 1], 'who comes next in a slot is heard');
});

test('what comes directly is as loud, and a shared screen is with its person', () => {
  const { sound, volumes, track, hear, show } = sounding();
  volumes.set(BOB, 0.5);
  sound.setDirect(BOB, 'camera', track);
  sound.setDirect(BOB, 'screen', track);
  sound.setSlot(0, track);
  show({ 0: BOB }, [BOB]);
  assert.deepEqual(hear(), [0.5, 0.5, 'muted'], 'on one way only');
  show({ 0: BOB }, []);
  assert.deepEqual(hear(), ['muted', 'muted', 0.5]);
});

test('nothing at all is nothing, where the volume is the device’s too', () => {
  const { sound, volumes, track, hear, show } = sounding();
  sound.setSlot(0, track);
  show({ 0: BOB });
  volumes.set(BOB, 0);
  assert.deepEqual(hear(), ['muted']);
  volumes.set(BOB, 1);
  assert.deepEqual(hear(), [1]);
});

test('who hears nobody hears nobody who comes, either, and then each as loud as before', () => {
  const { sound, volumes, track, hear, show, deafen } = sounding();
  sound.setSlot(0, track);
  show({ 0: BOB });
  volumes.set(BOB, 0.4);
  deafen(true);
  sound.setSlot(1, track);
  sound.setDirect(ANN, 'camera', track);
  show({ 0: BOB, 1: ANN }, [ANN]);
  assert.deepEqual(hear(), ['muted', 'muted', 'muted']);
  deafen(false);
  assert.deepEqual(hear(), [0.4, 'muted', 1]);
});

test('volumes are kept for the page that is loaded again, of its room', () => {
  const kept = store();
  const before = new Volumes('den', kept);
  before.set(BOB, 0.3);
  before.set(ANN, 0.6);
  before.set(ANN, 1);
  const after = new Volumes('den', kept);
  assert.deepEqual([after.of(BOB), after.of(ANN), new Volumes('other', kept).of(BOB)], [0.3, 1, 1]);
  for (const bad of ['', '{', '5', '[[1,2]]', '[["x",7]]', '[["x",-1],["y",0.5]]', 'null']) {
    kept.setItem('plenary.volumes.den', bad);
    assert.equal(new Volumes('den', kept).of('x'), 1, bad);
  }
  const forgetful = new Volumes('den', FORBIDDEN);
  forgetful.set(BOB, 0.5);
  assert.equal(forgetful.of(BOB), 0.5);
});

/** @param {{ on?: boolean, returns?: boolean, may?: boolean, kept?: ReturnType<typeof store> }} [options] */
function deafness({ on = true, returns = false, may = true, kept = store() } = {}) {
  const microphone = { on };
  /** @type {((device: 'camera' | 'microphone') => void)[]} */
  const listeners = [];
  const media = {
    get: () => microphone,
    set: (/** @type {string} */ _, /** @type {boolean} */ wanted) => {
      if (microphone.on === wanted) return;
      microphone.on = wanted;
      for (const listener of listeners) listener('microphone');
    },
    on: (/** @type {string} */ _, /** @type {any} */ listener) => listeners.push(listener),
  };
  const around = { room: 'den', media: /** @type {any} */ (media), maySpeak: () => may, returns, store: kept };
  return { deafness: new Deafness(around), microphone, media, kept };
}

test('the microphone is muted with it and comes back with it, only if it was on', () => {
  const spoke = deafness();
  spoke.deafness.set(true);
  assert.equal(spoke.microphone.on, false);
  spoke.deafness.set(false);
  assert.equal(spoke.microphone.on, true);
  const silent = deafness({ on: false });
  silent.deafness.set(true);
  silent.deafness.set(false);
  assert.equal(silent.microphone.on, false);
  const barred = deafness({ may: false });
  barred.deafness.set(true);
  barred.deafness.set(false);
  assert.equal(barred.microphone.on, false, 'who became a listener meanwhile stays one');
});

test('who unmutes themselves hears the others', () => {
  const { deafness: deaf, media } = deafness();
  let changes = 0;
  deaf.on('change', () => (changes += 1));
  deaf.set(true);
  media.set('microphone', true);
  assert.deepEqual([deaf.deaf, changes], [false, 2]);
});

test('a page that is loaded again still hears nobody, and one that comes in anew hears', () => {
  const { deafness: before, kept } = deafness();
  before.set(true);
  const again = deafness({ on: false, returns: true, kept });
  assert.equal(again.deafness.deaf, true);
  again.deafness.set(false);
  assert.equal(again.microphone.on, true, 'it was on before all that');
  before.set(false);
  before.set(true);
  assert.equal(deafness({ kept }).deafness.deaf, false);
  assert.equal(deafness({ returns: true, kept }).deafness.deaf, false, 'that is forgotten');
  assert.equal(deafness({ returns: true, kept: /** @type {any} */ (FORBIDDEN) }).deafness.deaf, false);
});
