/** Three people meet: everyone sees and hears the right ones, and knows who has muted and who has gone. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { Chromium } from './lib/chromium.js';
import { House } from './lib/house.js';
import { readPaused } from './lib/in-page.js';
import { FIRST, OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

const house = await House.open();
after(() => house.close());

const ann = await house.person('Ann', 'red', {
  context: { permissions: ['clipboard-read', 'clipboard-write', 'camera', 'microphone'] },
});
const bob = await house.person('Bob', 'green', { engine: OTHER });
const blues = await house.browser('blue');
const cid = await house.personIn(blues, 'Cid');
const everyone = /** @type {const} */ ([
  [ann, 'red', FIRST],
  [bob, 'green', OTHER],
  [cid, 'blue', FIRST],
]);
let invitation = '';

/** Lips that are further from the sound than this are seen to be, in milliseconds. */
const LIPS_MS = 200;

/**
 * What the page received, and what sender reports it took of that; by line.
 * @returns {Promise<{ kind: string, mid: string, told: number, playout: number | undefined }[]>}
 */
async function readReports() {
  const { plenary } = /** @type {{ plenary: { pc: RTCPeerConnection } }} */ (/** @type {unknown} */ (window));
  const all = [.../** @type {any} */ (await plenary.pc.getStats()).values()];
  const comes = all.filter(({ type, packetsReceived }) => type === 'inbound-rtp' && packetsReceived > 0);
  return comes.map(({ kind, mid, ssrc, estimatedPlayoutTimestamp }) => {
    const report = all.find((stats) => stats.type === 'remote-outbound-rtp' && stats.ssrc === ssrc);
    return { kind, mid, told: report?.packetsSent ?? 0, playout: estimatedPlayoutTimestamp };
  });
}

house.opening('a person makes a room, and two others follow the invitation', async () => {
  invitation = await ann.createRoom(house.origin, 'Monday meeting');
  await ann.goTo(invitation);
  assert.equal(await ann.page.getByRole('button', { name: 'Join' }).count(), 1, 'one button to go in, not several');
  for (const [person] of everyone) await person.join(invitation);
});

house.scene('everyone sees the right picture of the right person', async () => {
  for (const [person] of everyone) {
    const others = everyone.filter(([other]) => other !== person);
    await person.hasTilesOf(others.map(([other]) => other.name));
    for (const [other, colour] of others) {
      await person.sees(other.name, colour);
      await person.seesMovement(other.name);
      assert.equal(await person.paintedOn(other.name), colour, 'nothing lies on top of the picture');
    }
  }
  for (const person of [bob, cid]) {
    console.info(`${person.name}: join click to first remote frame ${Math.round(await person.firstFrame())} ms`);
  }
});

house.scene('everyone hears the two others', async () => {
  await Promise.all(everyone.map(([person]) => person.hears(2)));
});

house.scene('sender reports are taken, and lips move with the voice', async () => {
  for (const [person] of everyone) {
    const reports = () => person.page.evaluate(readReports);
    const told = await until(`${person.name}'s browser takes reports of all it receives`, reports, (lines) =>
      ['audio', 'video'].every((kind) => lines.filter((line) => line.kind === kind && line.told > 0).length >= 2),
    );
    const inTime = everyone.filter(([other, , engine]) => other !== person && engine === 'chromium').length;
    // Who does not say when what is played cannot be asked.
    if (told.every(({ playout }) => playout === undefined)) continue;
    /** @type {{ kind: string, slot: number, mid: string }[]} */
    const slots = person.offers.at(-1).slots;
    const apart = await until(
      `${person.name} sees lips move with the voice`,
      async () => {
        const lines = await reports();
        const playout = (/** @type {string} */ kind, /** @type {number} */ slot) => {
          const mid = slots.find((one) => one.kind === kind && one.slot === slot)?.mid;
          return lines.find((line) => line.mid === mid)?.playout;
        };
        return [0, 1].map((slot) => Math.abs((playout('video', slot) ?? NaN) - (playout('audio', slot) ?? NaN)));
      },
      // Firefox's made-up microphone says fewer seconds than pass on a busy machine (13 of 20), and its reports with it.
      (offsets) => offsets.every(Number.isFinite) && offsets.filter((offset) => offset < LIPS_MS).length >= inTime,
    );
    console.info(`${person.name}: lips and voice are ${apart.map(Math.round).join(' and ')} ms apart`);
  }
});

house.scene('those inside are told who came', async () => {
  await ann.isTold('Bob joined');
  await ann.isTold('Cid joined');
  await bob.isTold('Cid joined');
});

house.scene('the link that is copied is the invitation', async () => {
  await ann.press('Copy invite link');
  assert.equal(await ann.page.evaluate(() => navigator.clipboard.readText()), invitation);
});

house.scene('a muted microphone is silent and marked for the others, until it is not', async () => {
  await ann.press('Mute microphone');
  await ann.button('Unmute microphone').waitFor();
  await Promise.all([bob.findsMarked('Ann', /muted|microphone off/i), cid.findsMarked('Ann', /muted|microphone off/i)]);
  await bob.hears(1);
  assert.equal(await bob.isMarked('Cid', /muted|microphone off/i), false, 'only the one who muted is marked');
  await ann.press('Unmute microphone');
  await bob.hears(2);
  await bob.findsUnmarked('Ann', /muted|microphone off/i);
});

house.scene('sound and pictures that the system pauses play again', async () => {
  const silent = () => cid.page.evaluate(readPaused);
  await cid.page.evaluate(() => {
    for (const media of document.querySelectorAll('#call audio, #call video')) {
      /** @type {HTMLMediaElement} */ (media).pause();
    }
  });
  await until('everything plays again', silent, (count) => count === 0);
  await cid.hears(2);
  await cid.seesMovement('Ann');
});

// As when an output device is lost, Chromium pauses what was playing. Its microphone ends with it, and is opened again.
if (blues instanceof Chromium) {
  house.scene('sound goes on after the device that plays it was gone, and so does the microphone', async () => {
    await blues.endAudioService();
    await cid.hears(2);
    await Promise.all([ann.hears(2), bob.hears(2)]);
    await cid.button('Mute microphone').waitFor();
  });
}

house.scene('a camera that is off shows no picture and no light, and comes back', async () => {
  await bob.press('Turn off camera');
  await bob.button('Turn on camera').waitFor();
  await ann.findsMarked('Bob', /camera (is )?off/i);
  await ann.paints('Bob', (colour) => colour !== 'green');
  await cid.paints('Bob', (colour) => colour !== 'green');
  assert.equal(await bob.camerasRunning(), 0, 'nothing holds the device, so its light is off');
  await ann.sees('Cid', 'blue');
  await bob.press('Turn on camera');
  await ann.sees('Bob', 'green');
  await ann.paints('Bob', (colour) => colour === 'green');
  await ann.seesMovement('Bob');
});

house.scene('who leaves is announced and their tile goes, for everyone at once', async () => {
  await cid.press('Leave');
  for (const person of [ann, bob]) {
    await person.isTold('Cid left', { within: 10_000 });
    await person.hasTilesOf(person === ann ? ['Bob'] : ['Ann']);
  }
  await ann.hears(1);
});

house.scene('who closes the page has left, too', async () => {
  await bob.closePage();
  // Far less than a lost connection is given: the page said goodbye.
  await ann.isTold('Bob left', { within: 15_000 });
  await ann.hasTilesOf([]);
});
