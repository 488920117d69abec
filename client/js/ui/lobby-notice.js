/**
 * Over the stage: who wants to come in, for whoever may admit them and does not look at the list.
 */

import { byId, nodesOf, phraseOf } from '../core/dom.js';
import { say, word } from '../core/words.js';
import { keepFocus } from './keep-focus.js';

/** @import { Moderation } from '../call/moderation.js' */
/** @import { News } from '../core/news.js' */
/** @import { Sentence } from '../core/sentence.js' */
/** @import { Knock } from '../proto/messages.js' */

/** Milliseconds for which a press is not meant for whoever has just come into somebody's place. */
const MEANT_AFTER = 500;

/**
 * @param {Pick<Knock, 'name' | 'banned'>} one
 * @returns {Sentence}
 */
export function knockWords({ name, banned }) {
  return say(banned ? 'lobby.knock.banned' : 'lobby.knock', { name });
}

/**
 * @param {readonly Knock[]} waiting
 * @returns {string} Empty if there are no others.
 */
export function othersWords({ length }) {
  return length < 2 ? '' : word('lobby.more', { n: length - 1 });
}

/**
 * @param {Moderation} moderation
 * @param {(news: News) => void} speak
 */
export function lobbyNotice(moderation, speak) {
  const notice = byId('lobby-notice', HTMLElement);
  const admit = byId('lobby-admit', HTMLButtonElement);
  const refuse = byId('lobby-refuse', HTMLButtonElement);
  const more = byId('lobby-more', HTMLButtonElement);
  const count = byId('count', HTMLButtonElement);
  const dialog = byId('people-dialog', HTMLDialogElement);
  /** @type {Knock | undefined} */
  let shown;
  let since = -Infinity;

  const show = () => {
    const [first] = moderation.waiting;
    // The list has it all, in the same words.
    notice.hidden = first === undefined || dialog.open;
    more.textContent = othersWords(moderation.waiting);
    more.hidden = more.textContent === '';
    if (first?.knock === shown?.knock) return;
    if (shown && first) since = performance.now();
    shown = first;
    if (!first) return;
    byId('lobby-words', HTMLElement).replaceChildren(...nodesOf(knockWords(first)));
    admit.replaceChildren(phraseOf(say('lobby.admit', { name: first.name })));
    refuse.replaceChildren(phraseOf(say('lobby.refuse', { name: first.name })));
  };
  /** @param {'admit' | 'refuse'} action */
  const decide = (action) => {
    if (shown && performance.now() - since > MEANT_AFTER) moderation.wish({ action, knock: shown.knock });
  };
  const showAgain = () => keepFocus(notice, show, () => count);

  admit.addEventListener('click', () => decide('admit'));
  refuse.addEventListener('click', () => decide('refuse'));
  more.addEventListener('click', () => count.click());
  count.addEventListener('click', show);
  dialog.addEventListener('close', show);
  moderation.on('change', showAgain);
  moderation.on('knocked', (one) => speak(one.banned ? knockWords(one) : { did: 'news.wants-in', name: one.name }));
  show();
}
