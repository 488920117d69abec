/**
 * A meter of what the microphone hears: one sees that it works before somebody asks.
 */

import { h } from '../core/dom.js';
import { word } from '../core/words.js';
import { fullness, measure } from '../rtc/level.js';

/** @import { LocalMedia } from '../rtc/local-media.js' */

/** How much of the last level stays until the next look: it falls slower than it rises, as an eye can follow. */
const STAYS = 0.7;

/**
 * @param {LocalMedia} media
 * @returns {{ element: HTMLMeterElement, look: (looks: boolean) => void }} `look`: whether anybody looks at it.
 */
export function levelMeter(media) {
  const element = h('meter', { class: 'level', min: '0', max: '1', 'aria-label': word('settings.level') });
  /** @type {MediaStreamTrack | null} */
  let of = null;
  let looks = false;
  let stop = () => {};
  const show = () => {
    const { track, live } = media.get('microphone');
    const wanted = looks && live ? track : null;
    if (wanted === of) return;
    stop();
    of = wanted;
    element.value = 0;
    stop = wanted
      ? measure(wanted, (level) => (element.value = Math.max(fullness(level), element.value * STAYS)))
      : () => {};
  };
  media.on('change', (device) => device === 'microphone' && show());
  return {
    element,
    look: (now) => {
      looks = now;
      show();
    },
  };
}
