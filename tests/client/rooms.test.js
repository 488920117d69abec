import assert from 'node:assert/strict';
import test from 'node:test';
import { PAGE, listedRooms, peopleWords } from '../../client/js/core/rooms.js';

/**
 * A server with so many listed rooms, and what it was asked.
 * @param {number} count
 */
function serverWith(count) {
  const rooms = Array.from({ length: count }, (_, n) => ({ id: `room-${1000 + n}`, name: `Room ${n}`, people: n }));
  /** @type {string[]} */
  const asked = [];
  /** @param {string} path */
  const get = async (path) => {
    asked.push(path);
    const { searchParams } = new URL(path, 'https://example.org');
    const after = searchParams.get('after') ?? '';
    const limit = Number(searchParams.get('limit'));
    assert.ok(limit >= 1 && limit <= 100, `a bad limit ${limit}`);
    const rest = rooms.filter(({ id }) => id > after);
    const page = rest.slice(0, limit);
    const last = page.at(-1)?.id;
    return { rooms: page, ...(rest.length > limit && last ? { next: last } : {}) };
  };
  return { get, asked };
}

test('the first rooms are shown, and whether there are more', async () => {
  const some = await listedRooms(serverWith(3).get, PAGE);
  assert.deepEqual([some.rooms.length, some.more], [3, false]);
  const many = await listedRooms(serverWith(PAGE + 1).get, PAGE);
  assert.deepEqual([many.rooms.length, many.more], [PAGE, true]);
  const exactly = await listedRooms(serverWith(PAGE).get, PAGE);
  assert.deepEqual([exactly.rooms.length, exactly.more], [PAGE, false]);
  assert.deepEqual(await listedRooms(serverWith(0).get, PAGE), { rooms: [], more: false, makes: true });
});

test('a server may say that who asks makes no rooms, and an older one says nothing', async () => {
  const says = async (/** @type {object} */ more) =>
    (await listedRooms(async () => ({ rooms: [], ...more }), PAGE)).makes;
  assert.deepEqual([await says({ makes: false }), await says({ makes: true }), await says({})], [false, true, true]);
});

test('a long list is asked for in pages the server gives, and every room comes once', async () => {
  const server = serverWith(250);
  const { rooms, more } = await listedRooms(server.get, 240);
  assert.equal(new Set(rooms.map(({ id }) => id)).size, 240);
  assert.equal(more, true);
  assert.equal(server.asked.length, 3);
  assert.match(server.asked[1] ?? '', /after=room-1099/);
});

test('a server that leads in a circle is not asked for ever', async () => {
  let asked = 0;
  const get = async () => {
    asked += 1;
    return { rooms: [{ id: 'a', name: 'A', people: 1 }], next: 'a' };
  };
  assert.equal((await listedRooms(get, PAGE)).rooms.length, 1);
  assert.equal(asked, 2);
});

test('what is no room is left out, and what is no list is an error', async () => {
  const get = async () => ({ rooms: [null, { id: 5 }, { id: 'a', name: 'A', people: 1 }] });
  assert.deepEqual((await listedRooms(get, PAGE)).rooms, [{ id: 'a', name: 'A', people: 1 }]);
  await assert.rejects(listedRooms(async () => ({ error: 'no' }), PAGE));
});

test('people are counted in words', () => {
  assert.deepEqual([0, 1, 2].map(peopleWords), ['Nobody inside', '1 person inside', '2 people inside']);
});
