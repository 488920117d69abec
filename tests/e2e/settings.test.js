/** What an application decides about a room: the page has no button for what nobody may, and says when it ends. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

/** @import { Person } from './lib/person.js' */

const house = await House.open();
after(() => house.close());

const ann = await house.person('Ann', 'red');
const greens = await house.browser('green', { engine: OTHER });
const bob = await house.personIn(greens, 'Bob');
let invitation = '';

/**
 * The application asks, here in Ann's page.
 * @param {string} method
 * @param {string} path
 * @param {object} body
 * @param {string} [secret]
 * @returns {Promise<{ id: string, secret: string }>}
 */
function asks(method, path, body, secret = '') {
  return ann.page.evaluate(
    async (wanted) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${wanted.secret}` };
      const { secret: shown, method: by, path: at, body: said } = wanted;
      const init = {
        method: by,
        body: JSON.stringify(said),
        headers: shown ? headers : { 'content-type': 'application/json' },
      };
      const response = await fetch(at, init);
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      return response.json();
    },
    { method, path, body, secret },
  );
}

/** What somebody finds of the panel. @param {Person} person */
const panel = ({ page }) =>
  page.evaluate(() => {
    const seen = (/** @type {string} */ selector) => {
      const node = document.querySelector(selector);
      return node instanceof HTMLElement && node.checkVisibility();
    };
    const button = document.querySelector('#chat-open')?.getAttribute('aria-label');
    return { button: seen('#chat-open') ? button : '', box: seen('#chat textarea'), attach: seen('#chat .attach') };
  });

/**
 * @param {Person} person
 * @param {{ button: string, box: boolean, attach: boolean }} wanted
 */
const finds = (person, wanted) =>
  until(
    `${person.name} finds ${JSON.stringify(wanted)}`,
    () => panel(person),
    (there) => JSON.stringify(there) === JSON.stringify(wanted),
  );

let room = { id: '', secret: '' };

house.opening('two are in a room without chat and files', async () => {
  await ann.page.goto(house.origin);
  room = await asks('POST', '/api/rooms', { name: 'Course', chat: false, files: false });
  invitation = new URL(`/r/${room.id}`, house.origin).href;
  await ann.join(invitation);
  await bob.join(invitation);
  await ann.sees('Bob', 'green');
});

house.scene('there is no button for what nobody may, and there is as soon as they may', async () => {
  const change = (/** @type {object} */ body) => asks('PATCH', `/api/rooms/${room.id}`, body, room.secret);
  for (const person of [ann, bob]) await finds(person, { button: '', box: false, attach: false });
  await change({ files: true });
  await bob.isTold('Files may be sent now');
  await finds(bob, { button: 'Files', box: false, attach: false });
  await bob.page.locator('#chat-open').click();
  await finds(bob, { button: 'Files', box: false, attach: true });
  await change({ chat: true });
  await finds(bob, { button: 'Chat', box: true, attach: true });
  await change({ files: false });
  await finds(bob, { button: 'Chat', box: true, attach: false });
  const [box = 0, send = 0] = await Promise.all(
    [bob.page.locator('.chat textarea'), bob.page.locator('.chat .write .primary')].map(
      async (part) => (await part.boundingBox())?.width,
    ),
  );
  assert.ok(box > send, `who writes has ${box} pixels for that, and ${send} to send it`);
  await change({ chat: false, files: false });
  await finds(bob, { button: '', box: false, attach: false });
  await ann.isTold('The chat is off now');
});

house.scene('people are told that the room ends, and read that it did', async () => {
  const ends = Date.now() + 6000;
  await asks('PATCH', `/api/rooms/${room.id}`, { ends }, room.secret);
  await bob.isTold('The room ends in a minute');
  await bob.reads('The room is over');
  await ann.reads('The room is over');
  assert.ok(Date.now() >= ends - 100, 'not before its time');
});

house.scene('who comes too early reads when the room opens', async () => {
  await ann.page.goto(house.origin);
  const early = await asks('POST', '/api/rooms', { name: 'Tomorrow', starts: Date.now() + 86_400_000 });
  await ann.page.goto(new URL(`/r/${early.id}`, house.origin).href);
  await ann.page
    .getByText(/It opens on .+/)
    .filter({ visible: true })
    .waitFor();
  await ann.page.getByRole('button', { name: 'Join' }).click();
  await ann.reads('The room is not open yet');
  await ann.page
    .getByText(/It opens on .+/)
    .filter({ visible: true })
    .waitFor();
});

house.scene('who waits for a room that opens reads that it has, at the door and behind it', async () => {
  await Promise.all([ann, bob].map((person) => person.page.goto(house.origin)));
  const soon = await asks('POST', '/api/rooms', { name: 'Soon', starts: Date.now() + 20_000 });
  const link = new URL(`/r/${soon.id}`, house.origin).href;
  await Promise.all([ann, bob].map((person) => person.page.goto(link)));
  await ann.page
    .getByText(/It opens on .+/)
    .filter({ visible: true })
    .waitFor();
  await bob.page.getByRole('button', { name: 'Join' }).click();
  await bob.reads('The room is not open yet');
  const isOpen = (/** @type {Person} */ { page }) => page.getByText('The room is open now.').filter({ visible: true });
  await Promise.all([ann, bob].map((person) => isOpen(person).waitFor()));
});

house.scene('who invites people to a room for invited ones reads that its link is not enough', async () => {
  await ann.page.goto(house.origin);
  const course = await asks('POST', '/api/rooms', { name: 'Exam' });
  await ann.join(new URL(`/r/${course.id}`, house.origin).href);
  const alone = ann.page.getByText('The link alone lets nobody in');
  await asks('PATCH', `/api/rooms/${course.id}`, { access: 'token' }, course.secret);
  await until(
    'the page knows',
    () => ann.page.locator('#ways-pass').evaluate((element) => element instanceof HTMLElement && !element.hidden),
    (knows) => knows,
  );
  await ann.button('Copy invite link').click();
  await alone.filter({ visible: true }).first().waitFor();
});
