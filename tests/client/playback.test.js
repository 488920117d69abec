import assert from 'node:assert/strict';
import test, { mock } from 'node:test';
import { Playback } from '../../client/js/ui/playback.js';

class Track extends EventTarget {}

/** An element that plays, as far as it is allowed to. */
class Media extends EventTarget {
  paused = true;
  isConnected = true;
  played = 0;
  /** @type {any} */
  srcObject;
  #allowed;

  /** @param {() => boolean} allowed */
  constructor(allowed) {
    super();
    this.#allowed = allowed;
    this.track = new Track();
    this.srcObject = { active: true, getTracks: () => [this.track] };
  }

  async play() {
    if (!this.#allowed()) throw new DOMException('no tap yet', 'NotAllowedError');
    this.played += 1;
    this.paused = false;
  }
}

/** A page with elements, and what happens to them. */
function page() {
  /** @type {Map<string, (event: { target: unknown }) => void>} */
  const listeners = new Map();
  /** @type {Media[]} */
  const elements = [];
  const state = { allowed: true, refused: false };
  const visible = { visibilityState: 'visible', addEventListener: listen };
  /**
   * @param {string} name
   * @param {(event: { target: unknown }) => void} listener
   */
  function listen(name, listener) {
    listeners.set(name, listener);
  }
  const root = { addEventListener: listen, querySelectorAll: () => elements };
  const tell = (/** @type {string} */ name, /** @type {unknown} */ target = root) => listeners.get(name)?.({ target });
  const playback = new Playback(
    /** @type {any} */ (root),
    (refused) => (state.refused = refused),
    /** @type {any} */ (visible),
  );
  return {
    state,
    playback,
    tell,
    /** An element gets something to play. */
    add() {
      const element = new Media(() => state.allowed);
      elements.push(element);
      tell('loadstart', element);
      return element;
    },
    /** @param {Media} element */
    pause(element) {
      element.paused = true;
      tell('pause', element);
    },
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('what the system pauses plays again: at once, later each time it is paused again, and never given up', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  try {
    const { add, pause } = page();
    const element = add();
    pause(element);
    mock.timers.tick(1);
    assert.equal(element.paused, false, 'at once');
    let waited = 0;
    for (let round = 0; round < 10; round += 1) {
      pause(element);
      for (waited = 0; element.paused; waited += 250) mock.timers.tick(250);
    }
    assert.equal(waited, 5000, 'at most');
    mock.timers.tick(10_001);
    pause(element);
    mock.timers.tick(1);
    assert.equal(element.paused, false, 'after a calm time at once');
  } finally {
    mock.timers.reset();
  }
});

test('what was taken away comes back with its track, and when somebody looks again', async () => {
  const { add, tell } = page();
  const element = add();
  element.paused = true;
  element.track.dispatchEvent(new Event('unmute'));
  assert.equal(element.paused, false);
  element.paused = true;
  tell('visibilitychange');
  assert.equal(element.paused, false);
});

test('one tap, on the button or anywhere, starts everything the browser refused', async () => {
  for (const tap of ['button', 'anywhere']) {
    const { add, state, playback, tell } = page();
    state.allowed = false;
    const elements = [add(), add(), add()];
    await settled();
    assert.equal(state.refused, true);
    state.allowed = true;
    if (tap === 'button') playback.playAll();
    else tell('click');
    await settled();
    assert.ok(elements.every(({ paused }) => !paused));
    assert.equal(state.refused, false);
  }
});

test('the question for a tap goes away when everything plays without one', async () => {
  const { add, state, tell } = page();
  state.allowed = false;
  add();
  await settled();
  assert.equal(state.refused, true);
  state.allowed = true;
  tell('visibilitychange');
  await settled();
  assert.equal(state.refused, false);
});

test('what has ended is left alone', async () => {
  const { add, pause } = page();
  const element = add();
  await settled();
  element.srcObject.active = false;
  pause(element);
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(element.paused, true);
});
