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
