/**
 * Which of the messages by which two browsers compare themselves belong together: a state machine that knows hashes and numbers as
 * texts only. What they are made of, and what follows, is in `verification.js`. Pure.
 *
 * ```text
 *   idle ──press──> committed ──the answer's commit──> revealed ──its reveal──> done
 *     └────────────the other one's start───────────────────^
 * ```
 *
 * One of the two starts and the other follows; if both start, the start of the smaller id goes on. Who follows names the
 * commit that it answers, and every reveal names the commit that it is for: what is about an attempt that was given up is passed over.
 * A number is revealed once, for the one commit that came before it.
 */

/** Milliseconds between two that the other side may begin: each asks somebody to look. */
export const PAUSE = 2000;
/** Milliseconds for which the other side is waited for. */
export const PATIENCE = 10_000;

/**
 * A commit without `to` starts; one with it answers the start of that hash. A reveal is for the commit of the hash `to`.
 * @typedef {{ step: 'commit', hash: string, to?: string } | { step: 'reveal', nonce: string, to: string }} Message
 */

/**
 * Why there will be no string: something else came than may come now; what came is not of the form; a reveal is not
 * what was committed to, or was for another connection; the connection has no fingerprint, or another one than at the beginning;
 * nothing can be sent any more; the other side did not answer.
 * @typedef {'order' | 'malformed' | 'mismatch' | 'fingerprint' | 'lost' | 'timeout'} Failure
 */

/**
 * `idle`: nobody began. `committed`: our commit has left. `revealed`: our nonce has, too. `done`: there is a string. `failed`: this
 * attempt comes to nothing.
 * @typedef {'idle' | 'committed' | 'revealed' | 'done' | 'failed'} Phase
 */

/** A number that nobody knows yet, and what one commits to it with. @typedef {{ nonce: string, hash: string }} Fresh */

/**
 * @typedef {object} Comparison
 * @property {boolean} yields The other one's start goes on if both start.
 * @property {Phase} phase
 * @property {Failure | null} reason
 * @property {Fresh} own Of this attempt.
 * @property {string} theirs What the other side committed to.
 * @property {number} since When the phase began.
 * @property {string} held A start that came too soon after the last attempt: it is answered when the pause is over.
 */

/**
 * What happens. `fresh` was drawn for it, and is used once if at all; `made` is what one commits to `nonce` with if it is of the connection.
 * @typedef {{ type: 'press', fresh: Fresh }
 *   | { type: 'commit', hash: string, to?: string, fresh: Fresh }
 *   | { type: 'reveal', nonce: string, to: string, made: string }
 *   | { type: 'fail', reason: Failure }
 *   | { type: 'time', fresh: Fresh }} Happening
 */

const NOBODY = { nonce: '', hash: '' };

/** @param {boolean} yields @returns {Readonly<Comparison>} */
export function begun(yields) {
  return { yields, phase: 'idle', reason: null, own: NOBODY, theirs: '', since: -Infinity, held: '' };
}

/** Whether an attempt is under way. @param {Readonly<Comparison>} state */
export function inFlight({ phase }) {
  return phase === 'committed' || phase === 'revealed';
}

/** When something happens by itself: a `time` is due then. @param {Readonly<Comparison>} state */
export function due({ phase, since, held }) {
  const patience = inFlight({ ...begun(false), phase }) ? since + PATIENCE : Infinity;
  return Math.min(patience, held === '' ? Infinity : since + PAUSE);
}

/**
 * @param {Readonly<Comparison>} state
 * @param {Happening} happening
 * @param {number} now In milliseconds of any clock.
 * @returns {{ state: Readonly<Comparison>, say: Message[] }}
 */
export function step(state, happening, now) {
  switch (happening.type) {
    case 'press':
      return pressed(state, happening.fresh, now);
    case 'commit':
      return happening.to === undefined
        ? asked(state, happening.hash, happening.fresh, now)
        : answered(state, happening.hash, happening.to, now);
    case 'reveal':
      return revealed(state, happening, now);
    case 'fail':
      return failed(state, happening.reason, now);
    case 'time':
      if (now < due(state)) return { state, say: [] };
      if (state.held !== '') return follow(state, state.held, happening.fresh, now);
      return failed(state, 'timeout', now);
  }
}

/**
 * @param {Readonly<Comparison>} state
 * @param {Fresh} fresh
 * @param {number} now
 */
function pressed(state, fresh, now) {
  if (inFlight(state) || (state.phase === 'done' && now - state.since < PAUSE)) return { state, say: [] };
  if (state.held !== '') return follow(state, state.held, fresh, now);
  /** @type {Comparison} */
  const next = { ...state, phase: 'committed', reason: null, own: fresh, theirs: '', since: now };
  return { state: next, say: [{ step: /** @type {const} */ ('commit'), hash: fresh.hash }] };
}

/**
 * The other side starts.
 * @param {Readonly<Comparison>} state
 * @param {string} hash
 * @param {Fresh} fresh
 * @param {number} now
 */
function asked(state, hash, fresh, now) {
  if (hash === state.own.hash) return failed(state, 'mismatch', now);
  if (state.phase === 'committed') return state.yields ? follow(state, hash, fresh, now) : { state, say: [] };
  if (now - state.since < PAUSE) return { state: { ...state, held: hash }, say: [] };
  return follow(state, hash, fresh, now);
}

/**
 * @param {Readonly<Comparison>} state
 * @param {string} hash
 * @param {Fresh} fresh
 * @param {number} now
 * @returns {{ state: Comparison, say: Message[] }}
 */
function follow(state, hash, fresh, now) {
  return {
    state: { ...state, phase: 'revealed', reason: null, own: fresh, theirs: hash, since: now, held: '' },
    say: [
      { step: 'commit', hash: fresh.hash, to: hash },
      { step: 'reveal', nonce: fresh.nonce, to: hash },
    ],
  };
}

/**
 * The other side follows.
 * @param {Readonly<Comparison>} state
 * @param {string} hash
 * @param {string} to
 * @param {number} now
 * @returns {{ state: Readonly<Comparison>, say: Message[] }}
 */
function answered(state, hash, to, now) {
  if (to !== state.own.hash) return { state, say: [] };
  if (hash === state.own.hash) return failed(state, 'mismatch', now);
  if (state.phase !== 'committed') return failed(state, 'order', now);
  return {
    state: { ...state, phase: 'revealed', theirs: hash, since: now },
    say: [{ step: 'reveal', nonce: state.own.nonce, to: hash }],
  };
}

/**
 * @param {Readonly<Comparison>} state
 * @param {{ to: string, made: string }} reveal
 * @param {number} now
 */
function revealed(state, { to, made }, now) {
  if (to !== state.own.hash) return { state, say: [] };
  if (state.phase !== 'revealed') return failed(state, 'order', now);
  if (made !== state.theirs) return failed(state, 'mismatch', now);
  return { state: { ...state, phase: /** @type {const} */ ('done'), since: now }, say: [] };
}

/**
 * Of an attempt that has failed nothing is taken any more.
 * @param {Readonly<Comparison>} state
 * @param {Failure} reason
 * @param {number} now
 * @returns {{ state: Comparison, say: Message[] }}
 */
function failed(state, reason, now) {
  if (state.phase === 'failed') return { state, say: [] };
  return { state: { ...state, phase: 'failed', reason, own: NOBODY, theirs: '', since: now }, say: [] };
}
