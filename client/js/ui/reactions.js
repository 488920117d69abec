/**
 * Reactions on the screen: the row one chooses from, what floats over a tile for a moment, and what is said of it.
 */

import { reactionName, ReactionNews, REACTIONS } from '../call/reactions.js';
import { nameOf } from '../call/room-state.js';
import { byId, h, icon } from '../core/dom.js';
import { say, word } from '../core/words.js';
import { reactionIcon } from './reaction-icons.js';

/** @import { Call } from '../call/call.js' */
/** @import { Reaction } from '../proto/messages.js' */
/** @import { LiveRegion } from './live-region.js' */

/** Milliseconds one is to be seen. */
const SHOWN = 4000;
/** Of one person at a time; the oldest goes. */
const MOST = 5;

/** Where each of them is. @type {Map<Element, number>} */
const turns = new Map();

/**
 * Shows a reaction over a tile. It says nothing to a screen reader: it is announced.
 * @param {Element} tile
 * @param {Reaction} reaction
 */
export function showReaction(tile, reaction) {
  const shown = tile.querySelectorAll('.reaction');
  if (shown.length >= MOST) shown[0]?.remove();
  const turn = ((turns.get(tile) ?? -1) + 1) % MOST;
  turns.set(tile, turn);
  const picture = h('span', { class: 'reaction', 'aria-hidden': 'true' }, reactionIcon(reaction));
  picture.dataset.turn = String(turn);
  tile.append(picture);
  setTimeout(() => {
    picture.remove();
    if (!tile.querySelector('.reaction')) turns.delete(tile);
  }, SHOWN);
}

/**
 * @param {object} options
 * @param {Call} options.call
 * @param {(peer: string, reaction: Reaction) => boolean} options.float Over a tile: whether that is in view.
 * @param {LiveRegion} options.region
 */
export function reactions({ call, float, region }) {
  const row = byId('reactions', HTMLDivElement);
  // One in the toolbar, one in the bar where the toolbar is full: the page shows one of them.
  const openers = ['react', 'react-bar'].map((id) => byId(id, HTMLButtonElement));
  /** @param {boolean} open */
  const show = (open) => {
    row.hidden = !open;
    for (const opener of openers) opener.setAttribute('aria-expanded', String(open));
  };
  const close = () => {
    show(false);
    openers.find((opener) => opener.checkVisibility())?.focus();
  };
  for (const opener of openers) {
    opener.replaceChildren(icon('smile'));
    opener.setAttribute('aria-label', word('reactions.open'));
    opener.title = word('reactions.open');
    opener.addEventListener('click', () => {
      show(row.hidden === true);
      if (!row.hidden) /** @type {HTMLElement | null} */ (row.firstElementChild)?.focus();
    });
    opener.addEventListener('keydown', (event) => event.key === 'Escape' && !row.hidden && close());
  }
  row.setAttribute('aria-label', word('reactions.row'));
  row.addEventListener('keydown', (event) => event.key === 'Escape' && close());
  row.replaceChildren(
    ...REACTIONS.map((reaction) => {
      const name = reactionName(reaction);
      const press = () => {
        if (!call.reactions.react(reaction)) region.say(say('reactions.lost'));
      };
      return h('button', { type: 'button', title: name, 'aria-label': name, onclick: press }, reactionIcon(reaction));
    }),
  );
  const news = new ReactionNews((sentence, shown) => (shown ? region.say(sentence) : region.speak(sentence)));
  call.reactions.on('reacted', ({ peer, reaction }) => {
    const own = peer === call.state.self;
    const name = own ? '' : nameOf(call.state, peer);
    if (own || name) news.add({ name, reaction, shown: !float(peer, reaction) });
  });
}
