/** Draws the icons of an installed page from their pictures, in Chromium: `make icons`. What it writes is in the repository. */

import { readFile, writeFile } from 'node:fs/promises';

import { chromium } from 'playwright-core';

const CLIENT = new URL('../../client/', import.meta.url);

/** Which picture becomes which icons. */
const ICONS = [
  { from: 'favicon.svg', to: 'icons/', sizes: [192, 512] },
  // Any part beyond a circle of four fifths of it may be cut off.
  { from: 'icons/maskable.svg', to: 'icons/maskable-', sizes: [192, 512] },
];

const browser = await chromium.launch({
  executablePath: process.env.PLENARY_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
const page = await browser.newPage();
for (const { from, to, sizes } of ICONS) {
  const picture = await readFile(new URL(from, CLIENT), 'base64');
  for (const size of sizes) {
    await page.setViewportSize({ width: size, height: size });
    await page.setContent(
      `<style>body { margin: 0 } img { display: block }</style>
      <img src="data:image/svg+xml;base64,${picture}" width="${size}" height="${size}">`,
    );
    await page.waitForFunction(() => document.images[0]?.complete);
    await writeFile(new URL(`${to}${size}.png`, CLIENT), await page.screenshot({ omitBackground: true }));
  }
}
await browser.close();
