/**
 * A page in Firefox that tests use as they use Playwright's page in Chromium: as much of it as they need, on top of
 * Puppeteer. What a locator finds is looked for anew each time; whoever acts waits until it is there.
 */

import { setTimeout as pause } from 'node:timers/promises';

import { find } from './find.js';

/** @import { ElementHandle, Page } from 'puppeteer-core' */
/** @import { Query } from './find.js' */

/** The same as Playwright's. */
const WITHIN_MS = 30_000;
const EVERY_MS = 50;

/**
 * @template T
 * @param {string} what
 * @param {() => Promise<T | undefined>} look
 * @param {number} [timeout] milliseconds
 * @returns {Promise<T>}
 */
async function waitFor(what, look, timeout = WITHIN_MS) {
  const end = Date.now() + timeout;
  for (;;) {
    const found = await look().catch((error) => {
      // A page that is being replaced has no answer yet.
      if (Date.now() >= end) throw error;
      return undefined;
    });
    if (found !== undefined) return found;
    if (Date.now() >= end) throw new Error(`Timeout ${timeout} ms exceeded: ${what}`);
    await pause(EVERY_MS);
  }
}

export class FirefoxPage {
  #page;
  #size;

  /**
   * @param {Page} page
   * @param {{ width: number, height: number }} size
   */
  constructor(page, size) {
    this.#page = page;
    this.#size = size;
  }

  get keyboard() {
    const { keyboard } = this.#page;
    return {
      type: (/** @type {string} */ text) => keyboard.type(text),
      /** @param {string} keys joined by plus signs */
      press: async (keys) => {
        const [last, ...held] = /** @type {import('puppeteer-core').KeyInput[]} */ (
          // Puppeteer knows this key by what it types.
          keys.replace('Space', ' ').split('+').reverse()
        );
        for (const key of held) await keyboard.down(key);
        if (last) await keyboard.press(last);
        for (const key of held) await keyboard.up(key);
      },
    };
  }

  url() {
    return this.#page.url();
  }

  viewportSize() {
    return this.#size;
  }

  /** @param {{ width: number, height: number }} size in CSS pixels */
  async setViewportSize(size) {
    await this.#page.setViewport(size);
    this.#size = size;
  }

  /** @param {string} address */
  async goto(address) {
    await this.#page.goto(address, { waitUntil: 'load' });
  }

  async reload() {
    await this.#page.reload({ waitUntil: 'load' });
  }

  /** @param {string | RegExp} address */
  async waitForURL(address) {
    const isIt = (/** @type {string} */ url) => (typeof address === 'string' ? url === address : address.test(url));
    await waitFor(`the address ${address}`, async () => isIt(this.#page.url()) || undefined);
    await waitFor('the page is loaded', () =>
      this.#page.evaluate(() => document.readyState === 'complete' || undefined),
    );
  }

  /**
   * @param {(arg: any) => void} script
   * @param {unknown} [arg]
   */
  async addInitScript(script, arg) {
    await this.#page.evaluateOnNewDocument(script, arg);
  }

  /**
   * @param {(arg: any) => any} body
   * @param {unknown} [arg]
   */
  async evaluate(body, arg) {
    return this.#page.evaluate(body, arg);
  }

  /** @param {number} ms */
  async waitForTimeout(ms) {
    await pause(ms);
  }

  /** @param {{ path?: string, clip?: { x: number, y: number, width: number, height: number } }} [options] */
  async screenshot({ path, clip } = {}) {
    const png = await this.#page.screenshot({
      ...(path ? { path: /** @type {`${string}.png`} */ (path) } : {}),
      ...(clip ? { clip, captureBeyondViewport: false } : {}),
    });
    return Buffer.from(png);
  }

  async close() {
    await this.#page.close();
  }

  /**
   * @param {string} role
   * @param {{ name?: string, exact?: boolean }} [options]
   */
  getByRole(role, options = {}) {
    return new Locator(this.#page, { role, ...options });
  }

  /** @param {string} text of it, whatever the case */
  getByText(text) {
    return new Locator(this.#page, { text });
  }

  /** @param {string} css */
  locator(css) {
    return new Locator(this.#page, { css });
  }

  /**
   * What is shown in a frame of the page; null if there is none.
   * @param {{ url: RegExp }} wanted
   */
  frame({ url }) {
    const frame = this.#page.frames().find((one) => url.test(one.url()));
    // A frame is asked as a page is.
    return frame ? new FirefoxPage(/** @type {any} */ (frame), this.#size) : null;
  }
}

class Locator {
  #page;
  #query;

  /**
   * @param {Page} page
   * @param {Query} query
   */
  constructor(page, query) {
    this.#page = page;
    this.#query = query;
  }

  /** @param {string} css */
  locator(css) {
    return new Locator(this.#page, { css, within: this.#query });
  }

  /**
   * @param {string} role
   * @param {{ name?: string, exact?: boolean }} [options]
   */
  getByRole(role, options = {}) {
    return new Locator(this.#page, { role, ...options, within: this.#query });
  }

  /** @param {Locator} other */
  or(other) {
    return new Locator(this.#page, { either: [this.#query, other.#query] });
  }

  first() {
    return new Locator(this.#page, { first: this.#query });
  }

  /** @param {{ hasText?: string, visible?: boolean }} options */
  filter(options) {
    return new Locator(this.#page, { ...this.#query, ...options });
  }

  async count() {
    return this.evaluateAll((elements) => elements.length);
  }

  async isVisible() {
    return (await this.#visible()) !== undefined;
  }

  /** @param {{ state?: 'visible' | 'hidden', timeout?: number }} [options] */
  async waitFor({ state = 'visible', timeout } = {}) {
    const look = async () => ((await this.isVisible()) === (state === 'visible') ? true : undefined);
    await waitFor(`${this} is ${state}`, look, timeout);
  }

  /** As a person clicks: on something that is there, at rest, enabled, and not covered. */
  async click() {
    const element = await waitFor(`${this} can be clicked`, async () => {
      const found = await this.#visible();
      const ready = await found?.evaluate(async (node) => {
        const button = /** @type {HTMLButtonElement} */ (node);
        if (button.disabled) return false;
        button.scrollIntoView({ block: 'nearest' });
        const before = button.getBoundingClientRect();
        await new Promise((painted) => requestAnimationFrame(painted));
        const { x, y, width, height } = button.getBoundingClientRect();
        const hit = document.elementFromPoint(x + width / 2, y + height / 2);
        return before.x === x && before.y === y && hit !== null && button.contains(hit);
      });
      return ready ? found : undefined;
    });
    await element.click();
  }

  /** @param {string} text */
  async fill(text) {
    const element = await this.#attached();
    await element.evaluate((node) => {
      const input = /** @type {HTMLInputElement} */ (node);
      input.focus();
      input.value = '';
      input.dispatchEvent(new InputEvent('input', { bubbles: true }));
    });
    await this.#page.keyboard.type(text);
  }

  /** @param {string} value of the option to choose */
  async selectOption(value) {
    const element = await this.#attached();
    await element.evaluate((node, chosen) => {
      const select = /** @type {HTMLSelectElement} */ (node);
      select.focus();
      select.value = chosen;
      for (const type of ['input', 'change']) select.dispatchEvent(new Event(type, { bubbles: true }));
    }, value);
  }

  async inputValue() {
    return this.evaluate((node) => /** @type {HTMLInputElement} */ (node).value);
  }

  /** @param {{ timeout?: number }} [options] */
  async innerText(options) {
    return this.evaluate((node) => /** @type {HTMLElement} */ (node).innerText, undefined, options);
  }

  /** @param {{ timeout?: number }} [options] */
  async boundingBox(options) {
    return this.evaluate(
      (node) => {
        const { x, y, width, height } = node.getBoundingClientRect();
        return width > 0 ? { x, y, width, height } : null;
      },
      undefined,
      options,
    );
  }

  /**
   * @template T
   * @param {(element: Element, arg: any) => T} body
   * @param {unknown} [arg]
   * @param {{ timeout?: number }} [options]
   * @returns {Promise<Awaited<T>>}
   */
  async evaluate(body, arg, options) {
    const element = await this.#attached(options);
    try {
      return /** @type {Awaited<T>} */ (await element.evaluate(body, arg));
    } finally {
      await element.dispose().catch(() => {});
    }
  }

  /**
   * @template T
   * @param {(elements: Element[]) => T} body
   * @returns {Promise<Awaited<T>>}
   */
  async evaluateAll(body) {
    const elements = await this.#page.evaluateHandle(find, this.#query);
    try {
      return /** @type {Awaited<T>} */ (await this.#page.evaluate(body, elements));
    } finally {
      await elements.dispose().catch(() => {});
    }
  }

  toString() {
    return JSON.stringify(this.#query);
  }

  /** @param {{ timeout?: number | undefined }} [options] */
  async #attached({ timeout } = {}) {
    return waitFor(`${this} is there`, () => this.#one(), timeout);
  }

  async #visible() {
    const element = await this.#one();
    const isVisible = await element?.evaluate((node) => node.checkVisibility({ visibilityProperty: true }));
    return isVisible ? element : undefined;
  }

  /** @returns {Promise<ElementHandle<Element> | undefined>} */
  async #one() {
    const elements = await this.#page.evaluateHandle(find, this.#query);
    try {
      const element = await elements.evaluateHandle((all) => {
        if (all.length > 1) throw new Error(`there are ${all.length}`);
        return all[0];
      });
      return /** @type {ElementHandle<Element> | null} */ (element.asElement()) ?? undefined;
    } finally {
      await elements.dispose().catch(() => {});
    }
  }
}
