/** Words between page and server get lost, or are refused. The call goes on under the same peer id, and settles at once. */

import assert from 'node:assert/strict';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

const house = await House.open();
after(() => house.close());

/** Many people on two cores: small pictures. */
const SMALL = { width: 320, height: 180, rate: 15 };

const ann = await house.personIn(await house.browser('red', { engine: OTHER, size: SMALL }), 'Ann');
const bob = await house.personIn(await house.browser('green', { size: SMALL }), 'Bob');
const watchers = await house.browserWithout('absent');
let invitation = '';

/** Everything about Ann that the others could notice: she is there, and nobody was told of a leave or a second arrival. */
async function nobodyNoticed() {
  await bob.sees('Ann', 'red');
  await bob.seesMovement('Ann');
  const told = bob.told.filter(({ type, name }) => /^peer-(joined|left)$/.test(type) && name === 'Ann');
  assert.deepEqual(told, []);
}

/**
 * The page has settled: its last offer is answered, and no further one follows while pictures go on for a while.
 * @param {number} offers how many it made
 */
async function settledAfter(offers) {
  await until(
    'as many offers as it takes',
    () => [ann.offers.length, ann.offers.at(-1).id, ann.answers.at(-1).id],
    ([made, asked, answered]) => made === offers && asked === answered,
  );
  await ann.sees('Bob', 'green');
  await ann.seesMovement('Bob');
  await ann.seesMovement('Bob');
  assert.equal(ann.offers.length, offers, 'not one offer too many');
}

house.opening('two people meet', async () => {
  invitation = await ann.createRoom(house.origin, 'Bad line');
  await ann.join(invitation);
  await bob.join(invitation);
  await ann.sees('Bob', 'green');
  await bob.sees('Ann', 'red');
});

house.scene('an ICE restart goes through on the same connection', async () => {
  await ann.rememberConnection();
  const offers = ann.offers.length;
  const before = ufrag(ann.offers.at(-1));
  await ann.believePathFailed();
  await settledAfter(offers + 1);
  assert.notEqual(ufrag(ann.offers.at(-1)), before, 'new ICE credentials');
  assert.equal(ann.offers.at(-1).fresh, false);
  assert.equal(await ann.hasSameConnection(), true);
  await nobodyNoticed();
});

for (const how of /** @type {const} */ (['lose', 'lose-answer'])) {
  const lost = how === 'lose' ? 'an offer' : 'an answer';
  house.scene(`${lost} that is lost with the socket is made up for on the next one`, async () => {
    const { peerId } = ann;
    await ann.rememberConnection();
    const [offers, welcomes] = [ann.offers.length, ann.welcomes.length];
    await ann.hinderNextOffer(how);
    await ann.believePathFailed();
    await settledAfter(offers + (how === 'lose' ? 1 : 2));
    assert.equal(ann.welcomes.length, welcomes + 1);
    assert.equal(ann.peerId, peerId);
    assert.equal(await ann.hasSameConnection(), true, 'rolled back and offered again, not built anew');
    await nobodyNoticed();
  });
}

house.scene('the answer to a growing offer is lost: the places are there all the same', async () => {
  const { peerId } = ann;
  await ann.rememberConnection();
  for (const name of ['Cem', 'Dan', 'Eva', 'Fay']) await (await house.personIn(watchers, name)).join(invitation);
  await ann.hasTilesOf(['Bob', 'Cem', 'Dan', 'Eva', 'Fay']);
  const offers = ann.offers.length;
  await ann.hinderNextOffer('lose-answer');
  await (await house.personIn(watchers, 'Gil')).join(invitation);
  await settledAfter(offers + 2);
  assert.equal((await ann.connection()).videoLines, 9);
  assert.equal(ann.peerId, peerId);
  assert.equal(await ann.hasSameConnection(), true);
  await nobodyNoticed();
  const places = ann.told.filter(({ type }) => type === 'slots').at(-1).video;
  assert.deepEqual(
    places.map((/** @type {any} */ { peer }) => peer !== undefined),
    [true, true, true, true, true, true, false, false, false],
    'the sixth person has the sixth place',
  );
});

house.scene('a connection that ends on the way is built anew, once, under the same peer id', async () => {
  const { peerId } = ann;
  const offers = ann.offers.length;
  await ann.rememberConnection();
  // DTLS says goodbye to the server, and the page is not told.
  await ann.page.evaluate(() => /** @type {any} */ (window).plenary.pc.close());
  await settledAfter(offers + 1);
  assert.equal(ann.offers.at(-1).fresh, true);
  assert.equal(await ann.hasSameConnection(), false);
  assert.equal(ann.peerId, peerId);
  const reasons = ann.told.filter(({ type }) => type === 'error').map(({ code, rebuild }) => ({ code, rebuild }));
  assert.deepEqual(reasons, [{ code: 'media-lost', rebuild: true }]);
  await nobodyNoticed();
});

house.scene(
  'a page that builds a new connection by itself does so once, whatever the server says of the old one',
  async () => {
    const offers = ann.offers.length;
    await ann.page.evaluate(() => {
      const error = { type: 'error', code: 'offer-refused', message: 'as if', rebuild: true };
      /** @type {any} */ (window).plenary.socket.onmessage({ data: JSON.stringify(error) });
    });
    await settledAfter(offers + 1);
    await nobodyNoticed();
  },
);

house.scene('an offer that is refused leads to one new connection under the same peer id', async () => {
  const { peerId } = ann;
  const offers = ann.offers.length;
  await ann.rememberConnection();
  await ann.hinderNextOffer('spoil');
  await ann.believePathFailed();
  await settledAfter(offers + 2);
  assert.deepEqual(
    ann.offers.slice(-2).map(({ fresh }) => fresh),
    [false, true],
  );
  assert.equal(await ann.hasSameConnection(), false);
  assert.equal(ann.peerId, peerId);
  assert.equal(ann.told.filter(({ code }) => code === 'offer-refused').length, 1);
  await nobodyNoticed();
});

/** @param {{ sdp: string }} offer */
function ufrag({ sdp }) {
  return /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1];
}
