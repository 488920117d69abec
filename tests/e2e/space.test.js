/**
 * What a real browser makes of the stage: how much of it pictures fill, and that nothing lies where it should not. Prints the
 * figures.
 */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { until } from './lib/until.js';

const house = await House.open();
after(() => house.close());

const ann = await house.person('Ann', 'red');
const crowd = await house.personIn(await house.browser('green'), 'Crowd');
let invitation = '';
let here = 1;

/**
 * So many more people come who have nothing but a socket. They stay until the page is closed.
 * @param {{ count: number, room: string }} options
 */
function come({ count, room }) {
  const url = new URL('/ws', location.href);
  url.protocol = 'wss:';
  const scene = /** @type {any} */ (window);
  scene.sockets ??= [];
  for (let n = 0; n < count; n += 1) {
    const socket = new WebSocket(url);
    const name = `Visitor ${scene.sockets.push(socket)}`;
    socket.onopen = () => socket.send(JSON.stringify({ type: 'join', room, name }));
  }
}

/** What is on the stage, in CSS pixels: the share that others' pictures fill, how many each row has, and how many pages there are. */
function measure() {
  const stage = /** @type {HTMLElement} */ (document.getElementById('stage'));
  const edge = Number.parseFloat(getComputedStyle(stage).paddingTop);
  const tiles = [...stage.querySelectorAll('.tile:not(.floating)')].filter((tile) => tile.checkVisibility());
  const boxes = tiles.map((tile) => tile.getBoundingClientRect());
  const filled = boxes.reduce((sum, { width, height }) => sum + width * height, 0);
  const size = { width: stage.clientWidth - 2 * edge, height: stage.clientHeight - 2 * edge };
  const tops = [...new Set(boxes.map(({ top }) => Math.round(top)))];
  return {
    ...size,
    fill: (100 * filled) / (size.width * size.height),
    rows: tops.map((top) => boxes.filter((box) => Math.round(box.top) === top).length),
    words: stage.querySelector('.page')?.textContent ?? '',
    paged: stage.querySelector('.pager')?.checkVisibility() ?? false,
  };
}

/** @param {number} people Oneself too. */
async function fillsUp(people) {
  const count = people - here;
  if (count > 0) await crowd.page.evaluate(come, { count, room: invitation.split('/r/')[1] });
  here = people;
  await until(
    `${people} are in the room`,
    () => ann.page.locator('#people').innerText(),
    (words) => Number(words) === people,
  );
}

/**
 * The window is made such that the stage is of this size.
 * @param {number} width
 * @param {number} height
 */
async function stageOf(width, height) {
  const view = { width, height };
  await ann.page.setViewportSize(view);
  return until(
    `the stage is ${width} x ${height}`,
    async () => {
      const seen = await ann.page.evaluate(measure);
      view.width += Math.round(width - seen.width);
      view.height += Math.round(height - seen.height);
      await ann.page.setViewportSize(view);
      return seen;
    },
    (seen) => Math.abs(seen.width - width) <= 1 && Math.abs(seen.height - height) <= 1,
  );
}

house.opening('somebody is in a room that others come to', async () => {
  invitation = await ann.createRoom(house.origin, 'Space');
  await ann.join(invitation);
  await crowd.page.goto(house.origin);
});

for (const [people, width, height, percent] of /** @type {const} */ ([
  [2, 390, 700, 95],
  [3, 390, 700, 98],
  [3, 1280, 640, 75],
  [3, 800, 900, 75],
  [5, 1280, 640, 81],
  [9, 1280, 640, 90],
])) {
  house.scene(`the pictures of ${people} people fill ${percent} % of a stage of ${width} x ${height}`, async () => {
    await fillsUp(people);
    await stageOf(width, height);
    const { fill, rows } = await until(
      `the tiles of ${people} are laid out`,
      () => ann.page.evaluate(measure),
      (seen) => seen.rows.reduce((sum, row) => sum + row, 0) === people - 1,
    );
    console.info(`${people} people on ${width} x ${height}: ${fill.toFixed(1)} % filled, rows of ${rows.join(' + ')}`);
    await ann.screenshot(`space ${people} ${width}`);
    assert.ok(fill >= percent, `${fill} %`);
    if (people > 3) assert.ok(Math.max(...rows) - Math.min(...rows) <= 1, `nobody is alone in a row: ${rows}`);
  });
}

house.scene(
  'one’s own picture goes round the corners, among the others, and away, and this is remembered',
  async () => {
    const own = ann.page.getByRole('figure', { name: 'Your own picture' });
    const corner = async () => {
      const [box, stage] = [await own.boundingBox(), await ann.page.locator('#stage').boundingBox()];
      assert.ok(box && stage);
      const across = box.x + box.width / 2 < stage.x + stage.width / 2 ? 'left' : 'right';
      return `${box.y + box.height / 2 < stage.y + stage.height / 2 ? 'top' : 'bottom'} ${across}`;
    };
    const seen = [await corner()];
    for (let turns = 0; turns < 3; turns += 1) {
      await ann.button('Move your picture to the next corner').focus();
      await ann.page.keyboard.press('Enter');
      seen.push(await corner());
    }
    assert.deepEqual(seen, ['bottom right', 'bottom left', 'top left', 'top right']);
    await ann.reload();
    await until('it stays where it was put', corner, (where) => where === 'top right');
    await ann.press('Quality');
    const choice = ann.page.getByRole('combobox', { name: 'Your own picture' });
    await choice.selectOption('hidden');
    await own.waitFor({ state: 'hidden' });
    await choice.selectOption('grid');
    await own.waitFor();
    const { rows } = await ann.page.evaluate(measure);
    assert.equal(
      rows.reduce((sum, row) => sum + row, 0),
      here,
    );
    await choice.selectOption('corner');
    await ann.press('Close');
  },
);

house.scene('several are held on to, and one is seen alone, or large with the others beside', async () => {
  await ann.press('Keep Visitor 1 large');
  await ann.press('Keep Visitor 2 large');
  const large = () => ann.page.locator('.screens .tile').count();
  assert.equal(await large(), 2);
  await ann.press('Keep Visitor 1 large');
  await ann.press('Keep Visitor 2 large');
  assert.equal(await large(), 0);
  await ann.press('Quality');
  const layout = ann.page.getByRole('combobox', { name: 'Pictures' });
  const tiles = () => ann.page.evaluate(measure).then(({ rows }) => rows.reduce((sum, row) => sum + row, 0));
  await layout.selectOption('spotlight');
  assert.deepEqual([await large(), await tiles()], [1, 1]);
  await ann.screenshot('space spotlight');
  await layout.selectOption('sidebar');
  assert.deepEqual([await large(), await tiles()], [1, here]);
  await layout.selectOption('auto');
  await ann.press('Close');
});

house.scene('more people than a page holds are on another page', async () => {
  await fillsUp(31);
  await stageOf(1280, 640);
  await ann.button('Next page').waitFor();
  const first = await ann.page.evaluate(measure);
  assert.equal(first.words, 'Page 1 of 2');
  await ann.screenshot('space pages');
  await ann.press('Next page');
  const second = await ann.page.evaluate(measure);
  assert.equal(second.words, 'Page 2 of 2');
  assert.deepEqual(
    [first, second].map(({ rows }) => rows.reduce((sum, row) => sum + row, 0)),
    [25, 5],
  );
});

house.scene('whom one looks for among many people is found, and Escape takes that back first', async () => {
  const panel = ann.page.getByRole('dialog', { name: 'People' });
  const box = panel.getByRole('searchbox', { name: 'Search people' });
  const told = panel.getByRole('status');
  const names = () => panel.locator('#people-list .who').filter({ visible: true }).allInnerTexts();
  const search = async (/** @type {string} */ text, /** @type {string} */ words) => {
    await box.fill(text);
    await told.filter({ hasText: words }).waitFor();
    return names();
  };
  await fillsUp(31);
  await ann.openPeople();
  const all = await names();
  assert.equal(all.length, 31);
  assert.deepEqual(
    await search('7 VISITÖR', '3 of 31 people'),
    all.filter((name) => name.includes('7')),
    'in the order of the list',
  );
  await ann.screenshot('people found');
  assert.deepEqual(await search('ann', '1 of 31 people'), ['Ann']);
  assert.deepEqual(await search('Zacharias', 'Nobody here is called that.'), []);
  await ann.page.keyboard.press('Escape');
  assert.deepEqual(await names(), all);
  assert.equal(await told.innerText(), '');
  await search('ann', '1 of 31 people');
  await ann.press('Close');
  await ann.openPeople();
  assert.equal(await box.inputValue(), '', 'it goes with the panel');
  assert.deepEqual(await names(), all);
  await box.focus();
  await ann.page.keyboard.press('Escape');
  await panel.waitFor({ state: 'hidden' });
});

/** What of the tiles lies beneath the people, in CSS pixels. */
function covered() {
  const panel = document.getElementById('people-dialog')?.getBoundingClientRect() ?? new DOMRect();
  return [...document.querySelectorAll('#stage .tile')]
    .filter((tile) => tile.checkVisibility())
    .map((tile) => tile.getBoundingClientRect())
    .filter(
      ({ left, right, top, bottom }) =>
        Math.min(right, panel.right) - Math.max(left, panel.left) > 0 &&
        Math.min(bottom, panel.bottom) - Math.max(top, panel.top) > 0,
    ).length;
}

/** @param {import('playwright-core').Locator} panel */
async function placeOf(panel) {
  const { x, width, height } = (await panel.boundingBox()) ?? { x: NaN, width: NaN, height: NaN };
  return `${Math.round(width)} x ${Math.round(height)} up to ${Math.round(x + width)}`;
}

house.scene('the people stand beside the stage, where the chat does, and lie on nobody', async () => {
  const panel = ann.page.getByRole('dialog', { name: 'People' });
  const chat = ann.page.getByRole('complementary', { name: 'Chat' });
  const message = ann.page.getByRole('textbox', { name: 'Message', exact: true });
  for (const view of [
    { width: 1280, height: 640 },
    { width: 760, height: 900 },
  ]) {
    await ann.page.setViewportSize(view);
    await ann.openPeople();
    await until(
      `no tile is beneath the people at ${view.width}`,
      () => ann.page.evaluate(covered),
      (tiles) => tiles === 0,
    );
    const place = `340 x ${view.height} up to ${view.width}`;
    await until(
      `the people have ${place}`,
      () => placeOf(panel),
      (found) => found === place,
    );
    await ann.screenshot(`space people ${view.width}`);
    await ann.page.locator('#chat-open').click();
    await chat.waitFor();
    await panel.waitFor({ state: 'hidden' });
    await until(
      'the chat has the same',
      () => placeOf(chat),
      (found) => found === place,
    );
    await ann.page.keyboard.type('Hello');
    assert.equal(await message.inputValue(), 'Hello', 'what comes has the focus');
    await message.fill('');
    await ann.openPeople();
    await chat.waitFor({ state: 'hidden' });
    await ann.press('Close');
  }
});

house.scene('a page that is written from right to left is the same in the mirror', async () => {
  await ann.page.evaluate(() => (document.documentElement.dir = 'rtl'));
  await ann.page.setViewportSize({ width: 1280, height: 720 });
  const { wide, own, back } = await ann.page.evaluate(() => {
    const at = (/** @type {string} */ css) => document.querySelector(css)?.getBoundingClientRect().x ?? NaN;
    return { wide: document.documentElement.scrollWidth, own: at('.own'), back: at('#room-name') };
  });
  assert.ok(wide <= 1280, 'nothing hangs over the edge');
  assert.ok(own < 640 && back > 640, `one's own picture is at ${own}, the name of the room at ${back}`);
  await ann.screenshot('space from right to left');
  await ann.page.evaluate(() => document.documentElement.removeAttribute('dir'));
});

house.scene(
  'at four times its size everything can be reached, and nothing needs scrolling in two directions',
  async () => {
    // A window of 1280 by 1024 at 400 %.
    await ann.page.setViewportSize({ width: 320, height: 256 });
    assert.ok((await ann.page.evaluate(() => document.documentElement.scrollWidth)) <= 320);
    for (const name of ['Mute microphone', 'Chat', 'Leave']) {
      const button = ann.button(name);
      await button.scrollIntoViewIfNeeded();
      const box = await button.boundingBox();
      assert.ok(box && box.x >= 0 && box.x + box.width <= 320 && box.y >= 0 && box.y + box.height <= 256, name);
    }
    await ann.screenshot('space four times');
    await ann.page.setViewportSize({ width: 1280, height: 720 });
  },
);

house.scene('Back asks before it leaves', async () => {
  await ann.page.evaluate(() => history.back());
  await ann.page.getByRole('heading', { name: 'Leave the room?' }).waitFor();
  await ann.press('Stay');
  await ann.button('Mute microphone').waitFor();
  await ann.page.evaluate(() => history.back());
  await ann.press('Leave the room');
  await ann.reads('You left the room');
});

house.scene('whoever is in a room twice with one browser is warned of the echo', async () => {
  await ann.press('Return to the room');
  await ann.join(invitation);
  const again = await ann.duplicate('Ann again');
  await again.join(invitation);
  for (const person of [ann, again]) {
    await person.page.getByRole('alert').filter({ hasText: 'You are in this room twice' }).waitFor();
  }
  const [panel, tile] = await Promise.all([
    ann.page.locator('#told').boundingBox(),
    ann.page.locator('.people .tile').first().boundingBox(),
  ]);
  assert.ok(panel && tile && panel.y + panel.height <= tile.y, 'the panel lies on nobody');
  await ann.screenshot('space echo');
  await again.closePage();
});

house.scene('on a phone on its side Join is in sight', async () => {
  const phone = await house.personIn(await house.browser('blue'), 'Phone', {
    context: { viewport: { width: 667, height: 375 }, isMobile: true, hasTouch: true },
  });
  await phone.goTo(invitation);
  for (const size of [
    { width: 667, height: 375 },
    { width: 844, height: 390 },
    { width: 640, height: 360 },
  ]) {
    await phone.page.setViewportSize(size);
    const box = await phone.button('Join').boundingBox();
    assert.ok(box && box.y >= 0 && box.y + box.height <= size.height, `${JSON.stringify(box)} on ${size.height}`);
  }
  await phone.screenshot('space door on its side');
  await phone.closePage();
});
