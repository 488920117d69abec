/**
 * Sharing one's own screen: the switch, the line that says that it is shared, and what went wrong.
 */

import { byId, h, icon } from '../core/dom.js';
import { rememberHint } from '../core/quality.js';
import { word } from '../core/words.js';
import { ScreenShare } from '../rtc/screen-share.js';
import { nameSwitch } from './device-button.js';

/** @import { Rights } from './device-button.js' */

/**
 * @param {ScreenShare} share
 * @param {(sentence: string) => void} announce
 * @param {Rights} rights
 * @returns {() => void} Shows it again, when the rights changed.
 */
export function shareButton(share, announce, rights) {
  const button = byId('share', HTMLButtonElement);
  const notice = byId('sharing', HTMLElement);
  button.hidden = !ScreenShare.possible;
  const show = () => {
    const { sharing } = share;
    const name = word(sharing ? 'share.stop' : 'share.start');
    nameSwitch(button, name, rights.why());
    button.classList.toggle('active', sharing);
    button.replaceChildren(icon(sharing ? 'screen-off' : 'screen'));
    if (notice.contains(document.activeElement)) button.focus();
    notice.hidden = !sharing;
  };
  button.addEventListener('click', () => {
    const why = rights.why();
    if (why) rights.say(why);
    else if (share.sharing) share.stop();
    else void share.start();
  });
  const hint = byId('share-hint', HTMLSelectElement);
  hint.value = share.hint;
  hint.addEventListener('change', () => {
    share.hint = hint.value === 'motion' ? 'motion' : 'text';
    rememberHint(share.hint);
  });
  byId('stop-sharing', HTMLButtonElement).addEventListener('click', () => share.stop());
  share.on('change', () => {
    // The sound alone may end too; that is no news.
    if (notice.hidden === share.sharing) {
      announce(word(share.sharing ? 'share.on' : 'share.off'));
    }
    show();
  });
  showProblems(share, button);
  show();
  return show;
}

/**
 * @param {ScreenShare} share
 * @param {HTMLElement} button Has the focus once the words are put away.
 */
function showProblems(share, button) {
  const place = byId('share-problem', HTMLDivElement);
  const close = () => {
    place.hidden = true;
    button.focus();
  };
  share.on('problem', (problem) => {
    place.hidden = problem === null;
    if (!problem) return;
    const words = h('p', {}, h('strong', { text: problem.title }), ` ${problem.advice}`);
    place.replaceChildren(words, h('button', { type: 'button', text: word('bar.close'), onclick: close }));
  });
}
