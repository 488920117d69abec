/** Ways into a room: links in every form and script, and what a person reads when a proxy keeps them out. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { HostProxy } from './lib/host-proxy.js';
import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

/** Five times what the page takes to look into it. */
const SAID_WITHIN = { within: 50_000 };
const KEPT_OUT = /the server answers, but this page is not let in.*websocket/i;

const house = await House.open();
after(() => house.close());

const ann = await house.person('Ann', 'red');
const bob = await house.person('Bob', 'green', { engine: OTHER });
let link = '';

const roomOf = (/** @type {import('./lib/person.js').Person} */ person) =>
  person.page.evaluate(() => document.querySelector('#room-name')?.textContent ?? '');

house.opening('a room has a name in any script, and a link that one can say', async () => {
  link = await ann.createRoom(house.origin, 'Встреча 会議 🎉');
  assert.match(link, /\/r\/vstrecha-hui-yi-tada-[a-z2-7]{8}-[a-z2-7]{13}$/);
  await ann.join(link);
});

house.scene('a link in capitals, with what a chat added, leads into that room and to its one address', async () => {
  const [origin = '', id = ''] = link.split('/r/');
  await bob.page.goto(`${origin}/R/%3C${id.toUpperCase()}%3E.%20/`);
  assert.equal(bob.page.url(), link);
  await bob.join(link);
  await bob.sees('Ann', 'red');
  await ann.sees('Bob', 'green');
  assert.deepEqual([await roomOf(ann), await roomOf(bob)], ['Встреча 会議 🎉', 'Встреча 会議 🎉']);
});

house.scene('a listed room is opened by its name as it was typed', async () => {
  await ann.press('Leave');
  const listed = await ann.createRoom(house.origin, 'Συνάντηση', { listed: true });
  assert.match(listed, /\/r\/sunantese$/);
  await ann.page.goto(house.origin);
  await ann.page.getByRole('textbox', { name: 'Room name' }).fill(' συνάντηση ');
  await ann.page.getByRole('button', { name: 'Open room' }).click();
  await ann.page.waitForURL(/\/r\/sunantese$/);
});

/** On a phone the banner says in two lines what is wrong, and the rest on request. */
async function fitsAPhone() {
  await ann.page.setViewportSize({ width: 360, height: 640 });
  const { height } = (await ann.page.locator('#banner').boundingBox()) ?? { height: NaN };
  assert.ok(height <= 64, `the banner is ${height} px high`);
  assert.doesNotMatch(await ann.readText(), KEPT_OUT);
  await ann.press('Why');
  assert.match(await ann.readText(), KEPT_OUT);
  await ann.screenshot('kept out on a phone');
  await ann.page.setViewportSize({ width: 1280, height: 720 });
}

house.scene('behind a proxy that rewrites Host the page and the log say what is wrong', async () => {
  const proxy = house.also(await HostProxy.open(house.server.ports.http));
  for (const upgrades of [true, false]) {
    proxy.upgrades = upgrades;
    const room = await ann.createRoom(proxy.origin, 'Proxy');
    await ann.join(room);
    const start = Date.now();
    await until(
      'Ann reads why she does not get in',
      () => ann.readText(),
      (text) => KEPT_OUT.test(text),
      SAID_WITHIN,
    );
    console.info(`upgrades ${upgrades ? 'with another Host' : 'stopped'}: said after ${Date.now() - start} ms`);
    await ann.screenshot(`kept out by a proxy, upgrades ${upgrades}`);
    await fitsAPhone();
    await ann.press('Leave');
  }
  const lines = house.server.log.split('\n').filter((line) => line.includes('refused its WebSocket'));
  assert.equal(lines.length, 1, 'once an address and minute');
  assert.match(`${lines[0]}`, new RegExp(`Origin says ${proxy.origin.slice(0, -1)}, the Host says localhost:`));
});
