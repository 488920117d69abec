/** A room with a host: who comes in, who is heard, whose turn it is, and how it ends. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

/** @import { Person } from './lib/person.js' */

const house = await House.open();
after(() => house.close());

const size = { width: 640, height: 360, rate: 30 };

const ann = await house.person('Ann', 'red', { size });
const bob = await house.person('Bob', 'green', { engine: OTHER, size });
const blues = await house.browser('blue', { size });
const cid = await house.personIn(blues, 'Cid');
const dan = await house.personIn(blues, 'Dan');
let invitation = '';

/**
 * @param {Person} person
 * @param {string} words what stands on the button that opens the list
 */
async function counts(person, words) {
  await until(
    `the button of ${person.name} says "${words}"`,
    () => person.page.locator('#count').innerText(),
    (text) => text.replaceAll(/\s+/g, ' ').trim() === words,
  );
}

/** How often the page has said that its microphone is on. @param {Person} person */
const unmutes = ({ said }) =>
  said.filter(({ type, stream, kind, muted }) => type === 'mute' && stream === 'camera' && kind === 'audio' && !muted)
    .length;

house.opening('whoever made the room goes in, and who asks waits outside until they are admitted', async () => {
  invitation = await ann.createRoom(house.origin, 'Council', { lobby: true });
  await ann.join(invitation);
  await counts(ann, '1 in the room');
  await bob.knock(invitation);
  await ann.isTold('Bob wants to come in');
  await counts(ann, '1 in the room, 1 waiting');
  await ann.screenshot('lobby-notice');
  await bob.screenshot('lobby-waiting');
  await ann.hasTilesOf([]);
  assert.deepEqual(bob.offers, [], 'who waits sends nothing');
  const seen = bob.told.map(({ type }) => type).filter((type) => !['waiting', 'pong'].includes(type));
  assert.deepEqual(seen, [], 'and is told of nobody');
  await ann.press('Admit Bob');
  await bob.sees('Ann', 'red');
  await ann.sees('Bob', 'green');
  await counts(ann, '2 in the room');
});

house.scene('who is refused is told so, and may be admitted another time', async () => {
  await cid.knock(invitation);
  await ann.press('Refuse Cid');
  await cid.reads('You were not let in');
  assert.equal(await cid.camerasRunning(), 0, 'the light of the camera is off');
  await cid.page.reload();
  await cid.knock(invitation);
  await ann.openPeople();
  await ann.press('Admit Cid');
  await cid.sees('Ann', 'red');
  await cid.sees('Bob', 'green');
  await ann.hasTilesOf(['Bob', 'Cid']);
});

house.scene('who raises a hand is the first in the list, until it is lowered', async () => {
  await bob.press('Raise hand');
  await ann.isTold('Bob raised a hand');
  await ann.findsMarked('Bob', /hand raised, number 1/i);
  await cid.press('Raise hand');
  await ann.findsMarked('Cid', /hand raised, number 2/i);
  await ann.openPeople();
  await ann.lists(['Bob', 'Cid', 'Ann']);
  await ann.screenshot('people-hands');
  await bob.reload();
  await bob.button('Lower hand').waitFor();
  await ann.lists(['Bob', 'Cid', 'Ann']);
  await ann.moderates('Bob', "Lower Bob's hand");
  await bob.isTold('Your hand was lowered');
  await bob.button('Raise hand').waitFor();
  await ann.findsUnmarked('Bob', /hand raised/i);
  await ann.findsMarked('Cid', /hand raised, number 1/i);
  await cid.press('Lower hand');
  await ann.findsUnmarked('Cid', /hand raised/i);
  await ann.lists(['Ann', 'Bob', 'Cid']);
});

house.scene('who is muted by the host knows by whom, is seen as such, and unmutes themselves', async () => {
  await bob.button('Mute microphone').waitFor();
  await ann.moderates('Bob', 'Mute Bob');
  await bob.button('Unmute microphone').waitFor();
  await bob.isTold('Ann muted your microphone');
  await cid.findsMarked('Bob', /microphone muted/i);
  await bob.press('Unmute microphone');
  await cid.findsUnmarked('Bob', /microphone muted/i);
  assert.equal(await bob.button('Moderate Cid').count(), 0, 'who does not moderate is offered nothing');
});

house.scene('a listener is not heard, whatever they do, and speaks again when they may', async () => {
  const why = 'Unmute microphone: only speakers may be heard here';
  await ann.givesRole('Bob', 'listener');
  await bob.isTold('You are a listener now');
  await bob.button(why).waitFor();
  await cid.findsMarked('Bob', /microphone muted/i);
  await cid.findsMarked('Bob', /camera off/i);
  const before = unmutes(bob);
  await bob.button(why).evaluate((/** @type {HTMLElement} */ button) => button.click());
  await bob.isTold('Only speakers may be heard here');
  assert.equal(unmutes(bob), before, 'the page does not ask for what it may not');
  await bob.page.evaluate(() => {
    const wish = { type: 'mute', stream: 'camera', kind: 'audio', muted: false };
    /** @type {any} */ (window).plenary.socket.send(JSON.stringify(wish));
  });
  await until(
    'another page that asks all the same is refused',
    () => bob.told.filter(({ type, code }) => type === 'error' && code === 'not-allowed').length,
    (refused) => refused > 0,
  );
  await cid.findsMarked('Bob', /microphone muted/i);
  await ann.givesRole('Bob', 'speaker');
  await bob.isTold('You may speak now');
  await bob.press('Unmute microphone');
  await bob.press('Turn on camera');
  await cid.sees('Bob', 'green');
  await cid.findsUnmarked('Bob', /microphone muted/i);
});

house.scene('a locked room says so to whoever comes, and to whoever is inside', async () => {
  await ann.openPeople();
  await ann.page.getByRole('checkbox', { name: 'Lock room' }).click();
  await bob.isTold('The room is locked');
  await bob.page.locator('#locked').waitFor();
  await dan.page.goto(invitation);
  await dan.reads('The room is locked');
  await dan.screenshot('locked');
  await ann.page.getByRole('checkbox', { name: 'Lock room' }).click();
  await bob.page.locator('#locked').waitFor({ state: 'hidden' });
  await dan.press('Try again');
  await dan.button('Ask to join').waitFor();
});

house.scene('the host stops a screen, and says who may share one', async () => {
  await bob.share();
  await ann.hasTilesOf(['Bob', "Bob's screen", 'Cid']);
  await ann.moderates('Bob', "Stop Bob's screen");
  await ann.hasTilesOf(['Bob', 'Cid']);
  await bob.button('Share screen').waitFor();
  await bob.isTold('Ann stopped your screen');
  const choice = ann.page.getByRole('combobox', { name: 'Who may share screens' });
  await choice.selectOption('moderators');
  await bob.button('Share screen: only moderators may share a screen').waitFor();
  await choice.selectOption('everybody');
  await bob.button('Share screen').waitFor();
});

house.scene('who is removed is out at once, and comes back through the lobby', async () => {
  await ann.moderates('Bob', 'Remove Bob');
  await bob.reads('You were removed from the room');
  assert.equal(await bob.camerasRunning(), 0, 'the light of the camera is off');
  await ann.hasTilesOf(['Cid']);
  await bob.press('Return to the room');
  await bob.knock(invitation);
  await ann.press('Admit Bob');
  await bob.sees('Ann', 'red');
  await ann.sees('Bob', 'green');
});

house.scene('the host who loads the page again is the host, and finds the same people waiting', async () => {
  await dan.knock(invitation);
  // Two who come at once are told of together.
  await ann.isTold(/Dan wants? to come in/);
  await ann.reload();
  await ann.sees('Bob', 'green');
  assert.equal(ann.welcomes.at(-1).role, 'owner');
  await ann.button('Admit Dan').waitFor();
  await ann.openPeople();
  await until(
    'the list says who Ann is',
    () => ann.page.locator('#people-list').innerText(),
    (text) => text.includes('you · owner'),
  );
  await ann.press('Refuse Dan');
  await dan.reads('You were not let in');
  await counts(ann, '3 in the room');
});

house.scene('who is banned may ask, and the host sees that they were', async () => {
  await ann.moderates('Bob', 'Ban Bob');
  await bob.reads('You were banned from this room');
  await bob.screenshot('banned');
  await ann.hasTilesOf(['Cid']);
  await bob.press('Ask to join');
  await bob.knock(invitation);
  await ann.isTold('Bob, who was banned, wants to come in');
  await until(
    'the list says that Bob was banned',
    () => ann.page.locator('#waiting-list').innerText(),
    (text) => text.includes('was banned'),
  );
  await ann.screenshot('people-banned');
  await ann.press('Admit Bob');
  await bob.sees('Ann', 'red');
});

house.scene('a room that is ended is over for everybody, and its link leads nowhere', async () => {
  await ann.openPeople();
  await ann.press('End for everybody');
  await ann.press('Go on');
  await bob.button('Leave').waitFor();
  await ann.press('End for everybody');
  await ann.press('End the room');
  for (const person of [ann, bob, cid]) {
    await person.reads('The room was ended');
    assert.equal(await person.button('Return to the room').count(), 0, 'there is nothing to return to');
    assert.equal(await person.camerasRunning(), 0, 'the light of the camera is off');
  }
  await dan.page.goto(invitation);
  await dan.reads('This room has ended');
  assert.equal(await dan.button('Make this room now').count(), 0, 'nobody makes it again');
});
