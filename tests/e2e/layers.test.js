/** A camera is sent in three sizes; each receiver gets one of them, and another one without a gap when that one ends. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { FIRST, OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

const house = await House.open();
after(() => house.close());

/** Large enough for three layers, and small enough for two cores. */
const size = { width: 960, height: 540, rate: 20 };

/**
 * Milliseconds a picture may stand while it changes its size: five times what was seen (104 to 160). Browsers count a freeze
 * from 0.15 s on, which a machine with other work reaches without any change of size.
 */
const RETURN_PAUSE = 750;

const ann = await house.person('Ann', 'red', { size });
const bob = await house.person('Bob', 'green', { engine: OTHER, size });

const directions = /** @type {const} */ ([
  [ann, bob, 'red', `${FIRST} to ${OTHER}`],
  [bob, ann, 'green', `${OTHER} to ${FIRST}`],
]);

/**
 * @param {import('./lib/person.js').Person} viewer
 * @param {import('./lib/person.js').Person} sender
 * @param {number} width
 */
async function receivesWidth(viewer, sender, width) {
  await until(
    `${viewer.name} receives ${sender.name} ${width} pixels wide`,
    async () => (await viewer.receives(sender.name))?.frameWidth,
    (seen) => seen === width,
  );
}

house.opening('two people meet', async () => {
  const invitation = await ann.createRoom(house.origin, 'Sizes');
  await ann.join(invitation);
  await bob.join(invitation);
  await ann.sees('Bob', 'green');
  await bob.sees('Ann', 'red');
});

for (const [sender, viewer, colour, way] of FIRST === OTHER ? directions.slice(0, 1) : directions) {
  house.scene(
    `${way}: the camera is sent in three sizes, and who has the line for it is shown the largest`,
    async () => {
      const sent = await until(
        `${sender.name} sends three sizes`,
        () => sender.sends('video'),
        (layers) => layers.length === 3 && layers.every(({ framesEncoded }) => framesEncoded > 0),
      );
      assert.deepEqual(sent.map(({ rid }) => rid).sort(), ['f', 'h', 'q']);
      // What nobody is shown has stopped by now, and has no width any more.
      for (const { rid, frameWidth } of sent.filter((one) => one.frameWidth)) {
        assert.equal(frameWidth, { q: size.width / 4, h: size.width / 2, f: size.width }[/** @type {'q'} */ (rid)]);
      }
      await receivesWidth(viewer, sender, size.width);
      await viewer.sees(sender.name, colour);
      await viewer.seesMovement(sender.name);
    },
  );

  house.scene(`${way}: without the largest size the middle one is shown, from a key frame on`, async () => {
    const before = await viewer.receives(sender.name);
    await sender.setLayer('f', false);
    await receivesWidth(viewer, sender, size.width / 2);
    await viewer.sees(sender.name, colour);
    await viewer.seesMovement(sender.name);
    const now = await viewer.receives(sender.name);
    assert.ok(now.keyFramesDecoded > before.keyFramesDecoded, 'a key frame began it');
    assert.equal(now.ssrc, before.ssrc, 'on the same line, under the same name');
    const froze = now.totalFreezesDuration - before.totalFreezesDuration;
    console.info(`${way}: the picture stood for ${Math.round(froze * 1000)} ms when its layer ended`);
  });

  house.scene(`${way}: the largest size comes back without a gap`, async () => {
    const before = await viewer.receives(sender.name);
    await viewer.watchForPauses(sender.name);
    await sender.setLayer('f', true);
    await receivesWidth(viewer, sender, size.width);
    await viewer.sees(sender.name, colour);
    await viewer.seesMovement(sender.name);
    const now = await viewer.receives(sender.name);
    assert.ok(now.keyFramesDecoded > before.keyFramesDecoded);
    const pause = await viewer.longestPause(sender.name);
    console.info(`${way}: the picture stood for ${pause} ms at most when its layer came back`);
    assert.ok(pause < RETURN_PAUSE, `the smaller one plays until the larger one begins: ${pause} ms`);
  });
}

/**
 * The layers of which frames are encoded within a second and a half.
 * @param {import('./lib/person.js').Person} person
 */
async function encodes(person) {
  const before = await person.sends('video');
  await person.page.waitForTimeout(1_500);
  const now = await person.sends('video');
  const rises = (/** @type {any} */ one) =>
    one.framesEncoded > (before.find(({ rid }) => rid === one.rid)?.framesEncoded ?? 0);
  return now
    .filter(rises)
    .map(({ rid }) => rid)
    .sort()
    .join(' ');
}

for (const [sender, viewer, colour, way] of FIRST === OTHER ? directions.slice(0, 1) : directions) {
  house.scene(`${way}: a layer that nobody is shown is not encoded, and is when its tile becomes large`, async () => {
    const encoded = (/** @type {string} */ layers) =>
      until(
        `${sender.name} encodes ${layers}`,
        () => encodes(sender),
        (seen) => seen === layers,
      );
    await encoded('f q');
    const large = viewer.page.viewportSize() ?? { width: 1280, height: 720 };
    await viewer.page.setViewportSize({ width: 360, height: 352 });
    await encoded('h q');
    const stats = await sender.sends('video');
    const active = stats.filter((one) => 'active' in one).map(({ rid, active: is }) => `${rid} ${is}`);
    if (active.length > 0) assert.deepEqual(active.sort(), ['f false', 'h true', 'q true']);
    await receivesWidth(viewer, sender, size.width / 2);
    await viewer.watchForPauses(sender.name);
    const began = Date.now();
    await viewer.page.setViewportSize(large);
    await receivesWidth(viewer, sender, size.width);
    const pause = await viewer.longestPause(sender.name);
    console.info(
      `${way}: sharp ${Date.now() - began} ms after the tile was made large, it stood for ${pause} ms at most`,
    );
    assert.ok(pause < RETURN_PAUSE, `the smaller one plays until the larger one begins: ${pause} ms`);
    await viewer.sees(sender.name, colour);
  });
}

/**
 * What a person's browser says of their tab. A tab that is really in the background would be slowed down, and what is sent
 * to it could not be counted.
 * @param {import('./lib/person.js').Person} person
 * @param {boolean} hidden
 */
const turn = (person, hidden) =>
  person.page.evaluate((/** @type {boolean} */ now) => {
    Object.defineProperty(document, 'hidden', { configurable: true, value: now });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);

house.scene(
  'a tab in the background is sent no picture, hears everybody, and shows them again when it is back',
  async () => {
    await turn(bob, true);
    await until(
      'the tab has no slot with a picture',
      () => bob.told.filter(({ type }) => type === 'slots').at(-1),
      ({ video }) => video.every((/** @type {any} */ { peer }) => !peer),
    );
    await bob.hears(1);
    assert.equal(await bob.receives('Ann'), undefined, 'nothing of Ann came meanwhile');
    await turn(bob, false);
    await receivesWidth(bob, ann, size.width);
    await bob.sees('Ann', 'red');
    await bob.seesMovement('Ann');
  },
);
