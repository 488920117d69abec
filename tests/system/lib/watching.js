/** What somebody gets to see and to hear: rendered frames as the page shows them, and what getStats says. */

import { LOOK } from '../../e2e/lib/viewer.js';

/** @import { Person } from '../../e2e/lib/person.js' */

/** A frame on the screen: when, in milliseconds since 1970, and how many lines it has. @typedef {[at: number, lines: number]} Frame */

/** A picture that stood still: from when to when, in milliseconds since 1970. @typedef {[from: number, to: number]} Pause */

/**
 * What one person got in a while.
 * @typedef {object} Figures
 * @property {number} begun When, in milliseconds since 1970.
 * @property {number} ended
 * @property {number} fps Frames shown a second.
 * @property {number} lastFps The same of the last ten seconds.
 * @property {number} lines Of most pictures in the last ten seconds; 0 if there were none.
 * @property {string} course Lines of the pictures one after the other, each with the second it began.
 * @property {Pause[]} pauses When the picture stood still.
 * @property {number} frozen Seconds in which it did.
 * @property {number} longest Seconds of the longest.
 * @property {number} concealed Seconds of sound that was made up.
 * @property {number} rate Received, in bits a second.
 * @property {string} told What the server said meanwhile: the estimate of the downlink, layers and reasons.
 * @property {Frame[]} frames
 */

/** Milliseconds at the end of a while that tell what it came to. */
const LAST = 10_000;

/** Keeps when each frame of a video was shown. Runs in the page. @param {Element} element */
function recordFrames(element) {
  const video = /** @type {HTMLVideoElement} */ (element);
  /** @type {Frame[]} */
  const frames = [];
  Object.assign(window, { takeFrames: () => frames.splice(0) });
  const look = () => {
    frames.push([performance.timeOrigin + performance.now(), video.videoHeight]);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
}

/** Sums of what was received. Runs in the page, so it stands alone. */
async function readSums() {
  const { plenary } = /** @type {{ plenary: { pc: RTCPeerConnection } }} */ (/** @type {unknown} */ (window));
  const sums = { concealed: 0, bytes: 0 };
  for (const stats of (await plenary.pc.getStats()).values()) {
    if (stats.type !== 'inbound-rtp') continue;
    sums.bytes += (stats.bytesReceived ?? 0) + (stats.headerBytesReceived ?? 0);
    // A sound that pauses, as a screen's may for long, is made up of silence.
    sums.concealed += (stats.concealedSamples ?? 0) - (stats.silentConcealedSamples ?? 0);
  }
  return sums;
}

/** Samples a second of Opus. */
const SAMPLES = 48_000;

/**
 * When a picture stood still: longer than three usual pauses between its frames, and at least 150 ms more than one (the freeze of
 * webrtc-stats).
 * @param {Frame[]} frames
 * @param {Pause} whole
 */
export function pausesIn(frames, [from, to]) {
  /** @type {Pause[]} */
  const pauses = [];
  /** @type {number[]} */
  const usual = [];
  let last = from;
  for (const at of [...frames.map(([time]) => time), to]) {
    const pause = at - last;
    const mean = usual.length > 0 ? usual.reduce((sum, one) => sum + one, 0) / usual.length : 33;
    if (pause > Math.max(3 * mean, mean + 150)) pauses.push([last, at]);
    else usual.push(pause);
    if (usual.length > 30) usual.shift();
    last = at;
  }
  return pauses;
}

/** @param {Pause[]} pauses */
export const lengthOf = (pauses) => pauses.reduce((sum, [from, to]) => sum + to - from, 0) / 1_000;

/** @param {Pause[]} pauses */
export const longestOf = (pauses) => Math.max(0, ...pauses.map(([from, to]) => to - from)) / 1_000;

/**
 * The parts of pauses in which another picture moved: what stands still for both is the sender's.
 * @param {Pause[]} pauses
 * @param {Pause[]} others
 */
export function without(pauses, others) {
  return others.reduce(
    (left, [from, to]) =>
      left.flatMap(([begin, end]) => {
        if (to <= begin || from >= end) return [/** @type {Pause} */ ([begin, end])];
        /** @type {Pause[]} */
        const parts = [
          [begin, from],
          [to, end],
        ];
        return parts.filter(([first, last]) => last > first);
      }),
    pauses,
  );
}

export class Watcher {
  #person;
  #label;

  /** @param {Person} person @param {string} label of the tile */
  constructor(person, label) {
    this.#person = person;
    this.#label = label;
  }

  /** From now on. */
  async open() {
    await this.#person.tile(this.#label).locator('video').evaluate(recordFrames, undefined, LOOK);
    return this;
  }

  /** Begins a while, and ends the one before. */
  async begin() {
    const sums = await this.#person.page.evaluate(readSums);
    await this.#person.page.evaluate(() => /** @type {any} */ (window).takeFrames());
    const at = Date.now();
    const words = [`0.0: ${this.#told()}`];
    let said = this.#told();
    const timer = setInterval(() => {
      const now = this.#told();
      if (now !== said) words.push(`${((Date.now() - at) / 1_000).toFixed(1)}: ${now}`);
      said = now;
    }, 100);
    return { at, sums, words, timer };
  }

  /**
   * What there was since then.
   * @param {Awaited<ReturnType<Watcher['begin']>>} begun
   * @returns {Promise<Figures>}
   */
  async end({ at, sums: before, words, timer }) {
    clearInterval(timer);
    const end = Date.now();
    /** @type {Frame[]} */
    const frames = await this.#person.page.evaluate(() => /** @type {any} */ (window).takeFrames());
    const sums = await this.#person.page.evaluate(readSums);
    const seconds = (end - at) / 1_000;
    const late = frames.filter(([time]) => time > end - LAST);
    const pauses = pausesIn(frames, [at, end]);
    return {
      begun: at,
      ended: end,
      fps: frames.length / seconds,
      lastFps: late.length / (Math.min(LAST, end - at) / 1_000),
      lines: commonest(late.map(([, lines]) => lines)),
      course: courseOf(frames, at),
      pauses,
      frozen: lengthOf(pauses),
      longest: longestOf(pauses),
      concealed: (sums.concealed - before.concealed) / SAMPLES,
      rate: (8 * (sums.bytes - before.bytes)) / seconds,
      told: words.join(' | '),
      frames,
    };
  }

  #told() {
    const last = (/** @type {string} */ type) => this.#person.told.filter((message) => message.type === type).at(-1);
    const slots = last('slots')?.video.filter((/** @type {any} */ { reason }) => reason) ?? [];
    const words = slots.map(
      (/** @type {any} */ { stream, layer, reason }) => `${stream} ${layer ?? 'paused'}, ${reason}`,
    );
    return `${Math.round((last('downlink')?.bitrate ?? 0) / 1_000)} kbit/s: ${words.join('; ')}`;
  }
}

/** @param {number[]} numbers */
function commonest(numbers) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0] ?? 0;
}

/** @param {Frame[]} frames @param {number} from */
function courseOf(frames, from) {
  let lines = 0;
  /** @type {string[]} */
  const course = [];
  for (const [at, now] of frames) {
    if (now === lines) continue;
    lines = now;
    course.push(`${now}p at ${((at - from) / 1_000).toFixed(1)}`);
  }
  return course.join(', ');
}
