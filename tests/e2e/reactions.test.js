/** What one shows and hears in passing: reactions, how loud each person is, and hearing nobody. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

/** @import { Person } from './lib/person.js' */

const PHONE = { viewport: { width: 360, height: 640 } };
const DESK = { viewport: { width: 1280, height: 640 } };

const house = await House.open();
after(() => house.close());

const reds = await house.browser('red');
const greens = await house.browser('green', { engine: OTHER });
const ann = await house.personIn(reds, 'Ann', { context: DESK });
const bob = await house.personIn(greens, 'Bob', { context: PHONE });

/**
 * As loud as everything is that sounds in a page and is not muted.
 * @param {Person} person
 * @returns {Promise<number[]>}
 */
const volumes = (person) =>
  person.page.evaluate(() =>
    [.../** @type {NodeListOf<HTMLAudioElement>} */ (document.querySelectorAll('#sound audio'))]
      .filter(({ muted }) => !muted)
      .map(({ volume }) => volume),
  );

/**
 * @param {Person} person
 * @param {(volumes: number[]) => boolean} good
 */
const sounds = (person, good) => until(`it sounds right for ${person.name}`, () => volumes(person), good);

/** How many controls of the toolbar are not in its first line, and how many anywhere are smaller than a finger. @param {Person} person */
const controls = (person) =>
  person.page.evaluate(() => {
    const seen = [...document.querySelectorAll('.toolbar > button, .reactions button')].filter((one) =>
      one.checkVisibility(),
    );
    const boxes = seen.map((one) => one.getBoundingClientRect());
    const bar = [...document.querySelectorAll('.toolbar > button')].filter((one) => one.checkVisibility());
    const lines = new Set(bar.map((one) => Math.round(one.getBoundingClientRect().top)));
    return {
      lines: lines.size,
      small: boxes.filter(({ width, height }) => width < 44 || height < 44).length,
      outside: boxes.filter(({ left, right }) => left < 0 || right > innerWidth).length,
    };
  });

/** @param {Person} person @param {string} name whose tile */
const floating = (person, name) => person.tile(name).locator('.reaction').count();

house.opening('Ann at a desk and Bob with a phone are in a room', async () => {
  const invitation = await ann.createRoom(house.origin, 'All hands');
  await ann.join(invitation);
  await bob.join(invitation);
  await ann.sees('Bob', 'green');
  await bob.sees('Ann', 'red');
});

house.scene('two people react: it is over their tiles, and told together', async () => {
  for (const person of [ann, bob]) {
    await person.press('React');
    await person.screenshot(`reactions ${person.name}`);
    const { lines, small, outside } = await controls(person);
    assert.deepEqual([small, outside], [0, 0], `${person.name} can press all of it`);
    // A narrow window at a desk has a line more, for the screen it can share.
    if (person === ann) assert.equal(lines, 1);
  }
  await ann.press('Clapping');
  await until(
    'it floats over her tile',
    () => floating(bob, 'Ann'),
    (count) => count === 1,
  );
  await bob.isTold('Ann reacted: clapping');
  await ann.isTold('You reacted: clapping');
  await bob.press('Heart');
  await ann.isTold('Bob reacted: heart');
  await until(
    'it is gone',
    () => floating(bob, 'Ann'),
    (count) => count === 0,
  );
});

house.scene('the row is left by Escape, and the focus is where it was', async () => {
  await ann.page.keyboard.press('Escape');
  assert.equal(await ann.button('Clapping').count(), 0);
  const focus = await ann.page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
  assert.equal(focus, 'React');
});

house.scene('Ann turns Bob down, he stays so when the page is loaded again, and then not at all', async () => {
  await sounds(ann, (all) => all.length > 0 && all.every((volume) => volume === 1));
  await ann.openPeople();
  await ann.press('Volume of Bob');
  const slider = () => ann.page.locator('#people-list input[type=range]:not([hidden] *)');
  await slider().focus();
  for (let step = 0; step < 12; step += 1) await ann.page.keyboard.press('ArrowLeft');
  await sounds(ann, (all) => all.includes(0.4));
  assert.equal(await slider().getAttribute('aria-valuetext'), '40%');
  await sounds(bob, (all) => all.every((volume) => volume === 1));
  await ann.reload();
  await ann.sees('Bob', 'green');
  await sounds(ann, (all) => all.includes(0.4));
  await ann.openPeople();
  await ann.press('Volume of Bob');
  await slider().focus();
  await ann.page.keyboard.press('Home');
  await sounds(ann, (all) => all.every((volume) => volume === 1));
  assert.equal(await slider().getAttribute('aria-valuetext'), 'Not at all');
  await ann.page.keyboard.press('End');
  await sounds(ann, (all) => all.length > 0 && all.every((volume) => volume === 1));
});

house.scene('Ann hears nobody by one press, also after a reload, and speaks again when she hears again', async () => {
  await ann.press('Hear nobody');
  await ann.isTold('You hear nobody, and nobody hears you');
  await sounds(ann, (all) => all.length === 0);
  await bob.findsMarked('Ann', /Microphone muted/);
  await ann.reload();
  await ann.sees('Bob', 'green');
  assert.deepEqual(await volumes(ann), []);
  await ann.page.getByText('You hear nobody, and nobody hears you.').waitFor();
  await ann.press('Hear the others again');
  await sounds(ann, (all) => all.length > 0);
  await bob.findsUnmarked('Ann', /Microphone muted/);
});

house.scene('a shortcut does it, too, also where the toolbar has no place for the switch', async () => {
  for (const person of [ann, bob]) {
    await person.page.keyboard.press('Control+Alt+m');
    await sounds(person, (all) => all.length === 0);
    await person.page.keyboard.press('Control+Alt+m');
    await sounds(person, (all) => all.length > 0);
  }
});

house.scene('with a phone the switch is among the people, and the line above the pictures takes it back', async () => {
  await bob.press('Mute microphone');
  await bob.openPeople();
  await bob.page.getByRole('checkbox', { name: 'Hear nobody' }).click();
  await bob.page.locator('#people-close').click();
  await bob.screenshot('deaf Bob');
  await sounds(bob, (all) => all.length === 0);
  await bob.press('Hear the others again');
  await sounds(bob, (all) => all.length > 0);
  assert.equal(await bob.button('Unmute microphone').count(), 1, 'he was muted before, and is');
});
