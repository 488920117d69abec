/**
 * Two short tones, made here, to hear whether the speaker works.
 */

import { h } from '../core/dom.js';

/** @import { Speaker } from '../rtc/speaker.js' */

/** Hertz, one after the other. */
const TONES = [523.25, 783.99];
/** Seconds that each of them sounds. */
const LASTS = 0.45;
/** Of the loudest there can be. */
const LOUD = 0.25;

/**
 * @param {Speaker} speaker
 * @returns {Promise<boolean>} Whether the browser played it, once it is over.
 */
export async function playTones(speaker) {
  if (typeof AudioContext === 'undefined') return false;
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  // An element, as the voices have: it goes to the same speaker.
  const audio = h('audio');
  audio.srcObject = out.stream;
  try {
    await Promise.all([context.resume(), speaker.use(audio)]);
    await audio.play();
    await Promise.all(TONES.map((tone, place) => sound(context, out, tone, context.currentTime + place * LASTS)));
    return true;
  } catch (error) {
    console.warn('the speaker could not be tried:', error);
    return false;
  } finally {
    audio.srcObject = null;
    void context.close().catch(() => {});
  }
}

/**
 * @param {AudioContext} context
 * @param {AudioNode} out
 * @param {number} tone
 * @param {number} at When it begins, by the context's clock.
 * @returns {Promise<unknown>} When it is over.
 */
function sound(context, out, tone, at) {
  const oscillator = new OscillatorNode(context, { frequency: tone });
  const gain = new GainNode(context, { gain: 0 });
  // It swells and fades: what begins at once clicks.
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(LOUD, at + 0.03);
  gain.gain.exponentialRampToValueAtTime(0.001, at + LASTS);
  oscillator.connect(gain).connect(out);
  return new Promise((over) => {
    oscillator.addEventListener('ended', over);
    oscillator.start(at);
    oscillator.stop(at + LASTS);
  });
}
