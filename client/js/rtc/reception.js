/**
 * How what comes in fares, second by second: how much, how much of it is lost, how long the way is, and which pictures stand still.
 */

/**
 * What was counted up to now.
 * @typedef {object} Counts
 * @property {number} at Milliseconds.
 * @property {number} bytes
 * @property {number} packets
 * @property {number} lost
 * @property {number | null} roundTrip Milliseconds; null where the browser does not say.
 * @property {Map<string, number>} frames Of each line with a picture (mid), shown so far.
 */

/**
 * One moment.
 * @typedef {object} Reception
 * @property {number} rate Bits a second.
 * @property {number} loss Share of the packets, 0 to 1.
 * @property {number | null} roundTrip Milliseconds.
 * @property {number} frozen Share of the pictures that should move and did not, 0 to 1.
 */

/**
 * @param {number} at Milliseconds.
 * @param {Iterable<any>} stats The entries of a report of `getStats`.
 * @returns {Counts}
 */
export function countsOf(at, stats) {
  /** @type {Counts} */
  const counts = { at, bytes: 0, packets: 0, lost: 0, roundTrip: null, frames: new Map() };
  for (const entry of stats) {
    if (entry.type === 'candidate-pair') {
      counts.bytes += entry.bytesReceived ?? 0;
      const used = entry.nominated || entry.selected;
      if (used && entry.currentRoundTripTime !== undefined) counts.roundTrip = 1000 * entry.currentRoundTripTime;
    } else if (entry.type === 'inbound-rtp') {
      counts.packets += entry.packetsReceived ?? 0;
      counts.lost += entry.packetsLost ?? 0;
      if (entry.kind === 'video' && entry.mid) counts.frames.set(entry.mid, entry.framesDecoded ?? 0);
    }
  }
  return counts;
}

/**
 * What happened between two counts.
 * @param {Counts} before
 * @param {Counts} now
 * @param {string[]} moving The lines (mid) with a picture that should move.
 * @returns {Reception | null} Null if the counts are of different connections, or of the same moment.
 */
export function receptionOf(before, now, moving) {
  const seconds = (now.at - before.at) / 1000;
  // A count that falls began anew: it is no silence.
  if (seconds <= 0 || now.bytes < before.bytes || now.packets < before.packets) return null;
  const packets = now.packets - before.packets;
  // What arrives late, or is sent again, was counted as lost before.
  const lost = Math.max(0, now.lost - before.lost);
  const watched = moving.filter((mid) => before.frames.has(mid));
  const still = watched.filter((mid) => now.frames.get(mid) === before.frames.get(mid));
  return {
    rate: (8 * (now.bytes - before.bytes)) / seconds,
    loss: lost > 0 ? lost / (lost + packets) : 0,
    roundTrip: now.roundTrip,
    frozen: watched.length > 0 ? still.length / watched.length : 0,
  };
}
