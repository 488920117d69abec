/**
 * Sharing one's own screen: the switch, the line that says that it is shared, and what went wrong.
 */

import { byId, h, icon } from '../core/dom.js';
import { rememberHint } from '../core/quality.js';
import { ScreenShare } from '../rtc/screen-share.js';

/**
 * @param {ScreenShare} share
 * @param {(sentence: string) => void} announce
 */
export function shareButton(share, announce) {
  const button = byId('share', HTMLButtonElement);
  const notice = byId('sharing', HTMLElement);
  button.hidden = !ScreenShare.possible;
  const show = () => {
    const { sharing } = share;
    const name = sharing ? 'Stop sharing' : 'Share screen';
    button.setAttribute('aria-label', name);
    button.title = name;
    button.classList.toggle('active', sharing);
    button.replaceChildren(icon(sharing ? 'screen-off' : 'screen'));
    if (notice.contains(document.activeElement)) button.focus();
    notice.hidden = !sharing;
  };
  button.addEventListener('click', () => (share.sharing ? share.stop() : void share.start()));
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
      announce(share.sharing ? 'You are sharing your screen' : 'You stopped sharing your screen');
    }
    show();
  });
  showProblems(share, button);
  show();
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
    place.replaceChildren(words, h('button', { type: 'button', text: 'Close', onclick: close }));
  });
}
