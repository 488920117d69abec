/** The page in the language of who reads it: the browser's, or the one they chose. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';

import german from '../../client/js/words/de.js';
import { House } from './lib/house.js';
import { ARTIFACTS } from './lib/person.js';
import { until } from './lib/until.js';

/** @import { Person } from './lib/person.js' */

const house = await House.open();
after(() => house.close());

const de = /** @type {Record<string, string>} */ (german);

/** A small phone, and a laptop. */
const VIEWS = [
  { width: 1280, height: 640 },
  { width: 360, height: 640 },
];

const browser = await house.browser('red', { engine: 'chromium', size: { width: 640, height: 360, rate: 30 } });
const ann = await house.personIn(browser, 'Ann', { context: { locale: 'de-DE' } });
const bob = await house.personIn(browser, 'Bob', { context: { locale: 'en-GB' } });
let invitation = '';
/** Of a room without a lobby. */
let line = '';

/** What is wider than its place: runs in the page. @returns {string[]} */
function cut() {
  const wide = document.documentElement;
  const found = wide.scrollWidth > innerWidth ? [`the page: ${wide.scrollWidth} in ${innerWidth}`] : [];
  const isSeen = (/** @type {Element} */ element) => element.checkVisibility({ visibilityProperty: true });
  for (const element of document.querySelectorAll('button, a[href], label, h1, h2, h3, p, legend')) {
    // What is there for screen readers only is one pixel small.
    if (!isSeen(element) || element.clientWidth <= 1) continue;
    const words = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const box = element.getBoundingClientRect();
    for (let node = words.nextNode(); node; node = words.nextNode()) {
      const { parentElement: around } = node;
      if (!around || !isSeen(around) || around.getBoundingClientRect().width <= 1) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const { left, right } of range.getClientRects()) {
        const isInside = left >= Math.max(0, box.left - 1) && right <= Math.min(innerWidth, box.right + 1);
        if (!isInside) found.push(`${element.tagName} "${node.textContent?.trim()}": ${left} to ${right}`);
      }
    }
  }
  for (const menu of document.querySelectorAll('select')) {
    const drawing = document.createElement('canvas').getContext('2d');
    // What a device is called is for its maker to say.
    if (!isSeen(menu) || menu.id.startsWith('pick-') || !drawing) continue;
    const { font, paddingInlineStart, paddingInlineEnd } = getComputedStyle(menu);
    drawing.font = font;
    const place = menu.clientWidth - parseFloat(paddingInlineStart) - parseFloat(paddingInlineEnd);
    for (const { text } of menu.options) {
      const { width } = drawing.measureText(text);
      if (width > place) found.push(`option "${text}": ${width} in ${place}`);
    }
  }
  return found;
}

/**
 * All that is written there has its place, on a phone too.
 * @param {Person} person
 * @param {string} where
 */
async function fits(person, where) {
  for (const view of VIEWS) {
    await person.page.setViewportSize(view);
    await person.screenshot(`languages ${where} ${view.width}`);
    assert.deepEqual(await person.page.evaluate(cut), [], `${where} at ${view.width} x ${view.height}`);
  }
}

/**
 * @param {Person} person
 * @param {string} language
 */
async function readsIn(person, language) {
  assert.equal(await person.page.evaluate(() => document.documentElement.lang), language);
}

house.opening('who has a German browser makes a room and goes in, in German', async () => {
  await ann.page.goto(house.origin);
  await ann.page.getByRole('button', { name: 'Raum erstellen' }).waitFor();
  await readsIn(ann, 'de');
  await fits(ann, 'home');
  await ann.page.getByRole('textbox', { name: 'Name des Raums' }).fill('Kaffee');
  await ann.page.getByRole('checkbox', { name: 'Gäste bitten um Einlass' }).click();
  await ann.press('Raum erstellen');
  await ann.button('Beitreten').waitFor();
  invitation = ann.page.url();
  await readsIn(ann, 'de');
  await fits(ann, 'door');
  await ann.page.getByRole('textbox', { name: 'Dein Name' }).fill('Ann');
  await ann.press('Beitreten');
  await ann.button('Verlassen').waitFor();
  await fits(ann, 'call');
  line = await bob.createRoom(house.origin, 'Line');
});

house.scene('who has an English one reads English, and is let in by who reads German', async () => {
  await bob.knock(invitation);
  await readsIn(bob, 'en');
  await ann.button('Bob einlassen').waitFor();
  await fits(ann, 'lobby');
  await ann.press('Bob einlassen');
  await bob.button('Leave').waitFor();
});

house.scene('who is here, and the invitations of others, are in German', async () => {
  await ann.press('2 im Raum');
  await ann.reads('Personen');
  await fits(ann, 'people');
  const mail = await ann.page.getByRole('link', { name: 'E-Mail' }).getAttribute('href');
  const { searchParams } = new URL(mail ?? '');
  assert.equal(searchParams.get('subject'), 'Einladung: Kaffee');
  assert.ok(searchParams.get('body')?.startsWith('Komm in den Raum „Kaffee“:'), mail ?? '');
  await ann.press('Kalender');
  const page = /** @type {import('playwright-core').Page} */ (/** @type {unknown} */ (ann.page));
  const saved = page.waitForEvent('download');
  await ann.press('Termin speichern');
  const file = join(ARTIFACTS, 'einladung.ics');
  await (await saved).saveAs(file);
  const date = (await readFile(file, 'utf8')).replaceAll('\r\n ', '');
  assert.ok(date.includes('DESCRIPTION:Im Browser beitreten: https://'), date);
  await ann.press('Schließen');
  await ann.press('Einstellungen');
  for (const [button, title] of /** @type {const} */ ([
    ['Qualität', 'Qualität'],
    ['Bild und Ton gehen über den Server: Server', 'So sprecht ihr miteinander'],
    ['Einladungslink kopieren', 'Dieser Link geht nur auf diesem Gerät'],
  ])) {
    await ann.press(button);
    await ann.reads(title);
    await fits(ann, title);
    await ann.press('Schließen');
  }
  await ann.press('Verlassen');
  await ann.reads('Du hast den Raum verlassen');
  await fits(ann, 'over');
  await ann.press('Zurück in den Raum');
  await ann.button('Beitreten').waitFor();
});

house.scene('who chooses French at the door reads French, there and from then on', async () => {
  await ann.page.goto(invitation);
  await ann.button('Beitreten').waitFor();
  await ann.page.getByRole('combobox', { name: 'Sprache' }).selectOption('fr');
  await ann.button('Entrer').waitFor();
  await readsIn(ann, 'fr');
  await fits(ann, 'door in French');
  await ann.page.goto(house.origin);
  await ann.button('Créer la salle').waitFor();
  await readsIn(ann, 'fr');
  await fits(ann, 'home in French');
});

/** How many lines the controls of a call take: runs in the page. */
function linesOfControls() {
  const controls = [...document.querySelectorAll('.toolbar > button')].filter((one) => one.checkVisibility());
  return new Set(controls.map((one) => Math.round(one.getBoundingClientRect().bottom))).size;
}

for (const locale of ['de-DE', 'fr-FR', 'es-ES']) {
  house.scene(`the controls of a call are one line in ${locale}, also beside the chat`, async () => {
    const eve = await house.personIn(browser, 'Eve', { context: { locale } });
    await eve.page.goto(line);
    await eve.page.locator('#join:enabled').click();
    await eve.page.locator('#leave').waitFor();
    for (const beside of [false, true]) {
      if (beside) await eve.press('Chat');
      for (const width of [1440, 1280, 1080, 940, 800]) {
        // A narrow chat lies over the controls.
        if (beside && width < 760) continue;
        await eve.page.setViewportSize({ width, height: 700 });
        const lines = await eve.page.evaluate(linesOfControls);
        assert.equal(lines, 1, `${width}${beside ? ' beside the chat' : ''}`);
      }
    }
    await eve.closePage();
  });
}

house.scene('who looks through the languages with the keys has chosen none before they say so', async () => {
  const { page } = bob;
  await page.goto(house.origin);
  const menu = page.getByRole('combobox', { name: 'Language' });
  await menu.focus();
  // The first opens it, as a press does.
  await page.keyboard.press('ArrowDown');
  assert.equal(await menu.evaluate((/** @type {Element} */ element) => element.matches(':open')), true);
  await page.keyboard.press('Escape');
  assert.equal(await menu.evaluate((/** @type {Element} */ element) => element.matches(':open')), false);
  await readsIn(bob, 'en');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Raum erstellen' }).waitFor();
  await page.getByRole('combobox', { name: 'Sprache' }).selectOption('en');
  await page.getByRole('button', { name: 'Create room' }).waitFor();
});

/** A browser that keeps nothing for the page: runs before the page's own scripts. */
function forgetful() {
  for (const name of ['localStorage', 'sessionStorage']) {
    Object.defineProperty(window, name, {
      get() {
        throw new DOMException('', 'SecurityError');
      },
    });
  }
}

house.scene(
  'who chooses a language where nothing is kept reads why that is not possible, and stays inside',
  async () => {
    const fay = await house.personIn(browser, 'Fay', { context: { locale: 'en-GB' }, also: [forgetful] });
    await fay.join(line);
    await fay.press('Settings');
    const menu = fay.page.getByRole('combobox', { name: 'Language' });
    assert.equal(await menu.isDisabled(), true);
    await fay.page.locator('#settings').getByText('This browser keeps nothing for this page').waitFor();
    await fay.closePage();
  },
);

/** The storage is full: it has what it had, and takes nothing more. */
function full() {
  Storage.prototype.setItem = () => {
    throw new DOMException('no more', 'QuotaExceededError');
  };
}

house.scene('who has no more place for what is kept goes in, sets what they want, and writes', async () => {
  const gil = await house.personIn(browser, 'Gil', { context: { locale: 'en-GB' }, also: [full] });
  const { page } = gil;
  await gil.join(line);
  await gil.press('Settings');
  await page.getByRole('checkbox', { name: 'Push to talk' }).check();
  await gil.button('Unmute microphone').waitFor();
  await page.getByRole('checkbox', { name: 'Push to talk' }).uncheck();
  await page.locator('#settings').getByText('This browser keeps nothing for this page').waitFor();
  await page.keyboard.press('Escape');
  await gil.press('Chat');
  await page.locator('#chat textarea').fill('Still here');
  await page.keyboard.press('Enter');
  await page.locator('#chat').getByText('Still here').waitFor();
  await page.reload();
  await gil.button('Join').waitFor();
  assert.deepEqual(gil.errors, []);
  await gil.closePage();
});

/** How many lines the name at the door has, of one word. */
function linesOfName() {
  const range = document.createRange();
  range.selectNodeContents(/** @type {Element} */ (document.querySelector('#prejoin-room')));
  return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size;
}

house.scene('a long German word has its place on a phone, and a longer one is not cut off', async () => {
  const hanna = await house.personIn(browser, 'Hanna', {
    context: { locale: 'de-DE', viewport: { width: 390, height: 844 } },
  });
  const { page } = hanna;
  for (const [name, most] of /** @type {const} */ ([
    ['Entwurfsbesprechung', 1],
    ['Donaudampfschifffahrtsgesellschaftskapitän', 3],
  ])) {
    await page.goto(house.origin);
    await page.getByRole('textbox', { name: 'Name des Raums' }).fill(name);
    await hanna.press('Raum erstellen');
    await page.getByRole('heading', { name }).waitFor();
    const lines = await page.evaluate(linesOfName);
    await hanna.screenshot(`languages door of ${name}`);
    assert.ok(lines <= most, `${name}: ${lines} lines`);
    assert.deepEqual(await page.evaluate(cut), []);
  }
  await hanna.closePage();
});

house.scene('who waits, and who finds no room, reads why in German', async () => {
  const dora = await house.personIn(browser, 'Dora', { context: { locale: 'de-AT' } });
  await dora.page.goto(invitation);
  await dora.press('Um Einlass bitten');
  await dora.reads('Warte, bis dich jemand einlässt');
  await fits(dora, 'waiting');
  await dora.press('Verlassen');
  await dora.page.goto(`${house.origin}r/nirgendwo`);
  await dora.reads('Diesen Raum gibt es nicht');
  await dora.button('Diesen Raum jetzt erstellen').waitFor();
  await fits(dora, 'no room');
  await dora.closePage();
});

house.scene('what is suggested, what is not there and what is installed speak German, too', async () => {
  const emil = await house.personIn(browser, 'Emil', { context: { locale: 'de-DE' } });
  await emil.page.goto(house.origin);
  const input = emil.page.getByRole('textbox', { name: 'Name des Raums' });
  const [first, second] = /** @type {string[]} */ ((await input.getAttribute('placeholder'))?.split('-') ?? []);
  assert.ok(de['home.suggested.first']?.split(' ').includes(first ?? ''), first);
  assert.ok(de['home.suggested.second']?.split(' ').includes(second ?? ''), second);
  const manifest = await emil.page.evaluate(async () => {
    const link = /** @type {HTMLLinkElement} */ (document.querySelector('link[rel="manifest"]'));
    return (await fetch(link.href)).json();
  });
  assert.deepEqual([manifest.lang, manifest.description], ['de', de['page.description']]);
  await emil.page.goto(`${house.origin}nirgendwo/nichts`);
  await emil.reads('Hier ist nichts');
  await readsIn(emil, 'de');
  assert.equal(await emil.page.title(), 'Nicht gefunden · Plenary');
  await fits(emil, 'nothing there');
  await emil.closePage();
});

house.scene('who reads English in Great Britain has the day before the month', async () => {
  const id = await ann.page.evaluate(async () => {
    const body = JSON.stringify({ name: 'March', starts: Date.UTC(2033, 2, 4, 12) });
    const headers = { 'content-type': 'application/json' };
    return (await (await fetch('/api/rooms', { method: 'POST', headers, body })).json()).id;
  });
  await bob.page.goto(`${house.origin}r/${id}`);
  await bob.page.getByText('4 March 2033').waitFor();
});

/** Looks at the first picture of the page: runs before the page's own scripts. */
function lookAtFirst() {
  const look = () => {
    const button = document.querySelector('#create');
    if (!button) return requestAnimationFrame(look);
    /** @type {any} */ (window).first = button.checkVisibility({ visibilityProperty: true });
    return undefined;
  };
  requestAnimationFrame(look);
}

house.scene('nobody reads English on the way to another language', async () => {
  const cleo = await house.personIn(browser, 'Cleo', { context: { locale: 'es-ES' }, also: [lookAtFirst] });
  /** @type {() => void} */
  let release = () => {};
  const held = new Promise((resolve) => (release = () => resolve(undefined)));
  await cleo.page.route('**/js/words/es.js', async (/** @type {import('playwright-core').Route} */ route) => {
    await held;
    await route.continue();
  });
  const loaded = cleo.page.goto(house.origin);
  await until(
    'the home page is there, without words',
    () => cleo.page.evaluate(() => /** @type {any} */ (window).first),
    (first) => first === false,
  );
  release();
  await loaded;
  await cleo.button('Crear sala').waitFor();
});
