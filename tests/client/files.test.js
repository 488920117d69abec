import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { Digest } from '../../client/js/rtc/files/digest.js';
import { FileExchange, HIGH, LOW, MOST_FILES } from '../../client/js/rtc/files/exchange.js';
import { CHUNK, FRAME, chunkFrame } from '../../client/js/rtc/files/frames.js';

/** @import { Incoming } from '../../client/js/rtc/files/incoming.js' */
/** @import { Options } from '../../client/js/rtc/files/exchange.js' */

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** One end of a channel in memory: what is sent waits until it is delivered. */
class End {
  /** @type {(string | Uint8Array<ArrayBuffer>)[]} */
  queue = [];
  bufferedAmount = 0;
  most = 0;
  isOpen = true;
  /** @type {(() => void) | null} */
  onlow = null;
  /** @type {(data: unknown) => void} */
  receiver = () => {};

  /** @param {string | Uint8Array<ArrayBuffer>} data */
  send(data) {
    if (!this.isOpen) throw new Error('closed');
    assert.ok(data.length <= FRAME);
    this.queue.push(data);
    this.bufferedAmount += data.length;
    this.most = Math.max(this.most, this.bufferedAmount);
  }

  close() {
    this.isOpen = false;
  }

  /** @param {number} [most] How many frames arrive at the other end. */
  deliver(most = Infinity) {
    for (const data of this.queue.splice(0, Math.min(most, this.queue.length))) {
      const before = this.bufferedAmount;
      this.bufferedAmount -= data.length;
      if (before > LOW && this.bufferedAmount <= LOW) this.onlow?.();
      this.receiver(typeof data === 'string' ? data : data.slice().buffer);
    }
  }
}

/** Two pages. @param {Options} [options] Of the second. */
function pages(options = {}) {
  const [there, back] = [new End(), new End()];
  /** @type {Incoming[]} */
  const offered = [];
  const one = new FileExchange(there);
  const two = new FileExchange(back, { offered: (incoming) => void offered.push(incoming), ...options });
  there.receiver = (data) => two.receive(data);
  back.receiver = (data) => one.receive(data);
  /**
   * What is sent arrives, until `reached`, or until nobody has anything more to say at once.
   * @param {() => boolean} [reached]
   */
  const settle = async (reached) => {
    for (let round = 0; reached ? !reached() : round < 2 || there.queue.length + back.queue.length > 0; round += 1) {
      assert.ok(round < 1_000_000, 'it does not come to that');
      there.deliver();
      back.deliver();
      await turn();
    }
  };
  return { one, two, there, back, offered, settle };
}

/** A page, and somebody who says what they like. @param {Options} [options] */
function hostile(options = {}) {
  const end = new End();
  /** @type {Incoming[]} */
  const offered = [];
  const page = new FileExchange(end, { offered: (incoming) => void offered.push(incoming), ...options });
  return {
    page,
    end,
    offered,
    /** @param {unknown} value */
    says: (value) => page.receive(JSON.stringify(value)),
    /** @param {number} id @param {number} length */
    sends: (id, length) => page.receive(chunkFrame(id, new Uint8Array(length)).buffer),
    /** What the page answered since. */
    answers: () => end.queue.splice(0).map((data) => (typeof data === 'string' ? JSON.parse(data) : 'chunk')),
  };
}

/** @param {number} length */
function bytes(length, seed = 1) {
  const draw = random(seed);
  return Uint8Array.from({ length }, () => draw(256));
}

/** @param {number} seed @returns {(below: number) => number} */
function random(seed) {
  let state = seed * 2654435761 + 1;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** @param {Uint8Array<ArrayBuffer>} whole @param {string} [name] */
function file(whole, name = 'notes.pdf') {
  return new File([whole], name, { lastModified: 1 });
}

/** @param {Incoming | undefined} incoming */
async function content(incoming) {
  assert.ok(incoming?.blob, `there is no file: ${incoming?.state} ${incoming?.reason}`);
  return new Uint8Array(await incoming.blob.arrayBuffer());
}

/** @param {{ state: string, reason: string | null, blob?: Blob | null }} transfer @param {string} state @param {string} reason */
function assertEnded(transfer, state, reason) {
  assert.deepEqual([transfer.state, transfer.reason], [state, reason]);
  assert.equal(transfer.blob ?? null, null, 'nothing is left to be saved');
}

test('a file arrives as it was sent, whatever its size', async () => {
  for (const size of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * 1024 * 1024]) {
    const { one, offered, settle } = pages();
    const source = bytes(size);
    const outgoing = one.offer(file(source));
    await settle();
    const [incoming] = offered;
    assert.deepEqual([incoming?.name, incoming?.size, incoming?.state], ['notes.pdf', size, 'offered']);
    assert.equal(outgoing?.sent, 0, 'nothing is sent before it is accepted');
    assert.equal(incoming?.accept(), true);
    await settle(() => outgoing?.isOver === true);
    assert.deepEqual([outgoing?.state, incoming?.state], ['done', 'done'], `${size} bytes`);
    assert.deepEqual([outgoing?.sent, incoming?.received], [size, size]);
    assert.deepEqual(await content(incoming), source);
    assert.equal(incoming?.accept(), false);
  }
});

test('a file that is refused is not sent, and one that is not wanted any more ends on both sides', async () => {
  const { one, there, offered, settle } = pages();
  const files = [1, 2, 3].map(() => one.offer(file(bytes(20 * CHUNK))));
  await settle();
  offered[0]?.refuse();
  for (const incoming of offered.slice(1)) incoming.accept();
  there.receiver = ((pass) => (data) => {
    pass(data);
    // In the middle of both.
    if (offered[1]?.received === 5 * CHUNK) offered[1].refuse();
    if (offered[2]?.received === 5 * CHUNK) files[2]?.cancel();
  })(there.receiver);
  await settle(() => files.every((outgoing) => outgoing?.isOver));
  await settle();
  /** @type {[string, string][]} */
  const ends = [
    ['refused', 'declined'],
    ['refused', 'declined'],
    ['cancelled', 'withdrawn'],
  ];
  for (const [index, [state, reason]] of ends.entries()) {
    for (const transfer of [files[index], offered[index]]) {
      assert.ok(transfer);
      assertEnded(transfer, state, reason);
    }
  }
  const after = one.offer(file(bytes(10)));
  await settle();
  offered[3]?.accept();
  await settle(() => after?.isOver === true);
  assert.equal(after?.state, 'done', 'what was on its way of the others harms nothing');
});

test('no more is given to the channel than it can send', async () => {
  const { one, two, there, offered } = pages();
  for (let count = 0; count < 5; count += 1) one.offer(file(bytes(2 * HIGH)));
  there.deliver();
  for (const incoming of offered) incoming.accept();
  // The answers arrive, and nothing leaves.
  for (const { id } of offered) one.receive(JSON.stringify({ type: 'accept', id }));
  for (let time = 0; time < 2; time += 1) {
    while (there.bufferedAmount < HIGH) await turn();
    for (let turns = 0; turns < 50; turns += 1) await turn();
    assert.ok(there.most <= HIGH + 3 * FRAME, `${there.most} bytes wait`);
    there.deliver(there.queue.length - 1);
  }
  one.closed();
  two.closed();
});

test('a file that changes under way, or cannot be read, is given up with the reason', async () => {
  const whole = file(bytes(20 * CHUNK));
  const fake = {
    name: 'x',
    size: whole.size,
    lastModified: 1,
    /** @param {number} from @param {number} to @returns {{ arrayBuffer: () => Promise<ArrayBuffer> }} */
    slice: (from, to) => whole.slice(from, to),
  };
  /** @type {[string, Partial<typeof fake>][]} */
  const changes = [
    ['changed', { size: 3 }],
    ['changed', { lastModified: 2 }],
    ['changed', { slice: (from) => whole.slice(from, from + 10) }],
    [
      'changed',
      { lastModified: 2, slice: () => ({ arrayBuffer: () => Promise.reject(new Error('NotReadableError')) }) },
    ],
    ['unreadable', { slice: () => ({ arrayBuffer: () => Promise.reject(new Error('NotReadableError')) }) }],
    [
      'unreadable',
      {
        slice: () => {
          throw new Error('gone');
        },
      },
    ],
  ];
  for (const [reason, change] of changes) {
    const { one, there, offered, settle } = pages();
    const source = { ...fake };
    const outgoing = one.offer(source);
    await settle();
    there.receiver = ((pass) => (data) => {
      pass(data);
      if (offered[0]?.received === CHUNK) Object.assign(source, change);
    })(there.receiver);
    const stopsAt = there.send;
    // One at a time, so that it is in the middle.
    there.send = (data) => {
      stopsAt.call(there, data);
      queueMicrotask(() => there.deliver());
    };
    offered[0]?.accept();
    await settle(() => offered[0]?.isOver === true);
    assert.ok(outgoing && offered[0]);
    assertEnded(outgoing, 'failed', reason);
    assertEnded(offered[0], 'cancelled', reason);
  }
});

test('a sender who vanishes leaves nothing behind, and neither does a receiver', async () => {
  const { one, two, there, offered, settle } = pages();
  const outgoing = one.offer(file(bytes(100 * CHUNK)));
  const waits = one.offer(file(bytes(10)));
  await settle();
  offered[0]?.accept();
  one.receive(JSON.stringify({ type: 'accept', id: 1 }));
  while (there.queue.length < 3) await turn();
  there.deliver(3);
  assert.equal(offered[0]?.received, 3 * CHUNK);
  there.isOpen = false;
  one.closed();
  two.closed();
  await turn();
  for (const transfer of [outgoing, waits, ...offered]) {
    assert.ok(transfer);
    assertEnded(transfer, 'failed', 'lost');
  }
  assert.equal(one.offer(file(bytes(1))), null);
  two.receive(JSON.stringify({ type: 'offer', id: 9, name: 'x', size: 1 }));
  assert.equal(offered.length, 2, 'nobody is asked any more');
});

test('a channel that cannot send any more ends what goes over it', async () => {
  const { one, two, there, offered, settle } = pages();
  const outgoing = one.offer(file(bytes(100 * CHUNK)));
  await settle();
  there.isOpen = false;
  offered[0]?.accept();
  await settle(() => outgoing?.isOver === true);
  assert.ok(outgoing);
  assertEnded(outgoing, 'failed', 'lost');
  assert.equal(one.offer(file(bytes(1))), null);
  two.closed();
});

test('a sender who falls silent is given up after a minute', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const { page, says, sends, offered, answers } = hostile();
    says({ type: 'offer', id: 1, name: 'x', size: 3 * CHUNK });
    mock.timers.tick(600_000);
    assert.equal(offered[0]?.state, 'offered', 'people have the time they need');
    offered[0]?.accept();
    mock.timers.tick(59_000);
    sends(1, CHUNK);
    mock.timers.tick(59_000);
    assert.equal(offered[0]?.state, 'receiving');
    mock.timers.tick(2_000);
    assertEnded(/** @type {Incoming} */ (offered[0]), 'failed', 'stalled');
    assert.deepEqual(answers().at(-1), { type: 'refuse', id: 1, reason: 'stalled' });
    page.closed();
  } finally {
    mock.timers.reset();
  }
});

test('who sends another file than they offered sends none', async () => {
  const right = new Digest();
  right.add(new Uint8Array(CHUNK));
  right.add(new Uint8Array(10));
  const digest = await right.value();
  const wrong = '0'.repeat(64);
  /** @type {[string, (it: ReturnType<typeof hostile>) => void][]} */
  const lies = [
    ['too-long', ({ sends }) => [CHUNK, 11].forEach((length) => sends(1, length))],
    ['too-long', ({ sends }) => [CHUNK, CHUNK].forEach((length) => sends(1, length))],
    ['order', ({ sends }) => [CHUNK, 9, 1].forEach((length) => sends(1, length))],
    ['order', ({ sends }) => [5, CHUNK].forEach((length) => sends(1, length))],
    ['too-short', ({ sends, says }) => (sends(1, CHUNK), sends(1, 9), says({ type: 'done', id: 1, digest }))],
    ['too-short', ({ sends, says }) => (sends(1, CHUNK), says({ type: 'done', id: 1, digest }))],
    ['too-short', ({ says }) => says({ type: 'done', id: 1, digest })],
    ['digest', ({ sends, says }) => (sends(1, CHUNK), sends(1, 10), says({ type: 'done', id: 1, digest: wrong }))],
    ['order', ({ sends, says }) => (sends(1, CHUNK), sends(1, 10), says({ type: 'done', id: 1, digest }), sends(1, 1))],
    [
      'order',
      ({ sends, says }) => {
        [CHUNK, 10].forEach((length) => sends(1, length));
        [1, 2].forEach(() => says({ type: 'done', id: 1, digest }));
      },
    ],
  ];
  for (const [reason, lie] of lies) {
    const them = hostile();
    them.says({ type: 'offer', id: 1, name: 'x', size: CHUNK + 10 });
    const [incoming] = them.offered;
    assert.ok(incoming);
    assert.equal(incoming.accept(), true);
    lie(them);
    while (!incoming.isOver) await turn();
    assertEnded(incoming, 'failed', reason);
    assert.deepEqual(them.answers().at(-1), { type: 'refuse', id: 1, reason });
    // What else comes of it is passed over.
    for (let count = 0; count < 200; count += 1) them.sends(1, CHUNK);
    assert.equal(them.end.isOpen, true);
    them.page.closed();
  }
  const them = hostile();
  them.says({ type: 'offer', id: 1, name: 'x', size: CHUNK });
  them.sends(1, CHUNK);
  assertEnded(/** @type {Incoming} */ (them.offered[0]), 'failed', 'order');
});

test('no more is taken than a page can hold', () => {
  const { page, says, offered, answers } = hostile({ mostBytes: 1000, mostAtOnce: 1500 });
  says({ type: 'offer', id: 1, name: 'x', size: 1001 });
  assert.deepEqual(answers(), [{ type: 'refuse', id: 1, reason: 'too-large' }]);
  for (const id of [2, 3]) says({ type: 'offer', id, name: 'x', size: 1000 });
  assert.deepEqual(
    offered.map((incoming) => incoming.accept()),
    [true, false],
    'the second one is too much for now',
  );
  assert.equal(offered[1]?.state, 'offered');
  offered[0]?.refuse();
  assert.equal(offered[1]?.accept(), true, 'and fits once the first is gone');
  answers();
  for (let id = 4; id < 4 + MOST_FILES; id += 1) says({ type: 'offer', id, name: 'x', size: 1 });
  assert.equal(offered.length, 1 + MOST_FILES);
  assert.deepEqual(answers(), [{ type: 'refuse', id: 3 + MOST_FILES, reason: 'too-many' }]);
  page.closed();
  const { one } = pages();
  const own = Array.from({ length: MOST_FILES + 1 }, () => one.offer(file(bytes(1))));
  assert.deepEqual(own.map(Boolean), [...Array(MOST_FILES).fill(true), false]);
  own[0]?.cancel();
  assert.ok(one.offer(file(bytes(1))));
});

test('three are sent at a time, the others after them', async () => {
  const { one, there, offered, settle } = pages();
  const files = [1, 2, 3, 4, 5].map(() => one.offer(file(bytes(2 * HIGH))));
  there.deliver();
  for (const incoming of offered) incoming.accept();
  for (const { id } of offered) one.receive(JSON.stringify({ type: 'accept', id }));
  assert.deepEqual(
    files.map((outgoing) => outgoing?.state),
    ['sending', 'sending', 'sending', 'waiting', 'waiting'],
  );
  await settle(() => files.every((outgoing) => outgoing?.isOver));
  assert.ok(files.every((outgoing) => outgoing?.state === 'done'));
});

test('who says what no page says is not listened to for ever', () => {
  /** @type {[string, (it: ReturnType<typeof hostile>, number: number) => void][]} */
  const floods = [
    ['no JSON', ({ page }) => page.receive('{')],
    ['no frame', ({ page }) => page.receive(new ArrayBuffer(3))],
    ['large frames', ({ page }) => page.receive(new ArrayBuffer(FRAME + 1))],
    ['a number twice', ({ says }) => says({ type: 'offer', id: 1, name: 'x', size: 1 })],
    ['chunks of nothing', ({ sends }) => sends(77, 5)],
    ['offers and no end', ({ says }, number) => says({ type: 'offer', id: number, name: 'x', size: 1 })],
    [
      'offers that are withdrawn',
      ({ says }, number) => (
        says({ type: 'offer', id: number, name: 'x', size: 1 }),
        says({ type: 'cancel', id: number })
      ),
    ],
  ];
  for (const [what, flood] of floods) {
    const them = hostile();
    let rounds = 0;
    for (let number = 1; number < 1000 && them.end.isOpen; number += 1) {
      flood(them, number);
      rounds = number;
    }
    assert.equal(them.end.isOpen, false, what);
    assert.ok(rounds < 200 && them.offered.length <= 60, what);
    assert.ok(them.offered.every((incoming) => incoming.isOver));
    assert.equal(them.page.offer(file(bytes(1))), null);
  }
});

test('who asks and asks, and reads no answer, gets few', () => {
  const them = hostile({ mostBytes: 1 });
  for (let id = 1; id < 200_000 && them.end.isOpen; id += 1) them.says({ type: 'offer', id, name: 'x', size: 2 });
  assert.equal(them.end.isOpen, false);
  assert.ok(them.end.most < FRAME);
});

test('any course of events ends in files that are whole, or in none', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const draw = random(seed);
    const [there, back] = [new End(), new End()];
    /** @type {Incoming[]} */
    const offered = [];
    const note = (/** @type {Incoming} */ incoming) => void offered.push(incoming);
    const [one, two] = [new FileExchange(there, { offered: note }), new FileExchange(back, { offered: note })];
    there.receiver = (data) => two.receive(data);
    back.receiver = (data) => one.receive(data);
    /** @type {Map<string, Uint8Array>} */
    const contents = new Map();
    /** @type {NonNullable<ReturnType<FileExchange['offer']>>[]} */
    const outgoing = [];
    for (let step = 0; step < 400; step += 1) {
      const what = draw(40);
      const incoming = offered[draw(offered.length || 1)];
      if (what === 0 && contents.size < 20) {
        const [name, whole] = [`file ${contents.size}`, bytes(draw(12 * CHUNK), step)];
        contents.set(name, whole);
        const added = (draw(2) === 0 ? one : two).offer(file(whole, name));
        if (added) outgoing.push(added);
      } else if (what < 6) incoming?.accept();
      else if (what === 6 && draw(4) === 0) incoming?.refuse();
      else if (what === 7 && draw(4) === 0) outgoing[draw(outgoing.length || 1)]?.cancel();
      else if (what < 24) there.deliver(draw(6));
      else back.deliver(draw(6));
      if (step % 3 === 0) await turn();
    }
    const lost = draw(2) === 0;
    const isGoingOn = () =>
      there.queue.length + back.queue.length > 0 || [...outgoing, ...offered].some(({ isOver }) => !isOver);
    for (let turns = 0; !lost && isGoingOn(); turns += 1) {
      assert.ok(turns < 1_000_000, `seed ${seed}: something never ends`);
      for (const incoming of offered) incoming.accept();
      there.deliver();
      back.deliver();
      await turn();
    }
    one.closed();
    two.closed();
    await turn();
    for (const incoming of offered) {
      assert.ok(incoming.isOver, `seed ${seed}: ${incoming.name} is ${incoming.state}`);
      if (incoming.state === 'done') {
        assert.deepEqual(await content(incoming), contents.get(incoming.name), `seed ${seed}`);
      } else {
        assert.equal(incoming.blob, null);
      }
      const fine = [null, 'declined', 'withdrawn', ...(lost ? ['lost'] : [])];
      assert.ok(fine.includes(incoming.reason), `seed ${seed}: ${incoming.reason}`);
    }
    for (const transfer of outgoing) {
      assert.ok(transfer.isOver, `seed ${seed}: ${transfer.name} is ${transfer.state}`);
      const arrived = offered.find(({ name }) => name === transfer.name);
      if (transfer.state === 'done') assert.equal(arrived?.state, 'done', `seed ${seed}: who is told so has sent it`);
    }
  }
});
