/** A mesh: everybody sends to everybody, until somebody comes who is one too many, or a path dies. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { TcpProxy } from './lib/tcp-proxy.js';
import { until } from './lib/until.js';

/** @import { Person } from './lib/person.js' */

const house = await House.open();
after(() => house.close());

const size = { width: 320, height: 180, rate: 15 };

const ann = await house.person('Ann', 'red', { size });
const bob = await house.person('Bob', 'green', { engine: OTHER, size });
const cidsBrowser = await house.browser('blue', { size, alone: true });
const cid = await house.personIn(cidsBrowser, 'Cid');
const dan = await house.person('Dan', 'yellow', { size });
const eve = await house.person('Eve', 'magenta', { size });
/** Ann's way to the server's page and WebSocket. */
const wire = house.also(await TcpProxy.open(house.server.ports.http));

/** @type {Record<string, string>} */
const colours = { Ann: 'red', Bob: 'green', Cid: 'blue', Dan: 'yellow', Eve: 'magenta' };
let invitation = '';

/** @param {Person[]} people */
async function allSeeEachOther(...people) {
  const pairs = people.flatMap((from) => people.filter((to) => to !== from).map((to) => ({ from, to })));
  await Promise.all(pairs.map(({ from, to }) => from.sees(to.name, /** @type {any} */ (colours[to.name]))));
  await Promise.all(pairs.map(({ from, to }) => from.seesMovement(to.name)));
}

/** What a page may send to each of the others, in bits a second. @param {Person} person */
const cameraRates = (person) =>
  person.page.evaluate(() => {
    const links = [.../** @type {any} */ (window).plenary.mesh.links.values()];
    return links.map((link) => link.pc.getTransceivers()[1].sender.getParameters().encodings[0].maxBitrate);
  });

/** @param {Person} person */
async function openChat(person) {
  const panel = person.page.locator('#chat');
  if (await panel.evaluate((element) => element.hasAttribute('hidden'))) {
    await person.page.locator('#chat-open').click();
  }
}

/**
 * @param {Person} person
 * @param {string} text
 */
async function write(person, text) {
  await openChat(person);
  await person.page.getByRole('textbox', { name: 'Message' }).fill(text);
  await person.page.getByRole('button', { name: 'Send', exact: true }).click();
}

/**
 * Once: what came directly is not there a second time when the server has it.
 * @param {Person} person
 * @param {string} text
 */
async function reads(person, text) {
  await openChat(person);
  const log = person.page.locator('#chat .log');
  await until(
    `${person.name} reads "${text}" once`,
    () => log.innerText(),
    (all) => all.split(text).length === 2,
    { within: 10_000 },
  );
}

/** @param {Person} person */
const isToldOfTrouble = (person) =>
  person.page.evaluate(() => !document.querySelector('#banner')?.hasAttribute('hidden'));

house.opening('three people in a mesh send to each other', async () => {
  invitation = await ann.createRoom(house.origin, 'Mesh', { topology: 'mesh' });
  const proxied = new URL(invitation);
  proxied.port = `${wire.port}`;
  await ann.join(proxied.href);
  await bob.join(invitation);
  await cid.join(invitation);
  await Promise.all([ann, bob, cid].map((person) => person.talks('direct')));
  await allSeeEachOther(ann, bob, cid);
  assert.equal((await cameraRates(ann)).length, 2);
});

house.scene('the fourth makes it twelve ways, and everybody sends each of the others less', async () => {
  await dan.join(invitation);
  await Promise.all([ann, bob, cid, dan].map((person) => person.talks('direct', { within: 20_000 })));
  await allSeeEachOther(ann, bob, cid, dan);
  for (const person of [ann, bob, cid, dan]) {
    const rates = await cameraRates(person);
    assert.equal(rates.length, 3, `${person.name} sends to three`);
    assert.ok(
      rates.every((rate) => rate <= 500_000),
      `${person.name}: ${rates}`,
    );
  }
});

house.scene('who loses the server goes on talking, and is there again afterwards', async () => {
  wire.standStill();
  await until(
    'Ann is told',
    () => isToldOfTrouble(ann),
    (told) => told,
    { within: 40_000 },
  );
  await Promise.all([ann.seesMovement('Bob'), bob.seesMovement('Ann')]);
  await ann.talks('direct');
  await write(ann, 'Is the server there?');
  await write(bob, 'Here it is.');
  await reads(ann, 'Here it is.');
  wire.goOn();
  await until(
    'Ann has the server again',
    () => isToldOfTrouble(ann),
    (told) => !told,
    { within: 40_000 },
  );
  await ann.talks('direct');
  await allSeeEachOther(ann, bob);
  await write(ann, 'It is.');
  for (const person of [bob, cid]) await reads(person, 'It is.');
  await reads(bob, 'Is the server there?');
});

house.scene('the fifth brings everybody to the server', async () => {
  await eve.join(invitation);
  await Promise.all([ann, bob, cid, dan, eve].map((person) => person.talks('server')));
  await allSeeEachOther(ann, bob, cid, dan, eve);
  await dan.press('Leave');
  await eve.press('Leave');
  await Promise.all([ann, bob, cid].map((person) => person.talks('direct', { within: 25_000 })));
});

house.scene('a path that dies without a word is noticed within seconds, and the server takes over', async () => {
  await cidsBrowser.kill();
  const since = Date.now();
  await Promise.all([ann, bob].map((person) => person.talks('server', { within: 15_000 })));
  console.info(`the server took over ${Date.now() - since} ms after a path died`);
  await allSeeEachOther(ann, bob);
});
