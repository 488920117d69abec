/** How long a page takes to come over a slow line, and what comes. Chromium makes the line slow. */

/**
 * A line.
 * @typedef {object} Line
 * @property {string} name
 * @property {number} roundTrip in milliseconds
 * @property {number} rate in bytes a second
 * @property {number} within milliseconds in which the door is to be there
 */

/** @type {Line[]} */
export const LINES = [
  { name: '150 ms, 200 kB/s', roundTrip: 150, rate: 200_000, within: 1_500 },
  { name: '400 ms, 50 kB/s', roundTrip: 400, rate: 50_000, within: 4_000 },
];

/**
 * What came, and when.
 * @typedef {object} Paint
 * @property {number} shown Milliseconds until something is seen.
 * @property {number} usable Milliseconds until the button can be pressed.
 * @property {{ path: string, bytes: number }[]} before What was asked for until all was there that it waited for; bytes as they came.
 * @property {number} all Milliseconds until all that the page asked for is there.
 * @property {number} files How many files that were.
 */

/** Runs in the page. Notes when the button can be pressed. */
export function clockDoor() {
  /** @type {any} */
  const noted = { usable: 0 };
  Object.assign(window, { noted });
  const look = () => {
    const button = document.querySelector('#join, #create');
    const ready =
      button instanceof HTMLButtonElement &&
      !button.disabled &&
      !button.closest('[inert]') &&
      button.checkVisibility({ visibilityProperty: true });
    if (ready) noted.usable = performance.now();
    else requestAnimationFrame(look);
  };
  look();
}

/** Runs in the page. The styles and modules that its door waits for: what it names, but for later. */
async function readAwaited() {
  const html = await (await fetch(location.href, { cache: 'force-cache' })).text();
  const first = html.replace(/<template id="later">.*?<\/template>/s, '');
  return [...first.matchAll(/(?:href|src)="([^"]+\.(?:js|css))"/g)].map(([, path]) => `${path}`);
}

/**
 * Opens an address over a slow line, with nothing in the cache.
 * @param {import('./person.js').Person} person who has opened no page yet, and runs {@link clockDoor}
 * @param {string} address
 * @param {Line} line
 * @returns {Promise<Paint>}
 */
export async function paint({ page }, address, { roundTrip, rate }) {
  const session = await page.context().newCDPSession(page);
  /** @type {Map<string, { path: string, at: number, bytes: number, end: number }>} */
  const asked = new Map();
  session.on('Network.requestWillBeSent', (/** @type {any} */ { requestId, request, timestamp }) => {
    const { pathname, protocol } = new URL(request.url);
    if (protocol === 'https:') asked.set(requestId, { path: pathname, at: timestamp * 1000, bytes: 0, end: 0 });
  });
  session.on('Network.loadingFinished', (/** @type {any} */ { requestId, encodedDataLength, timestamp }) => {
    const file = asked.get(requestId);
    if (file) Object.assign(file, { bytes: encodedDataLength, end: timestamp * 1000 });
  });
  await session.send('Network.enable');
  const limits = { latency: roundTrip, downloadThroughput: rate, uploadThroughput: rate };
  await session.send('Network.emulateNetworkConditions', { offline: false, ...limits });
  await page.goto(address);
  await page.waitForFunction(() => /** @type {any} */ (window).noted.usable > 0);
  const { usable, shown } = await page.evaluate(() => ({
    usable: /** @type {any} */ (window).noted.usable,
    shown: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
  }));
  // The page asks for the rest by itself.
  await page.waitForFunction(() => document.readyState === 'complete');
  await page.waitForLoadState('networkidle');
  const files = [...asked.values()];
  const awaited = await page.evaluate(readAwaited);
  const begin = Math.min(...files.map(({ at }) => at));
  // The page of a room asks for it, too. On a busy machine the rest is asked for before the button is seen to work.
  const room = files.find(({ path }) => path.startsWith('/api/rooms/'));
  const first = files.filter((file) => file === room || awaited.includes(file.path));
  const last = Math.max(...first.map(({ end }) => end));
  const before = files.filter(({ at }) => at < last);
  const all = Math.max(...files.map(({ end }) => end)) - begin;
  await session.detach();
  return { shown, usable, before, all, files: files.length };
}

/**
 * What there is to say of some runs: medians.
 * @param {Paint[]} paints
 */
export function summary(paints) {
  /** @param {(paint: Paint) => number} value */
  const median = (value) => Math.round(paints.map(value).sort((a, b) => a - b)[Math.floor(paints.length / 2)] ?? 0);
  return {
    shown: median(({ shown }) => shown),
    usable: median(({ usable }) => usable),
    requests: median(({ before }) => before.length),
    bytes: median(({ before }) => before.reduce((sum, { bytes }) => sum + bytes, 0)),
    all: median(({ all }) => all),
    files: median(({ files }) => files),
  };
}
