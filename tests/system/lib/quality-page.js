/** docs/quality.md: its tables, between two markers. */

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ROOT } from './places.js';

const PAGE = join(ROOT, 'docs', 'quality.md');
const [BEGIN, END] = ['<!-- make quality: begin -->', '<!-- make quality: end -->'];

/**
 * A line of a table.
 * @typedef {object} Row
 * @property {'receiver' | 'sender' | 'share'} table
 * @property {string[]} keys
 * @property {string} rule
 * @property {string[]} figures
 * @property {string} told What the server said meanwhile; not in the table.
 */

const SEEN = [
  ...['Rule', 'Frames/s', 'of the last 10 s', 'Picture', 'Stood still', 'Longest', 'Sound concealed'],
  ...['The other: frames/s, stood still, sound concealed', 'Encoded/s, largest picture'],
];

/** @type {Record<Row['table'], { title: string, head: string[] }>} */
const TABLES = {
  receiver: { title: 'A receiver behind a narrow downlink', head: ['Receiver', 'Downlink', ...SEEN] },
  sender: { title: 'A sender behind a narrow uplink', head: ['Receiver', "Sender's line", ...SEEN] },
  share: {
    title: 'A shared screen behind a narrow downlink',
    head: [
      'Receiver',
      'Downlink',
      'Rule',
      'Picture',
      'Pages',
      'Could be read',
      'after (median)',
      'at worst',
      'Sound concealed',
    ],
  },
};

/** @param {Row[]} rows */
export async function writeTables(rows) {
  const texts = Object.entries(TABLES).map(([name, { title, head }]) => {
    const own = rows.filter(({ table }) => table === name);
    // What is compared stands one below the other.
    const order = [...new Set(own.map(({ keys }) => keys.join()))];
    own.sort((one, other) => order.indexOf(one.keys.join()) - order.indexOf(other.keys.join()));
    const lines = [head, head.map(() => '---'), ...own.map(({ keys, rule, figures }) => [...keys, rule, ...figures])];
    return `### ${title}\n\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
  });
  const page = await readFile(PAGE, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${PAGE} has no markers`);
  await writeFile(PAGE, `${before}${BEGIN}\n\n${texts.join('\n')}\n${END}${after}`);
}
