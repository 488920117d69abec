/** A server with people: everything one test file opens, and closes again. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { Browser } from './browser.js';
import { ARTIFACTS, Person } from './person.js';
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
    return new House(directory, await Server.open(directory));
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

  /** Closes everything. The server is held to its promises; see {@link Server.stop}. */
  async close() {
    await Promise.allSettled([...this.#browsers].map((browser) => browser.close()));
    for (const close of this.#others) close();
    try {
      await this.server.stop();
    } finally {
      await rm(this.#directory, { recursive: true, force: true });
    }
    const errors = this.people.flatMap(({ name, errors: all }) => all.map((error) => `${name}: ${error}`));
    if (errors.length > 0) throw new Error(`errors in the pages:\n${errors.join('\n')}`);
  }

  /**
   * A test about the people of this house. If it fails, everyone's screen and the server's words are kept.
   * @param {string} name
   * @param {() => Promise<void>} body
   */
  scene(name, body) {
    test(name, { timeout: SCENE_MS }, async () => {
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
  }

  /** @param {Browser} browser */
  #keep(browser) {
    this.#browsers.add(browser);
    return browser;
  }
}
