/** Chromium with a camera of one colour, or with none, or with a user who says no. */

import { readdir, readFile } from 'node:fs/promises';

import { chromium } from 'playwright-core';

import { isForeign } from './browser.js';
import { MEDIA_ADDRESS } from './server.js';

/** @import { Devices, Tab, TabOptions } from './browser.js' */

const EXECUTABLE = process.env.PLENARY_CHROMIUM ?? '/usr/bin/chromium';

/** The tab with this title is what people share. */
const TITLE = 'Slides to share';

const FLAGS = [
  '--no-sandbox',
  // With its own bars the window leaves 1280 x 720 for a page.
  '--window-size=1280,808',
  // Nothing but the page under test.
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A page in a second context must run as fast as the one in front.
  '--disable-renderer-backgrounding',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  ...(MEDIA_ADDRESS === '127.0.0.1' ? ['--allow-loopback-in-peer-connection'] : []),
];

export class Chromium {
  engine = /** @type {const} */ ('chromium');
  #server;
  #playwright;

  /**
   * @param {import('playwright-core').BrowserServer} server
   * @param {import('playwright-core').Browser} playwright
   */
  constructor(server, playwright) {
    this.#server = server;
    this.#playwright = playwright;
  }

  /**
   * @param {Devices} devices
   * @param {{ executablePath?: string, flags?: string[] }} [options] the browser, and more of its command line
   */
  static async open(devices, { executablePath = EXECUTABLE, flags = [] } = {}) {
    const args = [...FLAGS, ...flags];
    const count = devices === 'several' ? ',device-count=3' : '';
    if (devices !== 'absent') args.push(`--use-fake-device-for-media-stream=fps=30${count}`);
    if (devices === 'refused') args.push('--deny-permission-prompts');
    else args.push('--auto-accept-camera-and-microphone-capture', `--auto-select-tab-capture-source-by-title=${TITLE}`);
    if (typeof devices === 'object') args.push(`--use-file-for-fake-video-capture=${devices.file}`);
    // The sound of a shared tab is captured where it is played.
    const ignoreDefaultArgs = typeof devices === 'object' && devices.audible ? ['--mute-audio'] : [];
    const server = await chromium.launchServer({ executablePath, headless: true, args, ignoreDefaultArgs });
    return new Chromium(server, await chromium.connect(server.wsEndpoint()));
  }

  /**
   * A tab in a fresh profile: nothing shared with other people in the same browser but the camera.
   * @param {TabOptions} options
   * @returns {Promise<Tab>}
   */
  async openTab(options) {
    return tabIn(await this.#playwright.newContext({ ignoreHTTPSErrors: true, ...options.screen }), options);
  }

  /** Ends the process at once: no page hears of it. */
  async kill() {
    await this.#server.kill();
  }

  /** Ends the process that captures and plays sound. The browser starts another one when it needs it. */
  async endAudioService() {
    const browser = this.#server.process().pid;
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const [stat, line] = await Promise.all(
        ['stat', 'cmdline'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
      );
      const parent = Number(stat?.match(/\) \S (\d+)/)?.[1]);
      if (parent === browser && line?.includes('AudioService')) return process.kill(Number(pid), 'SIGKILL');
    }
    throw new Error('this browser has no audio service');
  }

  async close() {
    await this.#server.close();
  }
}

/**
 * @param {import('playwright-core').BrowserContext} context
 * @param {TabOptions} options
 * @returns {Promise<Tab>}
 */
async function tabIn(context, { ears, scripts }) {
  const page = await context.newPage();
  for (const [script, arg] of scripts) await page.addInitScript(script, arg);
  page.on('pageerror', (error) => ears.wrong(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) ears.wrong(message.text());
  });
  page.on('request', (request) => isForeign(request.url()) && ears.wrong(`asked ${request.url()}`));
  page.on('websocket', (socket) => {
    ears.socket();
    socket.on('framereceived', ({ payload }) => ears.told(String(payload)));
    socket.on('framesent', ({ payload }) => ears.said(String(payload)));
  });
  return {
    page,
    another: (options) => tabIn(context, options),
    async prepareShare(html) {
      const slides = await context.newPage();
      await slides.setContent(html.replace('<title>', `<title>${TITLE}`));
      // A tab makes no sound before somebody has touched it.
      await slides.mouse.click(5, 5);
      await page.bringToFront();
      const end = async () => {
        await slides.close();
        // The browser brings any tab to the front instead, and slows down the others.
        await page.bringToFront();
      };
      return { end };
    },
    async close() {
      const closed = page.waitForEvent('close');
      await page.close({ runBeforeUnload: true });
      await closed;
      if (context.pages().length === 0) await context.close();
    },
  };
}
