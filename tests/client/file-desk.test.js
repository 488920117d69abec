import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { Emitter } from '../../client/js/core/emitter.js';
import { FileDesk, MOST_TRANSFERS, OFFERS_PER_MINUTE } from '../../client/js/rtc/file-desk.js';
import { MOST_FILES } from '../../client/js/rtc/files/exchange.js';
import { CHUNK, REASONS } from '../../client/js/rtc/files/frames.js';
import { endWords, sizeWords, stateWords } from '../../client/js/ui/file-words.js';

/** @import { LinkState } from '../../client/js/call/direct.js' */
/** @import { Incoming } from '../../client/js/rtc/files/incoming.js' */
/** @import { Transfer } from '../../client/js/rtc/transfer.js' */

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** One end of a channel; what is sent arrives in the next turn. */
class Channel extends EventTarget {
  readyState = 'open';
  bufferedAmount = 0;
  /** @type {Channel | null} */
  other = null;
  /** @type {unknown[]} */
  sent = [];

  /** @param {string | Uint8Array<ArrayBuffer>} data */
  send(data) {
    if (this.readyState !== 'open') throw new Error('closed');
    this.sent.push(data);
    const { other } = this;
    const arrives = typeof data === 'string' ? data : data.slice().buffer;
    setImmediate(() => other?.dispatchEvent(new MessageEvent('message', { data: arrives })));
  }

  /** The other side says something, whatever it is. @param {unknown} value */
  hears(value) {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(value) }));
  }

  close() {
    for (const end of [this, this.other]) {
      if (!end || end.readyState === 'closed') continue;
      end.readyState = 'closed';
      end.dispatchEvent(new Event('close'));
    }
  }
}

/** @extends {Emitter<{ files: RTCDataChannel, state: LinkState }>} */
class Link extends Emitter {
  channel = new Channel();

  open() {
    this.emit('files', /** @type {RTCDataChannel} */ (/** @type {unknown} */ (this.channel)));
    return this;
  }
}

/** The desk of a page, and what it tells. */
function page() {
  const desk = new FileDesk();
  /** @type {Transfer[]} */
  const offered = [];
  /** @type {string[]} */
  const over = [];
  desk.on('offered', (transfer) => offered.push(transfer));
  desk.on('over', ({ name, state, reason }) => over.push([name, state, reason].filter(Boolean).join(' ')));
  return { desk, offered, over };
}

/** A connection of this page with somebody who is not there but for what a test says. @param {FileDesk} desk @param {string} peer */
function linked(desk, peer) {
  const link = new Link();
  desk.attach(peer, link);
  return link.open();
}

/** Two pages and what connects them. @param {ReturnType<typeof page>} ann @param {ReturnType<typeof page>} bob */
function connected(ann, bob) {
  const [toBob, toAnn] = [new Link(), new Link()];
  [toBob.channel.other, toAnn.channel.other] = [toAnn.channel, toBob.channel];
  ann.desk.attach('bob', toBob);
  bob.desk.attach('ann', toAnn);
  toBob.open();
  toAnn.open();
  return { toBob, toAnn };
}

/** @param {string} name */
const file = (name, size = 5) => new File([new Uint8Array(size).fill(7)], name, { lastModified: 1 });

/** @param {() => boolean} reached */
async function settle(reached) {
  for (let round = 0; !reached(); round += 1) {
    assert.ok(round < 10_000, 'it does not come to that');
    await turn();
  }
}

/** @param {FileDesk} desk */
const states = (desk) => desk.transfers.map(({ peer, name, state }) => `${name} ${peer} ${state}`);

/** What was offered on a channel. @param {Channel} channel @returns {any[]} */
const offers = (channel) =>
  channel.sent
    .flatMap((data) => (typeof data === 'string' ? [JSON.parse(data)] : []))
    .filter(({ type }) => type === 'offer');

test('who is connected can be sent something, and only as long as that is so', () => {
  const { desk } = page();
  const link = new Link();
  desk.attach('bob', link);
  assert.deepEqual(desk.peers, [], 'the channel is not open');
  link.open();
  assert.deepEqual(desk.peers, ['bob']);
  link.channel.close();
  assert.deepEqual(desk.peers, []);
  linked(desk, 'cid').emit('state', 'lost');
  assert.deepEqual(desk.peers, []);
  const last = linked(desk, 'dan');
  last.emit('state', 'connected');
  assert.deepEqual(desk.peers, ['dan']);
  desk.detach(last);
  assert.deepEqual(desk.peers, []);
});

test('a file goes to everybody, each decides alone, and what comes is what was sent', async () => {
  const [ann, bob, cid] = [page(), page(), page()];
  connected(ann, bob);
  const toCid = new Link();
  const fromAnn = new Link();
  [toCid.channel.other, fromAnn.channel.other] = [fromAnn.channel, toCid.channel];
  ann.desk.attach('cid', toCid);
  cid.desk.attach('ann', fromAnn);
  toCid.open();
  fromAnn.open();
  assert.equal(ann.desk.send([file('a.txt', CHUNK * 2 + 1)]), 0);
  assert.deepEqual(states(ann.desk), ['a.txt bob offered', 'a.txt cid offered']);
  await settle(() => bob.offered.length + cid.offered.length === 2);
  const [atBob, atCid] = [...bob.offered, ...cid.offered];
  assert.ok(atBob && atCid);
  assert.equal(bob.desk.accept(atBob), true);
  cid.desk.cancel(atCid);
  await settle(() => ann.desk.transfers.every(({ isOver }) => isOver));
  assert.deepEqual(states(ann.desk), ['a.txt bob done', 'a.txt cid refused']);
  assert.deepEqual(ann.over.toSorted(), ['a.txt done', 'a.txt refused declined']);
  const blob = /** @type {Incoming} */ (atBob.incoming).blob;
  assert.deepEqual(new Uint8Array((await blob?.arrayBuffer()) ?? []), new Uint8Array(CHUNK * 2 + 1).fill(7));
  bob.desk.remove(atBob);
  assert.equal(atBob.incoming?.blob, null, 'nothing is kept of what was removed');
  assert.deepEqual(states(bob.desk), []);
});

test('what is under way when the connection ends is lost for both, is said once, and can be offered again', async () => {
  const [ann, bob] = [page(), page()];
  const { toBob } = connected(ann, bob);
  ann.desk.send([file('large.bin', CHUNK * 40), file('asked.txt')]);
  await settle(() => bob.offered.length === 2);
  const [large] = bob.offered;
  assert.ok(large && bob.desk.accept(large));
  await settle(() => large.moved > 0);
  toBob.channel.close();
  await turn();
  assert.deepEqual(ann.over, ['large.bin failed lost', 'asked.txt failed lost']);
  assert.deepEqual(bob.over, ['large.bin failed lost', 'asked.txt failed lost']);
  const [mine] = ann.desk.transfers;
  assert.ok(mine);
  ann.desk.again(mine);
  assert.deepEqual(ann.desk.transfers[0], mine, 'there is nobody');
  const [there, back] = [new Link(), new Link()];
  [there.channel.other, back.channel.other] = [back.channel, there.channel];
  ann.desk.attach('bob', there);
  bob.desk.attach('ann', back);
  there.open();
  back.open();
  assert.equal(offers(there.channel).length, 0, 'nothing goes by itself');
  ann.desk.again(mine);
  await settle(() => bob.offered.length === 3);
  const again = bob.offered[2];
  assert.ok(again && bob.desk.accept(again));
  await settle(() => again.state === 'done' && ann.desk.transfers.every(({ isOver }) => isOver));
  assert.deepEqual(states(ann.desk).toSorted(), ['asked.txt bob failed', 'large.bin bob done']);
});

test('many files are offered as fast as the other side lets itself be asked', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  let now = 1000;
  const clock = mock.method(performance, 'now', () => now);
  try {
    const { desk } = page();
    const { channel } = linked(desk, 'bob');
    /** The other side takes none of them. */
    const refuse = () => {
      for (const { id } of offers(channel)) channel.hears({ type: 'refuse', id, reason: 'declined' });
    };
    assert.equal(desk.send(Array.from({ length: 40 }, (_, index) => file(`${index}`))), 0);
    assert.equal(offers(channel).length, MOST_FILES, 'as many as it may be asked at a time');
    for (let round = 0; round < 3; round += 1) refuse();
    assert.equal(offers(channel).length, 40);
    assert.equal(desk.send(Array.from({ length: 30 }, (_, index) => file(`more ${index}`))), 0);
    for (let round = 0; round < 3; round += 1) refuse();
    assert.equal(offers(channel).length, OFFERS_PER_MINUTE, 'and no more in a minute');
    now += 59_000;
    mock.timers.tick(59_000);
    assert.equal(offers(channel).length, OFFERS_PER_MINUTE);
    now += 1000;
    mock.timers.tick(1000);
    for (let round = 0; round < 3; round += 1) refuse();
    assert.equal(offers(channel).length, 70);
    assert.ok(desk.transfers.every(({ isOver }) => isOver));
  } finally {
    clock.mock.restore();
    mock.timers.reset();
  }
});

test('what waits to be offered is withdrawn, or lost with the connection, and nobody hears of it', () => {
  const { desk, over } = page();
  const link = linked(desk, 'bob');
  desk.send(Array.from({ length: MOST_FILES + 2 }, (_, index) => file(`${index}`)));
  const [first, second] = desk.transfers.slice(-2);
  assert.ok(first && second);
  assert.equal(first.state, 'queued');
  desk.cancel(first);
  assert.equal(`${first.state} ${first.reason}`, 'cancelled withdrawn');
  desk.detach(link);
  assert.equal(`${second.state} ${second.reason}`, 'failed lost');
  assert.equal(offers(link.channel).length, MOST_FILES);
  assert.equal(over.length, MOST_FILES + 2);
});

test('what is to be offered goes on with the connection that takes the place of another', () => {
  const { desk } = page();
  const before = linked(desk, 'bob');
  desk.send(Array.from({ length: MOST_FILES + 1 }, (_, index) => file(`${index}`)));
  const after = linked(desk, 'bob');
  assert.deepEqual(desk.peers, ['bob']);
  desk.detach(before);
  assert.deepEqual(
    offers(after.channel).map(({ name }) => name),
    [`${MOST_FILES}`],
  );
});

test('a flood of offers has a bound, and takes nothing from what somebody else sent', async () => {
  const [ann, bob] = [page(), page()];
  connected(ann, bob);
  ann.desk.send([file('kept.txt')]);
  await settle(() => bob.offered.length === 1);
  const kept = bob.offered[0];
  assert.ok(kept && bob.desk.accept(kept));
  await settle(() => kept.state === 'done');
  for (const peer of ['mallory', 'eve']) {
    const { channel } = linked(bob.desk, peer);
    for (let id = 1; id <= 90; id += 1) {
      channel.hears({ type: 'offer', id, name: `${peer} ${id}`, size: 1 });
      if (id % 3) channel.hears({ type: 'cancel', id, reason: 'withdrawn' });
    }
  }
  assert.ok(bob.desk.transfers.length <= MOST_TRANSFERS);
  assert.ok(bob.desk.transfers.includes(kept), 'nobody saved it');
  assert.ok(kept.incoming?.blob);
  const asked = bob.desk.transfers.filter(({ state }) => state === 'offered');
  assert.equal(asked.length, 2 * MOST_FILES, 'those that wait for an answer stay');
  assert.ok(bob.offered.length <= 1 + 2 * 60, `Bob was told of ${bob.offered.length}`);
});

test('where all places are taken one more offer is refused, and one more of ours not made', () => {
  const { desk } = page();
  for (const peer of ['a', 'b', 'c']) {
    const { channel } = linked(desk, peer);
    for (let id = 1; id <= MOST_FILES; id += 1) channel.hears({ type: 'offer', id, name: 'x', size: 1 });
  }
  const { channel } = linked(desk, 'd');
  for (let id = 1; id <= 3; id += 1) channel.hears({ type: 'offer', id, name: 'x', size: 1 });
  assert.equal(desk.transfers.length, MOST_TRANSFERS);
  assert.deepEqual(JSON.parse(String(channel.sent[0])), { type: 'refuse', id: 3, reason: 'too-many' });
  assert.equal(desk.send([file('one'), file('two')]), 8);
});

/** Somebody who is reached through the server, and what is said to them. @param {FileDesk} desk @param {string} peer */
function carried(desk, peer, isHere = true) {
  /** @type {any[]} */
  const said = [];
  const channel = {
    bufferedAmount: 0,
    onlow: null,
    close: () => {},
    send: (/** @type {string | Uint8Array} */ data) => void said.push(JSON.parse(String(data))),
  };
  desk.carry(peer, channel, 70);
  desk.reach(channel, isHere);
  return { channel, said };
}

test('files go directly to whom they can, and through the server to the others', () => {
  const { desk } = page();
  desk.mostThroughServer = 10;
  const bob = carried(desk, 'bob');
  const cid = carried(desk, 'cid');
  carried(desk, 'dan', false);
  assert.deepEqual(desk.peers, ['bob', 'cid']);
  const direct = linked(desk, 'bob');
  assert.deepEqual([desk.isDirect('bob'), desk.isDirect('cid'), desk.isDirect('dan')], [true, false, false]);
  desk.send([file('small', 10), file('large', 11)]);
  assert.deepEqual(states(desk), ['small bob offered', 'small cid offered', 'large bob offered', 'large cid refused']);
  assert.deepEqual([offers(direct.channel).length, bob.said.length], [2, 0]);
  assert.deepEqual(cid.said, [{ type: 'offer', id: 70, name: 'small', size: 10 }]);
  const [, , , tooLarge] = desk.transfers;
  assert.ok(tooLarge);
  assert.equal(desk.takes(tooLarge), false);
  linked(desk, 'cid');
  assert.equal(desk.takes(tooLarge), true, 'now it goes directly');
  direct.channel.close();
  assert.deepEqual(desk.peers, ['bob', 'cid']);
  assert.equal(desk.isDirect('bob'), false);
  desk.send([file('next')]);
  assert.equal(bob.said.length, 1);
});

test('what waits to be offered directly goes through the server once that is the way, if it may', () => {
  const { desk } = page();
  desk.mostThroughServer = 10;
  const { said } = carried(desk, 'bob');
  const direct = linked(desk, 'bob');
  desk.send([...Array.from({ length: MOST_FILES }, (_, index) => file(`${index}`)), file('last'), file('large', 11)]);
  desk.detach(direct);
  assert.deepEqual(
    said.map(({ name }) => name),
    ['last'],
  );
  assert.deepEqual(states(desk).slice(-2), ['last bob offered', 'large bob refused']);
});

test('no more is taken of everybody together than a page can hold', () => {
  const { desk, offered } = page();
  const size = 900 * 1024 * 1024;
  for (const peer of ['a', 'b', 'c']) linked(desk, peer).channel.hears({ type: 'offer', id: 1, name: 'x', size });
  assert.deepEqual(
    offered.map((transfer) => desk.accept(transfer)),
    [true, true, false],
  );
  assert.equal(offered[2]?.state, 'offered', 'it can be taken later');
  if (offered[0]) desk.cancel(offered[0]);
  assert.equal(offered[2] && desk.accept(offered[2]), true);
  for (const peer of desk.transfers) desk.cancel(peer);
});

test('every end has words for both sides, with the name where there is one', () => {
  const transfer = { state: /** @type {const} */ ('failed'), moved: 1, size: 2, saved: false };
  const incoming = /** @type {Incoming} */ ({});
  for (const reason of REASONS) {
    for (const of of [null, incoming]) {
      const words = stateWords({ ...transfer, reason, incoming: of }, 'Bob').join('');
      assert.ok(words.length > 10 && !words.includes('undefined'), `${reason}: ${words}`);
    }
  }
  const said = (/** @type {any} */ what) => endWords({ ...transfer, incoming: null, ...what }, 'Bob', 'a.txt').join('');
  assert.equal(said({ reason: 'lost' }), 'a.txt: The connection to Bob was lost');
  assert.equal(said({ state: 'done', reason: null }), 'a.txt has arrived at Bob');
  assert.equal(said({ state: 'done', reason: null, incoming }), 'a.txt of Bob is here: save it in the chat');
  assert.equal(said({ state: 'cancelled', reason: 'withdrawn' }), '', 'who did it knows');
  assert.equal(said({ state: 'refused', reason: 'declined', incoming }), '');
});

test('sizes are said in three figures at most', () => {
  const sizes = [0, 1, 999, 1000, 9949, 9950, 999_499, 999_500, 5 * 1024 * 1024, 2 ** 30, 5e12];
  assert.deepEqual(sizes.map(sizeWords), [
    '0 bytes',
    '1 byte',
    '999 bytes',
    '1.0 kB',
    '9.9 kB',
    '10 kB',
    '999 kB',
    '1.0 MB',
    '5.2 MB',
    '1.1 GB',
    '5000 GB',
  ]);
});
