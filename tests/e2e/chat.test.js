/** People write to each other: everybody reads the same in one order, nothing is lost, and no text does any harm. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { TcpProxy } from './lib/tcp-proxy.js';
import { until } from './lib/until.js';

/** @import { Person } from './lib/person.js' */

const house = await House.open();
after(() => house.close());

const ann = await house.person('Ann', 'red', { context: { viewport: { width: 1280, height: 760 } } });
const greens = await house.browser('green', { engine: OTHER });
const bob = await house.personIn(greens, 'Bob');
/** Bob's way to the server's page and WebSocket. */
const bobsWire = house.also(await TcpProxy.open(house.server.ports.http));
let invitation = '';

const LINK = 'https://example.org/minutes?day=1&page=2#end';
/** What would be an element, a script, a turned text, or seen nowhere, if it was taken for more than text. */
const HOSTILE = [
  '<img src=x onerror="window.hurt = true"><script>window.hurt = true</script>',
  'javascript:window.hurt=true data:text/html,<script>window.hurt=true</script>',
  'safe \u202egnp.exe\u202c and \u2066isolated\u2069 text',
  'zero\u200b\u200bwidth \ufefftext',
  'https://user:secret@example.org/ https://example.org/\u202egpj.exe',
  `${'Zalgo\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307'.repeat(20)}`,
  'W'.repeat(3000),
];

const box = (/** @type {Person} */ { page }) => page.getByRole('textbox', { name: 'Message', exact: true });

/** @param {Person} person */
async function opens(person) {
  await person.page.locator('#chat-open').click();
  await box(person).waitFor();
}

/**
 * @param {Person} person
 * @param {string} text
 */
async function writes(person, text) {
  await box(person).evaluate((node, typed) => {
    const area = /** @type {HTMLTextAreaElement} */ (node);
    area.focus();
    area.value = typed;
    area.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }, text);
  await person.page.keyboard.press('Enter');
}

/**
 * The messages in the log, in their order.
 * @param {Person} person
 * @returns {Promise<{ text: string, name: string, state: string }[]>}
 */
function read({ page }) {
  return page.evaluate(() =>
    [...document.querySelectorAll('[role=log] .entry')].map((row) => ({
      text: row.querySelector('.text, .gone')?.textContent ?? '',
      name: row.querySelector('.who bdi')?.textContent ?? '',
      state: row.querySelector('.state')?.textContent ?? '',
    })),
  );
}

/**
 * @param {Person} person
 * @param {string[]} texts
 */
async function reads(person, texts) {
  const what = `${person.name} reads ${texts.map((text) => text.slice(0, 30)).join(', ')}`;
  const isIt = (/** @type {{ text: string }[]} */ rows) =>
    JSON.stringify(rows.map(({ text }) => text)) === JSON.stringify(texts);
  return until(what, () => read(person), isIt);
}

/** @param {Person} person */
const chatButton = (person) => person.page.locator('#chat-open').evaluate((node) => node.getAttribute('aria-label'));

/**
 * @param {Person} person
 * @param {string} name
 */
const inChat = (person, name) => person.page.locator('#chat').getByRole('button', { name, exact: true });

house.opening('two people meet', async () => {
  const link = new URL(await ann.createRoom(house.origin, 'Notes'));
  invitation = link.href;
  await ann.join(invitation);
  link.port = `${bobsWire.port}`;
  await bob.join(link.href);
  await ann.sees('Bob', 'green');
});

house.scene('what one writes the other is told, counted until it is read, and reads', async () => {
  assert.equal(await chatButton(bob), 'Chat');
  await opens(ann);
  await writes(ann, 'Good morning');
  await reads(ann, ['Good morning']);
  await bob.isTold('Ann writes: Good morning');
  await until(
    'Bob sees one unread',
    () => chatButton(bob),
    (name) => name === 'Chat, 1 unread',
  );
  await writes(ann, `The minutes: ${LINK}.`);
  await until(
    'Bob sees two unread',
    () => chatButton(bob),
    (name) => name === 'Chat, 2 unread',
  );
  await opens(bob);
  await reads(bob, ['Good morning', `The minutes: ${LINK}.`]);
  assert.equal(await chatButton(bob), 'Chat', 'they are read');
  assert.equal((await read(bob))[0]?.name, 'Ann');
});

house.scene('a link leads where it says, and takes nothing along', async () => {
  const links = await bob.page.evaluate(() =>
    [...document.querySelectorAll('[role=log] a')].map((a) => [
      a.textContent,
      a.getAttribute('href'),
      a.getAttribute('target'),
      a.getAttribute('rel'),
    ]),
  );
  assert.deepEqual(links, [[LINK, LINK, '_blank', 'noopener noreferrer']]);
});

house.scene('who is typing is seen, and no longer once the message is there', async () => {
  const typing = () => bob.page.locator('#chat .typing').innerText();
  await box(ann).fill('Wait');
  await until('Bob sees Ann typing', typing, (text) => /Ann.* is typing/.test(text));
  await ann.page.keyboard.press('Enter');
  await until('Bob sees nobody typing', typing, (text) => text.trim() === '');
});

house.scene('with the keyboard alone: Shift+Enter begins a line, Escape closes and leads back', async () => {
  await box(bob).fill('one');
  await bob.page.keyboard.press('Shift+Enter');
  await bob.page.keyboard.type('two');
  await bob.page.keyboard.press('Enter');
  await reads(ann, ['Good morning', `The minutes: ${LINK}.`, 'Wait', 'one\ntwo']);
  await bob.page.keyboard.press('Escape');
  await box(bob).waitFor({ state: 'hidden' });
  const focus = () => bob.page.evaluate(() => document.activeElement?.id);
  assert.equal(await focus(), 'chat-open');
  assert.equal(await bob.page.locator('#chat-open').evaluate((node) => node.getAttribute('aria-expanded')), 'false');
  await bob.page.keyboard.press('Enter');
  await box(bob).waitFor();
  assert.equal(await focus(), '', 'the text box has the focus');
});

house.scene('who comes late reads what was written before, in the same order', async () => {
  const cid = await house.personIn(greens, 'Cid');
  await cid.join(invitation);
  await until(
    'Cid sees what is unread',
    () => chatButton(cid),
    (name) => name === 'Chat, 4 unread',
  );
  await opens(cid);
  assert.deepEqual(
    (await read(cid)).map(({ text }) => text),
    (await read(ann)).map(({ text }) => text),
  );
  await cid.press('Leave');
  await cid.closePage();
});

house.scene('one’s own message is changed and deleted, for everybody, and nobody else’s is', async () => {
  await writes(ann, 'A slip');
  const all = ['Good morning', `The minutes: ${LINK}.`, 'Wait', 'one\ntwo'];
  await reads(bob, [...all, 'A slip']);
  assert.equal(await bob.page.locator('#chat .entry').getByRole('button', { name: 'Edit message' }).count(), 1);
  await ann.page.keyboard.press('ArrowUp');
  await inChat(ann, 'Save').waitFor();
  assert.equal(await box(ann).inputValue(), 'A slip');
  await writes(ann, 'No slip');
  for (const person of [ann, bob]) {
    const rows = await reads(person, [...all, 'No slip']);
    assert.equal(rows.at(-1)?.state, 'edited');
  }
  await ann.page.evaluate(() => {
    /** @type {HTMLElement} */ (
      document.querySelector('[role=log] .entry:last-child [aria-label="Delete message"]')
    ).focus();
  });
  await ann.page.keyboard.press('Enter');
  for (const person of [ann, bob]) await reads(person, [...all, 'Message deleted']);
});

house.scene('what was written, and what was being written, is there after a reload', async () => {
  const before = await read(bob);
  await box(bob).fill('half a sen');
  await bob.reload();
  await until(
    'Bob has the chat again',
    () => read(bob),
    (rows) => rows.length === before.length,
  );
  assert.deepEqual(
    (await read(bob)).map(({ text }) => text),
    before.map(({ text }) => text),
  );
  assert.equal(await chatButton(bob), 'Chat', 'what was read is read');
  await opens(bob);
  assert.equal(await box(bob).inputValue(), 'half a sen');
  await box(bob).fill('');
});

house.scene('what is written while the network is gone arrives once it is back, once and in order', async () => {
  const before = (await read(ann)).length;
  bobsWire.standStill();
  await writes(bob, 'into the void');
  await until(
    'Bob sees that it is on its way',
    () => bob.page.evaluate(() => document.querySelector('.unsent')?.textContent ?? ''),
    (text) => text.includes('into the void') && /Sending|No answer/.test(text),
  );
  await writes(ann, 'meanwhile');
  bobsWire.cut();
  bobsWire.goOn();
  const texts = async (/** @type {Person} */ person) => (await read(person)).slice(before).map(({ text }) => text);
  for (const person of [ann, bob]) {
    await until(
      `${person.name} reads both`,
      () => texts(person),
      (seen) => JSON.stringify(seen.toSorted()) === JSON.stringify(['into the void', 'meanwhile']),
    );
  }
  assert.deepEqual(await texts(ann), await texts(bob), 'one order for all');
  assert.equal(await bob.page.locator('.unsent').count(), 0);
});

house.scene('hostile text is text', async () => {
  const before = (await read(bob)).length;
  for (const text of HOSTILE) {
    await writes(ann, text);
    // At the pace of a person: 2 messages a second.
    await until(
      'it is sent',
      () => read(bob),
      (rows) => rows.length > before,
    );
    await ann.page.waitForTimeout(600);
  }
  const rows = await until(
    'Bob reads all',
    () => read(bob),
    (all) => all.length === before + HOSTILE.length,
  );
  const texts = rows.slice(before).map(({ text }) => text);
  assert.equal(texts[0], HOSTILE[0], 'markup is shown as it was written');
  assert.equal(texts[2], 'safe gnp.exe and isolated text');
  assert.equal(texts[3], 'zerowidth text');
  const found = await bob.page.evaluate(() => {
    const log = /** @type {HTMLElement} */ (document.querySelector('#chat [role=log]'));
    const known = new Set(['P', 'DIV', 'BDI', 'TIME', 'A', 'BUTTON']);
    return {
      hurt: 'hurt' in window,
      strange: [...log.querySelectorAll('*')].map(({ tagName }) => tagName).filter((tag) => !known.has(tag)),
      hrefs: [...log.querySelectorAll('a')].map((a) => a.href),
      turning: /[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/.test(log.textContent ?? ''),
      wide: log.scrollWidth > log.clientWidth + 1 || document.documentElement.scrollWidth > innerWidth,
    };
  });
  assert.deepEqual(found, {
    hurt: false,
    strange: [],
    hrefs: [LINK, 'https://example.org/gpj.exe'],
    turning: false,
    wide: false,
  });
  await bob.screenshot('chat hostile');
});

house.scene('who reads what was before is not carried away by what comes', async () => {
  const log = bob.page.locator('#chat .log');
  await log.evaluate((node) => {
    node.scrollTop = 0;
  });
  await writes(ann, 'further down');
  await inChat(bob, 'New messages').waitFor();
  assert.equal(await log.evaluate((node) => node.scrollTop), 0, 'it stays where it is read');
  await inChat(bob, 'New messages').click();
  const left = () => log.evaluate((node) => node.scrollHeight - node.scrollTop - node.clientHeight);
  await until('Bob is at the end', left, (pixels) => pixels < 2);
  await inChat(bob, 'New messages').waitFor({ state: 'hidden' });
});

house.scene('more than a message may hold is not sent, and the page says so', async () => {
  const before = await read(bob);
  await writes(ann, 'x'.repeat(100 * 1024));
  const hint = () => ann.page.locator('#chat .write .hint').innerText();
  assert.match(await hint(), /Too long by 98,400 characters/);
  assert.deepEqual(await read(bob), before);
  await box(ann).fill('');
});

house.scene('who writes too fast is told which message was not sent, and sends it again', async () => {
  await ann.page.waitForTimeout(5_000);
  // At once, however slow the machine is.
  await box(ann).evaluate((node) => {
    for (let number = 0; number < 20; number += 1) {
      /** @type {HTMLTextAreaElement} */ (node).value = `fast ${number}`;
      node.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
    }
  });
  const retry = ann.page.locator('.unsent .small').first();
  await retry.waitFor();
  await ann.isTold('too much was written just now');
  await ann.page.waitForTimeout(3_000);
  const left = await ann.page.locator('.unsent.failed').count();
  await retry.click();
  await until(
    'it is sent',
    () => ann.page.locator('.unsent.failed').count(),
    (count) => count < left,
  );
});

house.scene('the panel covers nobody on a desktop, and fits a phone down to 320 px', async () => {
  const tile = await ann.tile('Bob').boundingBox();
  const panel = await ann.page.locator('#chat').boundingBox();
  assert.ok(tile && panel && tile.x + tile.width <= panel.x, `the stage made place: ${JSON.stringify([tile, panel])}`);
  const log = ann.page.locator('#chat .log');
  const left = () => log.evaluate((node) => node.scrollHeight - node.scrollTop - node.clientHeight);
  await log.evaluate((node) => {
    node.scrollTop = node.scrollHeight;
  });
  await until('Ann reads the end', left, (pixels) => pixels < 2);
  await ann.screenshot('chat desktop');
  for (const [width, height] of /** @type {const} */ ([
    [390, 780],
    [320, 568],
  ])) {
    await ann.page.setViewportSize({ width, height });
    for (const control of [box(ann), inChat(ann, 'Send'), inChat(ann, 'Close')]) {
      const place = await control.boundingBox();
      assert.ok(place && place.height >= 44 && place.x >= 0 && place.x + place.width <= width, JSON.stringify(place));
      assert.ok(place.y >= 0 && place.y + place.height <= height, `out of sight: ${JSON.stringify(place)}`);
    }
    assert.ok((await ann.page.evaluate(() => document.documentElement.scrollWidth)) <= width);
    await until('the end is seen still', left, (pixels) => pixels < 2);
    await ann.screenshot(`chat phone ${width}`);
  }
  await inChat(ann, 'Close').click();
  await ann.button('Leave').waitFor();
  await ann.screenshot('call with the chat button 320');
});
