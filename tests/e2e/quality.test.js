/** What a person sends and is sent: by the camera they have, by what they allow, by what they look at. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

/** @import { Person } from './lib/person.js' */

const house = await House.open();
after(() => house.close());

/** Ann's camera is a whole one, Bob's a small one. */
const ann = await house.person('Ann', 'red', { engine: OTHER, size: { width: 1280, height: 720, rate: 30 } });
const bob = await house.person('Bob', 'green', { size: { width: 640, height: 360, rate: 30 } });

house.opening('two people meet', async () => {
  const invitation = await ann.createRoom(house.origin, 'Quality');
  await ann.join(invitation);
  await bob.join(invitation);
  await ann.sees('Bob', 'green');
  await bob.sees('Ann', 'red');
});

/**
 * The layers a person really sends: those of which frames are encoded from now on, the smallest first.
 * @param {Person} person
 * @returns {Promise<any[]>}
 */
async function layersOf(person) {
  const before = await person.sends('video');
  await person.page.waitForTimeout(1_500);
  const now = await person.sends('video');
  const framesBefore = (/** @type {any} */ { rid }) => before.find((one) => one.rid === rid)?.framesEncoded ?? 0;
  return now.filter((layer) => layer.framesEncoded > framesBefore(layer)).sort((a, b) => a.frameHeight - b.frameHeight);
}

/**
 * @param {Person} person
 * @param {string} layers each with its lines
 */
async function sendsLayers(person, layers) {
  const named = (/** @type {any[]} */ all) => all.map(({ rid, frameHeight }) => `${rid} ${frameHeight}`).join(', ');
  return until(
    `${person.name} sends ${layers}`,
    () => layersOf(person),
    (sent) => named(sent) === layers,
  );
}

/** @param {Person} person */
const viewOf = (person) => person.said.filter(({ type }) => type === 'view').at(-1)?.tiles;

/**
 * @param {Person} person
 * @param {string} what
 * @param {(tiles: any[]) => boolean} isRight
 */
const asks = (person, what, isRight) => until(`${person.name} asks for ${what}`, async () => viewOf(person), isRight);

/**
 * Chooses in the dialog about quality.
 * @param {Person} person
 * @param {string} id
 * @param {string | boolean} value
 */
async function choose(person, id, value) {
  await person.page.locator(`#${id}`).evaluate((/** @type {any} */ field, /** @type {any} */ wanted) => {
    if (typeof wanted === 'boolean') field.checked = wanted;
    else field.value = wanted;
    field.dispatchEvent(new Event('change'));
  }, value);
}

/** Of three sizes the one that Bob is shown, and the smallest, to which he could fall. */
const SHOWN = 'q 180, f 720';

house.scene('a camera of 720 lines is sent in three sizes, the smallest with 15 frames a second', async () => {
  await until(
    'Ann encodes three sizes',
    () => ann.sends('video'),
    (all) => all.length === 3 && all.every(({ framesEncoded }) => framesEncoded > 0),
  );
  const layers = await sendsLayers(ann, SHOWN);
  const [q, f] = layers;
  const rate = (/** @type {any} */ { framesPerSecond }) => Math.round(framesPerSecond ?? 0);
  assert.ok(rate(q) <= 17, `${rate(q)} frames of q`);
  console.info(`${OTHER} encodes ${rate(q)} frames of q and ${rate(f)} of f a second`);
});

house.scene('a camera of 360 lines is sent in two sizes, and none of them is a stamp', async () => {
  await sendsLayers(bob, 'q 180, h 360');
  await ann.sees('Bob', 'green');
  await ann.seesMovement('Bob');
});

house.scene('what a person allows holds in both directions, and after the page was loaded anew', async () => {
  await ann.press('Quality');
  await choose(ann, 'quality-most', '180');
  await sendsLayers(ann, 'q 180');
  await asks(ann, 'pictures of 180 lines', (tiles) => tiles.every(({ height }) => height <= 180));
  await bob.seesMovement('Ann');
  await ann.reload();
  await sendsLayers(ann, 'q 180');
  await asks(ann, 'pictures of 180 lines', (tiles) => tiles?.every(({ height }) => height <= 180));
  await ann.press('Quality');
  await choose(ann, 'quality-most', '720');
  await sendsLayers(ann, SHOWN);
  await choose(ann, 'quality-saver', true);
  await sendsLayers(ann, 'q 180');
  await choose(ann, 'quality-saver', false);
  await sendsLayers(ann, SHOWN);
  await ann.press('Close');
  await bob.sees('Ann', 'red');
});

house.scene('somebody who is kept large is asked for first, in the larger size, and goes on moving', async () => {
  await asks(bob, 'Ann', (tiles) => tiles?.length === 1 && !tiles[0].pinned);
  await bob.press('Keep Ann large');
  await asks(bob, 'Ann, pinned', (tiles) => tiles.length === 1 && tiles[0].pinned === true);
  await bob.seesMovement('Ann');
  await bob.sees('Ann', 'red');
  await bob.press('Keep Ann large');
  await asks(bob, 'Ann as before', (tiles) => tiles.length === 1 && !tiles[0].pinned);
  await bob.seesMovement('Ann');
});

house.scene('what a browser cannot encode is told to the person and to the server', async () => {
  // Browsers come to this only on a machine that is far too slow.
  await bob.page.evaluate(() => {
    const { getStats } = RTCRtpSender.prototype;
    RTCRtpSender.prototype.getStats = async function slow() {
      const report = new Map(await getStats.call(this));
      return /** @type {any} */ (report.set('slow', { qualityLimitationReason: 'cpu' }));
    };
    Object.assign(window, { fast: () => (RTCRtpSender.prototype.getStats = getStats) });
  });
  await bob.isTold('this device is busy');
  await until(
    'the server is told',
    async () => bob.said.filter(({ type }) => type === 'limited').at(-1),
    (said) => said?.by === 'cpu' && said.stream === 'camera',
  );
  await bob.page.evaluate(() => /** @type {any} */ (window).fast());
  await until(
    'the server is told that it is over',
    async () => bob.said.filter(({ type }) => type === 'limited').at(-1),
    (said) => said?.by === null,
  );
  assert.deepEqual(
    bob.told.filter(({ type }) => type === 'error'),
    [],
  );
});
