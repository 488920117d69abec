/**
 * What goes on for as long as somebody is in a call, beside the call: the way out is guarded, the screen stays on, keys work,
 * and they are warned of what they would not notice.
 */

import { EchoWatch, tabsOf } from '../call/echo-watch.js';
import { byId } from '../core/dom.js';
import { word } from '../core/words.js';
import { listenWhileMuted } from '../rtc/own-voice.js';
import { keepAwake } from './awake.js';
import { guardBack } from './back-guard.js';
import { holdToTalk } from './hold-to-talk.js';
import { mediaKeys } from './media-keys.js';
import { notice } from './notice.js';
import { shortcuts } from './shortcuts.js';

/** @import { Call } from '../call/call.js' */
/** @import { LocalMedia } from '../rtc/local-media.js' */
/** @import { KeyTable } from './key-table.js' */

/**
 * @param {object} options
 * @param {Call} options.call
 * @param {LocalMedia} options.media
 * @param {KeyTable} options.keys
 * @param {string} options.id The room's.
 * @param {boolean} options.shared Before the page was loaded again a screen was shared.
 * @param {(sentence: string) => void} options.say
 * @param {() => void} options.leave
 * @returns {() => void} The call is over.
 */
export function stay({ call, media, keys, id, shared, say, leave }) {
  const { moderation } = call;
  const microphone = byId('microphone', HTMLButtonElement);
  const ends = [
    guardBack(leave),
    keepAwake(),
    mediaKeys(media, { use: (device) => moderation.forbids(device) === '', leave }),
    holdToTalk({ media, keys, may: () => moderation.forbids('microphone') === '', say }),
    shortcuts(keys, media, say),
    listenWhileMuted(media, () => {
      const space = keys.talks && keys.of('talk') === 'Space';
      say(space ? word('staying.muted') : word('keys.said.muted'));
    }),
  ];
  let warned = () => {};
  const channel = tabsOf(id);
  const echo =
    channel &&
    new EchoWatch(channel, (tabs) => {
      warned();
      warned = tabs > 1 ? notice(echoWords(tabs), microphone) : () => {};
    });
  const goes = () => echo?.close();
  addEventListener('pagehide', goes, { once: true });
  if (shared) {
    const share = byId('share', HTMLButtonElement);
    const deed = { name: word('staying.shared.again'), act: () => share.click() };
    notice({ title: word('staying.shared.title'), advice: word('staying.shared.text'), deed }, microphone);
  }
  return () => {
    for (const end of ends) end();
    removeEventListener('pagehide', goes);
    goes();
    warned();
  };
}

/** @param {number} tabs Of this browser that are in the room. */
function echoWords(tabs) {
  return {
    title: tabs === 2 ? word('staying.echo.twice') : word('staying.echo.often', { n: tabs }),
    advice: word('staying.echo.text'),
  };
}
