/** The words of the page: the same in every language, and all of them used. */

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import test from 'node:test';

import { LANGUAGES, languageOf, regionOf } from '../../client/js/core/language.js';
import { textOf } from '../../client/js/core/sentence.js';
import { listed, say, word } from '../../client/js/core/words.js';

/** @import { Key, Words } from '../../client/js/words/en.js' */

const client = new URL('../../client/', import.meta.url);

/** @type {Map<string, Words>} */
const all = new Map();
for (const name of Object.keys(LANGUAGES)) all.set(name, (await import(`../../client/js/words/${name}.js`)).default);
const en = /** @type {Words} */ (all.get('en'));
const keys = /** @type {Key[]} */ (Object.keys(en));

/** @param {Words[Key]} entry */
const formsOf = (entry) => (typeof entry === 'string' ? [entry] : Object.values(entry));

/** @param {string} text */
const holes = (text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, hole]) => hole).sort();

test('every language has a file, and every file is a language', async () => {
  const files = (await readdir(new URL('js/words/', client))).map((name) => name.replace('.js', ''));
  assert.deepEqual(files.sort(), Object.keys(LANGUAGES).sort());
});

test('every language says all, in no key more, with the same in its holes', () => {
  for (const [name, words] of all) {
    assert.deepEqual(Object.keys(words), keys, `${name}: the keys, in the order of the English ones`);
    for (const key of keys) {
      const asked = new Set(formsOf(en[key]).flatMap(holes));
      for (const text of formsOf(words[key])) {
        assert.ok(text.trim(), `${name}: ${key} is empty`);
        // "One file" need not say the number.
        const found = new Set(holes(text));
        for (const hole of asked) if (hole !== 'n') assert.ok(found.has(hole), `${name}: ${key} leaves out {${hole}}`);
        for (const hole of found) assert.ok(asked.has(hole), `${name}: ${key} asks for {${hole}}`);
      }
    }
  }
});

test('a text that goes by a number has each form that whole numbers take in its language', () => {
  for (const [name, words] of all) {
    const rules = new Intl.PluralRules(name);
    const taken = new Set(Array.from({ length: 1000 }, (_, n) => rules.select(n)));
    for (const key of keys) {
      const entry = words[key];
      assert.equal(typeof entry, typeof en[key], `${name}: ${key} has forms in one language only`);
      if (typeof entry === 'string') continue;
      for (const form of taken) assert.ok(entry[form], `${name}: ${key} has no form for ${form}`);
    }
  }
});

test('the pages are in English by themselves, and name the key of each text', async () => {
  for (const page of ['404.html', 'index.html', 'room.html']) {
    const html = await readFile(new URL(page, client), 'utf8');
    for (const [tag] of html.matchAll(/<[a-z][^>]*\sdata-say[^>]*>[^<]*/g)) {
      const text = tag.slice(tag.indexOf('>') + 1);
      for (const [, kind, key] of tag.matchAll(/data-say(?:-(\w+))?="([^"]+)"/g)) {
        const attribute = kind === 'label' ? 'aria-label' : kind;
        const there = kind ? new RegExp(`\\s${attribute}="([^"]*)"`).exec(tag)?.[1] : text;
        assert.equal(there?.replaceAll(/\s+/g, ' ').trim(), en[/** @type {Key} */ (key)], `${page}: ${key}`);
      }
    }
  }
});

test('every text is said somewhere', async () => {
  const names = await readdir(client, { recursive: true });
  const texts = await Promise.all(
    names
      .filter((name) => /\.(js|html)$/.test(name) && !name.startsWith('js/words/'))
      .map((name) => readFile(new URL(name, client), 'utf8')),
  );
  const code = texts.join('\n');
  for (const key of keys) assert.ok(code.includes(`'${key}'`) || code.includes(`"${key}"`), `nothing says ${key}`);
});

test('one reads the language that one chose, or else the first of the browser that there is', () => {
  assert.equal(languageOf('', ['pt-BR', 'fr-CH', 'en']), 'fr');
  assert.equal(languageOf('', ['DE-at']), 'de');
  assert.equal(languageOf('es', ['de']), 'es');
  assert.equal(languageOf('klingon', []), 'en');
  assert.equal(languageOf('constructor', ['__proto__']), 'en');
});

test('dates are written as in the region that the browser has for the language', () => {
  assert.equal(regionOf('en', ['de-DE', 'en-GB', 'en-US']), 'en-GB');
  assert.equal(regionOf('de', ['en-GB', 'de', 'de-AT']), 'de-AT');
  assert.equal(regionOf('fr', ['en-GB', 'frp-FR']), 'fr', 'nothing of it: as in the language itself');
  assert.equal(regionOf('es', ['es-', 'es-not_a_tag', 'es-MX']), 'es-MX', 'what no browser should say');
  const day = new Date(2026, 2, 4).toLocaleDateString(regionOf('en', ['en-GB']), { dateStyle: 'short' });
  assert.equal(day, '04/03/2026');
});

test('a suggested name has words of the language, of which every pair makes a link that one can say', () => {
  const lists = /** @type {const} */ (['home.suggested.first', 'home.suggested.second']);
  for (const [name, words] of all) {
    for (const key of lists) {
      const list = String(words[key]).split(' ');
      assert.equal(new Set(list).size, list.length, `${name}: ${key}`);
      assert.ok(list.length >= 25, `${name}: ${key} has ${list.length}`);
      for (const one of list) assert.match(one, /^[a-z]{2,12}$/, `${name}: ${key}`);
      if (words !== en) assert.notEqual(words[key], en[key], name);
    }
  }
});

test('the program that is installed is one in every language, and says in it what it is', async () => {
  /** @param {Words} words */
  const read = async (words) =>
    JSON.parse(await readFile(new URL(`.${String(words['page.manifest'])}`, client), 'utf8'));
  const { description, lang, ...same } = await read(en);
  assert.deepEqual([description, lang], [en['page.description'], 'en']);
  for (const [name, words] of all) {
    assert.deepEqual(await read(words), { ...same, description: words['page.description'], lang: name });
  }
});

test('names stay apart from words, in sentences and in lists', () => {
  assert.deepEqual(say('over.left.title'), ['You left the room']);
  assert.equal(word('over.left.title'), 'You left the room');
  assert.deepEqual(listed(['Ann', 'Bob']), ['', 'Ann', ' and ', 'Bob', '']);
  assert.equal(textOf(listed(['Ann', 'Bob', 'Eve'])), 'Ann, Bob, and Eve');
});
