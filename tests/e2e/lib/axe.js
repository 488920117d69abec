/** What axe-core finds wrong with a page as it is now, in both colour schemes. */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

/** @import { Person } from './person.js' */

const path = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** Rules that the colours decide: the others hold in both schemes alike. */
const OF_COLOURS = ['color-contrast', 'link-in-text-block'];

/** What is asked: WCAG 2.2 at level AA, and what axe calls best practice. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/**
 * Makes every page of this person one that axe can be asked about. The driver puts it there: no policy of the page would.
 * @param {Person} person
 */
export async function bringAxe({ page }) {
  await page.addInitScript({ path });
  await page.emulateMedia({ reducedMotion: 'reduce' });
}

/** Stands alone: it runs in the page. @param {{ rules: string[], tags: string[] }} what `tags` count if there are no rules. */
async function ask({ rules, tags }) {
  const { axe } = /** @type {any} */ (window);
  // Colours on their way from one scheme to the other are of neither.
  do {
    for (const animation of document.getAnimations()) animation.finish();
    for (let frames = 0; frames < 2; frames += 1) await new Promise((drawn) => requestAnimationFrame(drawn));
  } while (document.getAnimations().some(({ playState }) => playState === 'running'));
  const runOnly = rules.length > 0 ? { type: 'rule', values: rules } : { type: 'tag', values: tags };
  const { violations } = await axe.run(document, { runOnly, resultTypes: ['violations'] });
  return violations.flatMap((/** @type {any} */ { id, nodes }) =>
    nodes.map(
      (/** @type {any} */ { target, failureSummary, html }) =>
        `${id}: ${target.join(' ')}: ${failureSummary.replaceAll(/\s+/g, ' ')}: ${html.slice(0, 160)}`,
    ),
  );
}

/**
 * @param {Person} person
 * @param {string} what they look at
 */
export async function faultless(person, what) {
  const { page } = person;
  /** @type {string[]} */
  const wrong = [];
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    await page.emulateMedia({ colorScheme });
    const rules = colorScheme === 'light' ? [] : OF_COLOURS;
    const found = await page.evaluate(ask, { rules, tags: TAGS });
    wrong.push(...found.map((/** @type {string} */ one) => `${colorScheme}: ${one}`));
  }
  assert.deepEqual(wrong, [], what);
}
