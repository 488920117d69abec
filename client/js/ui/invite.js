/**
 * The button that copies the link of the room. Where that link leads nobody else here, a dialog says so and has one that does,
 * also to look at. It is not modal: whoever invites somebody may want to mute meanwhile.
 */

import { byId, h, icon, nodesOf, svg } from '../core/dom.js';
import { drawingOf, invitesTo, isLoopback } from '../core/invites.js';
import { say, word } from '../core/words.js';
import { notice } from './notice.js';

/** @import { Moderation } from '../call/moderation.js' */
/** @import { Invite, Modules } from '../core/invites.js' */

/** Milliseconds the tick on the copy button stays. */
const TICK = 2000;

/**
 * @param {string} room Its id.
 * @param {Pick<Moderation, 'needsPass'>} moderation
 * @param {(sentence: string) => void} announce
 */
export function inviteButton(room, moderation, announce) {
  const button = byId('copy', HTMLButtonElement);
  const show = (/** @type {'link' | 'check'} */ name) => {
    button.querySelector('svg')?.remove();
    button.prepend(icon(name));
  };
  show('link');
  let warned = () => {};
  const open = isLoopback(location.hostname) ? inviteDialog(button, announce) : null;
  button.addEventListener('click', async () => {
    warned();
    // The link is right all the same: it is where whoever has an invitation comes in.
    if (moderation.needsPass) warned = notice(alone(), button);
    const copied = await copy(location.origin + location.pathname, announce);
    if (copied) {
      show('check');
      setTimeout(() => show('link'), TICK);
    }
    open?.(await invitesTo(get, room));
  });
}

function alone() {
  return { title: word('invite.pass.title'), advice: word('invite.pass.text') };
}

/** @param {string} path */
async function get(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/**
 * @param {string} link
 * @param {(sentence: string) => void} announce
 * @returns {Promise<boolean>} Whether it is in the clipboard.
 */
async function copy(link, announce) {
  try {
    await navigator.clipboard.writeText(link);
    announce(word('invite.copied'));
    return true;
  } catch {
    announce(word('invite.not-copied', { link: [link] }));
    return false;
  }
}

/**
 * @param {HTMLElement} opener Has the focus again once the dialog is closed.
 * @param {(sentence: string) => void} announce
 * @returns {(invites: Invite[]) => void} Shows these.
 */
function inviteDialog(opener, announce) {
  const dialog = byId('invite', HTMLDialogElement);
  const picker = byId('invite-address', HTMLSelectElement);
  const copyOther = byId('invite-copy', HTMLButtonElement);
  const close = byId('invite-close', HTMLButtonElement);
  /** @type {Invite[]} */
  let invites = [];
  const showPicked = () => {
    const { url, qr } = invites[picker.selectedIndex] ?? { url: '', qr: null };
    byId('invite-link', HTMLElement).textContent = url;
    byId('invite-qr', HTMLElement).replaceChildren(...(qr ? [picture(qr, url)] : []));
  };
  picker.addEventListener('change', showPicked);
  copyOther.addEventListener('click', () => void copy(invites[picker.selectedIndex]?.url ?? '', announce));
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('keydown', ({ key }) => key === 'Escape' && dialog.close());
  // Where the focus is elsewhere by now, it stays there.
  dialog.addEventListener('close', () => {
    if (document.activeElement === document.body || dialog.contains(document.activeElement)) opener.focus();
  });
  return (found) => {
    invites = found;
    const warning = say('invite.here.text', { link: location.origin });
    byId('invite-warning', HTMLElement).replaceChildren(...nodesOf(warning));
    byId('invite-others', HTMLElement).hidden = invites.length === 0;
    byId('invite-none', HTMLElement).hidden = invites.length > 0;
    copyOther.hidden = invites.length === 0;
    byId('invite-choice', HTMLElement).hidden = invites.length < 2;
    picker.replaceChildren(...invites.map(({ url }) => h('option', { text: new URL(url).host })));
    showPicked();
    if (!dialog.open) dialog.show();
    // The warning comes first, also where all of it has no place.
    (copyOther.hidden ? close : copyOther).focus({ preventScroll: true });
    dialog.scrollTop = 0;
  };
}

/**
 * @param {Modules} rows
 * @param {string} link
 */
function picture(rows, link) {
  const { side, d } = drawingOf(rows);
  return svg(
    {
      viewBox: `0 0 ${side} ${side}`,
      class: 'qr',
      role: 'img',
      'aria-label': word('invite.code', { link: [link] }),
      'shape-rendering': 'crispEdges',
    },
    [d],
  );
}
