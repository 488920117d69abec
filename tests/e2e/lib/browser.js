/**
 * The two browsers under test behind one face. Playwright drives Chromium, Puppeteer drives Firefox; a test sees a
 * {@link Tab} with a page that is used as Playwright's is, whichever it is.
 */

import { Chromium } from './chromium.js';
import { Firefox } from './firefox.js';

/** @typedef {'chromium' | 'firefox'} Engine */

/**
 * What a browser has for a camera: one colour of `colours.js`, or drawn pictures in a file and the same as bitmaps.
 * @typedef {object} Camera
 * @property {number} width In pixels, even.
 * @property {number} height In pixels, even.
 * @property {number} rate Pictures per second.
 * @property {string} file YUV4MPEG2, for Chromium's fake camera.
 * @property {readonly number[]} [rgb] The colour, for a painted camera.
 * @property {boolean} [audible] Sound is played, not only decoded: without it a shared tab is silent in Chromium.
 * @property {string[]} [bitmaps] The pictures in base64, for a painted camera that shows no single colour.
 */

/**
 * A camera, with beeps or a tone as the microphone; devices and a user who refuses them, or, in Firefox, never answers; no devices at
 * all; or three cameras and several microphones, in Chromium, of no colour: one file is one camera.
 * @typedef {Camera | 'refused' | 'unanswered' | 'absent' | 'several'} Devices
 */

/**
 * What a tab tells while it is used.
 * @typedef {object} Ears
 * @property {() => void} socket The page opened a WebSocket.
 * @property {(text: string) => void} told The server sent this frame.
 * @property {(text: string) => void} said The page sent this frame.
 * @property {(what: string) => void} wrong Something no page may do.
 */

/**
 * @typedef {object} TabOptions
 * @property {Ears} ears
 * @property {[script: (arg: any) => void, arg?: unknown][]} scripts What runs before the page's own scripts.
 * @property {Screen} [screen]
 */

/**
 * The screen, as Playwright's options say it. Firefox has the viewport only.
 * @typedef {import('playwright-core').BrowserContextOptions} Screen
 */

/** @typedef {Pick<import('playwright-core').Page, 'goto' | 'url' | 'evaluate' | 'getByRole'> & Record<string, any>} Page */

/**
 * What somebody may share.
 * @typedef {object} SharedScreen
 * @property {() => Promise<void>} end Ends the capture from the browser's side, as its own bar does.
 */

/**
 * A tab in a profile of its own.
 * @typedef {object} Tab
 * @property {Page} page
 * @property {(options: TabOptions) => Promise<Tab>} another One more tab in the same profile.
 * @property {(page: string) => Promise<SharedScreen>} prepareShare Makes this page what the person will share.
 * @property {() => Promise<void>} close Closes the tab as a person does, and its profile.
 */

/** @typedef {Chromium | Firefox} Browser */

/**
 * @param {Engine} engine
 * @param {Devices} devices
 * @returns {Promise<Browser>}
 */
export function openBrowser(engine, devices) {
  return engine === 'firefox' ? Firefox.open(devices) : Chromium.open(devices);
}

/** Where the page under test is. The tests of the deployment give it a name. */
const HOME = process.env.PLENARY_E2E_HOST ?? '127.0.0.1';

/** Nothing but the page under test is asked for anything. @param {string} address */
export function isForeign(address) {
  const { protocol, hostname } = new URL(address);
  return /^(https?|wss?):$/.test(protocol) && hostname !== HOME;
}
