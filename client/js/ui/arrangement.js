/**
 * Who has the large places on the stage, and who is among the others. Pure.
 */

/** @import { Stream } from '../proto/messages.js' */

/**
 * How the stage is laid out: what is shared large; all alike; one alone; or one large with the others beside.
 * @typedef {'auto' | 'grid' | 'spotlight' | 'sidebar'} Layout
 */

/** @type {Layout[]} */
export const LAYOUTS = ['auto', 'grid', 'spotlight', 'sidebar'];

/**
 * @typedef {object} Arrangement
 * @property {string[]} large The keys of the tiles with large places, in their order.
 * @property {string[]} others
 * @property {boolean} strip Whether the others are seen beside what is large.
 */

/**
 * @param {object} table
 * @param {readonly { key: string, stream: Stream }[]} table.tiles In their order.
 * @param {ReadonlySet<string>} table.pinned The keys of what the person holds on to.
 * @param {Layout} table.layout
 * @param {string} table.speaker The key of who spoke last; empty if nobody did.
 * @returns {Arrangement}
 */
export function arrange({ tiles, pinned, layout, speaker }) {
  const large = largeOf({ tiles, pinned, layout, speaker });
  return {
    large: tiles.filter(({ key }) => large.has(key)).map(({ key }) => key),
    others: tiles.filter(({ key }) => !large.has(key)).map(({ key }) => key),
    strip: layout !== 'spotlight',
  };
}

/**
 * @param {Parameters<typeof arrange>[0]} table
 * @returns {ReadonlySet<string>}
 */
function largeOf({ tiles, pinned, layout, speaker }) {
  const screens = tiles.filter(({ stream }) => stream === 'screen').map(({ key }) => key);
  if (layout === 'auto') return new Set([...screens, ...pinned]);
  if (layout === 'grid' || pinned.size > 0) return pinned;
  if (screens.length > 0) return new Set(screens);
  const one = tiles.find(({ key }) => key === speaker) ?? tiles[0];
  return new Set(one ? [one.key] : []);
}
