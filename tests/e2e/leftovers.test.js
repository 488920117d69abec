/**
 * A slot is somebody else's next, and its receiver forgets nothing by itself: what one person's packets say of how they are
 * to be played ends with that person. Chromium plays all parts, because only it can be made to send such packets.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import { Chromium } from './lib/chromium.js';
import { House } from './lib/house.js';
import { pictureOf, readBufferDelay, turnCamera } from './lib/in-page.js';
import { until } from './lib/until.js';
import { writeY4m } from './lib/y4m.js';

/** What the first person asks every receiver to wait, in milliseconds. */
const ASKED_MS = 2_000;

/** Pictures wait less than this where nobody asks for anything: 20 to 60 ms on loopback. */
const USUAL_MS = 500;

const SIZE = { width: 640, height: 360, rate: 30 };

const house = await House.open();
const directory = await mkdtemp(join(tmpdir(), 'plenary-e2e-'));
after(async () => {
  await house.close();
  await rm(directory, { recursive: true, force: true });
});

const file = await writeY4m(directory, 'red', SIZE);
const flags = [`--force-fieldtrials=WebRTC-ForceSendPlayoutDelay/min_ms:${ASKED_MS},max_ms:${ASKED_MS}/`];
const browser = await Chromium.open({ ...SIZE, file }, { flags });
after(() => browser.close());

const ann = await house.personIn(browser, 'Ann');
const bob = await house.person('Bob', 'green', { engine: 'chromium' });
const cleo = await house.person('Cleo', 'blue', { engine: 'chromium' });

/** How long the pictures that come from now on wait, in milliseconds. */
const buffered = async () => {
  const before = await bob.page.evaluate(readBufferDelay);
  await bob.page.waitForTimeout(2_000);
  const now = await bob.page.evaluate(readBufferDelay);
  return ((now.delay - before.delay) * 1_000) / Math.max(1, now.emitted - before.emitted);
};

/** @param {string} name whose picture */
const shape = (name) => bob.tile(name).locator('video').evaluate(pictureOf);

house.opening('a picture is turned and asks to be kept back', async () => {
  await ann.page.addInitScript(turnCamera);
  const invitation = await bob.createRoom(house.origin, 'One slot');
  await bob.join(invitation);
  await ann.join(invitation);
  await bob.sees('Ann', 'red');
  const turned = await until(
    "Ann's picture stands on its side for Bob",
    () => shape('Ann'),
    ({ ratio }) => ratio < 1,
  );
  assert.ok(turned.ratio < 0.7, `what is shown is ${turned.size.width} by ${turned.size.height}`);
});

house.scene('nobody makes others wait', async () => {
  const waits = await buffered();
  console.info(`Ann's pictures wait ${Math.round(waits)} ms`);
  assert.ok(waits < USUAL_MS, `Ann's pictures wait ${Math.round(waits)} ms`);
});

house.scene('whoever has the slot next is upright and at once', async () => {
  const slotOf = (/** @type {string} */ name) =>
    bob
      .tile(name)
      .locator('video')
      .evaluate((/** @type {any} */ video) => video.srcObject?.getTracks()[0]?.id);
  const before = await slotOf('Ann');
  const invitation = ann.page.url();
  await ann.closePage();
  await until(
    'Ann has left',
    () => bob.tiles(),
    (names) => !names.includes('Ann'),
  );
  await cleo.join(invitation);
  await bob.sees('Cleo', 'blue');
  assert.equal(await slotOf('Cleo'), before, 'Cleo is not in the slot that Ann had');
  const { ratio, size } = await shape('Cleo');
  assert.ok(ratio > 1.5, `what is shown is ${size.width} by ${size.height}`);
  const waits = await buffered();
  console.info(`Cleo's pictures wait ${Math.round(waits)} ms`);
  assert.ok(waits < USUAL_MS, `Cleo's pictures wait ${Math.round(waits)} ms`);
});
