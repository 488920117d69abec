import assert from 'node:assert/strict';
import test from 'node:test';
import { makeRoom } from '../../client/js/core/making.js';
import { keepPass, showing, takePass } from '../../client/js/core/pass.js';

const PASS = 'eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2ln-_';

/** @returns {import('../../client/js/core/storage.js').Store} */
function memory() {
  /** @type {Map<string, string>} */
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  };
}

/**
 * Opens a page at an address.
 * @param {import('../../client/js/core/storage.js').Store} store
 * @param {string} address
 * @param {string} [room]
 */
function open(store, address, room = 'den') {
  /** @type {string[]} */
  const shown = [];
  const { hash, pathname, search } = new URL(address, 'https://meet.example.org');
  const taken = takePass(store, room, { hash, pathname, search }, (next) => shown.push(next));
  return { ...taken, shown };
}

test('the pass of a link is taken out of the address at once and kept for this room in this tab', () => {
  const store = memory();
  assert.deepEqual(open(store, `/r/den#pass=${PASS}`), { pass: PASS, fresh: true, shown: ['/r/den'] });
  assert.deepEqual(open(store, '/r/den'), { pass: PASS, fresh: false, shown: [] }, 'after a reload');
  assert.deepEqual(open(store, '/r/attic', 'attic'), { pass: '', fresh: false, shown: [] });
  assert.deepEqual(open(memory(), '/r/den').pass, '', 'another tab');
});

test('what else is in the address stays', () => {
  const { pass, shown } = open(memory(), `/r/den?x=1#a=2&pass=${PASS}&b=3`);
  assert.deepEqual([pass, shown], [PASS, ['/r/den?x=1#a=2&b=3']]);
});

test('a newer link takes the place of an older one, and an empty one is none', () => {
  const store = memory();
  open(store, '/r/den#pass=old');
  assert.equal(open(store, '/r/den#pass=new').pass, 'new');
  assert.equal(open(store, '/r/den').pass, 'new');
  assert.deepEqual(open(store, '/r/den#pass='), { pass: '', fresh: false, shown: ['/r/den'] });
  assert.equal(open(store, '/r/den').pass, '');
});

test('a pass that is good no more is forgotten', () => {
  const store = memory();
  open(store, `/r/den#pass=${PASS}`);
  keepPass(store, 'den', '');
  assert.equal(open(store, '/r/den').pass, '');
});

test('without storage a link is good for this page', () => {
  const fail = () => {
    throw new Error('forbidden');
  };
  const store = { getItem: fail, setItem: fail, removeItem: fail };
  assert.deepEqual(open(store, `/r/den#pass=${PASS}`), { pass: PASS, fresh: true, shown: ['/r/den'] });
  assert.equal(open(store, '/r/den').pass, '');
});

test('rooms are asked for with it, and whoever may not make them reads what to do', async () => {
  /** @type {any[]} */
  const asked = [];
  const answer = (/** @type {number} */ status) =>
    /** @type {typeof fetch} */ (
      async (_, options) => {
        asked.push(options?.headers);
        return new Response('{"detail":"pass: it has expired (exp)"}', { status });
      }
    );
  const room = { name: 'Den', listed: false };
  for (const status of [401, 403]) {
    const making = await makeRoom(answer(status), room, PASS);
    assert.ok('refused' in making && /link|ask/u.test(making.refused), JSON.stringify(making));
    assert.ok('refused' in making && !making.refused.includes('another name'));
  }
  await makeRoom(answer(400), room);
  assert.deepEqual(
    asked.map(({ authorization }) => authorization),
    [`Bearer ${PASS}`, `Bearer ${PASS}`, undefined],
  );
  assert.deepEqual(showing(''), {});
});
