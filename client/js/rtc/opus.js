/**
 * What browsers have no other setting for than the text of a description: whether sound is stereo, and how much Firefox
 * sends of it. Pure.
 */

const STEREO = 'stereo=1;sprop-stereo=1';
/** Bits a second of speech, which has one channel. */
const SPEECH = 32_000;

/**
 * Says of each line that stereo is understood: Chromium decodes one channel otherwise, whatever comes. All lines say the
 * same, because a payload type has one meaning in a bundle.
 * @param {string} sdp An own description.
 * @returns {string}
 */
export function withStereo(sdp) {
  return editOpus(sdp, (parameters) => (/(^|;)\s*stereo=/.test(parameters) ? parameters : `${parameters};${STEREO}`));
}

/**
 * Firefox sends what the answer names as the most, whatever its sender is told; an answer names what a screen's sound may
 * have. Other browsers obey their senders.
 * @param {string} answer
 * @param {object} own
 * @param {string} own.offer
 * @param {string[]} own.speech The lines (mid) of one's microphone.
 * @returns {string} The answer to apply.
 */
export function withRateOfSpeech(answer, { offer, speech }) {
  // Only Firefox writes it.
  if (!/^a=fmtp:\d+ (.*;)?maxplaybackrate=/m.test(offer)) return answer;
  const slower = (/** @type {string} */ parameters) =>
    parameters.replace(/maxaveragebitrate=\d+/, `maxaveragebitrate=${SPEECH}`);
  return answer
    .split(/^(?=m=)/m)
    .map((section) => {
      const mid = /^a=mid:(.*?)\r?$/m.exec(section)?.[1];
      return mid !== undefined && speech.includes(mid) ? editOpus(section, slower) : section;
    })
    .join('');
}

/**
 * @param {string} sdp
 * @param {(parameters: string) => string} edit What an `a=fmtp` line of Opus says.
 * @returns {string}
 */
function editOpus(sdp, edit) {
  const opus = new Set([...sdp.matchAll(/^a=rtpmap:(\d+) opus\//gim)].map(([, pt]) => pt));
  return sdp.replace(/^(a=fmtp:(\d+) )(.*?)(\r?)$/gm, (line, start, pt, parameters, end) =>
    opus.has(pt) ? `${start}${edit(parameters)}${end}` : line,
  );
}
