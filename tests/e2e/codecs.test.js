/** Each codec carries a picture, people who cannot play one get another, and voices are sent as they should be. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

const house = await House.open();
after(() => house.close());

/** New codecs are slow to encode: small pictures. */
const size = { width: 320, height: 180, rate: 30 };

const red = await house.browser('red', { size });
const green = await house.browser('green', { engine: OTHER, size });
const blue = await house.browser('blue', { size });

/** Firefox of this build has no H264. Where it takes part, each browser sends and receives all the others. */
const CODECS = OTHER === 'firefox' ? ['VP8', 'VP9', 'AV1'] : ['H264'];

/**
 * @param {import('./lib/person.js').Person} viewer
 * @param {string} name
 * @param {string} codec
 * @param {number} frames
 */
async function decodes(viewer, name, codec, frames) {
  const first = await until(
    `${viewer.name} receives ${name} in ${codec}`,
    () => viewer.receives(name),
    (seen) => seen?.codec === codec && seen.framesDecoded > 0,
  );
  await until(
    `${viewer.name} decodes ${frames} frames of ${name} in ${codec}`,
    () => viewer.receives(name),
    (seen) => seen?.codec === codec && seen.framesDecoded - first.framesDecoded >= frames,
    { within: 60_000 },
  );
}

for (const codec of CODECS) {
  house.scene(`${codec}: two people join, a place changes its owner, and the picture goes on`, async () => {
    await house.server.restart(['--codecs', codec]);
    const ann = await house.personIn(red, 'Ann');
    const bob = await house.personIn(green, 'Bob');
    const invitation = await ann.createRoom(house.origin, `Codec ${codec}`);
    await ann.join(invitation);
    await bob.join(invitation);
    await bob.sees('Ann', 'red');
    await ann.sees('Bob', 'green');
    await decodes(ann, 'Bob', codec, 30);
    await decodes(bob, 'Ann', codec, 30);
    const places = () => bob.told.filter(({ type }) => type === 'slots').at(-1).video;
    const first = places()[0].peer;
    await ann.press('Leave');
    await ann.closePage();
    await bob.hasTilesOf([]);
    const cid = await house.personIn(blue, 'Cid');
    await cid.join(invitation);
    await bob.sees('Cid', 'blue');
    assert.notEqual(places()[0].peer, first, 'the place has another owner');
    await decodes(bob, 'Cid', codec, 200);
    await bob.sees('Cid', 'blue');
    await cid.sees('Bob', 'green');
    for (const person of [bob, cid]) await person.closePage();
  });
}

if (OTHER === 'firefox') {
  /** The first section of sound of an answer: the microphone's. @param {string} sdp */
  const ownSound = (sdp) => sdp.split(/^(?=m=)/m).find((section) => section.startsWith('m=audio')) ?? '';

  house.scene('voices have in-band error correction and pauses without packets, and no RED', async () => {
    await house.server.restart([]);
    const ann = await house.personIn(red, 'Ann');
    const bob = await house.personIn(green, 'Bob');
    const invitation = await ann.createRoom(house.origin, 'Voices');
    await ann.join(invitation);
    await bob.join(invitation);
    await Promise.all([ann.hears(1), bob.hears(1)]);
    for (const person of [ann, bob]) {
      const [voice] = await person.sends('audio');
      assert.equal(voice.codec, 'opus');
      assert.match(voice.format, /useinbandfec=1/);
      assert.match(voice.format, /usedtx=1/);
      // A browser that may send it always does.
      assert.doesNotMatch(ownSound(person.answers.at(-1).sdp), /a=rtpmap:\d+ red\//i);
    }
    for (const person of [ann, bob]) await person.closePage();
  });

  house.scene('who cannot play H264 joins, is told what happens, and sees a picture', async () => {
    await house.server.restart(['--codecs', 'H264,VP8']);
    const ann = await house.personIn(red, 'Ann');
    const dan = await house.personIn(blue, 'Dan');
    const invitation = await ann.createRoom(house.origin, 'Old codec');
    await ann.join(invitation);
    await dan.join(invitation);
    await decodes(dan, 'Ann', 'H264', 30);
    await ann.holdSenders();
    const bob = await house.personIn(green, 'Bob');
    await bob.join(invitation);
    await bob.sees('Dan', 'blue');
    await bob.findsMarked('Ann', /being changed to a format this browser can play/);
    await bob.isTold("Ann's video is being changed to a format this browser can play");
    await decodes(dan, 'Ann', 'H264', 30);
    await ann.releaseSenders();
    await bob.sees('Ann', 'red');
    await bob.findsUnmarked('Ann', /format/);
    await decodes(bob, 'Ann', 'VP8', 30);
    await decodes(dan, 'Ann', 'VP8', 30);
    await ann.sees('Bob', 'green');
    for (const person of [ann, dan, bob]) await person.closePage();
  });
}
