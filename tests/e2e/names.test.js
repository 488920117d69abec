/** Names that would turn the text around them, cannot be seen, or are another's: what people see instead. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { FIRST } from './lib/pair.js';
import { until } from './lib/until.js';

const house = await House.open();
after(() => house.close());

const ann = await house.person('Ann', 'red');
const blues = await house.browser('blue');
/** What the console of a page has to complain of. @type {string[]} */
const complaints = [];
/** Longer than its tile is wide, once that is narrow. */
const ALI = 'محمد علي عبد الرحمن بن خالد الأنصاري';
let invitation = '';

/** @param {string} name */
async function visitor(name) {
  const person = await house.personIn(blues, name);
  listen(person);
  return person;
}

/** @param {import('./lib/person.js').Person} person */
function listen({ page, name }) {
  if (FIRST !== 'chromium') return;
  page.on('console', (message) => message.type() === 'error' && complaints.push(`${name}: ${message.text()}`));
}

/**
 * Whether the first and the last letter of a tile's name can be seen when there is little room for it.
 * @param {HTMLElement} tile
 */
function readEnds(tile) {
  const plate = /** @type {HTMLElement} */ (tile.querySelector('.plate'));
  plate.style.maxWidth = '90px';
  const name = /** @type {Element} */ (tile.querySelector('.label bdi'));
  const text = /** @type {Text} */ (name.firstChild);
  const frame = plate.getBoundingClientRect();
  const sees = (/** @type {number} */ at) => {
    const range = document.createRange();
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    const { left, right } = range.getBoundingClientRect();
    return left >= frame.left && right <= frame.right;
  };
  return { cut: name.scrollWidth > name.clientWidth, first: sees(0), last: sees(text.length - 1) };
}

house.opening('a room whose name would turn its page around does not', async () => {
  listen(ann);
  invitation = await ann.createRoom(house.origin, 'Tea \u202eroom');
  await ann.page.getByRole('heading', { name: 'Tea room', exact: true }).waitFor();
  await ann.join(invitation);
});

house.scene('a name that turns the text is shown without what turns it', async () => {
  const bob = await visitor('Bob \u202eredaerps');
  await bob.join(invitation);
  await ann.isTold('Bob redaerps joined');
  await ann.hasTilesOf(['Bob redaerps']);
  await bob.isTold('The others see you as Bob redaerps');
});

house.scene('a name from right to left stays as it is, in an element of its own', async () => {
  const ali = await visitor(ALI);
  await ali.join(invitation);
  await ann.isTold(`${ALI} joined`);
  const alone = await ann.page.evaluate(() =>
    [...document.querySelectorAll('#status bdi, .label bdi')].map((element) => element.textContent),
  );
  assert.equal(alone.filter((name) => name === ALI).length, 2, `in the note and on the tile: ${alone}`);
  await ann.hasTilesOf(['Bob redaerps', ALI]);
});

house.scene('a name that is too long for its tile loses its end, whichever side that is', async () => {
  const shown = (/** @type {string} */ name) => ann.tile(name).evaluate(readEnds);
  const ends = await shown(ALI);
  assert.ok(ends.cut, 'too long');
  assert.deepEqual([ends.first, ends.last], [true, false], 'from right to left');
  const other = await shown('Bob redaerps');
  assert.deepEqual([other.cut, other.first, other.last], [true, true, false], 'from left to right');
  await ann.screenshot('names that are cut');
});

house.scene('two people of one name are told apart, also after a reload', async () => {
  const other = await visitor('ann');
  await other.join(invitation);
  await ann.isTold('ann (2) joined');
  await other.isTold('The others see you as ann (2)');
  await other.hasTilesOf(['Ann', 'Bob redaerps', ALI]);
  await other.reload();
  await ann.hasTilesOf(['Bob redaerps', 'ann (2)', ALI]);
});

house.scene('who types what cannot be seen is asked for another name, and goes in under it', async () => {
  const kim = await visitor('\u3164\u200b');
  const { page } = kim;
  await kim.goTo(invitation);
  const name = page.getByRole('textbox', { name: 'Your name' });
  await name.fill(kim.name);
  await page.getByRole('button', { name: 'Join' }).click();
  await page.getByRole('alert').filter({ hasText: 'This name cannot be used' }).waitFor();
  assert.equal(await name.getAttribute('aria-invalid'), 'true');
  await kim.screenshot('names at the door');
  await name.fill('👩🏽‍🚀 Kim');
  await page.getByRole('alert').filter({ hasText: 'This name cannot be used' }).waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: 'Join' }).click();
  await kim.button('Leave').waitFor();
  await ann.isTold('👩🏽‍🚀 Kim joined');
  await ann.sees('👩🏽‍🚀 Kim', 'blue');
  // The controls were made once, although the door was opened twice.
  await kim.press('Mute microphone');
  await kim.button('Unmute microphone').waitFor();
  await ann.screenshot('names in the room');
});

house.scene('the page makes no markup of a text, and nothing in it tried to', async () => {
  const ears = { socket: () => {}, told: () => {}, said: () => {}, wrong: () => {} };
  const tab = await ann.tab.another({ ears, scripts: [] });
  await tab.page.goto(house.origin);
  const refused = await tab.page.evaluate(() => {
    const tries = [
      () => Reflect.set(document.createElement('p'), 'innerHTML', '<b>x</b>'),
      () => /** @type {any} */ (window).trustedTypes.createPolicy('mine', {}),
    ];
    return tries.map((attempt) => {
      try {
        attempt();
        return 'done';
      } catch (error) {
        return error instanceof TypeError ? 'refused' : String(error);
      }
    });
  });
  assert.deepEqual(refused, ['refused', 'refused']);
  await tab.close();
  await until(
    'everybody has said what they had to say',
    async () => complaints,
    (found) => found.length === 0,
    {
      within: 1_000,
    },
  );
});
