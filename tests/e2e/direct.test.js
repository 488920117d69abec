/** People who talk directly: two find each other, a third brings them to the server and back, and nobody notices but by the badge. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

/** @import { Person } from './lib/person.js' */

const house = await House.open();
after(() => house.close());

const size = { width: 640, height: 360, rate: 30 };
/** Milliseconds a picture may stand still while it changes its way and a third browser starts: five times the median. */
const GAP = 1500;

const ann = await house.person('Ann', 'red', { size, audible: true });
const bob = await house.person('Bob', 'green', { engine: OTHER, size, audible: true });
const cid = await house.person('Cid', 'blue', { size });

/** @type {Record<string, string>} */
const colours = { Ann: 'red', Bob: 'green', Cid: 'blue' };
let invitation = '';

/**
 * What a page sends to the server of its own, now: the layers and sounds that are active.
 * @param {Person} person
 * @returns {Promise<number>}
 */
const activeTowardsServer = (person) =>
  person.page.evaluate(() => {
    const { pc } = /** @type {any} */ (window).plenary;
    const own = pc.getTransceivers().filter((/** @type {any} */ line) => line.direction === 'sendonly');
    const encodings = own.flatMap((/** @type {any} */ line) => line.sender.getParameters().encodings);
    return encodings.filter((/** @type {any} */ encoding) => encoding.active).length;
  });

/**
 * @param {Person} from
 * @param {Person} to
 */
async function sees(from, to) {
  await from.sees(to.name, /** @type {any} */ (colours[to.name]));
  await from.seesMovement(to.name);
}

/** @param {Person[]} people */
async function allSeeEachOther(...people) {
  const pairs = people.flatMap((from) => people.filter((to) => to !== from).map((to) => ({ from, to })));
  await Promise.all(pairs.map(({ from, to }) => sees(from, to)));
}

/** @param {string} what */
async function gaps(what) {
  const [ofBob, ofAnn] = await Promise.all([ann.longestPause('Bob'), bob.longestPause('Ann')]);
  console.info(`${what}: the picture of Bob stood still for ${ofBob} ms, that of Ann for ${ofAnn} ms`);
  assert.ok(Math.max(ofBob, ofAnn) < GAP, `${what}: ${ofBob} and ${ofAnn} ms`);
}

/** How many sounds play that something is said on: each voice must come once. @param {Person} person */
const sounds = (person) =>
  person.page.evaluate(async () => {
    const { pc, mesh } = /** @type {any} */ (window).plenary;
    const links = [...mesh.links.values()].map((/** @type {any} */ link) => link.pc);
    const receivers = [pc, ...links].flatMap((one) => one.getReceivers());
    const loud = new Set();
    for (let look = 0; look < 60; look += 1) {
      await new Promise((resolve) => setTimeout(resolve, 40));
      for (const audio of document.querySelectorAll('#sound audio')) {
        if (!(audio instanceof HTMLAudioElement) || audio.muted || audio.paused) continue;
        const [track] = /** @type {MediaStream | null} */ (audio.srcObject)?.getAudioTracks() ?? [];
        const receiver = receivers.find((one) => one.track === track);
        const [source] = receiver?.getSynchronizationSources() ?? [];
        if ((source?.audioLevel ?? 0) > 0.01) loud.add(audio);
      }
    }
    return loud.size;
  });

/** @param {Person} person */
async function hearsOneVoiceOnce(person) {
  await until(
    `${person.name} hears one voice, once`,
    () => sounds(person),
    (count) => count === 1,
  );
}

house.opening('two people in a room that may go direct talk directly', async () => {
  invitation = await ann.createRoom(house.origin, 'Two and more', { topology: 'auto' });
  await ann.goTo(invitation);
  await ann.page.getByText('The others can see your network address').waitFor();
  await ann.join(invitation);
  await bob.join(invitation);
  await Promise.all([ann.talks('direct'), bob.talks('direct')]);
  await allSeeEachOther(ann, bob);
  await ann.screenshot('direct-two');
});

house.scene('the server is sent nothing, and each hears the other once', async () => {
  for (const person of [ann, bob]) {
    await until(
      `${person.name} sends nothing to the server`,
      () => activeTowardsServer(person),
      (count) => count === 0,
    );
    await hearsOneVoiceOnce(person);
  }
  await allSeeEachOther(ann, bob);
});

house.scene('mutes are seen and heard as in any other room', async () => {
  await bob.press('Turn off camera');
  await ann.findsMarked('Bob', /camera (is )?off/i);
  await bob.press('Turn on camera');
  await sees(ann, bob);
  await bob.press('Mute microphone');
  await ann.findsMarked('Bob', /microphone muted/i);
  await until(
    'Ann hears nobody',
    () => sounds(ann),
    (count) => count === 0,
  );
  await bob.press('Unmute microphone');
  await hearsOneVoiceOnce(ann);
});

house.scene('who is muted is not heard and does not speak, whatever their page sends', async () => {
  await bob.press('Mute microphone');
  await ann.findsMarked('Bob', /microphone muted/i);
  await bob.page.evaluate(async () => {
    const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
    const [link] = /** @type {any} */ (window).plenary.mesh.links.values();
    await link.pc.getTransceivers()[0].sender.replaceTrack(microphone.getAudioTracks()[0]);
  });
  const comes = () =>
    ann.page.evaluate(() => [.../** @type {any} */ (window).plenary.mesh.links.values()].map(({ level }) => level));
  const isLoud = () => until('something comes to Ann', comes, ([level]) => level > 0.03);
  await isLoud();
  assert.equal(await sounds(ann), 0);
  assert.equal(await ann.page.locator('.tile.speaking').count(), 0);
  await isLoud();
  await bob.press('Unmute microphone');
  await hearsOneVoiceOnce(ann);
});

house.scene('a third one brings everybody to the server, without a gap, and everybody sees everybody', async () => {
  await Promise.all([ann.watchForPauses('Bob'), bob.watchForPauses('Ann')]);
  await cid.join(invitation);
  await Promise.all([ann, bob, cid].map((person) => person.talks('server')));
  await allSeeEachOther(ann, bob, cid);
  await gaps('to the server');
  await ann.hasTilesOf(['Bob', 'Cid']);
  await ann.isTold('You talk through the server: more people are here than can talk directly');
});

house.scene('five seconds after the third one left the two talk directly again', async () => {
  await Promise.all([ann.watchForPauses('Bob'), bob.watchForPauses('Ann')]);
  await cid.press('Leave');
  await Promise.all([ann, bob].map((person) => person.talks('direct', { within: 20_000 })));
  await allSeeEachOther(ann, bob);
  await until(
    'Ann sends nothing to the server',
    () => activeTowardsServer(ann),
    (count) => count === 0,
  );
  await gaps('to the direct path');
  await hearsOneVoiceOnce(ann);
});

house.scene('who loads the page anew is seen again', async () => {
  await bob.reload();
  await allSeeEachOther(ann, bob);
  await Promise.all([ann, bob].map((person) => person.talks('direct', { within: 30_000 })));
  await allSeeEachOther(ann, bob);
});

house.scene('the panel with people says who is here, what they send and which way it goes', async () => {
  await ann.page.getByRole('button', { name: '2 in the room' }).click();
  const panel = ann.page.getByRole('dialog', { name: 'People' });
  await panel.getByText('Direct: 2 people.').waitFor();
  assert.deepEqual(await panel.locator('li .who').allInnerTexts(), ['Ann', 'Bob']);
  assert.deepEqual(await panel.locator('li .hint').allInnerTexts(), ['you · owner', 'direct']);
  await bob.press('Mute microphone');
  await panel.getByText('direct · microphone off').waitFor();
  await ann.screenshot('people-panel');
  await bob.press('Unmute microphone');
  await panel.getByText('direct', { exact: true }).waitFor();
  await ann.page.keyboard.press('Escape');
  await panel.waitFor({ state: 'hidden' });
});

house.scene('who keeps their address to themselves keeps the room on the server', async () => {
  await bob.page.locator('#way').click();
  await bob.page.getByRole('checkbox', { name: 'Keep my address to myself' }).click();
  await Promise.all([ann, bob].map((person) => person.talks('server')));
  await bob.screenshot('direct-dialog');
  await allSeeEachOther(ann, bob);
  await bob.page.getByRole('checkbox', { name: 'Keep my address to myself' }).click();
  await Promise.all([ann, bob].map((person) => person.talks('direct', { within: 20_000 })));
  await allSeeEachOther(ann, bob);
});

house.scene('a screen that is shared goes on over both switches, and there is one tile of it', async () => {
  const screen = "Ann's screen";
  await ann.share();
  await bob.hasTilesOf(['Ann', screen]);
  await bob.sees(screen, 'magenta');
  for (const way of /** @type {const} */ (['server', 'direct'])) {
    await bob.page.getByRole('checkbox', { name: 'Keep my address to myself' }).click();
    await Promise.all([ann, bob].map((person) => person.talks(way, { within: 20_000 })));
    await bob.hasTilesOf(['Ann', screen]);
    await bob.sees(screen, 'magenta');
    await bob.seesMovement(screen);
    await sees(bob, ann);
  }
  await ann.stopSharing();
  await bob.hasTilesOf(['Ann']);
});

house.scene('both see the same pictures to compare', async () => {
  const pictures = (/** @type {Person} */ person) => person.page.locator('#way-people .pictures').innerText();
  await ann.page.locator('#way').click();
  await ann.page.getByRole('button', { name: 'Compare', exact: true }).click();
  const shown = await until(
    'Ann has pictures',
    () => pictures(ann),
    (text) => text.split(/\s+/).length === 14,
  );
  await until(
    'Bob has the same',
    () => pictures(bob),
    (text) => text === shown,
  );
  await ann.screenshot('direct-compare');
  // Both press at once, as soon as that does anything: both wait, and both see others.
  const compare = (/** @type {Person} */ person) => person.page.getByRole('button', { name: 'Compare', exact: true });
  await until(
    'both have others, and the same',
    async () => {
      await Promise.all([compare(ann).click(), compare(bob).click()]);
      return [await pictures(ann), await pictures(bob)];
    },
    ([one, two]) => one === two && one !== shown && one?.split(/\s+/).length === 14,
  );
});
