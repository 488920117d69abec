/** The call in a small window above all others: what is seen there, what works there, and the way back. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { until } from './lib/until.js';
import { speak } from './lib/voice.js';

/** @import { Person } from './lib/person.js' */

const house = await House.open();
after(() => house.close());

/** The browser has windows for one picture only. */
function withoutLargeWindows() {
  Object.defineProperty(window, 'documentPictureInPicture', { value: undefined });
}

/** Somebody looks at the page, or nobody does, as it sees it. @param {boolean} hidden */
function look(hidden) {
  Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}

const size = { width: 320, height: 180, rate: 15 };
const ann = await house.person('Ann', 'red', { size });
const bob = await house.person('Bob', 'green', { size, also: [speak] });
const cid = await house.person('Cid', 'blue', { size, also: [speak, withoutLargeWindows] });
let invitation = '';

const OPEN = 'Show the call in a small window';
const BACK = 'Bring the call back from the small window';

/** @param {Person} person @returns {Promise<import('playwright-core').Page>} */
async function opens(person) {
  const context = person.page.context();
  const [small] = await Promise.all([context.waitForEvent('page'), person.press(OPEN)]);
  await small.getByRole('group', { name: 'Bob' }).waitFor();
  await small.setViewportSize({ width: 400, height: 300 });
  return small;
}

/** How tall the picture is that the server was asked for last; 0 if it was asked for none. @param {Person} person @param {string} name */
async function asks(person, name) {
  const { tiles } = person.said.findLast(({ type }) => type === 'view') ?? { tiles: [] };
  const { peers } = await person.page.evaluate(() => /** @type {any} */ (window).plenary.state);
  const { id } = peers.find((/** @type {any} */ one) => one.name === name);
  return tiles.find(({ peer = '' }) => peer === id)?.height ?? 0;
}

/** @param {import('playwright-core').Page} small @param {string} name */
async function moves(small, name) {
  const frames = () =>
    small
      .getByRole('group', { name, exact: true })
      .locator('video')
      .evaluate((video) => /** @type {HTMLVideoElement} */ (video).getVideoPlaybackQuality().totalVideoFrames);
  const before = await frames();
  await until(`the picture of ${name} moves in the small window`, frames, (now) => now > before + 10);
}

house.opening('two people are in a room', async () => {
  invitation = await ann.createRoom(house.origin, 'Small');
  await ann.join(invitation);
  await bob.join(invitation);
  await ann.sees('Bob', 'green');
});

house.scene('the stage goes to a small window with its styles, and is asked for at its size', async () => {
  const large = await until(
    'Bob is asked for',
    () => asks(ann, 'Bob'),
    (height) => height > 300,
  );
  const small = await opens(ann);
  await ann.page.getByText('The call is in the small window.').waitFor();
  await moves(small, 'Bob');
  const tile = await small.getByRole('group', { name: 'Bob' }).boundingBox();
  assert.ok(tile && tile.width > 300 && tile.height > 180 && tile.height < 260, JSON.stringify(tile));
  await until(
    'it is asked for as small as it is',
    () => asks(ann, 'Bob'),
    (height) => height > 100 && height < large,
  );
  await ann.page.evaluate(look, true);
  // Longer than a page is hidden until nobody looks at it.
  await ann.page.waitForTimeout(6_000);
  assert.ok((await asks(ann, 'Bob')) > 100, 'whoever works in another window looks at the small one');
  await small.screenshot({ path: `${process.env.PLENARY_E2E_DIR ?? 'target/e2e'}/small-window.png` });
});

house.scene('somebody who comes while it is there is seen in it', async () => {
  await cid.join(invitation);
  const [, small] = ann.page.context().pages();
  assert.ok(small);
  await small.getByRole('group', { name: 'Cid' }).waitFor();
  await small.locator('[aria-label="Cid"].live').waitFor();
  await moves(small, 'Cid');
});

house.scene('microphone and camera have their switches in it', async () => {
  const [, small] = ann.page.context().pages();
  assert.ok(small);
  await small.getByRole('button', { name: 'Mute microphone' }).click();
  await bob.findsMarked('Ann', /muted/i);
  await ann.button('Unmute microphone').waitFor();
  await small.getByRole('button', { name: 'Turn off camera' }).click();
  await bob.findsMarked('Ann', /camera off/i);
  await small.getByRole('button', { name: 'Turn on camera' }).click();
  await small.getByRole('button', { name: 'Unmute microphone' }).click();
});

house.scene('keys do in it what they do in the page', async () => {
  const [, small] = ann.page.context().pages();
  assert.ok(small);
  await small.keyboard.press('Control+d');
  await bob.findsMarked('Ann', /muted/i);
  await ann.isTold('You are muted');
  // The space bar presses a button that has the focus.
  await small.evaluate(() => /** @type {HTMLElement | null} */ (document.activeElement)?.blur());
  await small.keyboard.down('Space');
  await bob.findsUnmarked('Ann', /muted/i);
  await small.keyboard.up('Space');
  await bob.findsMarked('Ann', /muted/i);
  await small.keyboard.press('Control+Alt+h');
  await ann.button('Lower hand').waitFor();
  await small.keyboard.press('Control+Alt+h');
  await ann.button('Raise hand').waitFor();
  await small.keyboard.press('Control+d');
  await bob.findsUnmarked('Ann', /muted/i);
});

/** @param {boolean} on */
async function pushesToTalk(on) {
  await ann.press('Settings');
  await ann.page.getByRole('checkbox', { name: 'Push to talk' }).setChecked(on);
  await ann.page.keyboard.press('Escape');
}

house.scene('who pushes to talk is heard while they hold the switch in it', async () => {
  const [, small] = ann.page.context().pages();
  assert.ok(small);
  await pushesToTalk(true);
  await bob.findsMarked('Ann', /muted/i);
  await small.getByRole('button', { name: 'Unmute microphone' }).hover();
  await small.mouse.down();
  await bob.findsUnmarked('Ann', /muted/i);
  await ann.button('Mute microphone').waitFor();
  await small.mouse.up();
  await bob.findsMarked('Ann', /muted/i);
  // A click that is no holding opens nothing.
  await small.getByRole('button', { name: 'Unmute microphone' }).click();
  await ann.isTold('Push to talk: hold Space');
  await small.getByRole('button', { name: 'Unmute microphone' }).waitFor();
  await pushesToTalk(false);
  await small.getByRole('button', { name: 'Unmute microphone' }).click();
  await bob.findsUnmarked('Ann', /muted/i);
});

house.scene('where more than four would be too small, whoever speaks has it alone', async () => {
  const [, small] = ann.page.context().pages();
  assert.ok(small);
  const seen = async () => {
    const all = await small.getByRole('group').all();
    const names = await Promise.all(
      all.map(async (tile) => ((await tile.isVisible()) ? tile.getAttribute('aria-label') : '')),
    );
    return names.filter((name) => name && name !== 'You').sort();
  };
  const shows = (/** @type {string[]} */ ...names) =>
    until(`the small window shows ${names}`, seen, (now) => JSON.stringify(now) === JSON.stringify(names));
  await shows('Bob', 'Cid');
  await cid.press('Mute microphone');
  const silent = await house.browserWithout('absent');
  const crowd = [];
  for (const name of ['Dan', 'Eva', 'Fay']) {
    const person = await house.personIn(silent, name);
    await person.join(invitation);
    crowd.push(person);
  }
  await shows('Bob');
  await moves(small, 'Bob');
  const tile = await small.getByRole('group', { name: 'Bob' }).boundingBox();
  assert.ok(tile && tile.width > 300, `it has the whole place: ${JSON.stringify(tile)}`);
  await until(
    'who is not seen is not asked for',
    async () => [await asks(ann, 'Bob'), await asks(ann, 'Cid')],
    ([of = 0, other = 0]) => of > 100 && other === 0,
  );
  await bob.press('Mute microphone');
  await cid.press('Unmute microphone');
  await shows('Cid');
  await moves(small, 'Cid');
  await bob.press('Unmute microphone');
  for (const person of crowd) await person.press('Leave');
  await shows('Bob', 'Cid');
});

house.scene('it comes back when the window is closed, and by the button', async () => {
  const [, small] = ann.page.context().pages();
  await ann.page.evaluate(look, false);
  await small?.close();
  await ann.page.getByText('The call is in the small window.').waitFor({ state: 'detached' });
  await ann.seesMovement('Bob');
  await until(
    'Bob is asked for as before',
    () => asks(ann, 'Bob'),
    (height) => height > 100,
  );
  await opens(ann);
  await ann.press(BACK);
  await ann.button(OPEN).waitFor();
  await ann.seesMovement('Cid');
  assert.equal(ann.page.context().pages().length, 1);
});

house.scene('who leaves in it has left, and it is gone', async () => {
  const small = await opens(ann);
  const closed = small.waitForEvent('close');
  await small.getByRole('button', { name: 'Leave' }).click();
  await ann.reads('You left the room');
  await closed;
  await bob.hasTilesOf(['Cid']);
});

house.scene('a browser that has windows for one picture shows whoever speaks in one', async () => {
  await cid.sees('Bob', 'green');
  await cid.press('Show who speaks in a small window');
  await cid.button('Close the small window').waitFor();
  const shown = () =>
    cid.page.evaluate(() => {
      const video = /** @type {HTMLVideoElement | null} */ (document.pictureInPictureElement);
      return video?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
    });
  await until('the picture in it moves', shown, (frames) => frames > 10);
  await cid.press('Close the small window');
  await cid.button('Show who speaks in a small window').waitFor();
});
