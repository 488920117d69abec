/** What a page says instead of a door or a form that could only fail. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';

const house = await House.open({ flags: ['--limit', 'rooms=1,peers-per-room=1'] });
// Nobody meets anybody here, so the egress guard has nothing to judge.
after(() => house.close({ guarded: false }));

const size = { width: 640, height: 360, rate: 30 };
const browser = await house.browser('red', { engine: 'chromium', size });
const ann = await house.personIn(browser, 'Ann');
const bob = await house.personIn(browser, 'Bob');
/** Of a room that gave way to another one. */
let old = '';
let room = '';

house.opening('a person is in the only room of the only person that there may be', async () => {
  old = await ann.createRoom(house.origin, 'Old Room');
  room = await ann.createRoom(house.origin, 'Booth');
  await ann.join(room);
});

house.scene('who has the link of a room that holds no more reads so before they press Join', async () => {
  await bob.page.goto(room);
  await bob.reads('The room is full');
  await bob.button('Return to the room').waitFor();
  assert.equal(await bob.button('Join').count(), 0);
});

house.scene('so does who has the link of a room that the server has no place for, until there is one', async () => {
  await bob.page.goto(old);
  await bob.reads('The server has no place at present');
  assert.equal(await bob.button('Join').count(), 0);
  await ann.press('Leave');
  await ann.reads('You left the room');
  await bob.press('Try again');
  await bob.button('Join').waitFor();
});

const kept = await House.open({ flags: ['--creators', 'token'] });
after(() => kept.close({ guarded: false }));
const others = await kept.browser('green', { engine: 'chromium', size });
const cleo = await kept.personIn(others, 'Cleo');
const MAKERS = /Rooms are made here by people who were given a link for it/;

kept.opening('where not everybody makes rooms, the home page offers to open one and says who makes them', async () => {
  await cleo.page.goto(kept.origin);
  await cleo.page.getByText(MAKERS).waitFor();
  await cleo.button('Open room').waitFor();
  assert.equal(await cleo.button('Create room').count(), 0);
  await cleo.screenshot('home where not everybody makes rooms');
});

kept.scene('a link that leads to no room offers to make it to nobody who may not, and says who may', async () => {
  await cleo.page.goto(`${kept.origin}r/tea-club`);
  await cleo.reads('There is no such room');
  await cleo.page.getByText(MAKERS).waitFor();
  assert.equal(await cleo.button('Make this room now').count(), 0);
  await cleo.screenshot('no room where not everybody makes rooms');
});

kept.scene('who has a link for making rooms is offered both', async () => {
  const pass = await kept.pass({ create: true });
  await cleo.page.goto(`${kept.origin}r/chess-club#pass=${pass}`);
  await cleo.button('Make this room now').waitFor();
  assert.equal(await cleo.page.getByText(MAKERS).isVisible(), false);
  await cleo.page.goto(`${kept.origin}#pass=${pass}`);
  await cleo.page.getByRole('textbox', { name: 'Room name' }).fill('Tea');
  await cleo.press('Create room');
  await cleo.button('Join').waitFor();
});

kept.scene('who comes by an invitation that has ended reads why it is not good', async () => {
  const { pathname } = new URL(cleo.page.url());
  const dora = await kept.personIn(others, 'Dora');
  const ended = await kept.pass({ room: pathname.slice('/r/'.length) }, -60);
  await dora.page.goto(new URL(`${pathname}#pass=${ended}`, kept.origin).href);
  await dora.press('Join');
  await dora.reads('This invitation is not valid');
  await dora.page.getByText('It has expired. Ask whoever invited you for a new link.').waitFor();
  await dora.screenshot('invitation that has ended');
  await dora.closePage();
});
