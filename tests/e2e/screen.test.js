/** Sharing a screen: the others see it large and whole, for as long as it is shared and no longer. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { FIRST, OTHER } from './lib/pair.js';
import { TcpProxy } from './lib/tcp-proxy.js';
import { until } from './lib/until.js';

const house = await House.open();
after(() => house.close());

/** The window, not a part of it made to look like one: what is shared is a tab of this browser. */
const context = { viewport: null };

const ann = await house.person('Ann', 'red', { context, audible: true });
const bob = await house.person('Bob', 'green', { engine: OTHER, context, audible: true });
/** Ann's way to the server's page and WebSocket. */
const wire = house.also(await TcpProxy.open(house.server.ports.http));

/** Where the slides have their edge: in the middle of each side. */
const EDGES = /** @type {const} */ ([
  [0.04, 0.5],
  [0.96, 0.5],
  [0.5, 0.04],
  [0.5, 0.96],
]);

/**
 * @param {import('./lib/person.js').Person} viewer
 * @param {import('./lib/person.js').Person} sharer
 */
async function seesScreen(viewer, sharer) {
  const name = `${sharer.name}'s screen`;
  await viewer.hasTilesOf([sharer.name, name]);
  await viewer.sees(name, 'magenta');
  await viewer.seesMovement(name);
}

/** What there is to know of a size that is sent, should it not be as it should. @param {any} sent */
const facts = ({ rid, active, framesSent, bytesSent, targetBitrate, qualityLimitationReason }) => ({
  rid,
  active,
  framesSent,
  bytesSent,
  targetBitrate,
  qualityLimitationReason,
});

/**
 * In two sizes, of which the smaller one stops when nobody takes it. Firefox sends one.
 * @param {import('./lib/person.js').Person} sharer
 * @param {'chromium' | 'firefox'} engine
 */
async function sendsItsScreen(sharer, engine) {
  const rids = async () => (await sharer.sends('video', 'screen')).map(({ rid }) => rid).sort();
  if (engine === 'firefox') {
    assert.equal((await rids()).length, 1, 'one size');
    return;
  }
  assert.deepEqual(await rids(), ['f', 'h']);
  await until(
    `${sharer.name} sends all of the screen, and half of it for nobody`,
    async () => (await sharer.sends('video', 'screen')).map(facts),
    (sent) => sent.every(({ rid, active }) => active === (rid === 'f')),
    // Five times what it takes: a browser looks for its uplink first, and what nobody takes ends after five seconds.
    { within: 30_000 },
  );
  const [whole] = (await sharer.sends('video', 'screen')).filter(({ rid }) => rid === 'f');
  const { height } = await sharer.sharedSize();
  assert.ok(Math.abs(whole.frameHeight - height) <= 2, `${whole.frameHeight} lines of ${height} are sent`);
}

house.opening('two people meet', async () => {
  const invitation = new URL(await bob.createRoom(house.origin, 'Slides'));
  await bob.join(invitation.href);
  invitation.port = `${wire.port}`;
  await ann.join(invitation.href);
  await ann.sees('Bob', 'green');
  await bob.sees('Ann', 'red');
});

for (const [sharer, viewer, colour, engine] of /** @type {const} */ ([
  [ann, bob, 'red', FIRST],
  [bob, ann, 'green', OTHER],
])) {
  const name = `${sharer.name}'s screen`;
  /** @type {import('./lib/browser.js').SharedScreen | undefined} */
  let shared;

  house.scene(`${sharer.name} shares a screen: ${viewer.name} sees it large and whole, and hears it`, async () => {
    shared = await sharer.share();
    await seesScreen(viewer, sharer);
    await viewer.isTold(`${sharer.name} shares a screen`);
    await viewer.sees(sharer.name, colour);
    await viewer.seesMovement(sharer.name);
    const { box, ratio } = await viewer.pictureOf(name);
    const { width, height } = await sharer.sharedSize();
    assert.ok(Math.abs(ratio - width / height) < 0.02, `${width} x ${height} is shown as ${ratio} to 1`);
    const [all, face] = await Promise.all([viewer.windowSize(), viewer.pictureOf(sharer.name)]);
    assert.ok(box.width * box.height > 0.4 * all.width * all.height, `large: ${JSON.stringify(box)}`);
    assert.ok(box.width * box.height > 3 * face.box.width * face.box.height, 'and larger than the person');
    for (const [across, down] of EDGES) {
      assert.equal(await viewer.paintedAt(name, across, down), 'yellow', `the edge at ${across}, ${down}`);
    }
    assert.equal(await viewer.paintedAt(name, 0.3, 0.3), 'magenta');
    await viewer.hears(2);
    await sendsItsScreen(sharer, engine);
    // In the place of Firefox's screen is a canvas, whose sound is a microphone's; and its pages measure no channels untouched.
    if (engine === 'chromium') await sharer.soundsAt(32_000, 128_000);
    if (FIRST === 'chromium' && OTHER === 'chromium') await viewer.hearsLeftOnly();
  });

  house.scene(`${sharer.name} stops sharing: the screen goes, the person stays`, async () => {
    await sharer.stopSharing();
    await viewer.hasTilesOf([sharer.name], { within: 5_000 });
    await viewer.isTold(`${sharer.name} stopped sharing`);
    await viewer.sees(sharer.name, colour);
    await viewer.hears(1);
    await shared?.end();
  });

  house.scene(`${sharer.name} shares again without a new offer, and the browser's own bar ends it`, async () => {
    const { length } = sharer.offers;
    shared = await sharer.share();
    await seesScreen(viewer, sharer);
    assert.equal(sharer.offers.length, length);
    await shared.end();
    await viewer.hasTilesOf([sharer.name], { within: 5_000 });
    await sharer.button('Share screen').waitFor();
    await viewer.seesMovement(sharer.name);
  });
}

/** @type {import('./lib/browser.js').SharedScreen | undefined} */
let slides;

house.scene('a shared screen goes on when the socket of the sharer is cut', async () => {
  slides = await ann.share();
  await seesScreen(bob, ann);
  const { length } = ann.welcomes;
  await ann.rememberConnection();
  assert.ok(wire.cut() > 0);
  await until(
    'Ann is welcome again',
    () => ann.welcomes.length,
    (count) => count > length,
  );
  await seesScreen(bob, ann);
  assert.equal(await ann.hasSameConnection(), true);
  await ann.button('Stop sharing').first().waitFor();
});

house.scene('who reloads the page while a screen is shared sees it again', async () => {
  await bob.reload();
  await seesScreen(bob, ann);
  await bob.sees('Ann', 'red');
});

house.scene('the reload of the sharer ends the sharing, and nobody hears of a leave', async () => {
  const told = bob.told.length;
  await slides?.end();
  slides = await ann.share();
  await seesScreen(bob, ann);
  await ann.reload();
  await bob.hasTilesOf(['Ann']);
  await bob.sees('Ann', 'red');
  await bob.seesMovement('Ann');
  await ann.button('Share screen').waitFor();
  const heard = bob.told.slice(told).filter(({ type }) => type === 'peer-left' || type === 'peer-joined');
  assert.deepEqual(heard, []);
  await slides.end();
  await ann.share();
  await seesScreen(bob, ann);
});
