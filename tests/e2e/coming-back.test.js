/** Trouble on one side: reloads, cut sockets, dead browsers. The others must notice as little as can be. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { TcpProxy } from './lib/tcp-proxy.js';
import { until } from './lib/until.js';

const house = await House.open();
after(() => house.close());

const ann = await house.person('Ann', 'red');
const bobsBrowser = await house.browser('green', { engine: OTHER });
const bob = await house.personIn(bobsBrowser, 'Bob');
const cidsBrowser = await house.browser('blue', { engine: OTHER, alone: true });
const cid = await house.personIn(cidsBrowser, 'Cid');
/** Bob's way to the server's page and WebSocket. Media goes another way. */
const bobsWire = house.also(await TcpProxy.open(house.server.ports.http));

house.opening('three people meet', async () => {
  const invitation = new URL(await ann.createRoom(house.origin, 'Trouble'));
  await ann.join(invitation.href);
  await cid.join(invitation.href);
  invitation.port = `${bobsWire.port}`;
  await bob.join(invitation.href);
  await ann.sees('Bob', 'green');
  await ann.sees('Cid', 'blue');
  await bob.sees('Ann', 'red');
});

house.scene('a reload brings the same person back, and nobody hears of a leave', async () => {
  const id = cid.peerId;
  assert.match(id, /^[0-9a-f]{16}$/);
  await cid.reload();
  await cid.sees('Ann', 'red');
  await cid.hears(2);
  assert.equal(cid.peerId, id, 'the same peer id');
  assert.equal(cid.welcomes.at(-1).resumed, true);
  for (const person of [ann, bob]) {
    await person.sees('Cid', 'blue');
    await person.seesMovement('Cid');
    await person.hasTilesOf(person === ann ? ['Bob', 'Cid'] : ['Ann', 'Cid']);
  }
});

house.scene('a cut WebSocket is replaced while the pictures go on', async () => {
  const id = bob.peerId;
  const sockets = bob.sockets;
  await bob.rememberConnection();
  const decoded = (await bob.connection()).framesDecoded;
  assert.ok(bobsWire.cut() > 0, 'there was a connection to cut');
  await until(
    'Bob has a new socket',
    () => bob.sockets,
    (now) => now > sockets,
  );
  await until(
    'Bob is welcome again',
    () => bob.welcomes.length,
    (count) => count >= 2,
  );
  const { peer, resumed, media } = bob.welcomes.at(-1);
  assert.deepEqual({ peer, resumed, media }, { peer: id, resumed: true, media: true });
  assert.equal(await bob.hasSameConnection(), true, 'no new RTCPeerConnection');
  await until(
    'Bob decodes on',
    async () => (await bob.connection()).framesDecoded,
    (now) => now > decoded + 60,
  );
  await ann.seesMovement('Bob');
  await bob.sees('Ann', 'red');
  // The new socket works: what happens now reaches Bob.
  await ann.press('Mute microphone');
  await bob.findsMarked('Ann', /muted|microphone off/i);
  await ann.press('Unmute microphone');
});

house.scene('who goes on in another tab finds the first one explaining itself, and not fighting back', async () => {
  const first = bob;
  const id = first.peerId;
  const second = await house.personIn(bobsBrowser, 'Bob elsewhere');
  const { pathname } = new URL(first.page.url());
  const back = {
    token: first.welcomes.at(-1).token,
    name: 'Bob',
    offer: 0,
    camera: true,
    microphone: true,
    at: Date.now(),
  };
  await second.page.goto(house.origin);
  await second.page.evaluate(
    ([key, value]) => sessionStorage.setItem(key, value),
    /** @type {const} */ ([`plenary.return.${pathname.split('/')[2]}`, JSON.stringify(back)]),
  );
  await second.page.goto(new URL(pathname, house.origin).href);
  await second.button('Leave').waitFor();
  await first.page.getByRole('heading', { name: 'The call goes on elsewhere' }).waitFor();
  assert.equal((await first.closeCodes()).at(-1), 4001);
  const sockets = first.sockets;
  await second.sees('Ann', 'red');
  await second.hears(2);
  assert.equal(second.peerId, id, 'the same person');
  await ann.sees('Bob', 'green');
  await ann.seesMovement('Bob');
  assert.equal(first.sockets, sockets, 'the first tab does not try to come back');
  assert.equal(await first.camerasRunning(), 0, 'and holds no camera');
  assert.equal(second.offers.length, 1, 'one offer was enough');
  await ann.hasTilesOf(['Bob', 'Cid']);
});

house.scene('a browser that dies is shown as reconnecting, then leaves; the others stay', async () => {
  const id = cid.peerId;
  await cidsBrowser.kill();
  await ann.findsMarked('Cid', /reconnecting/i);
  await ann.isTold('reconnecting');
  assert.deepEqual(await ann.tiles(), ['Bob', 'Cid'], 'the tile is kept for the one who may come back');
  await ann.isTold('Cid left', { within: 60_000 });
  await ann.hasTilesOf(['Bob']);
  await ann.sees('Bob', 'green');
  const left = ann.told.filter(({ type }) => type === 'peer-left').map(({ peer }) => peer);
  assert.deepEqual(left, [id], 'one leave, and only of the one who died');
});

house.scene('nobody was said to have left who came back', async () => {
  for (const [person, others] of /** @type {const} */ ([
    [ann, ['Bob']],
    [bob, ['Ann']],
  ])) {
    for (const name of others) {
      const said = (await person.announced()).filter((line) => line.includes(`${name} left`));
      assert.deepEqual(said, []);
    }
    const joined = person.told.filter(({ type, name }) => type === 'peer-joined' && name === 'Cid');
    assert.ok(joined.length <= 1, 'a reload is no second arrival');
  }
});
