/**
 * Addresses in what people write: `http:` and `https:`, and nothing else. Pure.
 */

/** A piece of a text; `href` if it is an address. @typedef {{ text: string, href?: string }} Piece */

/** Where an address may be: up to a blank, or a character that is in none. */
const ADDRESS = /\bhttps?:\/\/[^\s<>"`{}|\\^]+/giu;
/** What ends a sentence, and not an address. */
const AFTER = /[.,;:!?'’”»…]$/u;
/** @type {[string, string][]} */
const BRACKETS = [
  ['(', ')'],
  ['[', ']'],
];

/**
 * The text in pieces: whoever puts them together again has all of it.
 * @param {string} text
 * @returns {Piece[]}
 */
export function piecesOf(text) {
  /** @type {Piece[]} */
  const pieces = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = withoutAfter(found);
    const href = hrefOf(address);
    if (href === null) continue;
    if (index > end) pieces.push({ text: text.slice(end, index) });
    pieces.push({ text: address, href });
    end = index + address.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** @param {string} found */
function withoutAfter(found) {
  let address = found;
  for (;;) {
    const last = address.at(-1) ?? '';
    const pair = BRACKETS.find(([, close]) => close === last);
    // A bracket that was opened before the address is closed after it.
    const isAfter = pair ? count(address, pair[1]) > count(address, pair[0]) : AFTER.test(address);
    if (!isAfter) return address;
    address = address.slice(0, -1);
  }
}

/** @type {(text: string, character: string) => number} */
const count = (text, character) => text.split(character).length - 1;

/**
 * @param {string} address
 * @returns {string | null} Null if it leads nowhere, or elsewhere than it looks: what is before an `@` is no host.
 */
function hrefOf(address) {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username || url.password) return null;
  return url.href;
}
