/**
 * Whoever is muted and holds the space bar is heard for as long as they hold it.
 */

/** @import { LocalMedia } from '../rtc/local-media.js' */

/** What the space bar means something else to. */
const BUSY = 'button, a, input, select, textarea, summary, [contenteditable], [role="button"], [tabindex="0"], dialog';

/**
 * @param {LocalMedia} media
 * @param {() => boolean} may Whether the person may be heard at all.
 * @returns {() => void} Stops it.
 */
export function holdToTalk(media, may) {
  let held = false;
  const down = (/** @type {KeyboardEvent} */ event) => {
    if (event.code !== 'Space' || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target instanceof Element && event.target.closest(BUSY)) return;
    // Not the page: it has nowhere to scroll to.
    event.preventDefault();
    if (event.repeat || held || media.get('microphone').on || !may()) return;
    held = true;
    media.set('microphone', true);
  };
  const release = () => {
    if (!held) return;
    held = false;
    media.set('microphone', false);
  };
  const up = (/** @type {KeyboardEvent} */ event) => event.code === 'Space' && release();
  document.addEventListener('keydown', down);
  document.addEventListener('keyup', up);
  addEventListener('blur', release);
  return () => {
    release();
    document.removeEventListener('keydown', down);
    document.removeEventListener('keyup', up);
    removeEventListener('blur', release);
  };
}
