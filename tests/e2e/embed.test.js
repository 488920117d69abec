/** A room in a frame of another site: who shows it, what that page is told, and what it may ask for. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { intruder, openSite, pageAround } from './lib/sites.js';
import { until } from './lib/until.js';

/** @import { Person } from './lib/person.js' */

let room = '';
const beside = await openSite(() => intruder());
const blog = await openSite(pageAround(() => ({ room, beside: beside.origin })));
const stranger = await openSite(pageAround(() => ({ room })));
const house = await House.open({ flags: ['--frame-ancestors', `https://elsewhere.example,${blog.origin}`] });
for (const site of [blog, beside, stranger]) house.also(site);
after(() => house.close());

const size = { width: 640, height: 360, rate: 30 };
/** Storage is forbidden in frames of other sites, as some browsers are told to. */
const forbidStorage = () => {
  if (window === window.parent) return;
  for (const name of ['localStorage', 'sessionStorage']) {
    Object.defineProperty(window, name, {
      get() {
        throw new DOMException('forbidden', 'SecurityError');
      },
    });
  }
};
const ann = await house.person('Ann', 'red', { size });
const bob = await house.person('Bob', 'green', { engine: OTHER, size });
const cid = await house.person('Cid', 'blue', { size, also: [forbidStorage] });

/** What the page around has heard of a kind. @param {Person} person @param {string} type @returns {Promise<any[]>} */
async function heard({ page }, type) {
  const all = await page.evaluate(() => /** @type {any} */ (window).heard);
  return all.filter((/** @type {any} */ message) => message.type === `plenary:${type}`);
}

/**
 * The page around hears it.
 * @param {Person} person
 * @param {string} type
 * @param {(message: any) => boolean} [fits]
 */
async function hears(person, type, fits = () => true) {
  const all = await until(
    `the page around ${person.name} hears "${type}"`,
    () => heard(person, type),
    (messages) => messages.some(fits),
  );
  for (const { origin } of all) assert.equal(`${origin}/`, house.origin);
}

/** @param {Person} person @param {object} message */
const say = ({ page }, message) => page.evaluate((data) => /** @type {any} */ (window).say(data), message);

/** The room in the frame. @param {Person} person @returns {any} */
const inside = ({ page }) => page.frame({ url: /\/e\// });

/** @param {Person} person */
const clicksJoin = (person) => inside(person).getByRole('button', { name: 'Join' }).click();

/** @param {Person} person */
const joins = ({ said }) => said.filter(({ type }) => type === 'join').length;

house.opening('a page prepares the door, and a click inside the frame goes in', async () => {
  const invitation = await ann.createRoom(house.origin, 'Office hours');
  await ann.join(invitation);
  room = invitation.replace('/r/', '/e/');
  await bob.page.goto(blog.origin);
  await hears(bob, 'ready', ({ room: { name } }) => name === 'Office hours');
  await say(bob, { type: 'plenary:join', name: 'Bob', microphone: false });
  await hears(bob, 'muted', ({ device, muted }) => device === 'microphone' && muted);
  const name = inside(bob).getByRole('textbox', { name: 'Your name' });
  await until(
    'the door has the name',
    () => name.inputValue(),
    (text) => text === 'Bob',
  );
  assert.equal(joins(bob), 0, 'nobody is on their way in without a click');
  await clicksJoin(bob);
  await hears(bob, 'joined');
  await ann.sees('Bob', 'green');
  await ann.findsMarked('Bob', /microphone muted/i);
  await hears(bob, 'people', ({ people }) => {
    const names = people.map((/** @type {any} */ one) => `${one.name}${one.self ? ', oneself' : ''}`).sort();
    return JSON.stringify(names) === '["Ann","Bob, oneself"]';
  });
});

house.scene('the page around turns the camera off, and nothing on', async () => {
  await ann.findsUnmarked('Bob', /camera off/i);
  await say(bob, { type: 'plenary:mute', device: 'camera' });
  await ann.findsMarked('Bob', /camera off/i);
  await hears(bob, 'muted', ({ device, muted }) => device === 'camera' && muted);
  await say(bob, { type: 'plenary:mute', device: 'camera', muted: false });
  await hears(bob, 'error', ({ code }) => code === 'needs-click');
  await say(bob, { type: 'plenary:sing' });
  await hears(bob, 'error', ({ code }) => code === 'bad-message');
  await ann.findsMarked('Bob', /camera off/i);
  await inside(bob).getByRole('button', { name: 'Turn on camera' }).click();
  await ann.sees('Bob', 'green');
  await hears(bob, 'muted', ({ device, muted }) => device === 'camera' && !muted);
});

house.scene('another frame there is not listened to', async () => {
  const errors = (await heard(bob, 'error')).length;
  await bob.page.evaluate(() => {
    const { sayBeside } = /** @type {any} */ (window);
    sayBeside({ type: 'plenary:leave' });
    sayBeside({ type: 'plenary:sing' });
  });
  // What the page around says after it is heard after it.
  await say(bob, { type: 'plenary:dance' });
  await hears(bob, 'error', ({ text }) => /dance/.test(text));
  assert.equal((await heard(bob, 'error')).length, errors + 1);
  assert.deepEqual(await heard(bob, 'left'), []);
  await ann.hasTilesOf(['Bob']);
});

house.scene('the page that is loaded again leads to the door, and a click goes in again', async () => {
  await bob.page.reload();
  await hears(bob, 'ready');
  await inside(bob).getByRole('button', { name: 'Join' }).waitFor();
  // Nobody goes on air again without a click. What was said does not tell: Firefox ends the sockets of a page that goes before
  // it tells the page, which may have come back by then.
  await ann.hasTilesOf([]);
  // A browser may have kept nothing of it.
  await say(bob, { type: 'plenary:join', name: 'Bob' });
  await clicksJoin(bob);
  await hears(bob, 'joined');
  await ann.sees('Bob', 'green');
  await ann.hasTilesOf(['Bob']);
});

house.scene('the page around ends the call', async () => {
  await say(bob, { type: 'plenary:leave' });
  await hears(bob, 'left', ({ why }) => why === 'left');
  await ann.hasTilesOf([]);
  await say(bob, { type: 'plenary:leave' });
  await hears(bob, 'error', ({ code }) => code === 'not-inside');
  await inside(bob).getByRole('button', { name: 'Return to the room' }).waitFor();
  assert.equal(await inside(bob).getByRole('link', { name: 'Home page' }).count(), 0);
});

house.scene('a browser that keeps nothing for frames goes in all the same', async () => {
  await cid.page.goto(blog.origin);
  await hears(cid, 'ready');
  await say(cid, { type: 'plenary:join', name: 'Cid' });
  await clicksJoin(cid);
  await hears(cid, 'joined');
  await ann.sees('Cid', 'blue');
  for (const [width, height] of /** @type {const} */ ([
    [360, 640],
    [800, 600],
  ])) {
    await cid.page.setViewportSize({ width, height });
    await cid.screenshot(`embed call ${width}`);
  }
  await say(cid, { type: 'plenary:leave' });
  await ann.hasTilesOf([]);
  for (const [width, height] of /** @type {const} */ ([
    [360, 640],
    [800, 600],
  ])) {
    await cid.page.setViewportSize({ width, height });
    await cid.screenshot(`embed over ${width}`);
    await cid.page.goto(blog.origin);
    await hears(cid, 'ready');
    await cid.screenshot(`embed door ${width}`);
  }
});

house.scene('a site that is not named shows nothing', async () => {
  const browser = await house.browser('yellow', { engine: OTHER, size });
  const nothing = () => {};
  // What no page of ours may do is what this one tries.
  const ears = { socket: nothing, told: nothing, said: nothing, wrong: nothing };
  const { page } = await browser.openTab({ ears, scripts: [] });
  await page.goto(stranger.origin);
  const shows = () => page.frame({ url: /\/e\// })?.evaluate(() => document.querySelector('#join') !== null);
  assert.notEqual(await Promise.resolve(shows()).catch(() => false), true);
  assert.deepEqual(await page.evaluate(() => /** @type {any} */ (window).heard), []);
});
