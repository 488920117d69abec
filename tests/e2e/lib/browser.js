/** Chromium with a camera of one colour, or with none, or with a user who says no. */

import { chromium } from 'playwright-core';

import { MEDIA_ADDRESS } from './server.js';

const EXECUTABLE = process.env.PLENARY_CHROMIUM ?? '/usr/bin/chromium';

const FLAGS = [
  '--no-sandbox',
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

/**
 * What the browser has for camera and microphone: a file as the camera and beeps as the microphone; devices and a user
 * who refuses them; or no devices at all.
 * @typedef {{ camera: string } | 'refused' | 'absent'} Devices
 */

export class Browser {
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

  /** @param {Devices} devices */
  static async open(devices) {
    const args = [...FLAGS];
    if (devices !== 'absent') args.push('--use-fake-device-for-media-stream=fps=30');
    if (devices === 'refused') args.push('--deny-permission-prompts');
    else args.push('--use-fake-ui-for-media-stream');
    if (typeof devices === 'object') args.push(`--use-file-for-fake-video-capture=${devices.camera}`);
    const server = await chromium.launchServer({ executablePath: EXECUTABLE, headless: true, args });
    return new Browser(server, await chromium.connect(server.wsEndpoint()));
  }

  /**
   * A fresh profile: nothing shared with other people in the same browser but the camera.
   * @param {import('playwright-core').BrowserContextOptions} [options]
   */
  async newContext(options = {}) {
    return this.#playwright.newContext({ ignoreHTTPSErrors: true, ...options });
  }

  /** Ends the process at once: no page hears of it. */
  async kill() {
    await this.#server.kill();
  }

  async close() {
    await this.#server.close();
  }
}
