/** Two people meet, whatever their network lets through: directly, over TCP, or over the relay in each of its ways. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { until } from '../e2e/lib/until.js';
import { Guests, ORIGIN, directPathOf, meet, pathOf } from './lib/guests.js';
import { ANN, BOB, PUBLIC, droppedBy, fence, translate, unfence } from './lib/net.js';
import { Stack } from './lib/stack.js';
import { credentialsFor } from './lib/turn.js';

/** @import { Browser } from '../e2e/lib/browser.js' */
/** @import { Person } from '../e2e/lib/person.js' */
/** @import { Opening } from './lib/net.js' */

/** No call takes longer, on two cores. */
const CALL = { timeout: 120_000 };

/** @type {Stack} */
let stack;
/** @type {Guests} */
let guests;
/** @type {Browser} */
let annsBrowser;
/** @type {Browser} */
let bobsBrowser;

before(async () => {
  stack = await Stack.up();
  guests = await Guests.open();
  [annsBrowser, bobsBrowser] = await Promise.all([guests.chromium(ANN, 'red'), guests.chromium(BOB, 'green')]);
});

after(async () => {
  await guests?.close();
  await stack?.down();
});

/**
 * @param {string} name
 * @param {(ann: Person, bob: Person) => Promise<void>} body
 * @param {Opening[]} [openings] what both networks let through; all, if none are given
 */
function call(name, body, openings) {
  test(name, CALL, async () => {
    for (const client of [ANN, BOB]) await (openings ? fence(client, openings) : unfence(client));
    try {
      await body(await guests.person('Ann', annsBrowser), await guests.person('Bob', bobsBrowser));
    } catch (error) {
      await guests.keepEvidence(name);
      console.error((await stack.logs()).split('\n').slice(-80).join('\n'));
      throw error;
    } finally {
      await guests.leave();
    }
  });
}

/**
 * A connection takes what answers first, which is TCP or the relay now and then, and goes on to what is nearer.
 * @param {Person} person
 */
const movesToUdp = (person) =>
  until(
    `${person.name}'s media goes by UDP, directly`,
    () => pathOf(person),
    ({ local }) => local.protocol === 'udp' && local.type !== 'relay',
  );

/** @type {Opening} */
const PAGES = { protocol: 'tcp', ports: '443' };

call('a call of two through nginx: media goes by UDP, directly', async (ann, bob) => {
  await meet(ann, bob);
  for (const person of [ann, bob]) {
    const path = await movesToUdp(person);
    assert.equal(path.remote.address, PUBLIC);
    const { iceServers } = person.told.find(({ type }) => type === 'welcome');
    assert.equal(iceServers.flatMap((/** @type {any} */ { urls }) => urls).length, 3, 'and three ways to the relay');
  }
});

call('two who have no direct path to each other talk through the server, and are told why', async (ann, bob) => {
  await meet(ann, bob, { topology: 'auto' });
  for (const person of [ann, bob]) {
    await person.talks('server', { within: 30_000 });
    await until(
      `${person.name} is told why`,
      () => person.page.locator('#way').evaluate((/** @type {Element} */ badge) => badge.getAttribute('title') ?? ''),
      (why) => why === 'server: no direct path was found',
      { within: 30_000 },
    );
  }
  await Promise.all([ann.seesMovement('Bob'), bob.seesMovement('Ann')]);
});

call('who is behind a symmetric NAT talks directly to somebody who is not', async (ann, bob) => {
  await translate(true);
  try {
    await meet(ann, bob, { topology: 'auto' });
    for (const person of [ann, bob]) await person.talks('direct', { within: 30_000 });
    await Promise.all([ann.seesMovement('Bob'), bob.seesMovement('Ann')]);
    assert.equal(await directPathOf(ann), 'prflx', 'by a port that the NAT has for this alone');
  } finally {
    await translate(false);
  }
});

call(
  'UDP is blocked and no relay can be reached: media goes by TCP, directly, and by UDP as soon as that gets through',
  async (ann, bob) => {
    await meet(ann, bob);
    for (const person of [ann, bob]) {
      const { local, remote } = await pathOf(person);
      assert.deepEqual([local.protocol, remote.protocol, remote.address], ['tcp', 'tcp', PUBLIC]);
      assert.notEqual(local.type, 'relay');
    }
    assert.ok((await droppedBy(ANN)) > 0 && (await droppedBy(BOB)) > 0, 'the wall was there');
    for (const client of [ANN, BOB]) await unfence(client);
    for (const person of [ann, bob]) await movesToUdp(person);
  },
  [PAGES, { protocol: 'tcp', ports: '61000:61003' }],
);

/** @type {[relay: string, opening: Opening][]} */
const RELAYS = [
  ['udp', { protocol: 'udp', ports: '3478' }],
  ['tcp', { protocol: 'tcp', ports: '3478' }],
  ['tls', { protocol: 'tcp', ports: '5349' }],
];
for (const [relay, opening] of RELAYS) {
  call(
    `only the relay can be reached, by ${relay}: media goes through it`,
    async (ann, bob) => {
      await meet(ann, bob);
      for (const person of [ann, bob]) {
        const path = await pathOf(person);
        assert.deepEqual([path.local.type, path.local.relay, path.remote.address], ['relay', relay, PUBLIC]);
        const more = async () => {
          const { sent, received } = await pathOf(person);
          return Math.min(sent - path.sent, received - path.received);
        };
        await until(`${person.name}'s media goes on through the relay`, more, (bytes) => bytes > 20_000);
      }
      assert.ok((await droppedBy(ANN)) > 0 && (await droppedBy(BOB)) > 0, 'the wall was there');
    },
    [PAGES, opening],
  );
}

test('Firefox and Chromium meet through nginx', CALL, async () => {
  await unfence(BOB);
  const firefox = await guests.firefox('red');
  try {
    await meet(await guests.person('Ann', firefox), await guests.person('Bob', bobsBrowser));
  } catch (error) {
    await guests.keepEvidence('firefox');
    throw error;
  } finally {
    await guests.leave();
  }
});

test(
  'a browser gets a relayed address with credentials of the server, and none with forged or expired ones',
  CALL,
  async () => {
    await fence(ANN, [PAGES, { protocol: 'udp', ports: '3478' }]);
    const ann = await guests.person('Ann', annsBrowser);
    await ann.page.goto(ORIGIN);
    const secret = (await stack.exec('coturn', ['cat', '/run/turn-secret/secret'])).stdout;
    const now = Math.floor(Date.now() / 1000);
    const url = `turn:${new URL(ORIGIN).hostname}:3478?transport=udp`;
    const gather = (/** @type {{ user: string, password: string }} */ { user, password }) =>
      ann.page.evaluate(gatherRelays, [{ urls: url, username: user, credential: password }]);
    const right = await gather(credentialsFor(secret, now + 600));
    assert.ok(right.relays.length > 0, `with the right ones: ${JSON.stringify(right)}`);
    const expired = await gather(credentialsFor(secret, now - 60));
    assert.deepEqual([expired.relays, expired.errors.includes(401)], [[], true], 'expired');
    const forged = await gather(credentialsFor('another secret', now + 600));
    assert.deepEqual([forged.relays, forged.errors.includes(401)], [[], true], 'forged');
    await guests.leave();
  },
);

/**
 * The relayed candidates that a browser finds, and the errors it meets on the way. Runs in the page.
 * @param {RTCIceServer[]} iceServers
 */
async function gatherRelays(iceServers) {
  const pc = new RTCPeerConnection({ iceServers, iceTransportPolicy: 'relay' });
  /** @type {string[]} */
  const relays = [];
  /** @type {number[]} */
  const errors = [];
  const done = new Promise((tell) => {
    pc.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate?.candidate) relays.push(candidate.candidate);
      if (candidate === null) tell(undefined);
    });
  });
  pc.addEventListener('icecandidateerror', ({ errorCode }) => errors.push(errorCode));
  pc.createDataChannel('any');
  await pc.setLocalDescription();
  await done;
  pc.close();
  return { relays, errors };
}
