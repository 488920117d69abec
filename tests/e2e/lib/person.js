/** One person: a page in a browser, what they do, and what they see, hear and are told. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { nameOf } from './colours.js';
import {
  countFrames,
  hinder,
  keepInSession,
  meanOfPng,
  measurePauses,
  pictureOf,
  readConnection,
  readMarks,
  readPixels,
  readStreams,
  relayMedia,
  setLayer,
  watch,
} from './in-page.js';
import { SLIDES } from './slides.js';
import { until } from './until.js';

/** Screenshots and logs of a run. */
export const ARTIFACTS = process.env.PLENARY_E2E_DIR ?? join('target', 'e2e');

/** One look at the page must not wait for what is not there: {@link until} looks again. */
const LOOK = { timeout: 2_000 };

/**
 * Energy (totalAudioEnergy of getStats) that a voice gains in a window: a beeping microphone of Chromium 0.7, the tone of
 * Firefox 0.02, a muted one 1e-5.
 */
const AUDIBLE = 0.003;

/**
 * What a page has told the test so far.
 * @typedef {{ told: any[], said: any[], errors: string[], sockets: true[] }} Record
 */

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

export class Person {
  name;
  #tab;
  /**
   * Every signaling message the server sent to this page, parsed, over all its sockets.
   * @type {any[]}
   */
  told;
  /**
   * Every signaling message the page sent.
   * @type {any[]}
   */
  said;
  /** Uncaught errors of the page, what its content policy refused, and requests to other hosts. */
  errors;
  #sockets;

  /**
   * @param {string} name
   * @param {import('./browser.js').Tab} tab
   * @param {Record} record
   */
  constructor(name, tab, { told, said, errors, sockets }) {
    this.name = name;
    this.#tab = tab;
    this.told = told;
    this.said = said;
    this.errors = errors;
    this.#sockets = sockets;
  }

  /**
   * @param {string} name
   * @param {import('./browser.js').Browser} browser
   * @param {{ relayPort?: number, context?: import('./browser.js').Screen }} [options]
   */
  static async open(name, browser, { relayPort, context: screen } = {}) {
    const record = emptyRecord();
    const scripts = [...SCRIPTS];
    if (relayPort !== undefined) scripts.push([relayMedia, relayPort]);
    const tab = await browser.openTab({ ears: earsOf(record), scripts, ...(screen ? { screen } : {}) });
    return new Person(name, tab, record);
  }

  get page() {
    return this.#tab.page;
  }

  /** How many WebSockets the page has opened. */
  get sockets() {
    return this.#sockets.length;
  }

  // What a person does.

  /**
   * Makes a room on the home page and lands before its door.
   * @param {string} origin
   * @param {string} room
   * @param {{ listed?: boolean }} [options] on the home page
   * @returns {Promise<string>} the address to invite others with
   */
  async createRoom(origin, room, { listed = false } = {}) {
    await this.page.goto(origin);
    await this.page.getByRole('textbox', { name: 'Room name' }).fill(room);
    if (listed) await this.page.getByRole('checkbox', { name: 'List this room' }).click();
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
    if (patient) {
      const asking = () => this.page.evaluate(() => /** @type {any} */ (window).seen);
      await until('the page has asked for devices', asking, ({ asked, unanswered }) => asked > 0 && unanswered === 0);
    }
    await this.page.getByRole('textbox', { name: 'Your name' }).fill(this.name);
    await this.page.getByRole('button', { name: 'Join' }).click();
    await this.button('Leave').waitFor();
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
    await this.#tab.close();
  }

  /**
   * What "Duplicate tab" does: another tab in the same profile, that begins with a copy of this one's `sessionStorage`.
   * @param {string} name what the person calls themselves there
   */
  async duplicate(name) {
    const [address, kept] = await this.page.evaluate(() => [location.href, Object.entries(sessionStorage)]);
    const record = emptyRecord();
    const tab = await this.#tab.another({ ears: earsOf(record), scripts: [...SCRIPTS, [keepInSession, kept]] });
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

  /**
   * Shares a screen that looks like `slides.js`, or, in Chromium, like another page.
   * @param {string} [page]
   * @returns {Promise<import('./browser.js').SharedScreen>}
   */
  async share(page = SLIDES) {
    const shared = await this.#tab.prepareShare(page);
    await this.press('Share screen');
    await this.button('Stop sharing').first().waitFor();
    return shared;
  }

  /** By the button among the controls. */
  async stopSharing() {
    await this.button('Stop sharing').first().click();
  }

  // What a person finds.

  /** @param {string} name the button's whole accessible name */
  button(name) {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** @param {string} name whose */
  tile(name) {
    return this.page.getByRole('group', { name, exact: true });
  }

  /** The names on all remote tiles. */
  async tiles() {
    const labels = await this.page
      .getByRole('group')
      .evaluateAll((groups) =>
        groups.filter((group) => group.querySelector('video')).map((group) => group.getAttribute('aria-label') ?? ''),
      );
    return labels.sort();
  }

  /**
   * What the tile's video shows: the name of a colour, or why it is none.
   * @param {string} name whose tile
   */
  async colourOf(name) {
    const pixels = await this.tile(name).locator('video').evaluate(readPixels, undefined, LOOK);
    return typeof pixels === 'string' ? pixels : nameOf(pixels);
  }

  /**
   * What is painted on the screen in the upper middle of the tile, whatever lies on top of the video.
   * @param {string} name whose tile
   */
  async paintedOn(name) {
    const box = await this.tile(name).boundingBox(LOOK);
    if (!box) return 'no such tile';
    const clip = {
      x: box.x + box.width * 0.45,
      y: box.y + box.height * 0.4,
      width: box.width * 0.1,
      height: box.height * 0.1,
    };
    const png = await this.page.screenshot({ clip });
    return nameOf(await this.page.evaluate(meanOfPng, png.toString('base64')));
  }

  /**
   * What is painted on the screen at a place of a tile's picture, if all of the picture is in the tile.
   * @param {string} name whose tile
   * @param {number} across from the left edge of the picture, 0 to 1
   * @param {number} down from its upper edge
   */
  async paintedAt(name, across, down) {
    const { box, ratio } = await this.tile(name).locator('video').evaluate(pictureOf, undefined, LOOK);
    const [width, height] = [Math.min(box.width, box.height * ratio), Math.min(box.height, box.width / ratio)];
    const x = box.x + (box.width - width) / 2 + across * width;
    const y = box.y + (box.height - height) / 2 + down * height;
    const png = await this.page.screenshot({ clip: { x: x - 3, y: y - 3, width: 6, height: 6 } });
    return nameOf(await this.page.evaluate(meanOfPng, png.toString('base64')));
  }

  /**
   * Where a tile's picture is on the screen, and the relation of its width to its height.
   * @param {string} name whose tile
   */
  async pictureOf(name) {
    return this.tile(name).locator('video').evaluate(pictureOf, undefined, LOOK);
  }

  /**
   * Whether the tile says so: in its text, or in the name of something visible on it.
   * @param {string} name whose tile
   * @param {RegExp} mark
   */
  async isMarked(name, mark) {
    return mark.test(await this.tile(name).evaluate(readMarks, undefined, LOOK));
  }

  /** Width and height of what is captured of the shared screen. */
  async sharedSize() {
    return this.page.evaluate(() => /** @type {any} */ (window).seen.shared().getSettings());
  }

  /** @returns {Promise<{ width: number, height: number }>} */
  async windowSize() {
    return this.page.evaluate(() => ({ width: innerWidth, height: innerHeight }));
  }

  /** All the text there is to read on the page. */
  async readText() {
    return this.page.locator('body').innerText(LOOK);
  }

  /** How many cameras this page holds: each keeps a device's light on. */
  async camerasRunning() {
    return this.page.evaluate(() => /** @type {any} */ (window).seen.cameras().length);
  }

  /**
   * Does this to the next offer the page makes; see `hinder`.
   * @param {'lose' | 'lose-answer' | 'spoil'} how
   */
  async hinderNextOffer(how) {
    await this.page.evaluate((value) => Object.assign(window, { hindrance: value }), how);
  }

  /** Makes the page believe for a moment that its path has failed: it asks for an ICE restart. */
  async believePathFailed() {
    await this.page.evaluate(() => {
      const { pc } = /** @type {any} */ (window).plenary;
      // Firefox keeps events of the page's own making from this handler.
      const tell = () => pc.onconnectionstatechange(new Event('connectionstatechange'));
      Object.defineProperty(pc, 'connectionState', { value: 'failed', configurable: true });
      tell();
      delete pc.connectionState;
      tell();
    });
  }

  /** The offers the page has made, and the answers it got. */
  get offers() {
    return this.said.filter(({ type }) => type === 'offer');
  }

  get answers() {
    return this.told.filter(({ type }) => type === 'answer');
  }

  /** Makes {@link hasSameConnection} compare with the connection of now. */
  async rememberConnection() {
    await this.page.evaluate(() => Object.assign(window, { remembered: /** @type {any} */ (window).plenary.pc }));
  }

  /** The page still uses the RTCPeerConnection of {@link rememberConnection}. */
  async hasSameConnection() {
    return this.page.evaluate(() => /** @type {any} */ (window).remembered === /** @type {any} */ (window).plenary.pc);
  }

  /**
   * What the page has said in its live regions since it was loaded.
   * @returns {Promise<string[]>}
   */
  async announced() {
    return this.page.evaluate(() => /** @type {any} */ (window).seen.announced.slice());
  }

  /** The codes with which the server closed this page's WebSockets. */
  async closeCodes() {
    return this.page.evaluate(() => /** @type {any} */ (window).seen.closed.slice());
  }

  /** Milliseconds from the click on Join to the first frame of somebody else. */
  async firstFrame() {
    return until(
      `${this.name} gets a first picture`,
      () => this.page.evaluate(() => /** @type {any} */ (window).seen.firstFrame),
      (ms) => typeof ms === 'number' && !Number.isNaN(ms),
    );
  }

  async connection() {
    return this.page.evaluate(readConnection);
  }

  /**
   * What is sent of the camera, by layer, and of the microphone.
   * @param {'video' | 'audio'} kind
   * @returns {Promise<any[]>}
   */
  async sends(kind) {
    const mids = this.offers.at(-1).tracks.filter((/** @type {any} */ track) => track.stream === 'camera');
    const streams = await this.page.evaluate(readStreams);
    return streams.filter(
      (/** @type {any} */ stream) =>
        stream.type === 'outbound-rtp' &&
        stream.kind === kind &&
        mids.some((/** @type {any} */ { mid }) => mid === stream.mid),
    );
  }

  /**
   * What is received on the slot that shows the camera of `name`; undefined while there is none.
   * @param {string} name
   */
  async receives(name) {
    const last = (/** @type {string} */ type) => this.told.filter((message) => message.type === type).at(-1);
    const peer = last('peers').peers.find((/** @type {any} */ one) => one.name === name)?.id;
    const place = last('slots').video.find((/** @type {any} */ one) => one.peer === peer && one.stream === 'camera');
    const line = this.offers
      .at(-1)
      .slots.find((/** @type {any} */ one) => one.kind === 'video' && one.slot === place?.slot);
    const streams = await this.page.evaluate(readStreams);
    return streams.find((/** @type {any} */ { type, mid }) => type === 'inbound-rtp' && mid === line?.mid);
  }

  /**
   * Turns one layer of this person's camera off or on.
   * @param {string} rid
   * @param {boolean} active
   */
  async setLayer(rid, active) {
    await this.page.evaluate(setLayer, { rid, active });
  }

  /** The id the server gave this person last. */
  get peerId() {
    return this.welcomes.at(-1)?.peer;
  }

  /** Every `welcome` so far. */
  get welcomes() {
    return this.told.filter(({ type }) => type === 'welcome');
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

  /**
   * @param {string} text part of an announcement
   * @param {{ within?: number }} [options]
   */
  async isTold(text, options) {
    const what = `${this.name} is told "${text}"`;
    await until(
      what,
      () => this.announced(),
      (said) => said.some((line) => line.includes(text)),
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
