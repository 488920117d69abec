/** A server with people: everything one test file opens, and closes again. */

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { Browser } from './browser.js';
import { ARTIFACTS, Person } from './person.js';
import { writePortrait } from './portrait.js';
import { Server } from './server.js';
import { writeY4m } from './y4m.js';

/** What a camera of a laptop delivers; enough for three simulcast layers. */
const CAMERA = { width: 1280, height: 720 };

/** No single scene takes longer, on two cores. */
const SCENE_MS = 120_000;

export class House {
  /** @type {Person[]} */
  people = [];
  server;
  #directory;
  /** @type {Set<Browser>} */
  #browsers = new Set();
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

  static async open() {
    const directory = await mkdtemp(join(tmpdir(), 'plenary-e2e-'));
    try {
      return new House(directory, await Server.open(directory));
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
   * A browser whose camera shows one colour.
   * @param {string} colour
   * @param {{ width: number, height: number, rate?: number }} [size]
   */
  async browser(colour, size = CAMERA) {
    return this.#keep(await Browser.open({ camera: await writeY4m(this.#directory, colour, size) }));
  }

  /**
   * A browser whose camera shows a drawn person.
   * @param {string} name
   * @param {import('./portrait.js').Look} look
   * @param {{ width: number, height: number }} size
   */
  async browserOf(name, look, size) {
    return this.#keep(await Browser.open({ camera: await writePortrait(this.#directory, name, look, size) }));
  }

  /**
   * A browser without camera and microphone: refused by the user, or not there.
   * @param {'refused' | 'absent'} devices
   */
  async browserWithout(devices) {
    return this.#keep(await Browser.open(devices));
  }

  /**
   * A person in a browser of their own.
   * @param {string} name
   * @param {string} colour
   * @param {Parameters<typeof Person.open>[2]} [options]
   */
  async person(name, colour, options) {
    return this.personIn(await this.browser(colour), name, options);
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
    test(name, { timeout: SCENE_MS }, async () => {
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
    const label = `failed ${scene}`.slice(0, 60);
    await mkdir(ARTIFACTS, { recursive: true });
    await writeFile(join(ARTIFACTS, `${label.replaceAll(/[^a-z0-9]+/gi, '-')}.log`), this.server.log);
    const shots = await Promise.allSettled(this.people.map((person) => person.screenshot(`${label} ${person.name}`)));
    const kept = shots.flatMap((shot) => (shot.status === 'fulfilled' ? [shot.value] : []));
    console.error(`evidence of "${scene}" in ${ARTIFACTS}: the server's log and ${kept.length} screens`);
    for (const error of this.#pageErrors()) console.error(error);
  }

  /** What no page may do; see `Person.errors`. */
  #pageErrors() {
    return this.people.flatMap(({ name, errors }) => errors.map((error) => `${name}: ${error}`));
  }

  /** @param {Browser} browser */
  #keep(browser) {
    this.#browsers.add(browser);
    return browser;
  }
}
