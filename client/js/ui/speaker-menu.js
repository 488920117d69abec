/**
 * The menu of the speakers, and the button that tries the chosen one.
 */

import { h } from '../core/dom.js';
import { word } from '../core/words.js';
import { listSpeakers } from '../rtc/speaker.js';
import { fill } from './prejoin.js';
import { playTones } from './speaker-test.js';

/** @import { Speaker } from '../rtc/speaker.js' */

/**
 * @param {HTMLSelectElement} menu
 * @param {HTMLButtonElement} test
 * @param {Speaker} speaker
 * @returns {() => Promise<void>} Looks again which there are.
 */
export function speakerMenu(menu, test, speaker) {
  const show = async () => {
    const system = { id: '', label: word('settings.speaker.system') };
    const others = speaker.can ? await listSpeakers() : [];
    fill(menu, [system, ...others], speaker.used);
  };
  menu.addEventListener('change', () => speaker.choose(menu.value));
  speaker.on('change', () => void show());
  // Said where the button is, to who does not hear it.
  const said = h('span', { class: 'hidden', role: 'status' });
  test.after(said);
  let plays = false;
  test.addEventListener('click', async () => {
    if (plays) return;
    plays = true;
    test.classList.add('plays');
    said.textContent = word('settings.speaker.plays');
    const played = await playTones(speaker);
    said.textContent = played ? '' : word('settings.speaker.silent');
    said.classList.toggle('hidden', played);
    test.classList.remove('plays');
    plays = false;
  });
  void show();
  return show;
}
