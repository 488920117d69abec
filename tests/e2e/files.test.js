/** People give each other files, directly and through the server: what arrives is what was sent, or both read why it did not. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER, PAIR } from './lib/pair.js';
import { until } from './lib/until.js';

/** @import { Person } from './lib/person.js' */

const house = await House.open();
after(() => house.close());

const size = { width: 640, height: 360, rate: 15 };
const MEBIBYTE = 1024 * 1024;
/** Takes long enough to be seen on its way. */
const LARGE = 200 * MEBIBYTE;

const reds = await house.browser('red', { size });
const ann = await house.personIn(reds, 'Ann');
const bob = await house.person('Bob', 'green', { engine: OTHER, size });
const cid = await house.personIn(reds, 'Cid');
const dee = await house.personIn(reds, 'Dee');
let invitation = '';

const files = (/** @type {Person} */ { page }) => page.getByRole('button', { name: 'Send a file', exact: true });
/** @param {Person} person @param {string} file its name */
const row = ({ page }, file) => page.locator('.files .file').filter({ hasText: file });
/** @param {Person} person @param {string} file @param {string} what */
const press = (person, file, what) => row(person, file).getByRole('button', { name: what }).click();
/** @param {Person} person @param {string} file @returns {Promise<string>} */
const state = (person, file) => row(person, file).locator('.state').innerText({ timeout: 2000 });

/** @param {Person} person @param {string} file @param {RegExp} words */
const reads = (person, file, words) =>
  until(
    `${person.name} reads ${words} of ${file}`,
    () => state(person, file),
    (text) => words.test(text.replaceAll(/[\u2068\u2069]/g, '')),
  );

/**
 * Gives the page a file as its dialog does, or as somebody who drops one onto the chat, and says what it is.
 * @param {Person} person
 * @param {{ name: string, bytes: number, by?: 'dialog' | 'drop' }} what
 * @returns {Promise<string>} its hash, if it is not large
 */
async function sends(person, { name, bytes, by = 'dialog' }) {
  return person.page.evaluate(
    async (/** @type {any} */ { name: named, bytes: length, by: way }) => {
      const piece = new Uint8Array(Math.min(length, 1024 * 1024));
      let draw = length;
      for (let index = 0; index < piece.length; index += 1) {
        draw = (Math.imul(draw, 1664525) + 1013904223) >>> 0;
        piece[index] = draw >>> 24;
      }
      // Each piece begins with another number, so that none can take another's place.
      const parts = Array.from({ length: Math.ceil(length / (1024 * 1024)) }, (_, index) => [
        new Uint8Array([index]),
        piece.subarray(1),
      ]);
      const whole = new File(parts.flat(), named);
      const carried = new DataTransfer();
      carried.items.add(whole);
      const input = /** @type {HTMLInputElement} */ (document.querySelector('#chat input[type=file]'));
      if (way === 'drop') {
        const how = { dataTransfer: carried, bubbles: true, cancelable: true };
        document.querySelector('#chat .log')?.dispatchEvent(new DragEvent('dragover', how));
        document.querySelector('#chat .log')?.dispatchEvent(new DragEvent('drop', how));
      } else {
        input.files = carried.files;
        input.dispatchEvent(new Event('change', { bubbles: true }));
      }
      if (length > 8 * 1024 * 1024) return '';
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await whole.arrayBuffer()));
      return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
    },
    { name, bytes, by },
  );
}

/**
 * From now on the page remembers what it gave the browser to save. Firefox would put it among the files of whoever runs this, and open
 * a panel that takes the clicks: there it stops short of that.
 * @param {Person} person
 */
const watchSaving = ({ page }) =>
  page.evaluate(() => {
    const saved = /** @type {any[]} */ ([]);
    const [make, revoke, click] = [URL.createObjectURL, URL.revokeObjectURL, HTMLAnchorElement.prototype.click];
    URL.createObjectURL = (/** @type {any} */ blob) => {
      const href = make.call(URL, blob);
      saved.push({ blob, href, name: '', released: false });
      return href;
    };
    URL.revokeObjectURL = (href) => {
      for (const one of saved) if (one.href === href) one.released = true;
      revoke.call(URL, href);
    };
    HTMLAnchorElement.prototype.click = function clicked() {
      for (const one of saved) if (one.href === this.href) one.name = this.download;
      if (!navigator.userAgent.includes('Firefox')) click.call(this);
    };
    Object.assign(window, { saved });
  });

/**
 * What was given to the browser to save.
 * @param {Person} person
 * @returns {Promise<{ name: string, type: string, hash: string, released: boolean }[]>}
 */
const saved = ({ page }) =>
  page.evaluate(() =>
    Promise.all(
      /** @type {any} */ (window).saved.map(async (/** @type {any} */ { blob, name, released }) => {
        const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
        const hex = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
        return { name, type: blob.type, hash: hex, released };
      }),
    ),
  );

/** @param {Person} person @param {string} file @returns {Promise<string>} "45 %" of what is on its way */
async function isUnderWay(person, file) {
  const seen = await until(
    `${person.name} sees how far ${file} is`,
    () =>
      row(person, file).evaluate((/** @type {any} */ node) => {
        const bar = node.querySelector('progress');
        return { value: bar.value, max: bar.max, name: bar.getAttribute('aria-label'), shown: bar.checkVisibility() };
      }),
    ({ value, max, shown }) => shown && value > 0 && value < max,
  );
  assert.match(seen.name, new RegExp(`^${file} (from|to) (Ann|Bob|Cid|Dee)$`));
  return state(person, file);
}

/** @param {Person} person */
async function opens(person) {
  await person.page.locator('#chat-open').click();
  await files(person).waitFor();
}

/** @param {Person} person @param {boolean} may */
const maySend = (person, may) =>
  until(
    `${person.name} ${may ? 'can' : 'cannot'} send a file`,
    () => files(person).evaluate((/** @type {any} */ node) => [node.disabled, node.title]),
    ([disabled, title]) => disabled === !may && (may ? /^Send a file to / : /nobody here/).test(title),
  );

/** @param {Person} person */
const goesThroughServer = (person) =>
  until(
    `${person.name} can send a file through the server`,
    () => files(person).evaluate((/** @type {any} */ node) => (node.disabled ? '' : node.title)),
    (title) => /^Send a file to .*, through the server: of \d+ MB at most$/.test(title),
  );

/**
 * Everything that a person reads of a file, to or from whomever.
 * @param {Person} person
 * @param {string} file
 * @returns {Promise<string[]>}
 */
const readsAll = ({ page }, file) =>
  page.evaluate(
    (/** @type {string} */ name) =>
      [...document.querySelectorAll('.files .file')]
        .filter((one) => one.querySelector('.what')?.textContent === name)
        .map((one) => (one.querySelector('.state')?.textContent ?? '').replaceAll(/[\u2068\u2069]/g, ''))
        .sort(),
    file,
  );

house.opening('who talks to nobody directly can send nothing, and reads why; two who do can', async () => {
  invitation = await ann.createRoom(house.origin, 'Papers', { topology: 'auto' });
  await ann.join(invitation);
  await opens(ann);
  await maySend(ann, false);
  await bob.join(invitation);
  await Promise.all([ann.talks('direct'), bob.talks('direct')]);
  await maySend(ann, true);
});

house.scene('a file that is offered, taken and saved is the one that was sent', async () => {
  const hash = await sends(ann, { name: 'minutes.pdf', bytes: 5 * MEBIBYTE });
  await reads(ann, 'minutes.pdf', /Waiting for Bob to take it/);
  await bob.isTold('Ann offers a file: minutes.pdf');
  const button = bob.page.locator('#chat-open');
  assert.equal(
    await button.evaluate((/** @type {any} */ node) => node.getAttribute('aria-label')),
    'Chat, a file offered',
  );
  await bob.screenshot(`files offered ${PAIR}`);
  await opens(bob);
  assert.equal(await button.evaluate((/** @type {any} */ node) => node.getAttribute('aria-label')), 'Chat');
  await watchSaving(bob);
  await press(bob, 'minutes.pdf', 'Accept');
  await reads(bob, 'minutes.pdf', /It is here, and not saved yet/);
  await reads(ann, 'minutes.pdf', /Bob has it/);
  await bob.isTold('minutes.pdf of Ann is here');
  const download = OTHER === 'chromium' ? bob.page.waitForEvent('download') : null;
  await press(bob, 'minutes.pdf', 'Save');
  await reads(bob, 'minutes.pdf', /Handed to the browser/);
  const [given, ...more] = await saved(bob);
  assert.deepEqual(given, { name: 'minutes.pdf', type: 'application/octet-stream', hash, released: false });
  assert.equal(more.length, 0);
  if (download) {
    const there = await download;
    assert.equal(there.suggestedFilename(), 'minutes.pdf');
    const written = createHash('sha256');
    for await (const piece of await there.createReadStream()) written.update(piece);
    assert.equal(written.digest('hex'), hash);
  }
  await press(bob, 'minutes.pdf', 'Remove');
  await row(bob, 'minutes.pdf').waitFor({ state: 'hidden' });
  assert.equal((await saved(bob))[0]?.released, true, 'nothing is kept of what was removed');
});

house.scene('what one drops onto the chat is offered, and may be refused', async () => {
  await sends(bob, { name: 'holidays.zip', bytes: 1234, by: 'drop' });
  await press(ann, 'holidays.zip', 'Refuse');
  await reads(bob, 'holidays.zip', /Ann did not take it/);
  await reads(ann, 'holidays.zip', /You did not take it/);
  await bob.isTold('holidays.zip: Ann did not take it');
});

house.scene('what is on its way is withdrawn, and neither keeps any of it', async () => {
  await sends(ann, { name: 'film.mkv', bytes: LARGE });
  await press(bob, 'film.mkv', 'Accept');
  assert.match(await isUnderWay(ann, 'film.mkv'), /\d+ % sent/);
  assert.match(await isUnderWay(bob, 'film.mkv'), /\d+ % received/);
  await press(ann, 'film.mkv', 'Cancel');
  await reads(ann, 'film.mkv', /You withdrew it/);
  await reads(bob, 'film.mkv', /Ann withdrew it/);
});

house.scene('a name does no harm', async () => {
  await sends(bob, { name: '<img src=x onerror=alert(1)> \u202egpj.exe', bytes: 10 });
  await sends(bob, { name: `${'A very long name '.repeat(20)}.tar.gz`, bytes: 10 });
  await row(ann, 'gpj.exe').waitFor();
  await row(ann, 'A very long').waitFor();
  const found = await ann.page.evaluate(() => {
    const list = /** @type {HTMLElement} */ (document.querySelector('.files'));
    return {
      pictures: list.querySelectorAll('img').length,
      turning: /[\u202a-\u202e]/.test(list.textContent ?? ''),
      wide: list.scrollWidth > list.clientWidth + 1 || document.documentElement.scrollWidth > innerWidth,
      names: [...list.querySelectorAll('.what bdi')].map(({ textContent }) => textContent?.length ?? 0),
    };
  });
  assert.deepEqual(
    { ...found, names: Math.max(...found.names) <= 120 },
    { pictures: 0, turning: false, wide: false, names: true },
  );
});

house.scene('the panel with files covers nobody on a desktop, and fits a phone', async () => {
  await sends(ann, { name: 'film again.mkv', bytes: LARGE });
  await press(bob, 'film again.mkv', 'Accept');
  await isUnderWay(ann, 'film again.mkv');
  await ann.screenshot(`files desktop ${PAIR}`);
  await press(bob, 'film again.mkv', 'Cancel');
  await reads(ann, 'film again.mkv', /Bob did not take it/);
  const box = ann.page.getByRole('textbox', { name: 'Message', exact: true });
  const { width: before, height: beforeHigh } = /** @type {any} */ (ann.page.viewportSize());
  for (const [width, height] of /** @type {const} */ ([
    [390, 844],
    [320, 568],
  ])) {
    await ann.page.setViewportSize({ width, height });
    for (const control of [box, files(ann), ann.page.locator('#chat .head button')]) {
      const place = await control.boundingBox();
      assert.ok(place && place.height >= 44 && place.x >= 0 && place.x + place.width <= width, JSON.stringify(place));
      assert.ok(place.y >= 0 && place.y + place.height <= height, `out of sight: ${JSON.stringify(place)}`);
    }
    assert.ok((await ann.page.evaluate(() => document.documentElement.scrollWidth)) <= width);
    await ann.screenshot(`files phone ${width} ${PAIR}`);
  }
  await ann.page.setViewportSize({ width: before, height: beforeHigh });
});

house.scene(
  'what is on its way when the direct connection ends is lost for both, and can be offered again',
  async () => {
    await sends(ann, { name: 'slides.odp', bytes: LARGE });
    await press(bob, 'slides.odp', 'Accept');
    await isUnderWay(bob, 'slides.odp');
    await ann.page.locator('#way').click();
    await ann.page.getByRole('checkbox', { name: 'Keep my address to myself' }).click();
    await reads(ann, 'slides.odp', /The connection to Bob was lost/);
    await reads(bob, 'slides.odp', /The connection to Ann was lost/);
    await goesThroughServer(ann);
    await ann.page.getByRole('checkbox', { name: 'Keep my address to myself' }).click();
    await Promise.all([ann, bob].map((person) => person.talks('direct', { within: 30_000 })));
    await press(bob, 'slides.odp', 'Remove');
    await press(ann, 'slides.odp', 'Offer again');
    await press(bob, 'slides.odp', 'Accept');
    await isUnderWay(bob, 'slides.odp');
    await press(ann, 'slides.odp', 'Cancel');
    await reads(bob, 'slides.odp', /Ann withdrew it/);
  },
);

house.scene('who closes the page takes along what was on its way, and the other one reads it', async () => {
  await sends(ann, { name: 'archive.tar', bytes: LARGE });
  await press(bob, 'archive.tar', 'Accept');
  await isUnderWay(bob, 'archive.tar');
  await ann.closePage();
  await reads(bob, 'archive.tar', /The connection to Ann was lost/);
  await bob.isTold('archive.tar: The connection to Ann was lost');
  await maySend(bob, false);
  await bob.screenshot(`files lost ${PAIR}`);
});

house.scene('what is over is removed at once', async () => {
  const all = bob.page.getByRole('button', { name: 'Remove all that are over' });
  await all.click();
  await all.waitFor({ state: 'hidden' });
  await row(bob, 'archive.tar').waitFor({ state: 'hidden' });
});

house.scene('through the server a file goes to everybody, and is the one that was sent', async () => {
  await bob.press('Leave');
  const through = await bob.createRoom(house.origin, 'More papers');
  for (const person of [bob, cid, dee]) {
    await person.join(through);
    await opens(person);
  }
  await until(
    'Bob can send a file to both',
    () => files(bob).evaluate((/** @type {any} */ node) => node.title),
    (title) => /Cid/.test(title) && /Dee/.test(title),
  );
  await goesThroughServer(bob);
  for (const person of [cid, dee]) await watchSaving(person);
  const hash = await sends(bob, { name: 'plan.pdf', bytes: 3 * MEBIBYTE });
  for (const person of [cid, dee]) await press(person, 'plan.pdf', 'Accept');
  for (const person of [cid, dee]) {
    await reads(person, 'plan.pdf', /It is here, and not saved yet/);
    await press(person, 'plan.pdf', 'Save');
    await reads(person, 'plan.pdf', /Handed to the browser/);
    assert.deepEqual(
      (await saved(person)).map((one) => one.hash),
      [hash],
    );
  }
  assert.deepEqual(await readsAll(bob, 'plan.pdf'), ['Cid has it', 'Dee has it']);
});

house.scene('whoever loads the page again loses what was on its way, and can be offered it again', async () => {
  await sends(cid, { name: 'draft.odt', bytes: 60 * MEBIBYTE });
  await press(dee, 'draft.odt', 'Refuse');
  await press(bob, 'draft.odt', 'Accept');
  await isUnderWay(bob, 'draft.odt');
  await bob.reload();
  await until(
    'Cid reads what became of it',
    () => readsAll(cid, 'draft.odt'),
    (all) => all.join() === 'Dee did not take it,The connection to Bob was lost',
  );
  await opens(bob);
  await press(cid, 'draft.odt', 'Offer again');
  await press(bob, 'draft.odt', 'Accept');
  await isUnderWay(bob, 'draft.odt');
  await press(bob, 'draft.odt', 'Cancel');
  await until(
    'Cid reads that it is not wanted',
    () => readsAll(cid, 'draft.odt'),
    (all) => all.join() === 'Bob did not take it,Dee did not take it',
  );
});

house.scene('who sends more than the server carries reads how much that is', async () => {
  await sends(dee, { name: 'archive.iso', bytes: LARGE });
  await until(
    'Dee reads it for both',
    () => readsAll(dee, 'archive.iso'),
    (all) =>
      all.length === 2 &&
      all.every((text) => /^Through the server, to \w+, a file may have \d+ MB at most$/.test(text)),
  );
  assert.deepEqual(await readsAll(bob, 'archive.iso'), []);
  await dee.screenshot(`files too large ${PAIR}`);
});
