/** Phone, tablet, desktop: nothing hangs over the edge, and every control can be seen and hit with a thumb. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';

const house = await House.open();
after(() => house.close());

const SCREENS = [
  {
    label: 'phone',
    options: { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
  },
  { label: 'tablet', options: { viewport: { width: 800, height: 900 }, hasTouch: true } },
  { label: 'desktop', options: { viewport: { width: 1440, height: 900 } } },
];

/** WCAG 2.2 calls 44 px enough for a finger (2.5.5), in both directions. */
const FINGER_PX = 44;

/** Of a name some six letters. */
const READABLE_PX = 64;

const CONTROLS = [
  'Mute microphone',
  'Turn off camera',
  'Share screen',
  'Raise hand',
  'Chat',
  'Copy invite link',
  'Leave',
];

const ann = await house.person('Ann', 'red');
const bob = await house.person('Bob', 'green');
const visitors = await house.browser('blue', { engine: OTHER });
let invitation = '';

/**
 * @param {import('./lib/person.js').Person} person
 * @param {import('playwright-core').Locator[]} controls
 */
async function fits(person, controls) {
  const { width, height } = /** @type {{ width: number, height: number }} */ (person.page.viewportSize());
  const [scroll, view] = await person.page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.equal(view, width, 'the page is laid out for this screen');
  assert.ok(scroll <= width, `the page is ${scroll} px wide on a screen of ${width}`);
  for (const control of controls) {
    const box = await control.boundingBox({ timeout: 5_000 });
    const what = `${control} at ${JSON.stringify(box)} on ${width} x ${height}`;
    assert.ok(box, `not there: ${what}`);
    assert.ok(box.width >= FINGER_PX && box.height >= FINGER_PX, `too small: ${what}`);
    assert.ok(box.x >= 0 && box.x + box.width <= width + 0.5, `over the edge: ${what}`);
    assert.ok(box.y >= 0 && box.y + box.height <= height + 0.5, `out of sight: ${what}`);
    const hit = await control.evaluate((element) => {
      const { left, top, width: wide, height: tall } = element.getBoundingClientRect();
      const found = document.elementFromPoint(left + wide / 2, top + tall / 2);
      return found !== null && (element.contains(found) || found.contains(element));
    });
    assert.ok(hit, `something lies on it: ${what}`);
  }
}

/**
 * The room's name can be read, the controls are one line, and so is what is above the stage.
 * @param {import('./lib/person.js').Person} person
 * @param {string} label the screen
 */
async function isTidy({ page }, label) {
  const { name, controls, above } = await page.evaluate(() => {
    const boxes = (/** @type {string} */ css) =>
      [...document.querySelectorAll(css)]
        .filter((one) => one.checkVisibility())
        .map((one) => one.getBoundingClientRect());
    const middles = (/** @type {DOMRect[]} */ some) => some.map(({ top, bottom }) => (top + bottom) / 2);
    const spread = (/** @type {number[]} */ some) => Math.max(...some) - Math.min(...some);
    return {
      name: boxes('#room-name bdi')[0]?.width ?? 0,
      controls: spread(middles(boxes('.toolbar > button'))),
      above: spread(middles(boxes('.bar > :is(h1, button)'))),
    };
  });
  assert.ok(name >= READABLE_PX, `the room's name has ${name} px on a ${label}`);
  assert.ok(controls <= 2, `the controls of a ${label} are ${controls} px apart`);
  assert.ok(above <= 4, `what is above the stage of a ${label} is ${above} px apart`);
}

house.opening('two people wait in a room', async () => {
  invitation = await ann.createRoom(house.origin, 'Design review');
  await ann.join(invitation);
  await bob.join(invitation);
});

for (const { label, options } of SCREENS) {
  house.scene(`home page, door and call fit a ${label}`, async () => {
    const eve = await house.personIn(visitors, 'Eve', { context: options });
    const { page } = eve;
    await page.goto(house.origin);
    await page.getByRole('heading', { name: 'Plenary' }).first().waitFor();
    await fits(eve, [page.getByRole('textbox', { name: 'Room name' }), eve.button('Create room')]);
    await eve.screenshot(`home ${label}`);

    await eve.goTo(invitation);
    await fits(eve, [page.getByRole('textbox', { name: 'Your name' }), page.getByRole('button', { name: 'Join' })]);
    await eve.screenshot(`door ${label}`);

    await eve.join(invitation);
    await eve.sees('Ann', 'red');
    await eve.sees('Bob', 'green');
    await fits(
      eve,
      CONTROLS.map((name) => eve.button(name)),
    );
    await eve.page.locator('.note:not(.gone)').first().waitFor({ state: 'hidden' });
    await isTidy(eve, label);
    if (label === 'phone') {
      await eve.press('Settings');
      await eve.press('Quality');
      await eve.page.getByRole('combobox', { name: 'Cameras at most' }).waitFor();
      await eve.page.keyboard.press('Escape');
    }
    for (const name of ['Ann', 'Bob']) {
      const box = await eve.tile(name).boundingBox();
      assert.ok(box && box.width >= 120 && box.height >= 90, `the tile of ${name} is ${JSON.stringify(box)}`);
    }
    await eve.screenshot(`call ${label}`);
    await eve.press('Leave');
    await eve.closePage();
  });
}
