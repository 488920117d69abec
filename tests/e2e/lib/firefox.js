/**
 * Firefox, driven by Puppeteer over WebDriver BiDi. Its fake camera cannot show a file, so the page paints its own: what
 * is sent is the picture of a canvas, in the colour that tells whose it is.
 */

import puppeteer from 'puppeteer-core';

import { isForeign } from './browser.js';
import { FirefoxPage } from './firefox-page.js';
import { overhear, paintCamera, paintScreen, REPORT } from './in-firefox.js';
import { MEDIA_ADDRESS } from './server.js';
import { EDGE, MIDDLE } from './slides.js';

/** @import { Devices, Tab, TabOptions } from './browser.js' */

const EXECUTABLE = process.env.PLENARY_FIREFOX ?? '/usr/bin/firefox-esr';

/** The same window as Playwright's. */
const VIEWPORT = { width: 1280, height: 720 };

/** Of a screen that is shared: not the shape of a camera. */
const SHARED = { width: 1200, height: 900 };

/** What {@link close} gives Firefox before it is ended the hard way. */
const CLOSE_MS = 10_000;

const PREFERENCES = {
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.peerconnection.ice.loopback': MEDIA_ADDRESS === '127.0.0.1',
  'media.autoplay.default': 0,
  'dom.events.testing.asyncClipboard': true,
};

/** What Firefox writes among the errors of a page: how its connections fare is no error of a page. */
const NO_ERROR = /connection to (?:the server at )?wss?:|WebRTC: ICE failed/;

/** @param {Devices} devices */
function preferencesFor(devices) {
  const refused = devices === 'refused';
  return {
    ...PREFERENCES,
    'media.navigator.streams.fake': devices !== 'absent',
    'media.navigator.permission.disabled': !refused && devices !== 'unanswered',
    ...(refused ? { 'permissions.default.camera': 2, 'permissions.default.microphone': 2 } : {}),
  };
}

export class Firefox {
  engine = /** @type {const} */ ('firefox');
  #devices;
  #puppeteer;

  /**
   * @param {Devices} devices
   * @param {import('puppeteer-core').Browser} browser
   */
  constructor(devices, browser) {
    this.#devices = devices;
    this.#puppeteer = browser;
  }

  /**
   * @param {Devices} devices
   * @param {{ executablePath?: string }} [options] the browser
   */
  static async open(devices, { executablePath = EXECUTABLE } = {}) {
    const browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath,
      headless: true,
      acceptInsecureCerts: true,
      defaultViewport: VIEWPORT,
      extraPrefsFirefox: preferencesFor(devices),
    });
    return new Firefox(devices, browser);
  }

  /**
   * The same process with another camera: painted cameras belong to pages.
   * @param {import('./browser.js').Camera} camera
   */
  withCamera(camera) {
    return new Firefox(camera, this.#puppeteer);
  }

  /**
   * A tab in a fresh profile and a window of its own: a tab in the background would be slowed down.
   * @param {TabOptions} options
   */
  async openTab(options) {
    return tabIn(await this.#puppeteer.createBrowserContext(), this.#devices, options);
  }

  /** Ends the process at once: no page hears of it. */
  async kill() {
    this.#puppeteer.process()?.kill('SIGKILL');
  }

  async close() {
    const late = setTimeout(() => this.kill(), CLOSE_MS);
    await this.#puppeteer.close().finally(() => clearTimeout(late));
  }
}

/**
 * @param {import('puppeteer-core').BrowserContext} context
 * @param {Devices} devices
 * @param {TabOptions} options
 * @returns {Promise<Tab>}
 */
async function tabIn(context, devices, { ears, scripts, screen }) {
  const page = await context.newPage({ type: 'window' });
  if (screen?.viewport) {
    await page.setViewport({ ...screen.viewport, deviceScaleFactor: screen.deviceScaleFactor ?? 1 });
  }
  await page.evaluateOnNewDocument(overhear, REPORT);
  if (typeof devices === 'object') {
    const { rgb, width, height, rate, bitmaps } = devices;
    await page.evaluateOnNewDocument(paintCamera, {
      ...(rgb ? { rgb } : {}),
      width,
      height,
      rate,
      bitmaps: bitmaps ?? [],
    });
  }
  await page.evaluateOnNewDocument(paintScreen, { edge: EDGE, middle: MIDDLE, ...SHARED });
  for (const [script, arg] of scripts) await page.evaluateOnNewDocument(script, arg);
  page.on('pageerror', (error) => {
    if (!NO_ERROR.test(String(error))) ears.wrong(String(error));
  });
  page.on('request', (request) => isForeign(request.url()) && ears.wrong(`asked ${request.url()}`));
  page.on('console', (message) => {
    const [, what, text] = new RegExp(`^${REPORT} (\\w+) (.*)$`, 's').exec(message.text()) ?? [];
    if (what === 'socket') ears.socket();
    else if (what === 'told' || what === 'said' || what === 'wrong') ears[what](text ?? '');
  });
  return {
    // Used as Playwright's is, as far as tests use it.
    page: /** @type {any} */ (new FirefoxPage(page, screen?.viewport ?? VIEWPORT)),
    another: (options) => tabIn(context, devices, options),
    // The page paints what it shares.
    prepareShare: async () => ({ end: () => page.evaluate(() => /** @type {any} */ (window).endShare?.()) }),
    async close() {
      await page.close({ runBeforeUnload: true });
      if ((await context.pages()).length === 0) await context.close();
    },
  };
}
