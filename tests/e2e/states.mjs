/**
 * Takes every screen and state at every size, light and dark, into `docs/screenshots/states`: one walk of a few people through a
 * call. Arguments choose among the parts `doors`, `two`, `screen`, `more` and `end`.
 */

import { join } from 'node:path';

import { Album } from './lib/album.js';
import { CAMERA, nameDevices, PEOPLE, SLIDE } from './lib/drawn.js';
import { House } from './lib/house.js';
import { until } from './lib/until.js';
import { speak } from './lib/voice.js';

/** @import { Person } from './lib/person.js' */

const album = new Album(join('docs', 'screenshots', 'states'));

/** Who has no camera. */
const CROWD = ['Chidi', 'Ingrid', 'Mateus', 'Noor', 'Olena', 'Priya', 'Sven', 'Wanjiru', 'Zoë'];

/** @param {House} house @param {keyof typeof PEOPLE} name */
async function drawn(house, name) {
  const person = await house.personIn(await house.browserOf(name, PEOPLE[name], CAMERA), name);
  await person.page.addInitScript(nameDevices);
  return person;
}

/** Lena is in a room of hers, and Tomás with her. @param {House} house */
async function pair(house) {
  const lena = await drawn(house, 'Lena');
  const tomas = await drawn(house, 'Tomás');
  const invitation = await lena.createRoom(house.origin, 'Design review');
  await lena.join(invitation);
  await tomas.join(invitation);
  await lena.seesMovement('Tomás');
  await tomas.seesMovement('Lena');
  await quiet(lena);
  await quiet(tomas);
  return { lena, tomas, invitation };
}

/** What was told in passing has passed. @param {Person} person */
async function quiet({ page }) {
  await until(
    'the notes are gone',
    () => page.locator('.note:not(.gone)').count(),
    (count) => count === 0,
  );
}

/**
 * @param {Person} person
 * @param {string} button what opens it, and closes it again
 * @param {string} state
 * @param {string} [ready] words to wait for
 */
async function opened(person, button, state, ready = '') {
  const { page } = person;
  await page.locator(button).click();
  if (ready) await page.getByText(ready).first().waitFor();
  await album.take(page, state);
  await page.keyboard.press('Escape');
}

/** @param {Person} person @param {string} layout */
async function lays(person, layout) {
  await person.press('Quality');
  await person.page.getByRole('combobox', { name: 'Pictures' }).selectOption(layout);
  await person.page.keyboard.press('Escape');
}

/** Before a call. @param {House} house */
async function doors(house) {
  const lena = await drawn(house, 'Lena');
  const { page } = lena;
  await page.goto(house.origin);
  await page.locator('#create:enabled').waitFor();
  await album.take(page, 'home');
  await page.goto(`${house.origin}nothing/here`);
  await lena.reads('There is nothing here');
  await album.take(page, 'not-found');
  const invitation = await lena.createRoom(house.origin, 'Design review', { listed: true });
  await lena.button('Turn off camera').waitFor();
  await page.locator('.preview.live').waitFor();
  await album.take(page, 'door');
  await lena.join(invitation);
  await page.getByText('Nobody else is here yet.').waitFor();
  await quiet(lena);
  await album.take(page, 'alone');
  await opened(lena, '#copy', 'invite');

  const eve = await house.personIn(await house.browserWithout('refused'), 'Ève');
  await eve.page.goto(house.origin);
  await eve.page.getByText('Design review').waitFor();
  await album.take(eve.page, 'home-rooms');
  await eve.page.goto(invitation);
  await eve.page.getByText('does not let this page use').first().waitFor();
  await album.take(eve.page, 'door-refused');
  await lena.openPeople();
  await page.getByRole('combobox', { name: 'Who comes in' }).selectOption('lobby');
  await page.keyboard.press('Escape');
  await eve.page.reload();
  await eve.knock(invitation);
  await album.take(eve.page, 'door-waiting');
  await lena.button('Admit Ève').waitFor();
  await quiet(lena);
  await album.take(page, 'lobby-notice');
  await opened(lena, '#count', 'people-owner');
}

/** Two people, and what each of them may open. @param {House} house */
async function two(house) {
  const { lena, tomas } = await pair(house);
  const { page } = lena;
  await album.take(page, 'two');
  await opened(lena, '#quality-open', 'quality');
  await opened(lena, '#settings-open', 'settings');
  await opened(lena, '#way', 'way');
  await opened(tomas, '#count', 'people-guest');

  await lena.press('React');
  await album.take(page, 'reactions');
  await page.keyboard.press('Escape');
  await tomas.press('React');
  const floating = lena.tile('Tomás').locator('.reaction');
  const float = async (/** @type {number} */ many) =>
    until(
      `reactions float: ${many}`,
      () => floating.count(),
      (count) => count === many,
    );
  await album.take(page, 'reaction-floating', async () => {
    await float(0);
    await tomas.press('Clapping');
    await float(1);
  });
  await tomas.page.keyboard.press('Escape');

  await lena.press('Raise hand');
  await tomas.press('Raise hand');
  await tomas.press('Mute microphone');
  await lena.findsMarked('Tomás', /hand raised/i);
  await float(0);
  await quiet(lena);
  await album.take(page, 'hands');
  await lena.press('Lower hand');
  await tomas.press('Lower hand');

  await lena.press('Hear nobody');
  await quiet(lena);
  await album.take(page, 'deafened');
  await page.locator('#deafen').click();

  for (const person of [lena, tomas]) await person.page.locator('#chat-open').click();
  const writes = async (/** @type {Person} */ person, /** @type {string} */ text) => {
    await person.page.getByRole('textbox', { name: 'Message', exact: true }).fill(text);
    await person.page.keyboard.press('Enter');
    for (const reader of [lena, tomas]) await reader.page.getByText(text).waitFor();
  };
  await writes(lena, 'Good morning! The plan is at https://example.org/pavilion');
  await writes(tomas, 'Thank you. I bring the model along.');
  await writes(lena, 'Larch, or oak?');
  await tomas.page
    .locator('#chat input[type=file]')
    .setInputFiles({ name: 'pavilion-plan.txt', mimeType: 'text/plain', buffer: Buffer.from('larch') });
  await page.getByText('pavilion-plan.txt').waitFor();
  await album.take(page, 'chat');
  for (const person of [lena, tomas]) await person.page.locator('#chat-open').click();

  await lena.openPeople();
  await page.getByRole('checkbox', { name: 'Lock room' }).click();
  await page.keyboard.press('Escape');
  await page.locator('#locked').waitFor();
  await quiet(lena);
  await album.take(page, 'locked');
}

/** Somebody shares their screen. @param {House} house */
async function screen(house) {
  const { lena, tomas } = await pair(house);
  const { page } = lena;
  await tomas.share(SLIDE);
  await lena.seesMovement("Tomás's screen");
  await quiet(lena);
  await quiet(tomas);
  await album.take(page, 'screen');
  await album.take(tomas.page, 'sharing');
}

/** More people than two. @param {House} house */
async function more(house) {
  const { lena, tomas, invitation } = await pair(house);
  const { page } = lena;
  const names = /** @type {const} */ (['Amara', 'Omar', 'Yuki']);
  const [, , yuki] = await Promise.all(names.map((name) => drawn(house, name)));
  if (!yuki) throw new Error('too few people');
  await yuki.page.addInitScript(speak);
  for (const person of house.people.slice(2)) {
    await person.join(invitation);
    await lena.seesMovement(person.name, { within: 60_000 });
  }
  await yuki.press('Mute microphone');
  await tomas.press('Mute microphone');
  await quiet(lena);
  await album.take(page, 'five');
  await yuki.press('Unmute microphone');
  await album.take(page, 'speaking', () => page.locator('.tile.speaking').first().waitFor());
  for (const layout of ['spotlight', 'sidebar']) {
    await lays(lena, layout);
    await album.take(page, layout);
  }
  await lays(lena, 'auto');
  const absent = await house.browserWithout('absent');
  for (const name of CROWD) {
    const person = await house.personIn(absent, name);
    await person.join(invitation);
  }
  await page.setViewportSize({ width: 360, height: 640 });
  await page.locator('.pager').waitFor();
  await quiet(lena);
  await album.take(page, 'pages');
}

/** How a call ends, in a frame and without its server. @param {House} house */
async function end(house) {
  const { lena, tomas, invitation } = await pair(house);
  const { page } = tomas;
  await tomas.press('Leave');
  await tomas.reads('You left the room');
  await album.take(page, 'left');
  await page.goto(`${house.origin}r/no-such-room`);
  await page.locator('#over').waitFor();
  await album.take(page, 'no-such-room');
  await page.goto(invitation.replace('/r/', '/e/'));
  await page.locator('.preview.live').waitFor();
  await album.take(page, 'embed-door');
  await page.getByRole('textbox', { name: 'Your name' }).fill('Tomás');
  await page.getByRole('button', { name: 'Join' }).click();
  await lena.seesMovement('Tomás');
  await tomas.seesMovement('Lena');
  await quiet(tomas);
  await album.take(page, 'embed');
  await house.server.stop({ guarded: false });
  await lena.page.locator('#banner').getByText('reconnecting').waitFor();
  await album.take(lena.page, 'reconnecting');
  await house.server.start();
}

const PARTS = { doors, two, screen, more, end };
const chosen = process.argv.slice(2);
for (const [name, part] of Object.entries(PARTS)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const house = await House.open();
  try {
    await part(house);
  } finally {
    await house.close({ guarded: false });
  }
}
console.info(`${(album.bytes / 1e6).toFixed(1)} MB of pictures`);
