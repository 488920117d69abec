/**
 * The banner of a call: says when the server, the network or the way to either is lost, and when the page does not get in.
 */

import { byId, h } from '../core/dom.js';

/** @import { Call } from '../call/call.js' */
/** @import { Health } from '../call/events.js' */

/** Milliseconds a lost socket goes unmentioned: most come back by then, and the call goes on meanwhile. */
const PATIENCE = 1500;

/** What is added while people talk directly. */
const GOES_ON = 'The call goes on: you talk directly.';

/** What is said and shown, by what is wrong; `more` follows what is shown, in a narrow window on request. */
const TROUBLES = {
  offline: {
    said: 'This device is offline',
    shown: 'This device is offline. Waiting for the network…',
  },
  unreachable: {
    said: 'Connection lost, reconnecting',
    shown: 'The server is out of reach. Reconnecting…',
  },
  lost: {
    said: 'Connection lost, reconnecting',
    shown: 'The connection is lost. Reconnecting…',
  },
  full: {
    said: 'The server has no place at present, trying again',
    shown: 'The server has no place at present. Trying again…',
  },
  slow: {
    said: 'Sound and picture are still connecting',
    shown: 'Sound and picture are still connecting…',
  },
  blocked: {
    said: 'Sound and picture do not get through. This network may block them; another one may help.',
    shown: 'Sound and picture do not get through:',
    more: 'this network may block them, another one may help. Still trying…',
  },
  'no-answer': {
    said: 'The server does not answer, trying again',
    shown: 'The server does not answer. Trying again…',
  },
  'no-answer-ended': {
    said: 'The server does not answer',
    shown: 'The server does not answer.',
    more: 'It may be down, or your network is.',
  },
  'no-socket': {
    said: 'The server answers, but does not let this page in. Another network may help.',
    shown: 'The server answers, but this page is not let in:',
    more: 'something on the way, or the proxy before the server, stops its WebSocket. Trying again…',
  },
  'no-socket-ended': {
    said: 'This page is not let in. Another network may help.',
    shown: 'This page is not let in:',
    more: 'something on the way, or the proxy before the server, stops its WebSocket. Another network may help. If not, tell whoever runs the server: its guide (deploy.md) says what a proxy must pass on.',
  },
};

/** @typedef {keyof typeof TROUBLES} Trouble */

/**
 * What is to be said, and how soon. Pure.
 * @param {Health} health
 * @param {boolean} joined Whether the page was in the call before.
 * @param {boolean} online What the browser knows of the network.
 * @returns {{ trouble: Trouble, after: number } | null} Milliseconds; null if nothing is wrong, or nothing is known yet.
 */
export function troubleOf({ socket, silent, full, entrance, path }, joined, online) {
  if (full) return { trouble: 'full', after: 0 };
  if (!joined) {
    if (!entrance?.obstacle) return null;
    if (entrance.tries) return { trouble: online ? entrance.obstacle : 'offline', after: 0 };
    return { trouble: /** @type {const} */ (`${entrance.obstacle}-ended`), after: 0 };
  }
  /** @type {Trouble} */
  const away = online ? 'unreachable' : 'offline';
  if (!socket) return { trouble: away, after: online ? PATIENCE : 0 };
  if (silent) return { trouble: away, after: 0 };
  return path === 'open' ? null : { trouble: path, after: 0 };
}

/** What is said though something else was said before. @type {Trouble[]} */
const NEWS = ['blocked', 'full', 'no-answer-ended', 'no-socket', 'no-socket-ended'];

/**
 * @param {Call} call
 * @param {(sentence: string) => void} speak The banner shows it.
 */
export function showHealth(call, speak) {
  const banner = byId('banner', HTMLDivElement);
  const text = byId('banner-text', HTMLSpanElement);
  const again = byId('try-again', HTMLButtonElement);
  const why = h('button', { type: 'button', class: 'why-more', hidden: true, text: 'Why', 'aria-expanded': 'false' });
  again.before(why);
  const unfold = (/** @type {boolean} */ open) => {
    banner.classList.toggle('open', open);
    why.setAttribute('aria-expanded', String(open));
  };
  why.addEventListener('click', () => unfold(!banner.classList.contains('open')));
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let joined = false;
  /** @type {Trouble | null} */
  let told = null;
  const connecting = () => {
    text.textContent = 'Connecting…';
    again.hidden = true;
    why.hidden = true;
    unfold(false);
    banner.classList.remove('given-up');
  };
  const fine = () => {
    banner.hidden = true;
    const first = told !== null && ['slow', 'full', 'no-answer', 'no-socket'].includes(told);
    if (told) speak(first ? 'You are connected' : 'You are connected again');
    told = null;
  };
  /** @param {Trouble} trouble */
  const tell = (trouble) => {
    const {
      said,
      shown,
      more = '',
    } = /** @type {{ said: string, shown: string, more?: string }} */ (TROUBLES[trouble]);
    const goesOn = ['offline', 'unreachable'].includes(trouble) && call.state.direct.length > 0;
    // Of a server out of reach a connection that is lost is a part.
    if (told === null || (NEWS.includes(trouble) && told !== trouble)) speak(goesOn ? `${said}. ${GOES_ON}` : said);
    if (told !== trouble) unfold(false);
    told = trouble;
    const words = goesOn ? `${shown} ${GOES_ON}` : shown;
    text.replaceChildren(words, ...(more ? [h('span', { class: 'more', text: ` ${more}` })] : []));
    why.hidden = more === '';
    again.hidden = !trouble.startsWith('no-');
    banner.classList.toggle('given-up', trouble.endsWith('-ended'));
    banner.hidden = false;
  };
  again.addEventListener('click', () => {
    // The button goes; the next key must not start from the top of the page.
    byId('room-name', HTMLHeadingElement).focus();
    connecting();
    call.start();
  });
  connecting();
  call.on('health', (health) => {
    clearTimeout(timer);
    joined ||= health.socket;
    const found = troubleOf(health, joined, navigator.onLine !== false);
    if (found) timer = setTimeout(() => tell(found.trouble), found.after);
    else if (joined) fine();
  });
}
