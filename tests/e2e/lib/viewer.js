/** What one person sees and hears, what their page and the server say to each other, and the connection beneath. */

import { nameOf } from './colours.js';
import { meanOfPng, pictureOf, readConnection, readPath, readMarks, readPixels, readStreams } from './in-page.js';
import { setLayer } from './layer-in-page.js';
import { until } from './until.js';

/** One look at the page must not wait for what is not there: {@link until} looks again. */
export const LOOK = { timeout: 2_000 };

/**
 * What a page has told the test so far.
 * @typedef {{ told: any[], said: any[], errors: string[], sockets: true[] }} Record
 */

export class Viewer {
  name;
  tab;
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
    this.tab = tab;
    this.told = told;
    this.said = said;
    this.errors = errors;
    this.#sockets = sockets;
  }

  get page() {
    return this.tab.page;
  }

  /** How many WebSockets the page has opened. */
  get sockets() {
    return this.#sockets.length;
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

  /** This person's browser is slow to change what it sends, until {@link releaseSenders}. */
  async holdSenders() {
    await this.page.evaluate(() => {
      const change = RTCRtpSender.prototype.setParameters;
      const released = new Promise((release) => Object.assign(window, { releaseSenders: release }));
      RTCRtpSender.prototype.setParameters = async function held(...parameters) {
        await released;
        return change.apply(this, parameters);
      };
    });
  }

  async releaseSenders() {
    await this.page.evaluate(() => /** @type {any} */ (window).releaseSenders());
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
   * The way this person's media takes, once there is one.
   * @param {'udp' | 'tcp'} protocol
   */
  async sendsOver(protocol) {
    return until(
      `the media of ${this.name} goes over ${protocol}`,
      () => this.page.evaluate(readPath),
      (path) => path.protocol === protocol && path.remote === protocol,
    );
  }

  /**
   * What is sent of the camera, by layer, and of the microphone; or of the screen and its sound.
   * @param {'video' | 'audio'} kind
   * @param {'camera' | 'screen'} [of]
   * @returns {Promise<any[]>}
   */
  async sends(kind, of = 'camera') {
    const mids = this.offers.at(-1).tracks.filter((/** @type {any} */ track) => track.stream === of);
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
}
