import assert from 'node:assert/strict';
import test from 'node:test';
import { withRateOfSpeech, withStereo } from '../../client/js/rtc/opus.js';

/**
 * @param {string} mid
 * @param {string} parameters
 */
const line = (mid, parameters) =>
  `m=audio 9 X 111 63\r\na=mid:${mid}\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 ${parameters}\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n`;

const CHROMIUM = 'minptime=10;useinbandfec=1';
const FIREFOX = 'maxplaybackrate=48000;stereo=1;useinbandfec=1';
const ANSWER = 'useinbandfec=1;stereo=1;maxaveragebitrate=128000';

test('every line says that stereo is understood, and nothing else changes', () => {
  const offer = `v=0\r\n${line('0', CHROMIUM)}${line('1', CHROMIUM)}`;
  const stereo = `${CHROMIUM};stereo=1;sprop-stereo=1`;
  assert.equal(withStereo(offer), `v=0\r\n${line('0', stereo)}${line('1', stereo)}`);
  assert.equal(withStereo(withStereo(offer)), withStereo(offer));
  assert.equal(withStereo(line('0', FIREFOX)), line('0', FIREFOX), 'Firefox says it by itself');
  assert.equal(withStereo(''), '');
});

test('a microphone of Firefox gets the rate of speech, and a screen keeps its own', () => {
  const answer = `v=0\r\n${line('0', ANSWER)}${line('10', ANSWER)}`;
  const speech = line('0', ANSWER.replace('128000', '32000'));
  const offer = `v=0\r\n${line('0', FIREFOX)}${line('10', FIREFOX)}`;
  assert.equal(withRateOfSpeech(answer, { offer, speech: ['0'] }), `v=0\r\n${speech}${line('10', ANSWER)}`);
  const other = `v=0\r\n${line('0', CHROMIUM)}${line('10', CHROMIUM)}`;
  assert.equal(withRateOfSpeech(answer, { offer: other, speech: ['0'] }), answer, 'others obey their senders');
});
