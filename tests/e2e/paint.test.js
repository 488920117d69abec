/** A page over a slow line: its door opens early, and the rest comes while somebody stands there. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get } from 'node:https';
import { after } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { House } from './lib/house.js';
import { LINES, clockDoor, paint } from './lib/paint.js';

/** Compressed, before the door works. */
const BYTES = 60_000;

/** Six at a time go to a server: four rounds, the page's own not among them. */
const REQUESTS = 24;

/** Of the time in which the door is to be there: what a busy machine may make of it. The figures are of `make first-paint`. */
const PATIENCE = 5;

const house = await House.open();
after(() => house.close());

const browser = await house.browser('red', { engine: 'chromium' });
const ann = await house.personIn(browser, 'Ann');
let invitation = '';

house.opening('a person makes a room and goes in', async () => {
  invitation = await ann.createRoom(house.origin, 'Slow Lane');
  await ann.join(invitation);
});

for (const line of LINES) {
  house.scene(`at ${line.name} the door opens after little, and one goes in`, async () => {
    const bob = await house.personIn(browser, 'Bob', { also: [clockDoor] });
    const { usable, before } = await paint(bob, invitation, line);
    const named = before.map(({ path, bytes }) => `${path} ${bytes}`).join('\n');
    const bytes = before.reduce((sum, file) => sum + file.bytes, 0);
    assert.ok(bytes <= BYTES, `${bytes} bytes before the door:\n${named}`);
    assert.ok(before.length <= REQUESTS, `${before.length} requests before the door:\n${named}`);
    assert.ok(usable <= line.within * PATIENCE, `the door opened after ${usable} ms`);
    await bob.join(invitation);
    await ann.hasTilesOf(['Bob']);
    await bob.press('Leave');
    await bob.closePage();
    await ann.hasTilesOf([]);
  });
}

house.scene('who presses Join before the call is there goes in when it is', async () => {
  const bob = await house.personIn(browser, 'Bob');
  /** @type {() => void} */
  let release = () => {};
  const held = new Promise((resolve) => (release = () => resolve(undefined)));
  await bob.page.route('**/js/inside.js', async (/** @type {import('playwright-core').Route} */ route) => {
    await held;
    await route.continue();
  });
  await bob.goTo(invitation);
  await bob.page.getByRole('textbox', { name: 'Your name' }).fill('Bob');
  await bob.button('Join').click();
  await bob.page.locator('#join:disabled').waitFor();
  release();
  await bob.button('Leave').waitFor();
  await ann.hasTilesOf(['Bob']);
  await bob.press('Leave');
  await bob.closePage();
  await ann.hasTilesOf([]);
});

house.scene('who goes in when the call cannot be loaded is told so, and goes in later', async () => {
  const bob = await house.personIn(browser, 'Bob');
  await bob.page.route('**/js/inside.js', (/** @type {import('playwright-core').Route} */ route) => route.abort());
  await bob.goTo(invitation);
  await bob.page.getByRole('textbox', { name: 'Your name' }).fill('Bob');
  await bob.button('Join').click();
  await bob.page.getByRole('alert').filter({ hasText: 'could not be loaded' }).waitFor();
  await bob.page.unroute('**/js/inside.js');
  await bob.reload();
  await ann.hasTilesOf(['Bob']);
  await bob.press('Leave');
  await bob.closePage();
  await ann.hasTilesOf([]);
});

house.scene('nothing is asked for twice', async () => {
  const bob = await house.personIn(browser, 'Bob');
  /** @type {string[]} */
  const paths = [];
  bob.page.on('request', (/** @type {import('playwright-core').Request} */ request) => {
    const { pathname } = new URL(request.url());
    if (/\.(js|css)$/.test(pathname)) paths.push(pathname);
  });
  await bob.join(invitation);
  assert.equal(new Set(paths).size, paths.length, paths.join('\n'));
  assert.ok(paths.length > 100, `${paths.length} files`);
  await bob.press('Leave');
  await bob.closePage();
});

house.scene('each form of each file is the file', async () => {
  const agent = new Agent({ keepAlive: true });
  const ask = async (/** @type {string} */ path, /** @type {string} */ form) => {
    const asking = get(new URL(path, house.origin), {
      rejectUnauthorized: false,
      headers: { 'accept-encoding': form },
    });
    const [answer] = await once(asking, 'response');
    const parts = [];
    for await (const part of answer) parts.push(part);
    assert.equal(answer.statusCode, 200, path);
    return { body: Buffer.concat(parts), form: answer.headers['content-encoding'] };
  };
  const { body: html } = await ask(new URL(invitation).pathname, 'identity');
  const paths = [...`${html}`.matchAll(/"(\/v\/[^"]+)"/g)].map(([, path]) => `${path}`);
  assert.ok(paths.length > 100, `${paths.length} files`);
  for (const path of [...new Set(paths), '/']) {
    const plain = await ask(path, 'identity');
    const brotli = await ask(path, 'br');
    const gzip = await ask(path, 'gzip');
    assert.equal(plain.form, undefined);
    if (brotli.form) assert.deepEqual(brotliDecompressSync(brotli.body), plain.body, path);
    if (gzip.form) assert.deepEqual(gunzipSync(gzip.body), plain.body, path);
  }
  agent.destroy();
});
