/**
 * Which receiving lines a connection has, and when it needs more. Pure.
 */

/** @import { Kind, SlotLimits } from '../proto/messages.js' */

/** @typedef {{ kind: Kind, slot: number }} Line */

/**
 * The receiving lines of a new connection, in the order of its first offer: the pairs, sound before picture; the
 * sound-only slots; then the video slots beyond the pairs.
 * @param {SlotLimits} limits
 * @param {number} videoSlots How many video slots it is to have; the pairs at least.
 * @returns {Line[]}
 */
export function firstLines(limits, videoSlots) {
  /** @type {Line[]} */
  const lines = [];
  for (let slot = 0; slot < limits.pairs; slot += 1) lines.push({ kind: 'audio', slot }, { kind: 'video', slot });
  for (let slot = 0; slot < limits.audioOnly; slot += 1) lines.push({ kind: 'audio', slot: limits.pairs + slot });
  return [...lines, ...moreVideo(limits.pairs, videoSlots)];
}

/**
 * The video lines that lead from `have` slots to `want`.
 * @param {number} have
 * @param {number} want
 * @returns {Line[]}
 */
export function moreVideo(have, want) {
  /** @type {Line[]} */
  const lines = [];
  for (let slot = have; slot < want; slot += 1) lines.push({ kind: 'video', slot });
  return lines;
}

/**
 * How many video slots a client should have.
 * @param {SlotLimits} limits
 * @param {number} have What it has: slots are never taken away.
 * @param {number} streams Remote streams with a picture.
 * @returns {number}
 */
export function videoSlotsFor(limits, have, streams) {
  const steps = [...limits.videoSteps].sort((a, b) => a - b);
  const step = steps.find((size) => size >= streams) ?? steps.at(-1) ?? limits.pairs;
  return Math.max(have, step, limits.pairs);
}
