/**
 * One file to or from one other person, from before it is offered to after its end.
 */

import { Incoming } from './files/incoming.js';

/** @import { Reason } from './files/frames.js' */
/** @import { IncomingState } from './files/incoming.js' */
/** @import { Outgoing, OutgoingState, Source } from './files/outgoing.js' */

/** `queued`: it is to be offered once that may be. @typedef {'queued' | IncomingState | OutgoingState} TransferState */

export class Transfer {
  #subject;
  /** How it ended before it was offered. @type {{ state: 'cancelled' | 'refused' | 'failed', reason: Reason } | null} */
  #end = null;
  /** The most bytes the server would have carried, if that was what it ended with. @type {number | null} */
  limit = null;
  /** A person was given what came, to save it. */
  saved = false;

  /**
   * @param {number} id
   * @param {string} peer To or from whom.
   * @param {Incoming | Source} subject What they offer, or what they are to be offered.
   */
  constructor(id, peer, subject) {
    this.id = id;
    this.peer = peer;
    this.#subject = subject;
    /** @type {Outgoing | null} */
    this.outgoing = null;
  }

  /** What they offer; null if it is ours. */
  get incoming() {
    return this.#subject instanceof Incoming ? this.#subject : null;
  }

  /** What is ours; null if they offer it. */
  get source() {
    return this.#subject instanceof Incoming ? null : this.#subject;
  }

  /** Not cleaned, if it is ours. */
  get name() {
    return this.#subject.name;
  }

  get size() {
    return this.#subject.size;
  }

  /** Bytes that were sent or came. */
  get moved() {
    return this.incoming?.received ?? this.outgoing?.sent ?? 0;
  }

  /** @returns {TransferState} */
  get state() {
    return this.incoming?.state ?? this.outgoing?.state ?? this.#end?.state ?? 'queued';
  }

  /** Why it did not come to its end. @returns {Reason | null} */
  get reason() {
    return this.#end?.reason ?? this.incoming?.reason ?? this.outgoing?.reason ?? null;
  }

  get isOver() {
    return ['done', 'refused', 'cancelled', 'failed'].includes(this.state);
  }

  /** Bytes that the page holds of it, or will hold. */
  get held() {
    const { incoming } = this;
    return incoming && (incoming.isExpected || incoming.blob) ? incoming.size : 0;
  }

  /** Whether nobody needs to see it any more. */
  get isDispensable() {
    return this.isOver && (this.saved || !this.incoming?.blob);
  }

  /** It is not to be sent, or not to come, any more. */
  cancel() {
    if (this.incoming) this.incoming.refuse();
    else if (this.outgoing) this.outgoing.cancel();
    else this.#end ??= { state: 'cancelled', reason: 'withdrawn' };
  }

  /** There is nobody to offer it to any more. */
  lose() {
    if (this.state === 'queued') this.#end = { state: 'failed', reason: 'lost' };
  }

  /** The server, which it would go through, does not carry as much. @param {number} limit The most bytes. */
  exceed(limit) {
    if (this.state !== 'queued') return;
    this.limit = limit;
    this.#end = { state: 'refused', reason: 'too-large' };
  }
}
