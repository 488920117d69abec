/** Two people use all of a room again and again, and what their pages hold is counted between the rounds. */

import { SLIDES } from './slides.js';
import { until } from './until.js';

/** @import { Person } from './person.js' */
/** @import { House } from './house.js' */

/** What a page holds. @typedef {Record<'nodes' | 'listeners' | 'kilobytes' | 'connections' | 'tracks', number>} Held */

/** A note stays in the page for half a minute, and the last one may wait for others. */
const PASSED_MS = 60_000;
const SIZE = { width: 320, height: 180, rate: 10 };
/** Every so many rounds a screen is shared. */
const SHARES = 10;

/** Counts connections and tracks for as long as they live, and holds on to none. */
export function countMedia() {
  /** @type {WeakRef<RTCPeerConnection>[]} */
  const connections = [];
  /** @type {WeakRef<MediaStreamTrack>[]} */
  const tracks = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(/** @type {RTCConfiguration} */ configuration) {
      super(configuration);
      connections.push(new WeakRef(this));
    }
  };
  const keep = (/** @type {MediaStreamTrack} */ track) => void tracks.push(new WeakRef(track));
  for (const name of /** @type {const} */ (['getUserMedia', 'getDisplayMedia'])) {
    const captures = /** @type {any} */ (MediaDevices.prototype)[name];
    /** @type {any} */ (MediaDevices.prototype)[name] = async function kept(/** @type {any} */ wanted) {
      const stream = await captures.call(this, wanted);
      stream.getTracks().forEach(keep);
      return stream;
    };
  }
  const { clone } = MediaStreamTrack.prototype;
  MediaStreamTrack.prototype.clone = function kept() {
    const copy = clone.call(this);
    keep(copy);
    return copy;
  };
  const counted = () => {
    const open = connections.map((one) => one.deref()).filter((one) => one && one.connectionState !== 'closed');
    const received = open.flatMap((one) => one?.getReceivers().map(({ track }) => track) ?? []);
    const own = tracks.map((one) => one.deref()).filter((one) => one?.readyState === 'live');
    return {
      connections: open.length,
      tracks: own.length + received.filter((one) => one.readyState === 'live').length,
    };
  };
  Object.assign(window, { countMedia: counted });
}

/**
 * Presses buttons of the page, one after the other, by their names. Runs in the page.
 * @param {string[]} names
 */
async function pressAll(names) {
  for (const name of names) {
    const seen = (/** @type {Element} */ one) => one.checkVisibility({ visibilityProperty: true });
    const called = (/** @type {HTMLElement} */ one) =>
      one.getAttribute('aria-label') ?? one.innerText.replaceAll(/\s+/g, ' ').trim();
    const button = [...document.querySelectorAll('button')].find((one) => called(one) === name && seen(one));
    if (!button) throw new Error(`no button ${name}`);
    button.click();
    await new Promise(requestAnimationFrame);
  }
}

/** How many nodes there are of what is there for a moment. Runs in the page. */
function countPassing() {
  const passing = [...document.querySelectorAll('#status > *, .reaction')];
  const each = passing.map((one) => 1 + document.evaluate('count(.//node())', one).numberValue);
  return each.reduce((sum, count) => sum + count, 0);
}

/** @param {Person} person @param {string[]} names */
const presses = ({ page }, ...names) => page.evaluate(pressAll, names);

const EVERYTHING = [
  ...['Chat', 'Close', '2 in the room', 'Volume of Bob', 'Volume of Bob', '2 in the room'],
  ...['Quality', 'Quality', 'Settings', 'Settings', 'React', 'Heart', 'React'],
  ...['Keep Bob large', 'Keep Bob large', 'Quality', 'Quality'],
  ...['Mute microphone', 'Unmute microphone', 'Raise hand', 'Lower hand', 'Hear nobody', 'Hear the others again'],
];

export class Rounds {
  #ann;
  #bob;
  #round = 0;
  /** @type {Map<Person, any>} */
  #sessions = new Map();

  /**
   * @param {Person} ann
   * @param {Person} bob
   */
  constructor(ann, bob) {
    this.#ann = ann;
    this.#bob = bob;
  }

  /** Ann is in a room, with a screen to share. @param {House} house */
  static async open(house) {
    const browser = await house.browser('red', { engine: 'chromium', size: SIZE });
    const context = { viewport: { width: 1440, height: 900 } };
    const ann = await house.personIn(browser, 'Ann', { context, also: [countMedia] });
    const bob = await house.personIn(browser, 'Bob', { context, also: [countMedia] });
    const invitation = await ann.createRoom(house.origin, 'Again and again');
    await ann.join(invitation);
    await ann.tab.prepareShare(SLIDES);
    await bob.goTo(invitation);
    await bob.page.getByRole('textbox', { name: 'Your name' }).fill('Bob');
    return new Rounds(ann, bob);
  }

  /** Bob comes, Ann uses everything, Bob goes. */
  async next() {
    const [ann, bob] = [this.#ann, this.#bob];
    this.#round += 1;
    await bob.button('Join').click();
    await ann.page.locator('[aria-label="Bob"].live').waitFor();
    await bob.page.locator('[aria-label="Ann"].live').waitFor();
    await presses(ann, ...EVERYTHING);
    if (this.#round % SHARES === 1) {
      await ann.press('Share screen');
      await bob.page.locator('.tile[data-stream="screen"].live').waitFor();
      await ann.button('Stop sharing').first().click();
      await bob.page.locator('.tile[data-stream="screen"]').waitFor({ state: 'detached' });
    }
    await presses(bob, 'Leave');
    await ann.hasTilesOf([]);
    await bob.button('Return to the room').click();
    await bob.button('Turn off camera').waitFor();
  }

  /**
   * What the pages hold once all that passes has passed.
   * @returns {Promise<Record<'Ann' | 'Bob', Held>>}
   */
  async held() {
    for (const { page } of [this.#ann, this.#bob]) {
      const passing = () => page.evaluate(countPassing);
      await until('all that is there for a moment is gone', passing, (count) => count === 0, { within: PASSED_MS });
    }
    return this.heldNow();
  }

  /**
   * What the pages hold beside what passes.
   * @returns {Promise<Record<'Ann' | 'Bob', Held>>}
   */
  async heldNow() {
    return { Ann: await this.#heldBy(this.#ann), Bob: await this.#heldBy(this.#bob) };
  }

  /** @param {Person} person @returns {Promise<Held>} */
  async #heldBy(person) {
    const { page } = person;
    const session = this.#sessions.get(person) ?? (await page.context().newCDPSession(page));
    if (!this.#sessions.has(person)) await session.send('Performance.enable');
    this.#sessions.set(person, session);
    // What one collection lets go another one finds.
    for (let times = 0; times < 3; times++) await session.send('HeapProfiler.collectGarbage');
    const { metrics } = await session.send('Performance.getMetrics');
    const of = (/** @type {string} */ wanted) =>
      metrics.find((/** @type {{ name: string }} */ { name }) => name === wanted)?.value ?? Number.NaN;
    const media = await page.evaluate(() => /** @type {any} */ (window).countMedia());
    return {
      nodes: of('Nodes') - (await page.evaluate(countPassing)),
      listeners: of('JSEventListeners'),
      kilobytes: Math.round(of('JSHeapUsedSize') / 1024),
      ...media,
    };
  }
}

/** The most that may be held more: for each round, and once. @type {Record<keyof Held, [round: number, once: number]>} */
const MORE = {
  nodes: [0.5, 20],
  listeners: [0.2, 8],
  kilobytes: [4, 400],
  connections: [0, 0],
  tracks: [0, 0],
};

/**
 * What grew, in words.
 * @param {Held} before
 * @param {Held} now
 * @param {number} rounds between them
 */
export function grown(before, now, rounds) {
  const names = /** @type {(keyof Held)[]} */ (Object.keys(MORE));
  return names
    .filter((name) => !(now[name] - before[name] <= MORE[name][0] * rounds + MORE[name][1]))
    .map((name) => `${name}: ${before[name]} became ${now[name]} in ${rounds} rounds`);
}
