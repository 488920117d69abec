/** A call of three: Ann, whose camera is hard to encode and whose voice never rests; Bob, whose line is good; Cid, who watches Ann. */

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { Server } from '../../e2e/lib/server.js';
import { until } from '../../e2e/lib/until.js';
import { LOOK } from '../../e2e/lib/viewer.js';
import { Guests } from './guests.js';
import { hardDevices } from './hard.js';
import { Narrow } from './narrow.js';
import { ANN, BOB, DESK, PUBLIC, SERVER, inside } from './net.js';
import { PAGES, Reader } from './readable.js';
import { HOST } from './stack.js';
import { Watcher } from './watching.js';

/** @import { Engine, Screen } from '../../e2e/lib/browser.js' */
/** @import { Person } from '../../e2e/lib/person.js' */
/** @import { Way } from './narrow.js' */
/** @import { Figures } from './watching.js' */

/** What is measured is the network, not what else this machine does. */
const NICE = -10;

/** A line's distance and its queue, in seconds. */
const FAR = { delay: 0.02, queue: 0.3 };

/** Cid has a laptop; Bob looks at a small window, because two cores decode one large picture and no more. */
const WINDOWS = {
  ann: { viewport: { width: 480, height: 360 } },
  bob: { viewport: { width: 640, height: 480 } },
  cid: { viewport: { width: 1440, height: 900 } },
  sharing: { viewport: { width: 1280, height: 720 } },
};

/** @typedef {'unlimited' | '1 Mbit/s' | '600 kbit/s' | '200 kbit/s' | '2 Mbit/s' | '2 Mbit/s, 3 % lost'} StepName */

/** @typedef {{ name: StepName, down: Way }} Step */

/** What Cid's downlink does, one after the other. @type {Step[]} */
export const STEPS = [
  { name: 'unlimited', down: { rate: null, loss: 0 } },
  { name: '600 kbit/s', down: { rate: 600_000 } },
  { name: '200 kbit/s', down: { rate: 200_000 } },
  { name: '2 Mbit/s', down: { rate: 2_000_000 } },
  { name: '2 Mbit/s, 3 % lost', down: { loss: 0.03 } },
];

/**
 * What there was to see in one step.
 * @typedef {object} Seen
 * @property {Figures} cid
 * @property {Figures} bob
 * @property {{ fps: number, lines: number }} encoded Frames a second that Ann's browser encoded of the layer of which it did most, and the
 *   lines of the largest until then.
 * @property {number} [leftOut] Packets that the server left out of pictures, where that was asked.
 */

/** Browsers and a server in the namespaces. */
export class Behind {
  #directory;
  #guests;
  #server;

  /** @param {string} directory @param {Server} server @param {Guests} guests */
  constructor(directory, server, guests) {
    this.#directory = directory;
    this.#server = server;
    this.#guests = guests;
  }

  /** @param {string[]} flags of the server */
  static async open(flags) {
    const directory = await mkdtemp(join(tmpdir(), 'plenary-behind-'));
    const command = inside(SERVER, ['nice', '-n', `${NICE}`]);
    const server = await Server.open(directory, flags, { host: PUBLIC, command });
    return new Behind(directory, server, await Guests.open({ nice: NICE }));
  }

  /** @param {{ guarded?: boolean }} [options] of the server's end */
  async close(options) {
    await this.#guests.close();
    try {
      await this.#server.stop(options);
    } finally {
      await rm(this.#directory, { recursive: true, force: true });
    }
  }

  /**
   * They meet.
   * @param {object} options
   * @param {Engine} options.engine Cid's browser
   * @param {Screen} [options.anns] window
   */
  async #meet({ engine, anns = WINDOWS.ann }) {
    const guests = this.#guests;
    const { camera, flags } = await hardDevices();
    const [annsBrowser, bobsBrowser, cidsBrowser] = await Promise.all([
      guests.chromium(ANN, camera, flags),
      guests.chromium(BOB, 'absent'),
      engine === 'firefox' ? guests.firefox('absent') : guests.chromium(DESK, 'absent'),
    ]);
    const ann = await guests.person('Ann', annsBrowser, { context: anns });
    const bob = await guests.person('Bob', bobsBrowser, { context: WINDOWS.bob });
    const cid = await guests.person('Cid', cidsBrowser, { context: WINDOWS.cid });
    const origin = `https://${HOST}:${this.#server.ports.http}/`;
    const invitation = await ann.createRoom(origin, `Behind ${randomUUID()}`);
    for (const person of [ann, bob, cid]) await person.join(invitation);
    await Promise.all([bob.seesMovement('Ann'), cid.seesMovement('Ann')]);
    return { ann, bob, cid };
  }

  /**
   * A client's wire is a line while this lasts.
   * @template T
   * @param {string} client
   * @param {(line: Narrow) => Promise<T>} body
   */
  async #narrowed(client, body) {
    const line = await Narrow.open(client);
    try {
      await line.set({ down: FAR, up: FAR });
      return await body(line);
    } catch (error) {
      await this.#guests.keepEvidence(`behind a line of ${client}`);
      throw error;
    } finally {
      await this.#guests.leave().finally(() => line.close());
    }
  }

  /**
   * Cid's downlink takes one step after the other.
   * @param {Engine} engine Cid's browser
   * @param {object} options
   * @param {Step[]} options.steps
   * @param {(step: Step) => number} options.seconds how long each lasts
   * @returns {Promise<(Seen & { step: StepName })[]>}
   */
  receiving(engine, { steps, seconds }) {
    return this.#narrowed(DESK, async (line) => {
      const watch = await watchAnn(await this.#meet({ engine }));
      /** @type {(Seen & { step: StepName })[]} */
      const all = [];
      for (const step of steps) {
        const before = await this.#server.counted('core_thinned');
        const seen = await watch(seconds(step), () => line.set({ down: step.down }));
        all.push({ step: step.name, leftOut: (await this.#server.counted('core_thinned')) - before, ...seen });
      }
      return all;
    });
  }

  /**
   * Ann's uplink carries so much; the others' lines are good.
   * @param {{ rate: number, seconds: number }} options bits a second
   * @returns {Promise<Seen>}
   */
  sending({ rate, seconds }) {
    return this.#narrowed(ANN, async (line) => {
      const watch = await watchAnn(await this.#meet({ engine: 'chromium' }));
      return watch(seconds, () => line.set({ up: { rate } }));
    });
  }

  /**
   * Ann shares a screen to read, whose page changes; Cid's downlink carries so much.
   * @param {{ rate: number, seconds: number }} options bits a second
   */
  sharing({ rate, seconds }) {
    return this.#narrowed(DESK, async (line) => {
      const { ann, cid } = await this.#meet({ engine: 'chromium', anns: WINDOWS.sharing });
      await ann.share(PAGES);
      const label = "Ann's screen";
      await until(
        'Cid sees a screen',
        () => cid.tiles(),
        (tiles) => tiles.includes(label),
      );
      const lines = () => cid.pictureOf(label);
      await until('the screen has a picture', lines, ({ size }) => size.height > 0);
      const [watcher, reader] = await Promise.all([new Watcher(cid, label).open(), new Reader(cid, label).open()]);
      await line.set({ down: { rate } });
      const begun = await watcher.begin();
      await reader.begin();
      await pause(1_000 * seconds);
      return { figures: await watcher.end(begun), reading: await reader.end() };
    });
  }
}

/**
 * Cid keeps Ann large, and both watch her.
 * @param {{ ann: Person, bob: Person, cid: Person }} people
 * @returns {Promise<(seconds: number, change: () => Promise<unknown>) => Promise<Seen>>} what they see in so many seconds after a change
 */
async function watchAnn({ ann, bob, cid }) {
  await keepLarge(cid, 'Ann');
  const [watcher, other] = await Promise.all([new Watcher(cid, 'Ann').open(), new Watcher(bob, 'Ann').open()]);
  // What nobody looks at is not sent.
  let largest = (await sentBy(ann)).lines;
  return async (seconds, change) => {
    const before = await sentBy(ann);
    const [begun, otherBegun] = await Promise.all([watcher.begin(), other.begin()]);
    await change();
    await pause(1_000 * seconds);
    const [cids, bobs] = await Promise.all([watcher.end(begun), other.end(otherBegun)]);
    const { frames, lines } = await sentBy(ann);
    const more = Math.max(0, ...[...frames].map(([rid, count]) => count - (before.frames.get(rid) ?? 0)));
    return { cid: cids, bob: bobs, encoded: { fps: more / seconds, lines: (largest = Math.max(largest, lines)) } };
  };
}

/**
 * As a press of the button does, which a browser may show only to whoever points at the tile.
 * @param {Person} person
 * @param {string} name of whom the person wants to see more
 */
async function keepLarge(person, name) {
  const button = person.tile(name).locator('button.pin');
  await button.evaluate((/** @type {any} */ found) => found.click(), undefined, LOOK);
}

/** How many frames of each layer were encoded, and how many lines the largest has that was ever sent. @param {Person} person */
async function sentBy(person) {
  const layers = await person.sends('video');
  return {
    frames: new Map(layers.map(({ rid, framesEncoded }) => [rid, framesEncoded ?? 0])),
    lines: Math.max(0, ...layers.map(({ frameHeight }) => frameHeight ?? 0)),
  };
}
