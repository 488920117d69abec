/**
 * How loud a microphone is. Nothing of what it hears is kept or sent.
 */

/** Milliseconds between two looks at the level. */
const EVERY = 150;
/** Decibels below the loudest that there can be, at which nothing is shown. */
const QUIETEST = 60;

/**
 * How much of a meter is full: loudness is heard in decibels. Pure.
 * @param {number} level Root mean square, 1 is the loudest.
 * @returns {number} From 0 to 1.
 */
export function fullness(level) {
  if (!(level > 0)) return 0;
  return Math.min(1, Math.max(0, 1 + (20 * Math.log10(level)) / QUIETEST));
}

/**
 * @param {MediaStreamTrack} track It may be muted: a copy of it is not.
 * @param {(level: number) => void} told The root mean square, again and again.
 * @returns {() => void} Stops it.
 */
export function measure(track, told) {
  if (typeof AudioContext === 'undefined') return () => {};
  const copy = track.clone();
  copy.enabled = true;
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 2048 });
  try {
    context.createMediaStreamSource(new MediaStream([copy])).connect(analyser);
  } catch (error) {
    // Firefox takes no microphone of another rate than the context's. All goes on without the level.
    console.warn('the level of a microphone is not known:', error);
  }
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    told(Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length));
  }, EVERY);
  return () => {
    clearInterval(timer);
    copy.stop();
    void context.close().catch(() => {});
  };
}
