/** Colours that a person needs to see a control have to stand out: WCAG 1.4.11, 3 to 1. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';

const css = await readFile(new URL('../../client/css/base.css', import.meta.url), 'utf8');

/**
 * @param {string} name
 * @returns {[light: string, dark: string]}
 */
function pair(name) {
  const found = new RegExp(`--${name}: light-dark\\((#\\w{6}), (#\\w{6})\\)`).exec(css);
  assert.ok(found?.[1] && found[2], `--${name} is a pair of colours`);
  return [found[1], found[2]];
}

/** @param {string} colour */
function luminance(colour) {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** @param {string} a @param {string} b */
function contrast(a, b) {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((one, other) => one - other);
  return (high + 0.05) / (low + 0.05);
}

test('the edge of a field stands out 3 to 1 from what is inside and around it', () => {
  for (const around of ['page', 'surface']) {
    for (const scheme of [0, 1]) {
      const [edge, beside] = [pair('edge')[scheme] ?? '', pair(around)[scheme] ?? ''];
      const ratio = contrast(edge, beside);
      assert.ok(ratio >= 3, `${edge} on ${beside}: ${ratio}`);
    }
  }
});

test('words stand out 4.5 to 1', () => {
  for (const words of ['text', 'soft']) {
    for (const around of ['page', 'surface']) {
      for (const scheme of [0, 1]) {
        const ratio = contrast(pair(words)[scheme] ?? '', pair(around)[scheme] ?? '');
        assert.ok(ratio >= 4.5, `${words} on ${around}, ${scheme === 0 ? 'light' : 'dark'}: ${ratio}`);
      }
    }
  }
});
