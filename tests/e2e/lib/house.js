/** A server with people: everything one test file opens, and closes again. */

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { openBrowser } from './browser.js';
import { COLOURS } from './colours.js';
import { Firefox } from './firefox.js';
import { FIRST, PAIR } from './pair.js';
import { passOf } from './passes.js';
import { ARTIFACTS, Person } from './person.js';
import { portraitBitmaps, writePortrait } from './portrait.js';
import { Server } from './server.js';
import { writeY4m } from './y4m.js';

/** @import { Browser, Camera, Devices, Engine } from './browser.js' */

/** What a camera of a laptop delivers; enough for three simulcast layers. */
const CAMERA = { width: 1280, height: 720, rate: 30 };

/** No single scene takes longer, on two cores. */
const SCENE_MS = 120_000;

export class House {
  /** @type {Person[]} */
  people = [];
  server;
  #directory;
  /** @type {Set<Browser>} */
  #browsers = new Set();
  /**
   * The Firefox that people with a camera share: it takes long to start, and its cameras belong to pages.
   * @type {Promise<Firefox> | undefined}
   */
  #firefox;
  /** @type {(() => void)[]} */
  #others = [];
  /** The opening scene that failed. */
  #notOpened = '';

  /**
   * @param {string} directory
   * @param {Server} server
   */
  constructor(directory, server) {
    this.#directory = directory;
    this.server = server;
  }

  /** @param {{ flags?: string[] }} [options] more of the server's command line */
  static async open({ flags = [] } = {}) {
    const directory = await mkdtemp(join(tmpdir(), 'plenary-e2e-'));
    try {
      return new House(directory, await Server.open(directory, flags));
    } catch (error) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** Where the home page is. */
  get origin() {
    return `https://127.0.0.1:${this.server.ports.http}/`;
  }

  /**
   * An access token for this server.
   * @param {object} may
   * @param {number} [seconds] for how long; below 0: it has ended
   */
  pass(may, seconds = 600) {
    return passOf(this.#directory, may, seconds);
  }

  /**
   * A browser whose camera shows one colour.
   * @param {string} colour
   * @param {object} [options]
   * @param {Engine} [options.engine]
   * @param {{ width: number, height: number, rate: number }} [options.size]
   * @param {boolean} [options.audible] what is played in it can be shared
   * @param {boolean} [options.alone] a process of its own, that can be killed
   */
  async browser(colour, { engine = FIRST, size = CAMERA, audible = false, alone = false } = {}) {
    const rgb = COLOURS[colour];
    if (!rgb) throw new Error(`no such colour: ${colour}`);
    const file = engine === 'chromium' ? await writeY4m(this.#directory, colour, size) : '';
    return this.#withCamera(engine, { ...size, rgb, file, audible }, alone);
  }

  /**
   * A browser whose camera shows a drawn person.
   * @param {string} name
   * @param {import('./portrait.js').Look} look
   * @param {{ width: number, height: number }} size
   * @param {Engine} [engine]
   */
  async browserOf(name, look, size, engine = 'chromium') {
    const file = engine === 'chromium' ? await writePortrait(this.#directory, name, look, size) : '';
    const bitmaps = engine === 'firefox' ? portraitBitmaps(look, size) : [];
    return this.#withCamera(engine, { ...size, rate: 12, file, bitmaps }, false);
  }

  /**
   * A browser without camera and microphone: refused by the user, not answered, or not there; or with several.
   * @param {Exclude<Devices, Camera>} devices
   * @param {Engine} [engine]
   */
  async browserWithout(devices, engine = FIRST) {
    return this.#keep(await openBrowser(engine, devices));
  }

  /**
   * A person in a browser of their own.
   * @param {string} name
   * @param {string} colour
   * @param {NonNullable<Parameters<typeof Person.open>[2]> & NonNullable<Parameters<House['browser']>[1]>} [options]
   */
  async person(name, colour, options) {
    return this.personIn(await this.browser(colour, options), name, options);
  }

  /**
   * One more person in a browser: a profile of their own, but the same camera.
   * @param {Browser} browser
   * @param {string} name
   * @param {Parameters<typeof Person.open>[2]} [options]
   */
  async personIn(browser, name, options) {
    const person = await Person.open(name, browser, options);
    this.people.push(person);
    return person;
  }

  /**
   * Closes `thing` with the house.
   * @template {{ close(): void }} T
   * @param {T} thing
   */
  also(thing) {
    this.#others.push(() => thing.close());
    return thing;
  }

  /**
   * Closes everything. The server is held to its promises; see {@link Server.stop}.
   * @param {Parameters<Server['stop']>[0]} [options]
   */
  async close(options) {
    await Promise.allSettled([...this.#browsers].map((browser) => browser.close()));
    for (const close of this.#others) close();
    try {
      await this.server.stop(options);
    } finally {
      await rm(this.#directory, { recursive: true, force: true });
    }
    const errors = this.#pageErrors();
    if (errors.length > 0) throw new Error(`what no page may do:\n${errors.join('\n')}`);
  }

  /**
   * The scene without which there are no others: if it fails, they fail at once instead of waiting in vain.
   * @param {string} name
   * @param {() => Promise<void>} body
   */
  opening(name, body) {
    this.scene(name, async () => {
      this.#notOpened = name;
      await body();
      this.#notOpened = '';
    });
  }

  /**
   * A test about the people of this house. If it fails, everyone's screen and the server's words are kept.
   * @param {string} name
   * @param {() => Promise<void>} body
   */
  scene(name, body) {
    test(`${PAIR}: ${name}`, { timeout: SCENE_MS }, async () => {
      if (this.#notOpened) assert.fail(`not tried: "${this.#notOpened}" failed`);
      try {
        await body();
      } catch (error) {
        await this.#keepEvidence(name);
        throw error;
      }
    });
  }

  /** @param {string} scene */
  async #keepEvidence(scene) {
    const label = `failed ${PAIR} ${scene}`.slice(0, 60);
    await mkdir(ARTIFACTS, { recursive: true });
    await writeFile(join(ARTIFACTS, `${label.replaceAll(/[^a-z0-9]+/gi, '-')}.log`), this.server.log);
    const shots = await Promise.allSettled(this.people.map((person) => person.screenshot(`${label} ${person.name}`)));
    const kept = shots.flatMap((shot) => (shot.status === 'fulfilled' ? [shot.value] : []));
    console.error(`evidence of "${scene}" in ${ARTIFACTS}: the server's log and ${kept.length} screens`);
    for (const person of this.people) console.error(`${person.name}: ${await person.account().catch(String)}`);
    for (const error of this.#pageErrors()) console.error(error);
  }

  /** What no page may do; see `Person.errors`. */
  #pageErrors() {
    return this.people.flatMap(({ name, errors }) => errors.map((error) => `${name}: ${error}`));
  }

  /**
   * @param {Engine} engine
   * @param {Camera} camera
   * @param {boolean} alone
   */
  async #withCamera(engine, camera, alone) {
    if (engine === 'chromium' || alone) return this.#keep(await openBrowser(engine, camera));
    this.#firefox ??= Firefox.open(camera);
    return this.#keep(await this.#firefox).withCamera(camera);
  }

  /** @param {Browser} browser */
  #keep(browser) {
    this.#browsers.add(browser);
    return browser;
  }
}
