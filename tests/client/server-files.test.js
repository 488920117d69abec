import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

import { CHUNK } from '../../client/js/rtc/files/frames.js';
import { pieceFrame } from '../../client/js/rtc/files/server-frames.js';
import { stateWords } from '../../client/js/ui/file-words.js';
import {
  ANN,
  BOB,
  CID,
  closeAll,
  DAN,
  fileOf,
  frames,
  has,
  isOver,
  LIMIT,
  random,
  Server,
  settle,
  takes,
  turn,
} from './server-world.js';

/** The clock of a page that waits for nothing: it goes on whenever it is looked at. */
let now = 1000;
beforeEach(() => void mock.method(performance, 'now', () => (now += 20)));
afterEach(() => {
  closeAll();
  mock.restoreAll();
});

test('files of every size go to everybody, and what comes is what was sent', async () => {
  const server = new Server();
  const [ann, bob, cid] = [ANN, BOB, CID].map((peer) => server.join(peer));
  assert.ok(ann && bob && cid);
  assert.deepEqual(ann.desk?.peers, [BOB, CID]);
  [bob, cid].forEach(takes);
  const sources = [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK, 100_001].map((size) => fileOf(`${size}`, size));
  assert.equal(ann.desk?.send(sources), 0);
  await settle(() => isOver(ann) && bob.offered.length + cid.offered.length === 12);
  assert.ok(ann.desk?.transfers.every(({ state }) => state === 'done'));
  for (const page of [bob, cid]) for (const [index, source] of sources.entries()) await has(page, source, index);
});

test('both send at the same time, and three files at a time have a place', async () => {
  const server = new Server();
  const pages = [ANN, BOB, CID, DAN].map((peer) => server.join(peer));
  pages.forEach(takes);
  const source = fileOf('x', 50_000);
  for (const { desk } of pages) desk?.send([source, source]);
  await settle(() => pages.every((page) => page.offered.length === 6 && isOver(page)));
  assert.deepEqual([server.most, server.waits], [3, 0], 'nobody asks for a fourth');
  for (const page of pages) for (let index = 0; index < 6; index += 1) await has(page, source, index);
});

test('a server that has no place is asked again', async () => {
  const server = new Server();
  const [ann, bob] = [ANN, BOB].map((peer) => server.join(peer));
  assert.ok(ann && bob);
  takes(bob);
  server.isFull = true;
  const source = fileOf('x', 1000);
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    ann.desk?.send([source]);
    await settle(() => frames(ann, 'start').length === 1);
    for (let round = 0; round < 20; round += 1) await turn();
    mock.timers.tick(4999);
    assert.equal(frames(ann, 'start').length, 1);
    server.isFull = false;
    mock.timers.tick(1);
    await settle(() => isOver(ann));
    assert.equal(frames(ann, 'start').length, 2);
    await has(bob, source);
  } finally {
    mock.timers.reset();
  }
});

test('whoever withdraws or refuses in the middle ends it, and the place is free', async () => {
  for (const ends of /** @type {const} */ (['sender', 'receiver'])) {
    const server = new Server();
    const [ann, bob] = [ANN, BOB].map((peer) => server.join(peer));
    assert.ok(ann && bob);
    takes(bob);
    ann.desk?.send([fileOf('long', 900_000)]);
    await settle(() => (bob.offered[0]?.moved ?? 0) > 0);
    const [mine, theirs] = [ann.desk?.transfers[0], bob.offered[0]];
    assert.ok(mine && theirs);
    if (ends === 'sender') ann.desk?.cancel(mine);
    else bob.desk?.cancel(theirs);
    await settle(() => isOver(ann) && isOver(bob));
    assert.equal(mine.reason, ends === 'sender' ? 'withdrawn' : 'declined');
    assert.equal(server.files.size, 0);
    const next = Array.from({ length: 4 }, (_, index) => fileOf(`next ${index}`, 20_000 + index));
    ann.desk?.send(next);
    await settle(() => bob.offered.length === 5 && isOver(ann));
    for (const [index, source] of next.entries()) await has(bob, source, index + 1);
  }
});

test('another connection ends all of it for both, and what is offered on it arrives', async () => {
  for (const who of /** @type {const} */ (['sender', 'receiver'])) {
    const server = new Server();
    const [ann, bob] = [ANN, BOB].map((peer) => server.join(peer));
    assert.ok(ann && bob);
    takes(bob);
    ann.desk?.send([fileOf('long', 900_000), fileOf('asked')]);
    await settle(() => (bob.offered[0]?.moved ?? 0) > 0);
    (who === 'sender' ? ann : bob).connect();
    await settle(() => isOver(ann) && isOver(bob));
    assert.deepEqual(
      [...new Set([...(ann.desk?.transfers ?? []), ...bob.offered].map(({ reason }) => reason))],
      ['lost'],
    );
    assert.deepEqual(ann.desk?.peers, [BOB]);
    const [first] = ann.desk?.transfers ?? [];
    assert.ok(first);
    ann.desk?.again(first);
    await settle(() => bob.offered.length === 3 && isOver(ann));
    assert.equal(bob.offered[2]?.state, 'done');
  }
});

test('a page that is loaded again offers under numbers that are new to the others', async () => {
  const server = new Server();
  const [ann, bob] = [ANN, BOB].map((peer) => server.join(peer));
  assert.ok(ann && bob);
  takes(bob);
  const clock = mock.method(Date, 'now', () => 1_800_000_000_000);
  ann.connect();
  ann.desk?.send([fileOf('a'), fileOf('b')]);
  await settle(() => bob.offered.length === 2 && isOver(ann));
  clock.mock.mockImplementation(() => 1_800_000_001_500);
  ann.load();
  server.welcome(ann, true);
  ann.connect();
  server.tell();
  ann.desk?.send([fileOf('c')]);
  await settle(() => bob.offered.length === 3 && isOver(ann));
  const numbers = frames(ann, 'offer').map(({ frame }) => frame.id);
  assert.deepEqual(
    numbers,
    [...new Set(numbers)].toSorted((a, b) => a - b),
  );
  assert.equal(bob.offered[2]?.state, 'done');
});

test('what is said before the server knows the connection waits, and what comes before is of the one before', async () => {
  const server = new Server();
  const [ann, bob] = [ANN, BOB].map((peer) => server.join(peer));
  assert.ok(ann && bob);
  takes(bob);
  const offer = ann.link();
  server.file(ANN, BOB, { type: 'offer', id: 5, name: 'old', size: 1 });
  ann.desk?.send([fileOf('a')]);
  ann.says({ type: 'answer', id: 99, sdp: '' });
  await turn();
  assert.deepEqual([frames(ann, 'offer'), ann.offered], [[], []]);
  offer.newest = 7;
  server.forget(ann);
  ann.says({ type: 'answer', id: 7, sdp: '' });
  await settle(() => isOver(ann));
  assert.deepEqual(ann.states, ['a done']);
});

test('while the socket is away what is said waits, and not without bound', async () => {
  const server = new Server();
  const [ann, bob] = [ANN, BOB].map((peer) => server.join(peer));
  assert.ok(ann && bob);
  takes(bob);
  ann.isUp = false;
  ann.desk?.send([fileOf('a', 50_000)]);
  await turn();
  assert.equal(bob.offered.length, 0);
  ann.isUp = true;
  server.welcome(ann, true);
  await settle(() => isOver(ann) && bob.offered.length === 1);
  assert.deepEqual(ann.states, ['a done']);
  ann.isUp = false;
  for (let round = 0; round < 40; round += 1) {
    ann.desk?.send([fileOf('b')]);
    const last = ann.desk?.transfers.at(-1);
    if (last) ann.desk?.cancel(last);
  }
  const before = ann.said.length;
  ann.isUp = true;
  server.welcome(ann, true);
  assert.ok(ann.said.length - before <= 64);
});

test('a new page on the same socket forgets what was said before', () => {
  const server = new Server();
  const [ann, bob] = [ANN, BOB].map((peer) => server.join(peer));
  assert.ok(ann && bob);
  ann.desk?.send([fileOf('a')]);
  server.welcome(ann, false);
  assert.deepEqual([ann.states, ann.desk?.peers], [['a failed lost'], []]);
  ann.connect();
  assert.deepEqual(ann.desk?.peers, [BOB]);
});

test('people appear and disappear, and where the server carries nothing there are none', () => {
  const server = new Server();
  const ann = server.join(ANN);
  assert.deepEqual(ann.desk?.peers, []);
  server.join(BOB);
  assert.deepEqual(ann.desk?.peers, [BOB]);
  const peers = [{ id: BOB, name: 'Bob', state: 'no-media', streams: [] }];
  ann.says({ type: 'peers', version: 2, peers });
  assert.deepEqual(ann.desk?.peers, [], 'nothing can come to him now');
  server.tell();
  ann.desk?.send([fileOf('a')]);
  server.pages.delete(BOB);
  server.tell();
  assert.deepEqual([ann.states, ann.desk?.peers], [['a failed lost'], []]);
  server.join(BOB);
  server.welcome(ann, true, 0);
  assert.deepEqual(ann.desk?.peers, []);
});

test('a file larger than the server carries ends at once, with words that say so', () => {
  const server = new Server();
  const [ann] = [ANN, BOB].map((peer) => server.join(peer));
  assert.ok(ann);
  ann.desk?.send([fileOf('large', LIMIT + 1), fileOf('fits', LIMIT)]);
  assert.deepEqual(ann.states, ['large refused too-large', 'fits offered']);
  const [large] = ann.desk?.transfers ?? [];
  assert.ok(large);
  assert.match(stateWords(large, 'Bob').join(''), /^Through the server, to Bob, a file may have 1\.0 MB at most$/);
  assert.equal(ann.desk?.takes(large), false);
});

test('nothing is accepted or started before the channel is open; if it closes, both read that it is lost', async () => {
  const server = new Server();
  const [ann, bob] = [ANN, BOB].map((peer) => server.join(peer));
  assert.ok(ann && bob);
  bob.opens = false;
  takes(bob);
  ann.desk?.send([fileOf('a', 300_000)]);
  await settle(() => bob.channel !== null);
  for (let round = 0; round < 20; round += 1) await turn();
  assert.equal(frames(bob, 'accept').length, 0);
  bob.channel?.open();
  await settle(() => (bob.offered[0]?.moved ?? 0) > 0);
  ann.channel?.close();
  await settle(() => isOver(ann) && isOver(bob));
  assert.deepEqual([ann.states, bob.offered[0]?.reason], [['a failed lost'], 'lost']);
  assert.equal(server.files.size, 0, 'it was told');
});

test('whatever a server or somebody else says, nothing breaks, and files of others go on', async () => {
  const server = new Server();
  const [ann, bob, cid] = [ANN, BOB, CID].map((peer) => server.join(peer));
  assert.ok(ann && bob && cid);
  takes(bob);
  const source = fileOf('a', 400_000);
  ann.desk?.send([source]);
  await settle(() => (bob.offered[0]?.moved ?? 0) > 0);
  const draw = random(3);
  const types = ['offer', 'accept', 'refuse', 'cancel', 'done', 'received', 'start', 'wait', 'x', null];
  const values = [
    0,
    1,
    -1,
    0.5,
    2 ** 32,
    'x',
    null,
    {},
    [],
    'f'.repeat(64),
    1e300,
    ann.desk?.transfers[0]?.outgoing?.id,
  ];
  const pick = () => values[draw(values.length)];
  for (let round = 0; round < 2000; round += 1) {
    const from = [CID, DAN, 'constructor'][draw(3)] ?? '';
    const frame = {
      type: types[draw(types.length)],
      id: pick(),
      name: pick(),
      size: pick(),
      reason: pick(),
      digest: pick(),
    };
    for (const page of [ann, bob]) page.says({ type: 'file', from, frame });
    const data = [
      JSON.stringify({ type: 'more', to: [CID, DAN, pick()][draw(3)], id: pick(), bytes: pick() }),
      new Uint8Array(draw(40)).buffer,
      pieceFrame({ peer: [CID, DAN][draw(2)] ?? '', id: draw(5), bytes: new Uint8Array(draw(2000)) }).buffer,
      '{',
      'null',
    ][draw(5)];
    for (const page of [ann, bob]) page.channel?.says(data ?? '');
  }
  await settle(() => ann.desk?.transfers.every(({ peer, isOver: over }) => peer !== BOB || over) ?? false);
  await has(bob, source);
  assert.ok((ann.desk?.peers ?? []).includes(BOB));
});

test('somebody who has what was not sent, or sends more than was offered, ends it', async () => {
  const server = new Server();
  const [ann, bob] = [ANN, BOB].map((peer) => server.join(peer));
  assert.ok(ann && bob);
  takes(bob);
  ann.desk?.send([fileOf('a', 900_000)]);
  await settle(() => (bob.offered[0]?.moved ?? 0) > 0);
  server.file(ANN, BOB, { type: 'received', id: ann.desk?.transfers[0]?.outgoing?.id });
  assert.deepEqual(ann.states, ['a refused order']);
  const id = 4_000_000_000;
  server.file(BOB, ANN, { type: 'offer', id, name: 'b', size: 10 });
  await settle(() => bob.offered[1]?.state === 'receiving');
  bob.channel?.says(pieceFrame({ peer: ANN, id, bytes: new Uint8Array(11) }).buffer);
  assert.deepEqual([bob.offered[1]?.state, bob.offered[1]?.reason], ['failed', 'too-long']);
});
