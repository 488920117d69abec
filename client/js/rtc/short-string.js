/**
 * Bits as pictures, six each: plainly told apart at a glance and by word, in every font of emoji of the last years. Their order is
 * part of what two pages compare: it never changes.
 */

/** @typedef {{ emoji: string, word: string }} Sign */

/** @type {Sign[]} */
export const SIGNS = `
  🐸 frog       🐍 snake      🦊 fox        🐻 bear       🐳 whale      🦀 crab       🐝 bee        🐌 snail
  🦉 owl        🦆 duck       🐫 camel      🦒 giraffe    🦓 zebra      🦇 bat        🦈 shark      🐁 mouse
  🐑 sheep      🦔 hedgehog   🐊 crocodile  🍋 lemon      🍇 grapes     🍒 cherries   🍍 pineapple  🥕 carrot
  🥑 avocado    🍞 bread      🧀 cheese     🥚 egg        🍩 doughnut   🍯 honey      🍁 leaf       🌻 sunflower
  🌴 palm       🥜 peanut     ☕ coffee     🎈 balloon    🎲 dice       🎻 violin     🥁 drum       🎨 palette
  👑 crown      👟 shoe       🧦 socks      🧤 gloves     🎒 backpack   🔭 telescope  💎 diamond    🔋 battery
  📷 camera     🚪 door       🛁 bathtub    🗿 statue     🚜 tractor    🚁 helicopter ⛵ sailboat   🛴 scooter
  🎡 wheel      🌈 rainbow    ⚡ lightning  ⛄ snowman    🌋 volcano    🏰 castle     🎃 pumpkin    👻 ghost
`
  .trim()
  .split(/\s{2,}|(?<=\p{L}) (?=\p{Emoji_Presentation})/u)
  .map((sign) => {
    const [emoji = '', word = ''] = sign.split(' ');
    return { emoji, word };
  });

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
