/**
 * The switch for one's own hand. Its name says what a press will do.
 */

import { byId, icon } from '../core/dom.js';
import { word } from '../core/words.js';

/** @import { Hands } from '../call/hands.js' */

/**
 * @param {Hands} hands
 * @param {(sentence: string) => void} announce
 */
export function handButton(hands, announce) {
  const button = byId('hand', HTMLButtonElement);
  const show = () => {
    const name = word(hands.raised ? 'hand.lower' : 'hand.raise');
    button.setAttribute('aria-label', name);
    button.title = name;
    button.classList.toggle('raised', hands.raised);
  };
  button.replaceChildren(icon('hand'));
  button.addEventListener('click', () => {
    hands.raise(!hands.raised);
    announce(word(hands.raised ? 'hand.you-raised' : 'hand.you-lowered'));
  });
  hands.on('change', show);
  show();
}
