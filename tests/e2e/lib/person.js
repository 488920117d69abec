/** One person: a page in a browser, what they do, and what they see, hear and are told. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import {
  blockUdp,
  countFrames,
  hinder,
  keepInSession,
  measurePauses,
  readAccount,
  readChannels,
  readMarks,
  readSoundRates,
  relayMedia,
  stateWhenWarned,
  watch,
} from './in-page.js';
import { SLIDES } from './slides.js';
import { until } from './until.js';
import { LOOK, Viewer } from './viewer.js';

/** @import { Record } from './viewer.js' */

/** Screenshots and logs of a run. */
export const ARTIFACTS = process.env.PLENARY_E2E_DIR ?? join('target', 'e2e');

/**
 * Energy (totalAudioEnergy of getStats) that a voice gains in a window: a beeping microphone of Chromium 0.7, the tone of
 * Firefox 0.02, a muted one 1e-5.
 */
const AUDIBLE = 0.003;

/** @returns {Record} */
const emptyRecord = () => ({ told: [], said: [], errors: [], sockets: [] });

/**
 * @param {Record} record
 * @returns {import('./browser.js').Ears}
 */
const earsOf = ({ told, said, errors, sockets }) => ({
  socket: () => sockets.push(true),
  told: (text) => told.push(JSON.parse(text)),
  said: (text) => said.push(JSON.parse(text)),
  wrong: (what) => errors.push(what),
});

/** @type {import('./browser.js').TabOptions['scripts']} */
const SCRIPTS = [[watch], [hinder]];

export class Person extends Viewer {
  /**
   * @param {string} name
   * @param {import('./browser.js').Browser} browser
   * @param {{ relayPort?: number, udpBlocked?: boolean, context?: import('./browser.js').Screen, also?: (() => void)[] }} [options]
   *   `also`: more that runs before the page's own scripts.
   */
  static async open(name, browser, { relayPort, udpBlocked = false, context: screen, also = [] } = {}) {
    const record = emptyRecord();
    const scripts = [...SCRIPTS];
    for (const script of also) scripts.push([script]);
    if (udpBlocked) scripts.push([blockUdp, relayPort ?? null]);
    else if (relayPort !== undefined) scripts.push([relayMedia, relayPort]);
    const tab = await browser.openTab({ ears: earsOf(record), scripts, ...(screen ? { screen } : {}) });
    return new Person(name, tab, record);
  }

  // What a person does.

  /**
   * Makes a room on the home page and lands before its door.
   * @param {string} origin
   * @param {string} room
   * @param {{ listed?: boolean, topology?: 'sfu' | 'auto' | 'mesh', lobby?: boolean, lasts?: boolean }} [options] on the home page
   * @returns {Promise<string>} the address to invite others with
   */
  async createRoom(origin, room, { listed = false, topology = 'sfu', lobby = false, lasts = false } = {}) {
    await this.page.goto(origin);
    await this.page.getByRole('textbox', { name: 'Room name' }).fill(room);
    if (listed) await this.page.getByRole('checkbox', { name: 'List this room' }).click();
    if (lasts) await this.page.getByRole('checkbox', { name: 'Keep this room' }).click();
    if (lobby) await this.page.getByRole('checkbox', { name: 'People ask to come in' }).click();
    if (topology !== 'sfu') await this.page.getByRole('combobox', { name: 'People talk' }).selectOption(topology);
    await this.page.getByRole('button', { name: 'Create room' }).click();
    await this.page.waitForURL(/\/r\/[^/]+$/);
    return this.page.url();
  }

  /**
   * Opens the invitation, unless it is open already, says a name and goes in. A patient person waits until the page has
   * the devices it asks for, or was refused them.
   * @param {string} invitation
   * @param {{ patient?: boolean }} [options]
   */
  async join(invitation, { patient = true } = {}) {
    await this.goTo(invitation);
    if (patient) await this.#hasDevices();
    await this.page.getByRole('textbox', { name: 'Your name' }).fill(this.name);
    await this.page.getByRole('button', { name: 'Join' }).click();
    await this.button('Leave').waitFor();
  }

  /**
   * Opens the invitation to a room in which one is admitted, says a name, asks, and waits.
   * @param {string} invitation
   */
  async knock(invitation) {
    await this.goTo(invitation);
    await this.page.getByRole('textbox', { name: 'Your name' }).waitFor();
    await this.#hasDevices();
    await this.page.getByRole('textbox', { name: 'Your name' }).fill(this.name);
    await this.button('Ask to join').click();
    await this.reads('Waiting for somebody to let you in');
  }

  /** The page has the devices it asks for, or was refused them. */
  async #hasDevices() {
    const asking = () => this.page.evaluate(() => /** @type {any} */ (window).seen);
    await until('the page has asked for devices', asking, ({ asked, unanswered }) => asked > 0 && unanswered === 0);
  }

  /** Opens the list of who is here, unless it is open. */
  async openPeople() {
    const list = this.page.locator('#people-dialog');
    if (await list.isVisible()) return;
    await this.page.locator('#count').click();
    await list.waitFor();
  }

  /** Opens what may be done about somebody. @param {string} name */
  async openDeeds(name) {
    await this.openPeople();
    const more = this.button(`Moderate ${name}`);
    const isOpen = await more.evaluate(
      (/** @type {Element} */ button) => button.getAttribute('aria-expanded') === 'true',
    );
    if (!isOpen) await more.click();
  }

  /**
   * Does something about somebody.
   * @param {string} name
   * @param {string} deed as the button says it
   */
  async moderates(name, deed) {
    await this.openDeeds(name);
    await this.press(deed);
  }

  /**
   * @param {string} name
   * @param {'owner' | 'moderator' | 'speaker' | 'listener'} role
   */
  async givesRole(name, role) {
    await this.openDeeds(name);
    await this.page.getByRole('combobox', { name: `Role of ${name}` }).selectOption(role);
  }

  /**
   * Before the door, not inside.
   * @param {string} invitation
   */
  async goTo(invitation) {
    if (this.page.url() !== invitation) await this.page.goto(invitation);
    await this.page.getByRole('button', { name: 'Join' }).waitFor();
  }

  /** @param {string} name */
  async press(name) {
    await this.button(name).click();
  }

  /** Reloads the page. A page that asks again before it enters is answered. */
  async reload() {
    await this.page.reload();
    const asked = this.page.getByRole('button', { name: 'Join' });
    await this.button('Leave').or(asked).first().waitFor();
    if (await asked.isVisible()) await asked.click();
    await this.button('Leave').waitFor();
  }

  /** Closes the page as a person does: its farewell handlers run. */
  async closePage() {
    await this.tab.close();
  }

  /**
   * What "Duplicate tab" does: another tab in the same profile, that begins with a copy of this one's `sessionStorage`.
   * @param {string} name what the person calls themselves there
   */
  async duplicate(name) {
    const [address, kept] = await this.page.evaluate(() => [location.href, Object.entries(sessionStorage)]);
    const record = emptyRecord();
    const tab = await this.tab.another({ ears: earsOf(record), scripts: [...SCRIPTS, [keepInSession, kept]] });
    await tab.page.goto(address);
    return new Person(name, tab, record);
  }

  /**
   * @param {string} label
   * @returns {Promise<string>} where it is
   */
  async screenshot(label) {
    await mkdir(ARTIFACTS, { recursive: true });
    const path = join(ARTIFACTS, `${label.replaceAll(/[^a-z0-9]+/gi, '-')}.png`);
    await this.page.screenshot({ path });
    return path;
  }

  /** What the page says is wrong, what it plays and what it sends, as one line for the log. */
  async account() {
    return this.page.evaluate(readAccount);
  }

  /** What the browser says of the connection when the page says that something is wrong. */
  async stateWhenWarned() {
    return this.page.evaluate(stateWhenWarned);
  }

  /**
   * Shares a screen that looks like `slides.js`, or, in Chromium, like another page.
   * @param {string} [page]
   * @returns {Promise<import('./browser.js').SharedScreen>}
   */
  async share(page = SLIDES) {
    const shared = await this.tab.prepareShare(page);
    await this.press('Share screen');
    await this.button('Stop sharing').first().waitFor();
    return shared;
  }

  /** By the button among the controls. */
  async stopSharing() {
    await this.button('Stop sharing').first().click();
  }

  // What must become true.

  /**
   * @param {string} name whose picture
   * @param {string} colour
   * @param {{ within?: number }} [options]
   */
  async sees(name, colour, options) {
    const what = `${this.name} sees the ${colour} picture of ${name}`;
    await until(
      what,
      () => this.colourOf(name),
      (seen) => seen === colour,
      options,
    );
  }

  /**
   * The picture of `name` moves: so many more frames were shown.
   * @param {string} name
   * @param {{ within?: number }} [options]
   */
  async seesMovement(name, options) {
    const frames = () => this.tile(name).locator('video').evaluate(countFrames, undefined, LOOK);
    let from = await until(`${this.name} has a tile of ${name}`, frames, () => true);
    const what = `the picture of ${name} moves for ${this.name} (from frame ${from})`;
    const counted = async () => {
      const now = await frames();
      // A new element counts from zero.
      from = Math.min(from, now);
      return now - from;
    };
    await until(what, counted, (more) => more >= 30, options);
  }

  /** From now on {@link longestPause} is measured. @param {string} name whose picture */
  async watchForPauses(name) {
    await this.tile(name).locator('video').evaluate(measurePauses);
  }

  /**
   * How long the picture stood still at most, in milliseconds.
   * @param {string} name whose
   * @returns {Promise<number>}
   */
  async longestPause(name) {
    const measured = (/** @type {any} */ video) => Math.round(video.longestPause());
    return this.tile(name).locator('video').evaluate(measured);
  }

  /**
   * Which way media goes, as the badge says: `direct` or `server`.
   * @param {'direct' | 'server'} way
   * @param {{ within?: number }} [options]
   */
  async talks(way, options) {
    const badge = this.page.locator('#way');
    await until(
      `the badge of ${this.name} says ${way}`,
      () =>
        badge.evaluate(
          (/** @type {any} */ element) => `${element.textContent?.trim()} ${element.dataset.path}`,
          undefined,
          LOOK,
        ),
      (words) => words.startsWith(`${way} `) && !words.endsWith('trying'),
      options,
    );
  }

  /** The port of the server to which the media goes. @returns {number} */
  get mediaPort() {
    return Number(/^a=candidate:\S+ \d+ udp \d+ \S+ (\d+)/im.exec(this.answers.at(-1).sdp)?.[1]);
  }

  /**
   * So many voices are heard: so many received streams gain energy from now on. The microphones of the tests beep once
   * a second, so "exactly" is judged over whole windows of several beeps.
   * @param {number} count
   */
  async hears(count) {
    const what = `${this.name} hears ${count} ${count === 1 ? 'voice' : 'voices'}`;
    const windowMs = 2_500;
    await until(
      what,
      async () => {
        const before = new Map((await this.connection()).energies);
        await this.page.waitForTimeout(windowMs);
        return (await this.connection()).energies.filter(([id, energy]) => energy > (before.get(id) ?? 0) + AUDIBLE)
          .length;
      },
      (heard) => heard === count,
    );
  }

  /** Some sound comes on the left and not on the right. */
  async hearsLeftOnly() {
    await until(
      `${this.name} hears something on the left only`,
      () => this.page.evaluate(readChannels),
      (levels) => levels.some(([left = 0, right = 0]) => left > 0.01 && left > 10 * right),
    );
  }

  /** @param {number[]} rates of the sounds that are sent, in bits a second */
  async soundsAt(...rates) {
    await until(
      `${this.name} sends sound at ${rates.join(' and ')} bit/s`,
      () => this.page.evaluate(readSoundRates),
      (sent) => JSON.stringify(sent) === JSON.stringify(rates),
    );
  }

  /**
   * @param {string | RegExp} text part of an announcement
   * @param {{ within?: number }} [options]
   */
  async isTold(text, options) {
    const what = `${this.name} is told "${text}"`;
    await until(
      what,
      () => this.announced(),
      (said) => said.some((line) => (typeof text === 'string' ? line.includes(text) : text.test(line))),
      options,
    );
  }

  /**
   * @param {string} name whose tile
   * @param {RegExp} mark
   */
  async findsMarked(name, mark) {
    await until(
      `${this.name} finds ${name} marked ${mark}`,
      () => this.tile(name).evaluate(readMarks, undefined, LOOK),
      (text) => mark.test(text),
    );
  }

  /**
   * @param {string} name whose tile
   * @param {RegExp} mark
   */
  async findsUnmarked(name, mark) {
    await until(
      `${this.name} finds ${name} not marked ${mark}`,
      () => this.tile(name).evaluate(readMarks, undefined, LOOK),
      (text) => !mark.test(text),
    );
  }

  /**
   * @param {string} name whose tile
   * @param {(colour: string) => boolean} isRight of what is painted there
   */
  async paints(name, isRight) {
    await until(
      `the right thing is painted on the tile of ${name} for ${this.name}`,
      () => this.paintedOn(name),
      isRight,
    );
  }

  /** @param {string} title a heading */
  async reads(title) {
    await this.page.getByRole('heading', { name: title }).waitFor();
  }

  /**
   * Who is in the list of who is here, in its order.
   * @param {string[]} names
   */
  async lists(names) {
    const wanted = JSON.stringify(names);
    await until(
      `${this.name} finds ${wanted} in the list`,
      () => this.page.evaluate(() => [...document.querySelectorAll('#people-list .who')].map((who) => who.textContent)),
      (seen) => JSON.stringify(seen) === wanted,
    );
  }

  /**
   * Exactly these people have a tile.
   * @param {string[]} names
   * @param {{ within?: number }} [options]
   */
  async hasTilesOf(names, options) {
    const wanted = JSON.stringify([...names].sort());
    await until(
      `${this.name} has the tiles ${wanted}`,
      () => this.tiles(),
      (seen) => JSON.stringify(seen) === wanted,
      options,
    );
  }
}
