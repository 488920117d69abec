/** People with browsers, each in a network of their own, and the way their media takes. */

import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Chromium } from '../../e2e/lib/chromium.js';
import { COLOURS } from '../../e2e/lib/colours.js';
import { Firefox } from '../../e2e/lib/firefox.js';
import { ARTIFACTS, Person } from '../../e2e/lib/person.js';
import { writeY4m } from '../../e2e/lib/y4m.js';
import { DESK, PUBLIC, inside } from './net.js';
import { HOST } from './stack.js';

/** @import { Browser, Devices } from '../../e2e/lib/browser.js' */

const CHROMIUM = process.env.PLENARY_CHROMIUM ?? '/usr/bin/chromium';
const FIREFOX = process.env.PLENARY_FIREFOX ?? '/usr/bin/firefox-esr';

/** Enough to see who it is; four of them run at a time, encoded and decoded by two cores. */
const SIZE = { width: 640, height: 360, rate: 30 };

/** The home page. */
export const ORIGIN = `https://${HOST}/`;

export class Guests {
  #directory;
  #nice;
  /** @type {Browser[]} */
  #browsers = [];
  /** @type {Person[]} */
  people = [];

  /** @param {string} directory @param {number} nice */
  constructor(directory, nice) {
    this.#directory = directory;
    this.#nice = nice;
  }

  /** @param {{ nice?: number }} [options] how much their browsers stand back for other programs; less than nothing comes before them */
  static async open({ nice = 0 } = {}) {
    return new Guests(await mkdtemp(join(tmpdir(), 'plenary-system-')), nice);
  }

  /** @param {Devices | string} devices @returns {Promise<Devices>} */
  async #devices(devices) {
    const rgb = typeof devices === 'string' && COLOURS[devices];
    if (!rgb) return /** @type {Devices} */ (devices);
    return { ...SIZE, rgb, file: await writeY4m(this.#directory, devices, SIZE) };
  }

  /**
   * Chromium whose network is a namespace.
   * @param {string} namespace
   * @param {Devices | keyof typeof COLOURS & string} devices those there are, or the colour of its camera
   * @param {string[]} [more] of its command line
   */
  async chromium(namespace, devices, more = []) {
    const executablePath = await this.#away(namespace, CHROMIUM);
    const flags = [
      // Relays are looked up with a dot at the end.
      `--host-resolver-rules=MAP ${HOST} ${PUBLIC}, MAP ${HOST}. ${PUBLIC}`,
      // A page's exception for a certificate does not hold for TURN; that it is the right one, node's TLS checks.
      '--ignore-certificate-errors',
      ...more,
    ];
    return this.#keep(await Chromium.open(await this.#devices(devices), { executablePath, flags }));
  }

  /**
   * Firefox, at the desk where we are ourselves: its driver reaches it over the loopback address.
   * @param {Devices | keyof typeof COLOURS & string} devices those there are, or the colour of its camera
   */
  async firefox(devices) {
    const executablePath = await this.#away(DESK, FIREFOX);
    return this.#keep(await Firefox.open(await this.#devices(devices), { executablePath }));
  }

  /**
   * A program that runs another in a namespace, where the server has its name.
   * @param {string} namespace
   * @param {string} program
   */
  async #away(namespace, program) {
    const hosts = join(this.#directory, 'hosts');
    await writeFile(hosts, `127.0.0.1 localhost\n${PUBLIC} ${HOST}\n`);
    const path = join(this.#directory, namespace);
    const script = `mount --bind ${hosts} /etc/hosts && exec ${program} "$@"`;
    const command = inside(namespace, ['nice', '-n', `${this.#nice}`, 'unshare', '--mount', 'sh', '-c']).join(' ');
    await writeFile(path, `#!/bin/sh\nexec ${command} '${script}' sh "$@"\n`);
    await chmod(path, 0o755);
    return path;
  }

  /** @param {Browser} browser */
  #keep(browser) {
    this.#browsers.push(browser);
    return browser;
  }

  /**
   * @param {string} name
   * @param {Browser} browser
   * @param {Parameters<typeof Person.open>[2]} [options]
   */
  async person(name, browser, options) {
    const person = await Person.open(name, browser, options);
    this.people.push(person);
    return person;
  }

  /** Those in the call go, for the next call. */
  async leave() {
    const gone = await Promise.allSettled(this.people.map((person) => person.closePage()));
    const errors = this.people.flatMap(({ name, errors: own }) => own.map((error) => `${name}: ${error}`));
    this.people = [];
    for (const outcome of gone) if (outcome.status === 'rejected') errors.push(String(outcome.reason));
    if (errors.length > 0) throw new Error(`what no page may do:\n${errors.join('\n')}`);
  }

  /** What everybody sees, for whoever looks for the cause of a failure. @param {string} scene */
  async keepEvidence(scene) {
    for (const person of this.people) {
      const shot = await person.screenshot(`failed system ${scene} ${person.name}`.slice(0, 70)).catch(() => '');
      const path = await pathOf(person).catch((error) => String(error));
      console.error(`${person.name}: ${JSON.stringify(path)} ${shot ? `screen in ${ARTIFACTS}` : ''}`);
    }
  }

  async close() {
    await Promise.allSettled(this.#browsers.map((browser) => browser.close()));
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/**
 * Two people are in one call, and each sees and hears the other.
 * @param {Person} ann with the red camera, who makes the room
 * @param {Person} bob with the green one
 * @param {{ topology?: 'sfu' | 'auto' }} [options] of the room
 */
export async function meet(ann, bob, { topology = /** @type {'sfu' | 'auto'} */ ('sfu') } = {}) {
  const invitation = await ann.createRoom(ORIGIN, `Meeting ${randomUUID()}`, { topology });
  await ann.join(invitation);
  await bob.join(invitation);
  if (topology === 'sfu') await seeAndHear(ann, bob);
  else await Promise.all([ann.sees('Bob', 'green'), bob.sees('Ann', 'red')]);
}

/** @param {Person} ann @param {Person} bob */
export async function seeAndHear(ann, bob) {
  await Promise.all([ann.sees('Bob', 'green'), bob.sees('Ann', 'red')]);
  await Promise.all([ann.seesMovement('Bob'), bob.seesMovement('Ann')]);
  await Promise.all([ann.hears(1), bob.hears(1)]);
}

/**
 * The way that media takes, as getStats tells it of the selected pair of candidates.
 * @typedef {object} Path
 * @property {string} state
 * @property {{ type: string, protocol: string, relay?: string }} local
 * @property {{ type: string, protocol: string, address: string, port: number }} remote
 * @property {number} sent Bytes.
 * @property {number} received Bytes.
 * @property {string[]} candidates Our own: types, protocols, and how their relay is reached.
 */

/** @param {Person} person @returns {Promise<Path>} */
export const pathOf = (person) => person.page.evaluate(readPath);

/** Runs in the page, so it stands alone. */
async function readPath() {
  const all = [...(await /** @type {any} */ (window).plenary.pc.getStats()).values()];
  const { selectedCandidatePairId } = all.find(({ type }) => type === 'transport') ?? {};
  const pair = all.find(({ id, selected }) => id === selectedCandidatePairId || selected);
  const local = all.find(({ id }) => id === pair?.localCandidateId);
  const remote = all.find(({ id }) => id === pair?.remoteCandidateId);
  const own = all.filter(({ type }) => type === 'local-candidate');
  return {
    state: pair?.state ?? 'none',
    local: { type: local?.candidateType, protocol: local?.protocol, relay: local?.relayProtocol },
    remote: { type: remote?.candidateType, protocol: remote?.protocol, address: remote?.address, port: remote?.port },
    sent: pair?.bytesSent ?? 0,
    received: pair?.bytesReceived ?? 0,
    candidates: own.map(({ candidateType, protocol, relayProtocol }) =>
      [candidateType, relayProtocol ?? protocol].join(' '),
    ),
  };
}

/**
 * How the address is known at which the only other person is reached directly: `host` or `srflx` if they told it, `prflx` if their
 * packets came from there. Browsers keep the address itself to themselves then.
 * @param {Person} person
 * @returns {Promise<string>}
 */
export const directPathOf = (person) =>
  person.page.evaluate(async () => {
    const [link] = /** @type {any} */ (window).plenary.mesh.links.values();
    const all = [...(await link.pc.getStats()).values()];
    const { selectedCandidatePairId } = all.find(({ type }) => type === 'transport') ?? {};
    const pair = all.find(({ id }) => id === selectedCandidatePairId);
    return all.find(({ id }) => id === pair?.remoteCandidateId)?.candidateType ?? '';
  });
