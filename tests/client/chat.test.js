import assert from 'node:assert/strict';
import test from 'node:test';
import { Chat, MOST_CHARS, shortened } from '../../client/js/call/chat.js';
import { moderatesWords } from '../../client/js/call/roles.js';
import { piecesOf } from '../../client/js/call/links.js';
import { putChat, takeChat } from '../../client/js/core/storage.js';
import { ChatNews, GATHERED } from '../../client/js/ui/chat-news.js';

/** @import { ChatMessage, ClientMessage } from '../../client/js/proto/messages.js' */

const ANN = '8f3a6c0d91b2e475';
const BOB = '1c22d4e5f6a7b809';
const GRANTS = ['publish', 'chat'];

/**
 * Ann's page with a clock and a socket of paper.
 * @param {{ isUp?: boolean }} [options]
 */
function page({ isUp = true } = {}) {
  /** @type {ClientMessage[]} */
  const said = [];
  /** @type {{ action: () => void, at: number }[]} */
  const timers = [];
  const world = {
    now: 1_000_000,
    isUp,
    moderates: false,
    said,
    news: /** @type {string[]} */ ([]),
    problems: /** @type {string[]} */ ([]),
  };
  let drawn = 0;
  const chat = new Chat({
    send: (message) => {
      if (world.isUp) said.push(message);
      return world.isUp;
    },
    isAway: () => !world.isUp,
    moderates: () => world.moderates,
    now: () => world.now,
    draw: () => `r${(drawn += 1)}`,
    later: (action, delay) => timers.push({ action, at: world.now + delay }),
  });
  chat.on('news', ({ text }) => world.news.push(text));
  chat.on('problem', (problem) => world.problems.push(problem));
  const pass = (/** @type {number} */ millis) => {
    world.now += millis;
    for (const timer of timers.splice(0)) {
      if (timer.at <= world.now) timer.action();
      else timers.push(timer);
    }
  };
  const enters = (/** @type {ChatMessage[]} */ messages = [], epoch = 5) => {
    world.isUp = true;
    chat.welcomed(ANN, GRANTS);
    caughtUp(chat, messages, { epoch });
  };
  return { chat, world, pass, enters };
}

/**
 * @param {Chat} chat
 * @param {ChatMessage[]} messages
 * @param {{ epoch?: number, first?: number, revision?: number }} [more]
 */
function caughtUp(chat, messages, { epoch = 5, first = 1, revision } = {}) {
  const upto = revision ?? Math.max(0, ...messages.map((message) => message.revision));
  chat.hear({ type: 'chat-history', epoch, first, revision: upto, messages });
}

/**
 * @param {number} id
 * @param {Partial<ChatMessage>} [more]
 * @returns {ChatMessage}
 */
const message = (id, more = {}) => ({
  id,
  revision: id,
  from: BOB,
  name: 'Bob',
  text: `text ${id}`,
  at: 1_000_000,
  ...more,
});

const texts = (/** @type {Chat} */ chat) => chat.messages.map(({ text }) => text);

test('messages stand in the order of the server, whatever order they come in', () => {
  const { chat, enters } = page();
  enters([message(1)]);
  chat.hear({ type: 'chat', message: message(4) });
  chat.hear({ type: 'chat', message: message(2) });
  caughtUp(chat, [message(2), message(3)], { revision: 4 });
  assert.deepEqual(texts(chat), ['text 1', 'text 2', 'text 3', 'text 4']);
});

test('a page says that it knows what came, and not what is still missing', () => {
  const { chat, enters } = page();
  assert.deepEqual(chat.seen, { epoch: 0, revision: 0 });
  enters([message(1)]);
  chat.hear({ type: 'chat', message: message(2) });
  assert.deepEqual(chat.seen, { epoch: 5, revision: 2 });
  chat.hear({ type: 'chat', message: message(9) });
  assert.deepEqual(chat.seen, { epoch: 5, revision: 2 }, 'there is a gap');
  caughtUp(chat, [], { revision: 9 });
  assert.deepEqual(chat.seen, { epoch: 5, revision: 9 });
});

test('an older state of a message does not come back', () => {
  const { chat, enters } = page();
  enters([message(1, { revision: 3, text: '', deleted: true })]);
  chat.hear({ type: 'chat', message: message(1, { revision: 2, text: 'said in haste' }) });
  assert.deepEqual(texts(chat), ['']);
});

test('what the server does not keep any more goes, and all of another chat', () => {
  const { chat, enters } = page();
  enters([message(1), message(2), message(3)]);
  caughtUp(chat, [], { first: 3, revision: 9 });
  assert.deepEqual(texts(chat), ['text 3']);
  caughtUp(chat, [message(1, { text: 'anew' })], { epoch: 6 });
  assert.deepEqual([texts(chat), chat.seen], [['anew'], { epoch: 6, revision: 1 }]);
  assert.deepEqual(
    chat.earlier.map((one) => [one.key, one.message?.text]),
    [
      ['5 3', 'text 3'],
      ['5 end', undefined],
    ],
    'this page has still what was written before',
  );
});

test('others’ messages are unread until they are looked at, and one’s own never', () => {
  const { chat, world, enters } = page();
  enters([message(1), message(2, { from: ANN }), message(3, { deleted: true, text: '' })]);
  assert.equal(chat.unread, 1);
  chat.hear({ type: 'chat', message: message(4) });
  assert.equal(chat.unread, 2);
  chat.hear({ type: 'chat', message: message(4, { revision: 5, text: 'mended', edited: true }) });
  assert.deepEqual([chat.unread, world.news], [2, ['text 4']], 'a change is no news');
  chat.open = true;
  chat.hear({ type: 'chat', message: message(5, { revision: 6 }) });
  chat.open = false;
  assert.equal(chat.unread, 0);
  chat.hear({ type: 'chat', message: message(6, { revision: 7 }) });
  assert.equal(chat.unread, 1);
});

test('a message is on its way until the server confirms it by its name', () => {
  const { chat, world, enters } = page();
  enters();
  assert.equal(chat.post('  \n '), false);
  assert.equal(chat.post('\n  Hello \n'), true);
  assert.deepEqual(world.said, [{ type: 'chat', ref: 'r1', text: '  Hello' }]);
  chat.hear({ type: 'chat', message: message(1, { from: ANN, text: 'Hello' }) });
  assert.equal(chat.pending.length, 1, 'a message like it is not it');
  chat.hear({ type: 'chat', message: message(2, { from: ANN, text: 'Hello' }), ref: 'r1' });
  assert.deepEqual([chat.pending.length, world.news], [0, []]);
});

test('what is not confirmed is said again under the same name once the page is back', () => {
  const { chat, world, enters } = page();
  enters();
  chat.post('one');
  world.isUp = false;
  chat.post('two');
  chat.remove(7);
  world.said.length = 0;
  world.isUp = true;
  chat.welcomed(ANN, GRANTS);
  chat.post('three');
  assert.deepEqual(world.said, [], 'not before the server has told which chat it is');
  caughtUp(chat, []);
  const again = [
    { type: 'chat', ref: 'r1', text: 'one' },
    { type: 'chat', ref: 'r2', text: 'two' },
    { type: 'chat-delete', ref: 'r3', id: 7 },
    { type: 'chat', ref: 'r4', text: 'three' },
  ];
  assert.deepEqual(world.said, again);
  caughtUp(chat, []);
  assert.deepEqual(world.said, again, 'a second part is no second return');
});

test('in another chat nothing of the old one is changed', () => {
  const { chat, world, enters } = page();
  enters([message(1, { from: ANN })]);
  chat.edit(1, 'other');
  chat.post('new');
  world.said.length = 0;
  enters([], 6);
  assert.deepEqual(world.said, [{ type: 'chat', ref: 'r2', text: 'new' }]);
});

test('a message the server refuses or does not answer says so, and can be sent again or given up', () => {
  const { chat, world, pass, enters } = page();
  enters();
  chat.post('fast');
  chat.hear({ type: 'error', code: 'rate-limited', message: '', ref: 'r1' });
  assert.match(chat.pending[0]?.failed ?? '', /too much was written/);
  chat.retry('r1');
  assert.deepEqual([chat.pending[0]?.failed, world.said.length], ['', 2]);
  pass(10_001);
  assert.equal(chat.pending[0]?.failed, 'No answer');
  chat.drop('r1');
  assert.deepEqual(chat.pending, []);
  chat.hear({ type: 'error', code: 'rate-limited', message: '', ref: 'somebody else’s' });
  assert.deepEqual(world.problems, []);
});

test('what can no longer be changed is told, and stays as it is', () => {
  const { chat, world, enters } = page();
  enters([message(1, { from: ANN })]);
  chat.edit(1, 'text 1');
  assert.equal(world.said.length, 0, 'nothing to change');
  chat.edit(1, 'other');
  chat.hear({ type: 'error', code: 'forbidden', message: '', ref: 'r1' });
  assert.deepEqual(
    [world.problems, chat.pending, texts(chat)],
    [['This message cannot be changed any more'], [], ['text 1']],
  );
});

test('one changes one’s own messages for a quarter of an hour, by the server’s clock', () => {
  const { chat, world, enters } = page();
  const ahead = 3_600_000;
  enters();
  const own = message(1, { from: ANN, at: world.now + ahead });
  chat.hear({ type: 'chat', message: own });
  chat.hear({ type: 'chat', message: message(2, { at: world.now + ahead }) });
  assert.deepEqual([chat.mayChange(own), chat.lastOwn?.id], [true, 1]);
  world.now += 15 * 60_000;
  assert.deepEqual([chat.mayChange(own), chat.lastOwn], [false, undefined]);
});

test('a text is as long as the server says it is', () => {
  const { chat, world, enters } = page();
  enters();
  assert.equal(chat.post('👩'.repeat(MOST_CHARS)), true, 'characters, not halves of them');
  assert.equal(chat.post('👩'.repeat(MOST_CHARS + 1)), false);
  assert.equal(chat.edit(1, 'x'.repeat(100 * 1024)), false);
  assert.equal(world.said.length, 1);
});

test('somebody types until they say so, write, or are silent for five seconds', () => {
  const { chat, world, pass, enters } = page();
  enters();
  const types = () => chat.hear({ type: 'typing', peer: BOB, typing: true });
  types();
  assert.deepEqual(chat.typing, [BOB]);
  chat.hear({ type: 'typing', peer: BOB, typing: false });
  assert.deepEqual(chat.typing, []);
  types();
  chat.hear({ type: 'chat', message: message(1) });
  assert.deepEqual(chat.typing, []);
  types();
  pass(5_001);
  assert.deepEqual(chat.typing, []);
  for (let key = 0; key < 20; key += 1) {
    chat.types(true);
    world.now += 200;
  }
  chat.types(false);
  chat.types(false);
  assert.deepEqual(
    world.said.map((one) => one.type === 'typing' && one.typing),
    [true, true, false],
    'not for every key',
  );
});

test('that somebody types is seen while the server is away, however often they say so', () => {
  const { chat, pass, enters } = page();
  enters();
  let changes = 0;
  chat.on('change', () => (changes += 1));
  const bob = { peer: BOB, name: 'Bob' };
  for (let word = 0; word < 1000; word += 1) chat.heardDirectly(bob, { type: 'typing', typing: true });
  assert.deepEqual([chat.typing, changes], [[BOB], 1]);
  pass(5_001);
  assert.deepEqual(chat.typing, []);
  chat.heardDirectly(bob, { type: 'typing', typing: true });
  chat.heardDirectly(bob, { type: 'typing', typing: false });
  assert.deepEqual(chat.typing, []);
  chat.heardDirectly(bob, { type: 'other', text: 'x', ref: 'y' });
  assert.deepEqual(chat.beside, []);
});

test('who moderates may delete what others wrote, and nobody what is deleted', () => {
  const { chat, enters, world } = page();
  enters([message(1), message(2, { text: '', deleted: true }), message(3, { from: ANN })]);
  const may = () => chat.messages.map((one) => [chat.mayChange(one), chat.mayDelete(one)]);
  assert.deepEqual(may(), [
    [false, false],
    [false, false],
    [true, true],
  ]);
  world.moderates = true;
  world.now += 16 * 60_000;
  assert.deepEqual(may(), [
    [false, true],
    [false, false],
    [false, true],
  ]);
  const peers = /** @type {any[]} */ ([
    { id: ANN, role: 'moderator' },
    { id: BOB, role: 'owner' },
  ]);
  const decides = (/** @type {string} */ from, /** @type {string[]} */ grants) =>
    moderatesWords({ self: ANN, peers }, grants, from);
  assert.deepEqual(
    [ANN, BOB, 'gone'].map((from) => decides(from, ['moderate'])),
    [true, false, true],
  );
  assert.equal(decides(ANN, ['chat']), false);
});

test('what somebody says directly is news only if the server is away, and they type no more', () => {
  const { chat, world, pass, enters } = page();
  enters();
  const bob = { peer: BOB, name: 'Bob' };
  chat.heardDirectly(bob, { type: 'chat', ref: 'a', text: 'no news' });
  pass(2000);
  assert.deepEqual([chat.beside, world.news], [[], []]);
  world.isUp = false;
  chat.lookBeside();
  assert.deepEqual(world.news, ['no news'], 'the server was away already');
  chat.heardDirectly(bob, { type: 'typing', typing: true });
  chat.heardDirectly(bob, { type: 'chat', ref: 'b', text: 'two' });
  assert.deepEqual(chat.typing, []);
  pass(2000);
  assert.deepEqual(
    chat.beside.map(({ text }) => text),
    ['no news', 'two'],
  );
  assert.deepEqual(world.news, ['no news', 'two']);
});

test('a page that is loaded again knows what was read and sends what was not confirmed', () => {
  const before = page();
  before.enters([message(1), message(2)]);
  before.chat.open = true;
  before.chat.post('unsent');
  /** @type {Map<string, string>} */
  const kept = new Map();
  const store = {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void kept.set(key, value),
    removeItem: (/** @type {string} */ key) => void kept.delete(key),
  };
  putChat(store, 'den', { draft: 'half', carried: before.chat.carried() });
  const taken = takeChat(store, 'den');
  assert.equal(takeChat(store, 'den'), null, 'a duplicated tab finds nothing');
  assert.equal(taken?.draft, 'half');
  const after = page();
  if (taken) after.chat.carryOn(taken.carried);
  after.enters([message(1), message(2), message(3)]);
  assert.equal(after.chat.unread, 1);
  assert.deepEqual(after.world.said, [{ type: 'chat', ref: 'r1', text: 'unsent' }]);
});

test('who comes back as somebody else decides anew what to send', () => {
  const { chat, world } = page();
  chat.carryOn({ self: BOB, epoch: 5, read: 0, unsent: [{ ref: 'r1', text: 'unsent' }] });
  chat.welcomed(ANN, GRANTS);
  caughtUp(chat, []);
  assert.deepEqual([world.said, chat.pending[0]?.failed], [[], 'Not sent']);
});

test('broken memories of a tab are none', () => {
  for (const text of [
    '',
    '{',
    'null',
    '{"draft":5}',
    '{"draft":"","carried":{"self":"","epoch":0,"read":0,"unsent":[5]}}',
  ]) {
    assert.equal(takeChat({ getItem: () => text, setItem: () => {}, removeItem: () => {} }, 'den'), null, text);
  }
});

test('only addresses of the web are links, without what stands around them', () => {
  const links = (/** @type {string} */ text) => piecesOf(text).flatMap(({ href }) => href ?? []);
  /** @type {[string, string[]][]} */
  const cases = [
    ['https://example.org', ['https://example.org/']],
    ['see HTTP://Example.org/A?b=c&d#e.', ['http://example.org/A?b=c&d#e']],
    ['(https://example.org/a_(b)), really', ['https://example.org/a_(b)']],
    ['https://example.org/a, https://example.org/b!', ['https://example.org/a', 'https://example.org/b']],
    ['javascript:alert(1)', []],
    ['data:text/html,<b> vbscript:x file:///etc/passwd ftp://example.org', []],
    ['www.example.org and example.org', []],
    ['https://', []],
    ['https://[broken', []],
    ['https://bank.example@evil.example/', []],
    ['https://a:b@evil.example/', []],
    ['javascript:https://example.org', ['https://example.org/']],
    ['<a href="https://example.org/x" onclick="y">', ['https://example.org/x']],
    ['https://example.org/"onmouseover="x', ['https://example.org/']],
    ['https://пример.example/', ['https://xn--e1afmkfd.example/']],
  ];
  for (const [text, hrefs] of cases) {
    assert.deepEqual(links(text), hrefs, text);
    assert.equal(
      piecesOf(text)
        .map((piece) => piece.text)
        .join(''),
      text,
      'all of the text is shown',
    );
  }
});

test('a text full of addresses takes no time', () => {
  const begin = process.cpuUsage();
  piecesOf('https://'.repeat(500));
  piecesOf(`https://example.org/${')'.repeat(3900)}`);
  // Of the processor, which others may have had meanwhile.
  assert.ok(process.cpuUsage(begin).user < 500_000, 'half a second');
});

test('who has the chat closed is told of a message at once, and of many by their number', () => {
  /** @type {string[]} */
  const told = [];
  /** @type {(() => void)[]} */
  const waiting = [];
  const news = new ChatNews(
    (/** @type {ChatMessage} */ { text }) => told.push(text),
    (count, name) => told.push(`${count} of ${name}`),
    (action, delay) => delay === GATHERED && waiting.push(action),
  );
  const later = () => waiting.shift()?.();
  news.add(message(1));
  for (const id of [2, 3, 4]) news.add(message(id));
  assert.deepEqual(told, ['text 1']);
  later();
  assert.deepEqual(told, ['text 1', '3 of Bob']);
  later();
  news.add(message(5));
  news.add(message(6));
  news.clear();
  later();
  assert.deepEqual(told.slice(2), ['text 5']);
});

test('what is told of a message is its beginning in one line', () => {
  assert.equal(shortened('one\n\n two', 20), 'one two');
  assert.equal(shortened('👩'.repeat(30), 20), `${'👩'.repeat(19)}…`);
});
