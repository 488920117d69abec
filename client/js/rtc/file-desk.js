/**
 * Files to and from others: an exchange for each direct connection and one for each person who is reached through the server, and what
 * becomes of each file. Ours go directly if they can, and are offered no faster than the other side lets itself be asked.
 */

import { Emitter } from '../core/emitter.js';
import { exchangeOver } from './files/data-channel.js';
import { FileExchange } from './files/exchange.js';
import { Transfer } from './transfer.js';

/** @import { LinkState } from '../call/direct.js' */
/** @import { Channel, Options } from './files/exchange.js' */
/** @import { Incoming } from './files/incoming.js' */
/** @import { Source } from './files/outgoing.js' */

/** Files that are remembered: those that are not over, and those that are, as long as there is place. */
export const MOST_TRANSFERS = 50;
/** Offers to one other browser in a minute. It answers 60, by its own clock. */
export const OFFERS_PER_MINUTE = 50;
const MINUTE = 60_000;
/** Bytes of what comes and of what came and was not removed, of everybody's: the page has to hold them. */
const MOST_HELD = 2 * 1024 * 1024 * 1024;

/**
 * What is needed of a connection: see `direct-link.js`.
 * @typedef {object} Link
 * @property {((name: 'files', listener: (channel: RTCDataChannel) => void) => unknown)
 *   & ((name: 'state', listener: (state: LinkState) => void) => unknown)} on
 * @property {{ getStats: () => Promise<RTCStatsReport> }} [pc]
 */

/**
 * @typedef {object} Entry
 * @property {string} peer
 * @property {FileExchange} exchange
 * @property {boolean} isDirect
 * @property {boolean} isHere Whether something can be offered now.
 * @property {number[]} offers When something was offered, within the last minute.
 * @property {ReturnType<typeof setTimeout> | undefined} later Until nothing may be offered.
 */

/**
 * @typedef {object} FileDeskEvents
 * @property {null} change Of a file, or of whom one can be sent to.
 * @property {Transfer} offered Somebody offers a file.
 * @property {Transfer} over One came to its end, in one way or another.
 */

/** @extends {Emitter<FileDeskEvents>} */
export class FileDesk extends Emitter {
  /** What files can go over. @type {Map<Link | Channel, Entry>} */
  #entries = new Map();
  #mostThroughServer = 0;
  /** The oldest first. @type {Transfer[]} */
  #transfers = [];
  /** Those whose end is known. @type {WeakSet<Transfer>} */
  #told = new WeakSet();
  #next = 1;

  /** All that are remembered, the oldest first. @type {readonly Transfer[]} */
  get transfers() {
    return this.#transfers;
  }

  /** Who can be sent something now. @returns {string[]} */
  get peers() {
    const here = [...this.#entries.values()].filter(({ isHere }) => isHere);
    return [...new Set(here.map(({ peer }) => peer))];
  }

  /** The most bytes of a file that goes through the server; 0 if none does. */
  get mostThroughServer() {
    return this.#mostThroughServer;
  }

  set mostThroughServer(bytes) {
    this.#mostThroughServer = bytes;
    this.#changed();
  }

  /** Whether somebody is reached without the server. @param {string} peer */
  isDirect(peer) {
    return this.#entryOf(peer)?.isDirect ?? false;
  }

  /** Whether a file could be offered now to whom it is, or was, for. @param {Transfer} transfer */
  takes({ peer, size }) {
    return this.peers.includes(peer) && (this.isDirect(peer) || size <= this.#mostThroughServer);
  }

  /**
   * A connection that files may go over once it is open.
   * @param {string} peer
   * @param {Link} link
   */
  attach(peer, link) {
    link.on('files', (channel) => this.#open(peer, link, channel));
    link.on('state', (state) => state !== 'connected' && this.detach(link));
  }

  /**
   * Somebody whom files can go to and come from through the server.
   * @param {string} peer
   * @param {Channel} channel
   * @param {number} first The number of the first file of ours.
   */
  carry(peer, channel, first) {
    const options = { first, mostSending: 1, isPatient: true };
    return this.#enter(channel, { peer, isDirect: false, isHere: false }, (common) => {
      return new FileExchange(channel, { ...common, ...options });
    });
  }

  /**
   * @param {Channel} channel
   * @param {boolean} isHere Whether who is reached by it can be offered something now.
   */
  reach(channel, isHere) {
    const entry = this.#entries.get(channel);
    if (!entry || entry.isHere === isHere) return;
    entry.isHere = isHere;
    this.#changed();
  }

  /** The number that the next file of ours would get; null if nothing goes over it any more. @param {Channel} channel */
  next(channel) {
    return this.#entries.get(channel)?.exchange.next ?? null;
  }

  /** It is no more: what went over it is lost. @param {Link | Channel} link */
  detach(link) {
    const entry = this.#entries.get(link);
    if (!entry) return;
    this.#entries.delete(link);
    clearTimeout(entry.later);
    entry.exchange.closed();
    this.#changed();
  }

  /**
   * Offers files to everybody who can be sent something.
   * @param {Iterable<Source>} sources
   * @returns {number} How many offers there was no place for.
   */
  send(sources) {
    let left = 0;
    for (const source of sources) {
      for (const peer of this.peers) if (!this.#add(peer, source)) left += 1;
    }
    this.#changed();
    return left;
  }

  /** Offers a file anew that did not arrive. @param {Transfer} transfer */
  again(transfer) {
    const { source, peer } = transfer;
    if (!source || !transfer.isOver || !this.peers.includes(peer)) return;
    this.remove(transfer);
    this.#add(peer, source);
    this.#changed();
  }

  /**
   * Takes a file that is offered.
   * @param {Transfer} transfer
   * @returns {boolean} False if that would be too much to hold.
   */
  accept(transfer) {
    const held = this.#transfers.reduce((sum, one) => sum + one.held, 0);
    return held + transfer.size <= MOST_HELD && (transfer.incoming?.accept() ?? false);
  }

  /** It is not wanted, or not any more. @param {Transfer} transfer */
  cancel(transfer) {
    transfer.cancel();
    this.#changed();
  }

  /** Forgets one that is over. @param {Transfer} transfer */
  remove(transfer) {
    if (!transfer.isOver) return;
    transfer.incoming?.release();
    this.#transfers = this.#transfers.filter((one) => one !== transfer);
    this.#changed();
  }

  /**
   * @param {string} peer
   * @param {Link} link
   * @param {RTCDataChannel} channel
   */
  #open(peer, link, channel) {
    const { pc } = link;
    const stats = pc && (() => pc.getStats());
    this.#enter(link, { peer, isDirect: true, isHere: true }, (options) => exchangeOver(channel, options, stats));
    channel.addEventListener('close', () => this.detach(link));
  }

  /**
   * @param {Link | Channel} way
   * @param {Pick<Entry, 'peer' | 'isDirect' | 'isHere'>} who
   * @param {(options: Options) => FileExchange} make
   */
  #enter(way, who, make) {
    const exchange = make({
      offered: (incoming) => this.#offered(who.peer, incoming),
      changed: () => {
        if (!exchange.isOpen) this.detach(way);
        this.#changed();
      },
    });
    this.#entries.set(way, { ...who, exchange, offers: [], later: undefined });
    this.#changed();
    return exchange;
  }

  /** How somebody is reached: directly if they are, on the newest connection if one takes the place of another. @param {string} peer */
  #entryOf(peer) {
    const entries = [...this.#entries.values()].filter((entry) => entry.peer === peer);
    return entries.findLast(({ isDirect }) => isDirect) ?? entries.at(-1);
  }

  /**
   * @param {string} peer
   * @param {Incoming} incoming
   */
  #offered(peer, incoming) {
    const transfer = this.#add(peer, incoming);
    if (!transfer) return incoming.end('refused', 'too-many');
    this.emit('offered', transfer);
    this.#changed();
  }

  /**
   * @param {string} peer
   * @param {Incoming | Source} subject
   * @returns {Transfer | null} Null if there is no place, which what is over makes, the oldest first; but for what nobody saved.
   */
  #add(peer, subject) {
    if (this.#transfers.length >= MOST_TRANSFERS) {
      const index = this.#transfers.findIndex((one) => one.isDispensable);
      if (index === -1) return null;
      for (const { incoming } of this.#transfers.splice(index, 1)) incoming?.release();
    }
    const transfer = new Transfer(this.#next++, peer, subject);
    this.#transfers.push(transfer);
    return transfer;
  }

  #changed() {
    for (const transfer of this.#transfers) if (transfer.state === 'queued') this.#offer(transfer);
    for (const transfer of this.#transfers) {
      if (!transfer.isOver || this.#told.has(transfer)) continue;
      this.#told.add(transfer);
      this.emit('over', transfer);
    }
    this.emit('change', null);
  }

  /** Offers one of ours, if that may be now. @param {Transfer} transfer */
  #offer(transfer) {
    const entry = this.#entryOf(transfer.peer);
    if (!entry || !transfer.source) return transfer.lose();
    if (!entry.isDirect && transfer.size > this.#mostThroughServer) return transfer.exceed(this.#mostThroughServer);
    if (entry.later !== undefined || !entry.isHere) return;
    const now = performance.now();
    entry.offers = entry.offers.filter((at) => now - at < MINUTE);
    const [first = now] = entry.offers;
    if (entry.offers.length >= OFFERS_PER_MINUTE) {
      entry.later = setTimeout(
        () => {
          entry.later = undefined;
          this.#changed();
        },
        MINUTE - (now - first),
      );
      return;
    }
    // None if as many as may be are not over: once one is, something changes.
    transfer.outgoing = entry.exchange.offer(transfer.source);
    if (transfer.outgoing) entry.offers.push(now);
  }
}
