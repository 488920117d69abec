/**
 * Which way media goes between this page and the others, and what follows from it: which direct connections there are to be, where
 * each person is seen and heard, whether the server is sent anything. The server decides, this obeys without a gap. Pure.
 *
 * ```text
 *   order, people, links, what arrives, time ──> step ──> Direct ──> wanted: connections, sending, playing
 *                                                                └─> reports: what the server is told
 * ```
 */

/** @import { Direct as Report, DirectState } from '../proto/messages.js' */

/** Milliseconds for which both ways carry everything after an order: what is late until then is not waited for any longer. */
export const OVERLAP = 2000;

/** Where media goes. @typedef {'server' | 'trying' | 'direct'} Path */
/** @typedef {{ topology: string, epoch: number, path: Path, reason: string }} Order */
/** What became of a direct connection; empty as long as it is being built. @typedef {'' | 'connected' | 'no-path' | 'lost' | 'refused'} LinkState */
/** @typedef {{ epoch: number, state: LinkState }} DirectLinkInfo */

/**
 * @typedef {object} Direct
 * @property {string} self The own peer id.
 * @property {Order} order
 * @property {boolean} begun Whether an order was obeyed before: of a connection that an earlier page had nothing is left.
 * @property {string[]} others
 * @property {Record<string, DirectLinkInfo>} links Of this epoch, by peer.
 * @property {Record<string, DirectLinkInfo>} old Of an earlier one, of those who are still seen and heard on them.
 * @property {string[]} plays Who is seen and heard directly.
 * @property {boolean} settled The overlap after the last order is over.
 * @property {boolean} gone This page has nothing of the epoch.
 */

/**
 * What happens.
 * @typedef {{ type: 'order', order: Order }
 *   | { type: 'people', self: string, others: string[] }
 *   | { type: 'link', peer: string, epoch: number, state: LinkState }
 *   | { type: 'arrived', peer: string, path: 'server' | 'direct' }
 *   | { type: 'settled' }} Happening
 */

/** @type {Order} */
export const THROUGH_SERVER = { topology: 'sfu', epoch: 0, path: 'server', reason: 'chosen' };

/**
 * An order as this page understands it: of a server that was upgraded meanwhile there may be other paths.
 * @param {import('../proto/messages.js').TopologyOrder} message
 * @returns {Order}
 */
export function orderOf({ topology, epoch, path, reason }) {
  return { topology, epoch, reason, path: path === 'trying' || path === 'direct' ? path : 'server' };
}

/** @type {Readonly<Direct>} */
export const NOTHING = {
  self: '',
  order: THROUGH_SERVER,
  begun: false,
  others: [],
  links: {},
  old: {},
  plays: [],
  settled: true,
  gone: false,
};

/**
 * @param {Readonly<Direct>} state
 * @param {Happening} happening
 * @returns {Readonly<Direct>}
 */
export function step(state, happening) {
  return tidied(changed(state, happening));
}

/**
 * @param {Readonly<Direct>} state
 * @param {Happening} happening
 * @returns {Direct}
 */
function changed(state, happening) {
  switch (happening.type) {
    case 'order':
      return ordered(state, happening.order);
    case 'people':
      return { ...state, self: happening.self, others: happening.others };
    case 'link': {
      const { peer, epoch, state: became } = happening;
      const told = (/** @type {Direct['links']} */ links) =>
        links[peer]?.epoch === epoch ? { ...links, [peer]: { epoch, state: became } } : links;
      return { ...state, links: told(state.links), old: told(state.old) };
    }
    case 'arrived':
      return arrived(state, happening);
    case 'settled':
      return { ...state, settled: true };
  }
}

/**
 * @param {Readonly<Direct>} state
 * @param {Order} order
 * @returns {Direct}
 */
function ordered(state, order) {
  const same = state.begun && order.epoch === state.order.epoch && order.path === state.order.path;
  const gone = !state.begun && order.path !== 'server';
  const news = { ...state, order, begun: true };
  if (same) return news;
  if (order.epoch === state.order.epoch) return { ...news, settled: false, gone: state.gone || gone };
  return { ...news, settled: false, gone, links: {}, old: { ...state.old, ...state.links } };
}

/**
 * @param {Readonly<Direct>} state
 * @param {{ peer: string, path: 'server' | 'direct' }} what
 * @returns {Direct}
 */
function arrived(state, { peer, path }) {
  if (path === 'direct' && isToPlay(state, peer)) return { ...state, plays: [...new Set([...state.plays, peer])] };
  if (path === 'server' && !isToPlay(state, peer)) {
    return { ...state, plays: state.plays.filter((one) => one !== peer) };
  }
  return { ...state };
}

/**
 * Whether somebody is to be seen and heard directly, as soon as that can be.
 * @param {Readonly<Direct>} state
 * @param {string} peer
 */
function isToPlay({ order, links }, peer) {
  const link = links[peer];
  return order.path === 'direct' && link?.epoch === order.epoch && link.state === 'connected';
}

/**
 * What follows by itself: connections come and go with people and epochs, and nobody is played from one that is over.
 * @param {Direct} state
 * @returns {Direct}
 */
function tidied(state) {
  const { order, others, settled } = state;
  const carries = (/** @type {string} */ peer) =>
    isToPlay(state, peer) || state.old[peer]?.state === 'connected' || state.links[peer]?.state === 'connected';
  let plays = state.plays.filter((peer) => others.includes(peer) && carries(peer));
  if (settled) {
    const direct = others.filter((peer) => isToPlay(state, peer));
    plays = [...plays.filter((peer) => direct.includes(peer)), ...direct.filter((peer) => !plays.includes(peer))];
  }
  const wanted = order.path !== 'server' && !state.gone ? others : [];
  const links = Object.fromEntries(
    wanted.map((peer) => [peer, state.links[peer] ?? { epoch: order.epoch, state: /** @type {const} */ ('') }]),
  );
  // Whoever is on the connection of this epoch needs none of before.
  const old = Object.entries(state.old).filter(([peer]) => plays.includes(peer) && links[peer]?.state !== 'connected');
  return { ...state, links, old: Object.fromEntries(old), plays };
}

/**
 * Whether the server has to be sent everything: but for a call in which everybody has everybody, and had time to look there.
 * @param {Readonly<Direct>} state
 */
export function sendsToServer(state) {
  const direct = state.order.path === 'direct' && state.settled && !state.gone;
  return !(direct && state.others.every((peer) => isToPlay(state, peer)));
}

/**
 * Whom to wait for, and on which way: until something of theirs arrives there, they are played from where they are.
 * @param {Readonly<Direct>} state
 * @returns {{ peer: string, path: 'server' | 'direct' }[]}
 */
export function awaited(state) {
  return state.others.flatMap((peer) => {
    const direct = isToPlay(state, peer);
    if (direct === state.plays.includes(peer)) return [];
    return [{ peer, path: direct ? /** @type {const} */ ('direct') : /** @type {const} */ ('server') }];
  });
}

/**
 * Who offers: of two the one with the smaller id.
 * @param {Readonly<Direct>} state
 * @param {string} peer
 */
export function offersTo({ self }, peer) {
  return self < peer;
}

/**
 * All that the server is to know of the epoch.
 * @param {Readonly<Direct>} state
 * @returns {Report[]}
 */
export function reports({ order, links, gone, others }) {
  const { epoch } = order;
  if (order.path === 'server') return [];
  if (gone) return [{ type: 'direct', epoch, state: 'gone' }];
  return others.flatMap((peer) => {
    const link = links[peer];
    if (!link || link.epoch !== epoch || link.state === '') return [];
    return [{ type: /** @type {const} */ ('direct'), epoch, peer, state: /** @type {DirectState} */ (link.state) }];
  });
}
