/**
 * The banner of a call: says when the server, the network or the way to either is lost, and when the page does not get in.
 */

import { byId, h } from '../core/dom.js';
import { word } from '../core/words.js';

/** @import { Call } from '../call/call.js' */
/** @import { Health } from '../call/events.js' */

/** Milliseconds a lost socket goes unmentioned: most come back by then, and the call goes on meanwhile. */
const PATIENCE = 1500;

/** What is added to what is shown while people talk directly. */
const GOES_ON = word('health.goes-on');

/**
 * What is said and shown, by what is wrong; `more` follows what is shown, in a narrow window on request. `goesOn` is said while people
 * talk directly.
 */
const TROUBLES = {
  offline: {
    said: word('health.offline.said'),
    goesOn: word('health.offline.goes-on'),
    shown: word('health.offline.shown'),
  },
  unreachable: {
    said: word('health.lost.said'),
    goesOn: word('health.unreachable.goes-on'),
    shown: word('health.unreachable.shown'),
  },
  lost: { said: word('health.lost.said'), shown: word('health.lost.shown') },
  full: { said: word('health.full.said'), shown: word('health.full.shown') },
  slow: { said: word('health.slow.said'), shown: word('health.slow.shown') },
  blocked: {
    said: word('health.blocked.said'),
    shown: word('health.blocked.shown'),
    more: word('health.blocked.more'),
  },
  'no-answer': { said: word('health.no-answer.said'), shown: word('health.no-answer.shown') },
  'no-answer-ended': {
    said: word('health.no-answer-ended.said'),
    shown: word('health.no-answer-ended.shown'),
    more: word('health.no-answer-ended.more'),
  },
  'no-socket': {
    said: word('health.no-socket.said'),
    shown: word('health.no-socket.shown'),
    more: word('health.no-socket.more'),
  },
  'no-socket-ended': {
    said: word('health.no-socket-ended.said'),
    shown: word('health.no-socket-ended.shown'),
    more: word('health.no-socket-ended.more'),
  },
};

/** @typedef {keyof typeof TROUBLES} Trouble */
/** @typedef {{ said: string, shown: string, more?: string, goesOn?: string }} Told */

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

/**
 * What is said of sound and picture that do not get through, by what the server found; a newer server may find something else.
 * @type {Record<string, string>}
 */
const CAUSES = {
  'offer-unanswered': word('trouble.offer-unanswered'),
  'no-candidates': word('trouble.no-candidates'),
  'turn-refused': word('trouble.turn'),
  'turn-unreachable': word('trouble.turn'),
  'announced-unreachable': word('trouble.server'),
  'udp-blocked': word('health.blocked.more'),
  'nothing-arrived': word('trouble.server'),
  'answers-lost': word('health.blocked.more'),
  'ice-stuck': word('trouble.stuck'),
  'dtls-stuck': word('trouble.stuck'),
  'path-lost': word('trouble.stuck'),
};

/**
 * What follows "Sound and picture do not get through:". Pure.
 * @param {string} cause
 */
export const causeWords = (cause) =>
  (Object.hasOwn(CAUSES, cause) ? CAUSES[cause] : undefined) ?? word('health.blocked.more');

/** A code as it is read aloud: in two halves. @param {string} code */
export const codeWords = (code) => `${code.slice(0, 4)}-${code.slice(4)}`;

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
  const why = h('button', {
    type: 'button',
    class: 'why-more',
    hidden: true,
    text: word('health.why'),
    'aria-expanded': 'false',
  });
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
  /** What the server found. @type {{ cause: string, code: string } | null} */
  let found = null;
  const connecting = () => {
    text.textContent = word('health.connecting');
    again.hidden = true;
    why.hidden = true;
    unfold(false);
    banner.classList.remove('given-up');
  };
  const fine = () => {
    banner.hidden = true;
    const first = told !== null && ['slow', 'full', 'no-answer', 'no-socket'].includes(told);
    found = null;
    if (told) speak(word(first ? 'health.connected' : 'health.connected-again'));
    told = null;
  };
  /** @param {Trouble} trouble */
  const tell = (trouble) => {
    const { said, shown, more: known = '', goesOn = '' } = /** @type {Told} */ (TROUBLES[trouble]);
    const explained = trouble === 'blocked' ? found : null;
    const more = explained ? causeWords(explained.cause) : known;
    const code = explained ? word('trouble.code', { code: [codeWords(explained.code)] }) : '';
    const direct = goesOn !== '' && call.state.direct.length > 0;
    // Of a server out of reach a connection that is lost is a part.
    if (told === null || (NEWS.includes(trouble) && told !== trouble)) speak(direct ? goesOn : said);
    if (told !== trouble) unfold(false);
    told = trouble;
    const words = direct ? `${shown} ${GOES_ON}` : shown;
    text.replaceChildren(
      words,
      ...(more ? [h('span', { class: 'more', text: ` ${more}` })] : []),
      ...(code ? [' ', h('span', { class: 'code', text: code })] : []),
    );
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
  call.on('trouble', ({ cause, code }) => {
    found = { cause, code };
    if (told !== 'blocked') return;
    tell('blocked');
    speak(`${causeWords(cause)} ${word('trouble.code', { code: [codeWords(code)] })}`);
  });
  call.on('health', (health) => {
    clearTimeout(timer);
    joined ||= health.socket;
    const wrong = troubleOf(health, joined, navigator.onLine !== false);
    if (wrong) timer = setTimeout(() => tell(wrong.trouble), wrong.after);
    else if (joined) fine();
  });
}
