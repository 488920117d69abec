/** Pages that publish by WHIP and watch by WHEP, as `docs/whip.md` has them, on another site; and people in the room's own page. */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after } from 'node:test';

import { nameOf } from './lib/colours.js';
import { House } from './lib/house.js';
import { readPixels } from './lib/in-page.js';
import { OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

const [publishing = '', watching = ''] = [
  ...(await readFile('docs/whip.md', 'utf8')).matchAll(/^```html\n([^]*?)^```$/gm),
].map(([, page]) => page);

/** The room of the test, once there is one. */
let room = '';

/** Another site, that serves those pages. */
const site = createServer(({ url = '' }, reply) => {
  const page = url === '/publish' ? publishing : watching;
  const address = new URL(house.origin).origin;
  reply.setHeader('content-type', 'text/html');
  reply.end(page.replaceAll('https://meet.example.org', address).replaceAll('ROOM', room));
}).listen(0, '127.0.0.1');
await once(site, 'listening');
const { port } = /** @type {import('node:net').AddressInfo} */ (site.address());

const house = await House.open({ flags: ['--origin', `http://127.0.0.1:${port}`] });
house.also({ close: () => site.close() });
after(() => house.close());

const ann = await house.person('Ann', 'red');
const studio = await house.person('Studio', 'green', { engine: OTHER });
const wim = await house.personIn(await house.browser('blue'), 'Wim');

/**
 * Opens one of the pages of the document and presses its button.
 * @param {import('./lib/person.js').Person} person
 * @param {'publish' | 'watch'} what
 */
async function uses({ page }, what) {
  await page.goto(`http://127.0.0.1:${port}/${what}`);
  await page.getByRole('button').click();
}

/** @param {string} colour that the page of the document shows */
async function wimSees(colour) {
  await until(
    `the page that watches shows ${colour}`,
    async () => {
      const pixels = await wim.page.locator('video').evaluate(readPixels);
      return typeof pixels === 'string' ? pixels : nameOf(pixels);
    },
    (seen) => seen === colour,
  );
}

/** How loud the sound of the page's video is at present: its largest sample. Runs in the page. */
async function readLoudness() {
  const { ears } = /** @type {{ ears?: AnalyserNode }} */ (/** @type {unknown} */ (window));
  const analyser = ears ?? new AnalyserNode(new AudioContext());
  if (!ears) {
    const video = /** @type {HTMLVideoElement} */ (document.querySelector('video'));
    const stream = /** @type {MediaStream} */ (video.srcObject);
    /** @type {AudioContext} */ (analyser.context).createMediaStreamSource(stream).connect(analyser);
    Object.assign(window, { ears: analyser });
  }
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  return Math.max(...samples.map(Math.abs));
}

house.opening('somebody is in the room', async () => {
  const invitation = await ann.createRoom(house.origin, 'Studio');
  room = new URL(invitation).pathname.slice('/r/'.length);
  await ann.join(invitation);
});

house.scene('a page that watches shows and plays who is in the room', async () => {
  await uses(wim, 'watch');
  await wimSees('red');
  await until(
    'the page that watches plays a sound',
    () => wim.page.evaluate(readLoudness),
    (loudness) => loudness > 0.01,
  );
});

house.scene('who publishes from another page is seen and heard in the room', async () => {
  await uses(studio, 'publish');
  await ann.sees('Studio', 'green');
  await ann.hears(1);
  await ann.seesMovement('Studio');
});

house.scene('when they leave their pages they are gone at once', async () => {
  await studio.page.goto('about:blank');
  await ann.hasTilesOf(['Viewer'], { within: 5_000 });
  await wimSees('red');
  await wim.page.goto('about:blank');
  await ann.hasTilesOf([], { within: 5_000 });
});
