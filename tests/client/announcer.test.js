/** When what is said in a call, and how what several people did becomes one sentence. */

import assert from 'node:assert/strict';
import test from 'node:test';

import { together } from '../../client/js/core/news.js';
import { said, textOf } from '../../client/js/core/sentence.js';
import { say as sentence, tongue, tongueOf } from '../../client/js/core/words.js';
import { Announcer, QUIET } from '../../client/js/ui/announcer.js';
import german from '../../client/js/words/de.js';
import spanish from '../../client/js/words/es.js';

/** @import { Deed, News } from '../../client/js/core/news.js' */

/** What an announcer says, and its timers. */
function listener(by = tongue) {
  /** @type {string[][]} */
  const heard = [];
  /** @type {{ action: () => void, delay: number }[]} */
  const timers = [];
  const announcer = new Announcer(
    (notes) => heard.push(notes.map((note) => textOf(note.sentence))),
    (action, delay) => timers.push({ action, delay }),
    by,
  );
  const say = (/** @type {News} */ news, shown = true) => announcer.add({ news, shown });
  const tell = (/** @type {Deed} */ did, /** @type {string[]} */ ...names) => {
    for (const name of names) say({ did, name });
  };
  return { heard, timers, say, tell, announcer };
}

test('announcements come at once in quiet times and together in busy ones', () => {
  const { heard, timers, tell } = listener();
  tell('news.joined', 'Ann', 'Bob', 'Eve');
  assert.deepEqual(heard, [['Ann joined']]);
  assert.equal(timers[0]?.delay, QUIET);
  timers.shift()?.action();
  assert.deepEqual(heard[1], ['Bob and Eve joined']);
  timers.shift()?.action();
  assert.equal(timers.length, 0, 'nothing ticks when there is nothing to say');
  tell('news.left', 'Ann');
  assert.deepEqual(heard[2], ['Ann left']);
});

test('what several people did is one sentence, what one did twice is said once, and the rest stays as it is', () => {
  const { heard, timers, say, tell } = listener();
  tell('news.joined', 'Zoe', ...Array.from({ length: 15 }, (_, n) => `P${n + 1}`), 'P1');
  tell('news.reconnecting', 'Ann');
  say(sentence('tile.video.late', { name: 'Bob' }));
  tell('news.reconnecting', 'Eve');
  for (let twice = 0; twice < 2; twice += 1) say(sentence('tile.video.late', { name: 'Cid' }));
  tell('news.left', 'A', 'B', 'C');
  say(sentence('call.named', { name: 'Ann (2)' }));
  timers.shift()?.action();
  assert.deepEqual(heard[1], [
    'P1, P2 and 13 others joined',
    'Ann and Eve are reconnecting',
    "Bob's video cannot be played by this browser",
    "Cid's video cannot be played by this browser",
    'A, B and C left',
    'The others see you as Ann (2)',
  ]);
});

test('what is only spoken and what is shown are not said together', () => {
  const { heard, timers, say } = listener();
  say(said`Hush`);
  say({ did: 'news.wants-in', name: 'Ann' }, false);
  say({ did: 'news.wants-in', name: 'Bob' });
  timers.shift()?.action();
  assert.deepEqual(heard[1], ['Ann wants to come in', 'Bob wants to come in']);
});

test('what waits when the call is over is not said any more', () => {
  const { heard, timers, tell, announcer } = listener();
  tell('news.joined', 'Ann', 'Bob');
  announcer.clear();
  timers.shift()?.action();
  assert.deepEqual(heard, [['Ann joined']]);
});

test('in German, too, several people do something in one sentence, with its own plural', () => {
  const { heard, timers, tell } = listener(tongueOf(german, 'de'));
  tell('news.joined', 'Zoe', 'Ann', 'Bob', 'Ann');
  tell('news.hand', 'Eve', 'Bob', 'Cid');
  tell('news.left', 'A');
  tell('news.reconnecting', ...Array.from({ length: 1202 }, (_, n) => `P${n + 1}`));
  timers.shift()?.action();
  assert.deepEqual(heard, [
    ['Zoe ist beigetreten'],
    [
      'Ann und Bob sind beigetreten',
      'Eve, Bob und Cid haben die Hand gehoben',
      'A hat den Raum verlassen',
      'P1, P2 und 1.200 weitere verbinden sich neu',
    ],
  ]);
});

test('names stay names in every language, whatever stands between them', () => {
  const names = ['Ann', 'Bob', 'Inés'];
  assert.deepEqual(together('news.left', names, tongueOf(spanish, 'es')), [
    '',
    'Ann',
    ', ',
    'Bob',
    ' e ',
    'Inés',
    ' han salido',
  ]);
});
