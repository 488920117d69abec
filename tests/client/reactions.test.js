/** Reactions: what is sent and heard of them, and in how few words they are told. */

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  GATHERED,
  ReactionNews,
  Reactions,
  REACTIONS,
  reactionName,
  reactionWords,
} from '../../client/js/call/reactions.js';
import { textOf } from '../../client/js/core/sentence.js';
import { validateClientMessage, validateServerMessage } from '../../client/js/proto/validate.js';

/** @import { News } from '../../client/js/call/reactions.js' */

const ANN = '00000000000000aa';

/** News with a clock of paper. */
function news() {
  /** @type {[text: string, shown: boolean][]} */
  const told = [];
  /** @type {{ action: () => void, delay: number }[]} */
  const timers = [];
  const teller = new ReactionNews(
    (sentence, shown) => told.push([textOf(sentence), shown]),
    (action, delay) => timers.push({ action, delay }),
  );
  return {
    told,
    timers,
    add: (/** @type {Partial<News>} */ one) => teller.add({ name: 'Ann', reaction: 'clap', shown: false, ...one }),
    pass: () => timers.splice(0).forEach(({ action }) => action()),
  };
}

test('each of the set is sent as the server takes it, and nothing else is a message', () => {
  /** @type {object[]} */
  const sent = [];
  const reactions = new Reactions((message) => sent.push(message) > 0);
  for (const reaction of REACTIONS) assert.ok(reactions.react(reaction));
  assert.equal(sent.length, 6);
  for (const message of sent) assert.ok(validateClientMessage(message).ok, JSON.stringify(message));
  for (const reaction of ['👍', 'Clap', 'boo', '', 5, null, undefined]) {
    assert.ok(!validateClientMessage({ type: 'react', reaction }).ok, String(reaction));
  }
});

test('what a newer server knows is no fault, and is not shown', () => {
  const reactions = new Reactions(() => true);
  /** @type {string[]} */
  const heard = [];
  reactions.on('reacted', ({ peer, reaction }) => heard.push(`${peer} ${reaction}`));
  for (const reaction of ['heart', 'standing-ovation', 'constructor']) {
    const checked = validateServerMessage({ type: 'reacted', peer: ANN, reaction });
    assert.ok(checked.ok);
    if (checked.ok) assert.ok(reactions.hear(checked.message));
  }
  assert.deepEqual(heard, [`${ANN} heart`]);
  assert.ok(!reactions.hear({ type: 'pong' }));
});

test('several who react at once are told in one sentence, and nobody twice', () => {
  const { told, timers, add, pass } = news();
  for (const name of ['Ann', 'Bob', 'Ann']) add({ name });
  add({ name: 'Cid', reaction: 'heart', shown: true });
  assert.deepEqual(told, []);
  assert.deepEqual(
    timers.map(({ delay }) => delay),
    [GATHERED],
  );
  pass();
  assert.deepEqual(told, [
    ['Ann and Bob reacted: clapping', false],
    ['Cid reacted: heart', true],
  ]);
  add({ name: '' });
  pass();
  assert.deepEqual(told.slice(2), [['You reacted: clapping', false]]);
});

test('of many only some are named', () => {
  const words = (/** @type {string[]} */ ...names) => textOf(reactionWords(names, 'celebrate'));
  assert.equal(words('Ann', 'Bob', 'Cid'), 'Ann, Bob, and Cid reacted: celebrating');
  assert.equal(words('Ann', 'Bob', 'Cid', 'Dan'), 'Ann, Bob and 2 others reacted: celebrating');
  const sentence = reactionWords(['Ann', 'Bob', 'Cid', 'Dan'], 'clap');
  assert.deepEqual([sentence[1], sentence[3]], ['Ann', 'Bob'], 'names stay names');
});

test('each has a name that begins like one', () => {
  assert.deepEqual(REACTIONS.map(reactionName), [
    'Thumbs up',
    'Clapping',
    'Heart',
    'Laughing',
    'Surprise',
    'Celebrating',
  ]);
});
