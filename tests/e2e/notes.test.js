/** What is told in passing: in one quiet place that covers nobody, in few words, and gone when the call is over. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { until } from './lib/until.js';

/** @import { Person } from './lib/person.js' */

const CROWD = 15;
const PHONE = { viewport: { width: 360, height: 640 } };
const DESK = { viewport: { width: 1280, height: 720 } };

const house = await House.open();
after(() => house.close());

const reds = await house.browser('red');
const eve = await house.personIn(reds, 'Eve', { context: PHONE });
const kim = await house.personIn(reds, 'Kim', { context: DESK });
const crowd = await house.personIn(reds, 'Crowd');
let invitation = '';

/** From now on the page looks at every frame whether a note lies on a tile, or the stage moves. */
function watchNotes() {
  const scene = /** @type {any} */ (window);
  scene.notes = { seen: [], covered: [], stages: [] };
  const place = () => {
    const { x, y, width, height } = /** @type {Element} */ (document.getElementById('stage')).getBoundingClientRect();
    return [x, y, width, height].map(Math.round).join();
  };
  const look = () => {
    const { seen, covered, stages } = scene.notes;
    if (!stages.includes(place())) stages.push(place());
    for (const note of document.querySelectorAll('.note:not(.gone)')) {
      if (!seen.includes(note.textContent)) seen.push(note.textContent);
      const on = note.getBoundingClientRect();
      for (const tile of document.querySelectorAll('.tile')) {
        const of = tile.getBoundingClientRect();
        const apart = on.right <= of.left || of.right <= on.left || on.bottom <= of.top || of.bottom <= on.top;
        if (!apart) covered.push(note.textContent);
      }
    }
    requestAnimationFrame(look);
  };
  look();
}

/**
 * So many people come who have nothing but a socket. They stay until the page is closed.
 * @param {{ count: number, room: string }} options
 */
function come({ count, room }) {
  const url = new URL('/ws', location.href);
  url.protocol = 'wss:';
  const sockets = Array.from({ length: count }, (_, n) => {
    const socket = new WebSocket(url);
    socket.onopen = () => socket.send(JSON.stringify({ type: 'join', room, name: `Visitor ${n + 1}` }));
    return socket;
  });
  Object.assign(window, { sockets });
}

/** @param {Person} person */
const notes = (person) => person.page.evaluate(() => /** @type {any} */ (window).notes);

house.opening('two people are in a room, one of them with a phone', async () => {
  invitation = await eve.createRoom(house.origin, 'All hands');
  await eve.join(invitation);
  await kim.join(invitation);
  await eve.sees('Kim', 'red');
});

house.scene(`${CROWD} people who come are told of in few words, and no note covers anybody`, async () => {
  const people = [eve, kim];
  for (const { page } of people) await page.evaluate(watchNotes);
  await crowd.page.goto(house.origin);
  await crowd.page.evaluate(come, { count: CROWD, room: new URL(invitation).pathname.split('/')[2] ?? '' });
  for (const person of people) {
    const summary = await until(
      `${person.name} is told of all at once`,
      async () => (await notes(person)).seen,
      (/** @type {string[]} */ seen) => seen.some((text) => /and \d+ others joined/.test(text)),
    );
    await person.screenshot(`notes ${person.name}`);
    assert.ok(summary.length <= 5, `few words: ${summary}`);
    const { covered, stages } = await notes(person);
    assert.deepEqual(covered, [], 'nobody is covered');
    assert.equal(stages.length, 1, `the stage stays where it is: ${stages.join(' ')}`);
  }
});

house.scene('a note is read from its beginning, and the next one takes its place', async () => {
  await eve.press('Copy invite link');
  await until(
    'one note',
    () => eve.page.locator('.note:not(.gone)').count(),
    (count) => count === 1,
  );
  const { x, width } = (await eve.page.locator('.note:not(.gone)').boundingBox()) ?? { x: -1, width: 0 };
  assert.ok(x >= 0 && x + width <= 360, `on the screen: ${x} + ${width}`);
});

house.scene('whoever leaves reads that, and nothing of the call any more', async () => {
  await eve.press('Close');
  await eve.press('Leave');
  await eve.page.getByRole('heading', { name: 'You left the room' }).waitFor();
  assert.equal(await eve.page.locator('.note').count(), 0);
});
