/** A network that lets no media through: the person is told in plain words, and comes in when it does after all. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { MEDIA_ADDRESS } from './lib/server.js';
import { UdpProxy } from './lib/udp-proxy.js';
import { until } from './lib/until.js';

const house = await House.open();
after(() => house.close());

const wall = house.also(await UdpProxy.open({ host: MEDIA_ADDRESS, port: house.server.ports.udp }));
const ann = await house.person('Ann', 'red', { engine: OTHER, relayPort: wall.port });
const bob = await house.person('Bob', 'green');

/** The page says it after 16 s; the machine may be busy. */
const PATIENCE = { within: 40_000 };

/** As somebody reads it aloud. */
const CODE = /Code for help: ([0-9A-Z]{4}-[0-9A-Z]{4})/;

const NAMED = /do not get through: this network may block them.*still trying/i;

house.opening('somebody behind a wall is told that sound and picture do not get through', async () => {
  wall.cut();
  const invitation = await ann.createRoom(house.origin, 'Behind the wall');
  await bob.join(invitation);
  await ann.join(invitation);
  await ann.isTold('do not get through', PATIENCE);
  await until(
    'Ann reads it as long as it lasts',
    () => ann.readText(),
    (text) => NAMED.test(text),
  );
});

house.scene('the page has a code, by which the log says what the server saw', async () => {
  const text = await until(
    'Ann reads a code',
    () => ann.readText(),
    (read) => CODE.test(read),
  );
  const code = (CODE.exec(text)?.[1] ?? '').replace('-', '');
  const line = house.server.log.split('\n').find((said) => said.includes('trouble') && said.includes(code)) ?? '';
  assert.match(line, /udp-blocked/, `the log has ${code}: ${line}`);
  assert.match(line, new RegExp(`no packet of theirs arrived on UDP ${house.server.ports.udp}`));
  await ann.isTold('Code for help');
});

house.scene('the wall opens, and the call begins without a reload', async () => {
  wall.mend();
  await ann.sees('Bob', 'green', { within: 30_000 });
  await bob.sees('Ann', 'red');
  await ann.isTold('You are connected');
  await until(
    'Ann reads it no longer',
    () => ann.readText(),
    (text) => !NAMED.test(text),
  );
});
