/**
 * Bits as pictures, six each: plainly told apart at a glance and by word, in every font of emoji of the last years. Their order is
 * part of what two pages compare: it never changes.
 */

import { word } from '../core/words.js';

/** @typedef {{ emoji: string, word: string }} Sign */

/** @type {Sign[]} */
export const SIGNS = [
  { emoji: '🐸', word: word('sign.frog') },
  { emoji: '🐍', word: word('sign.snake') },
  { emoji: '🦊', word: word('sign.fox') },
  { emoji: '🐻', word: word('sign.bear') },
  { emoji: '🐳', word: word('sign.whale') },
  { emoji: '🦀', word: word('sign.crab') },
  { emoji: '🐝', word: word('sign.bee') },
  { emoji: '🐌', word: word('sign.snail') },
  { emoji: '🦉', word: word('sign.owl') },
  { emoji: '🦆', word: word('sign.duck') },
  { emoji: '🐫', word: word('sign.camel') },
  { emoji: '🦒', word: word('sign.giraffe') },
  { emoji: '🦓', word: word('sign.zebra') },
  { emoji: '🦇', word: word('sign.bat') },
  { emoji: '🦈', word: word('sign.shark') },
  { emoji: '🐁', word: word('sign.mouse') },
  { emoji: '🐑', word: word('sign.sheep') },
  { emoji: '🦔', word: word('sign.hedgehog') },
  { emoji: '🐊', word: word('sign.crocodile') },
  { emoji: '🍋', word: word('sign.lemon') },
  { emoji: '🍇', word: word('sign.grapes') },
  { emoji: '🍒', word: word('sign.cherries') },
  { emoji: '🍍', word: word('sign.pineapple') },
  { emoji: '🥕', word: word('sign.carrot') },
  { emoji: '🥑', word: word('sign.avocado') },
  { emoji: '🍞', word: word('sign.bread') },
  { emoji: '🧀', word: word('sign.cheese') },
  { emoji: '🥚', word: word('sign.egg') },
  { emoji: '🍩', word: word('sign.doughnut') },
  { emoji: '🍯', word: word('sign.honey') },
  { emoji: '🍁', word: word('sign.leaf') },
  { emoji: '🌻', word: word('sign.sunflower') },
  { emoji: '🌴', word: word('sign.palm') },
  { emoji: '🥜', word: word('sign.peanut') },
  { emoji: '☕', word: word('sign.coffee') },
  { emoji: '🎈', word: word('sign.balloon') },
  { emoji: '🎲', word: word('sign.dice') },
  { emoji: '🎻', word: word('sign.violin') },
  { emoji: '🥁', word: word('sign.drum') },
  { emoji: '🎨', word: word('sign.palette') },
  { emoji: '👑', word: word('sign.crown') },
  { emoji: '👟', word: word('sign.shoe') },
  { emoji: '🧦', word: word('sign.socks') },
  { emoji: '🧤', word: word('sign.gloves') },
  { emoji: '🎒', word: word('sign.backpack') },
  { emoji: '🔭', word: word('sign.telescope') },
  { emoji: '💎', word: word('sign.diamond') },
  { emoji: '🔋', word: word('sign.battery') },
  { emoji: '📷', word: word('sign.camera') },
  { emoji: '🚪', word: word('sign.door') },
  { emoji: '🛁', word: word('sign.bathtub') },
  { emoji: '🗿', word: word('sign.statue') },
  { emoji: '🚜', word: word('sign.tractor') },
  { emoji: '🚁', word: word('sign.helicopter') },
  { emoji: '⛵', word: word('sign.sailboat') },
  { emoji: '🛴', word: word('sign.scooter') },
  { emoji: '🎡', word: word('sign.wheel') },
  { emoji: '🌈', word: word('sign.rainbow') },
  { emoji: '⚡', word: word('sign.lightning') },
  { emoji: '⛄', word: word('sign.snowman') },
  { emoji: '🌋', word: word('sign.volcano') },
  { emoji: '🏰', word: word('sign.castle') },
  { emoji: '🎃', word: word('sign.pumpkin') },
  { emoji: '👻', word: word('sign.ghost') },
];

/** Signs of a string: 42 bits. */
export const LENGTH = 7;

/**
 * @param {Uint8Array} bytes Six or more.
 * @returns {Sign[]} Of the first 42 bits.
 */
export function signs(bytes) {
  let [bits, held] = [0, 0];
  const found = [];
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    held += 8;
    while (held >= 6 && found.length < LENGTH) {
      held -= 6;
      found.push(/** @type {Sign} */ (SIGNS[(bits >> held) & 63]));
      bits &= (1 << held) - 1;
    }
  }
  return found;
}
