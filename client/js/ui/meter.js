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
 * @returns {{ element: HTMLElement, look: (looks: boolean) => void }} `look`: whether anybody looks at it.
 */
export function levelMeter(media) {
  const range = { 'aria-valuemin': '0', 'aria-valuemax': '100' };
  const element = h('div', { class: 'level', role: 'meter', 'aria-label': word('settings.level'), ...range });
  /** @type {MediaStreamTrack | null} */
  let of = null;
  let looks = false;
  let full = 0;
  let stop = () => {};
  /** @param {number} level From 0 to 1. */
  const fill = (level) => {
    full = level;
    element.setAttribute('aria-valuenow', String(Math.round(100 * level)));
    element.style.setProperty('--level', level.toFixed(2));
  };
  const show = () => {
    const { track, live } = media.get('microphone');
    const wanted = looks && live ? track : null;
    if (wanted === of) return;
    stop();
    of = wanted;
    fill(0);
    stop = wanted ? measure(wanted, (level) => fill(Math.max(fullness(level), full * STAYS))) : () => {};
  };
  media.on('change', (device) => device === 'microphone' && show());
  fill(0);
  return {
    element,
    look: (now) => {
      looks = now;
      show();
    },
  };
}
