/** The small client in docs/client.md, as it stands there: on a page of another site, with the modules copied. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after } from 'node:test';

import { House } from './lib/house.js';
import { openSite } from './lib/sites.js';
import { until } from './lib/until.js';

const ROOT = new URL('../../', import.meta.url);

const [, page = ''] =
  (await readFile(new URL('docs/client.md', ROOT), 'utf8')).match(/```html\n(<!doctype html>\n.*?)```/s) ?? [];

const site = await openSite(async (path) => {
  if (path === '/') return { type: 'text/html', body: page };
  if (!/^\/js\/[\w/-]+\.js$/.test(path)) return null;
  return { type: 'text/javascript', body: await readFile(new URL(`client${path}`, ROOT)) };
});
const house = await House.open({ flags: ['--origin', site.origin] });
house.also(site);
after(() => house.close());

const size = { width: 640, height: 360, rate: 30 };
const ann = await house.person('Ann', 'red', { size });
const bob = await house.person('Bob', 'green', { size });

house.opening('the small client is small, and comes in', async () => {
  assert.ok(page.split('\n').length <= 45, 'some 40 lines');
  const invitation = await ann.createRoom(house.origin, 'Workshop');
  await ann.join(invitation);
  const socket = `${house.origin.replace('https', 'wss')}ws`;
  const room = invitation.split('/').at(-1) ?? '';
  await bob.page.goto(`${site.origin}/?${new URLSearchParams({ server: socket, room, name: 'Bob' })}`);
  await bob.press('Join');
  await until(
    'the small client says that it is inside',
    () => bob.page.evaluate(() => document.querySelector('output')?.value),
    (text) => text === 'You are in Workshop.',
  );
});

house.scene('both see each other', async () => {
  await ann.sees('Bob', 'green');
  const middle = () =>
    bob.page.evaluate(() => {
      const video = /** @type {HTMLVideoElement | null} */ (document.querySelector('video[title=Ann]'));
      if (!video?.videoWidth) return [0, 0, 0];
      const canvas = new OffscreenCanvas(1, 1);
      const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext('2d'));
      context.drawImage(video, video.videoWidth / 2, video.videoHeight / 3, 1, 1, 0, 0, 1, 1);
      return [...context.getImageData(0, 0, 1, 1).data];
    });
  await until('the small client shows Ann in red', middle, ([red = 0, green = 0]) => red > 120 && green < 100);
});
