/**
 * Real browsers behind a narrow line: what its person sees and hears, while another one's line is good. The gates are asked for in
 * a short run. `PLENARY_QUALITY=write` takes longer, holds nobody to anything, measures the fixed rule as well, and writes the
 * tables of docs/quality.md: `make quality`.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Behind, STEPS } from './lib/behind.js';
import { writeTables } from './lib/quality-page.js';
import { longestOf, lengthOf, without } from './lib/watching.js';

/** @import { Seen, Step, StepName } from './lib/behind.js' */
/** @import { Row } from './lib/quality-page.js' */

const WRITES = process.env.PLENARY_QUALITY === 'write';

/** A release build has no egress guard. */
const guarded = process.env.PLENARY_BINARY === undefined;

/** What decides what is shown. The second is what there was before lines were estimated, and stays to be compared with. */
const RULES = WRITES ? /** @type {const} */ (['adaptive', 'fixed']) : /** @type {const} */ (['adaptive']);
const FLAGS = { adaptive: [], fixed: ['--egress', 'rtc'] };

/** Seconds of a step: the first gate looks at what there is after ten. @param {Step} step */
const seconds = ({ name }) => (WRITES ? 20 : name === 'unlimited' ? 14 : 12);

/** Of Firefox the short run asks what is hardest. */
const STEPS_OF = {
  chromium: STEPS,
  firefox: WRITES ? STEPS : STEPS.filter(({ name }) => /^(6|2)00|^2 Mbit\/s$/.test(name)),
};

const UPLINK = 300_000;
const SHARE = 500_000;

/** Nobody has to wait longer for a page of a screen that is to be read, in seconds; there is a new one every five. */
const READ_WITHIN = 4;

/** What Cid lost and Bob did not, because it is the line's and not the machine's. @param {Seen} seen */
function lostByTheLine({ cid, bob }) {
  const pauses = without(cid.pauses, bob.pauses);
  return { frozen: lengthOf(pauses), longest: longestOf(pauses), concealed: cid.concealed - bob.concealed };
}

/**
 * Whether a picture is as large as that of a camera of 720 lines would be; a browser that has not enough of the machine sends smaller ones.
 * @param {number} wanted
 * @param {Seen} seen
 * @param {number} lines
 */
const isAtLeast = (wanted, { encoded }, lines) => lines >= wanted * Math.min(1, encoded.lines / 720) - 2;

/**
 * What must hold in each step, in words for whoever reads that it does not.
 * @type {Record<StepName, (seen: Seen) => Record<string, Held>>}
 */
const GATES = {
  unlimited({ cid, encoded }) {
    const late = cid.frames.filter(([at]) => at >= cid.begun + 10_000);
    const fps = (1_000 * late.length) / (cid.ended - cid.begun - 10_000);
    // On a machine that cannot encode as many: as large as they are, and nearly all there are.
    const whole = Math.min(720, encoded.lines);
    const enough = Math.min(25, 0.85 * encoded.fps);
    return {
      [`${whole} lines after 10 s`]: late.length > 0 && late.every(([, lines]) => lines >= whole),
      [`${enough.toFixed(1)} frames a second, not ${fps.toFixed(1)}`]: fps >= enough,
    };
  },
  '1 Mbit/s'(seen) {
    const { frozen } = lostByTheLine(seen);
    const leftOut = seen.leftOut ?? 0;
    return {
      [`360 lines, not ${seen.cid.lines}`]: isAtLeast(360, seen, seen.cid.lines),
      // A machine that is too slow encodes less than was asked for, and that fits.
      [`more than 100 packets left out, not ${leftOut}`]: leftOut > 100 || 'nearly',
      [`under 2 s frozen, not ${frozen.toFixed(2)}`]: within(frozen, 2),
    };
  },
  '600 kbit/s'(seen) {
    const { frozen } = lostByTheLine(seen);
    return {
      '180 lines at least': isAtLeast(180, seen, seen.cid.lines),
      [`under 1 s frozen, not ${frozen.toFixed(2)}`]: within(frozen, 1),
    };
  },
  '200 kbit/s'(seen) {
    const { longest, concealed } = lostByTheLine(seen);
    return {
      [`the smallest picture stays: no pause of 2 s, not ${longest.toFixed(2)}`]: seen.cid.lines > 0 && longest < 2,
      [`under 0.5 s of sound concealed, not ${concealed.toFixed(2)}`]: within(concealed, 0.5),
    };
  },
  '2 Mbit/s'(seen) {
    const { cid } = seen;
    const [first] = cid.frames.find(([at, lines]) => at > cid.begun && isAtLeast(360, seen, lines)) ?? [Infinity];
    const took = (first - cid.begun) / 1_000;
    return { [`360 lines within 5 s, not ${took.toFixed(1)}`]: within(took, 5) };
  },
  '2 Mbit/s, 3 % lost'(seen) {
    const { longest } = lostByTheLine(seen);
    return { [`no freeze over 0.5 s, not ${longest.toFixed(2)}`]: seen.cid.frames.length > 0 && within(longest, 0.5) };
  },
};

/**
 * A gate holds, or is missed by so little that another run may keep it: that is printed.
 * @typedef {boolean | 'nearly'} Held
 */

/**
 * Seconds against a gate. They vary from run to run by a half: twice as much is no chance.
 * @param {number} took
 * @param {number} gate
 * @returns {Held}
 */
function within(took, gate) {
  if (took <= gate) return true;
  return took <= 2 * gate && 'nearly';
}

/** @type {Row[]} */
const rows = [];

/**
 * @param {string} where
 * @param {Record<string, Held>} gates
 * @param {Row} row
 */
function judge(where, gates, row) {
  rows.push(row);
  const missed = Object.entries(gates).filter(([, holds]) => holds !== true);
  console.info(`${where}: ${row.figures.join(' | ')}\n    ${row.told}`);
  for (const [gate] of missed) console.info(`    does not hold: ${where}: ${gate}`);
  return missed.flatMap(([gate, holds]) => (holds === 'nearly' ? [] : [`${where}: ${gate}`]));
}

/**
 * @param {string} name
 * @param {(behind: Behind, rule: keyof typeof FLAGS) => Promise<string[]>} body
 */
function scene(name, body) {
  for (const rule of RULES) {
    test(`${rule}: ${name}`, { timeout: 240_000 }, async () => {
      const behind = await Behind.open(FLAGS[rule]);
      try {
        const failed = await body(behind, rule);
        if (WRITES) await writeTables(rows);
        else assert.deepEqual(failed, []);
      } finally {
        // The guard opens what the server seals itself.
        await behind.close({ guarded: guarded && rule === 'adaptive' });
      }
    });
  }
}

for (const engine of /** @type {const} */ (['chromium', 'firefox'])) {
  scene(`a receiver in ${engine} whose line becomes narrow and wide again`, async (behind, rule) => {
    const all = await behind.receiving(engine, { steps: STEPS_OF[engine], seconds });
    return all.flatMap((seen) => {
      const row = rowOf('receiver', [engine, seen.step], rule, seen);
      return judge(`${engine}, ${seen.step}`, GATES[seen.step](seen), row);
    });
  });
}

/** What of the middle picture a line of 1 Mbit/s holds. @type {Step[]} */
const HALF = [
  { name: '1 Mbit/s', down: { rate: 1_000_000 } },
  { name: 'unlimited', down: { rate: null, loss: 0 } },
];

for (const engine of WRITES ? [] : /** @type {const} */ (['chromium', 'firefox'])) {
  scene(
    `a receiver in ${engine} has half the frames of a picture of which the line does not hold all`,
    async (behind) => {
      const all = await behind.receiving(engine, { steps: HALF, seconds: () => 14 });
      return all.flatMap((seen) => {
        console.info(`${engine}, ${seen.step}: ${seen.leftOut} packets left out`);
        const row = rowOf('receiver', [engine, seen.step], 'adaptive', seen);
        return judge(`${engine}, ${seen.step}`, GATES[seen.step](seen), row);
      });
    },
  );
}

scene('a sender whose uplink carries 300 kbit/s is seen by everybody', async (behind, rule) => {
  const seen = await behind.sending({ rate: UPLINK, seconds: WRITES ? 20 : 12 });
  const gates = { 'a picture moves': seen.cid.lines > 0 && seen.cid.lastFps >= 5 };
  return judge('uplink', gates, rowOf('sender', ['chromium', '300 kbit/s up'], rule, seen));
});

scene('a screen can be read behind a line of 500 kbit/s', async (behind, rule) => {
  const { figures, reading } = await behind.sharing({ rate: SHARE, seconds: WRITES ? 32 : 17 });
  const worst = Math.max(...reading.after);
  const cells = [...reading.after].sort((one, other) => one - other);
  const median = cells[Math.floor(cells.length / 2)] ?? NaN;
  return judge(
    'share',
    { [`each page within ${READ_WITHIN} s, not ${worst.toFixed(1)}`]: reading.pages > 0 && worst <= READ_WITHIN },
    {
      table: 'share',
      keys: ['chromium', '500 kbit/s'],
      rule,
      figures: [
        `${figures.lines}p`,
        `${reading.pages}`,
        `${reading.after.filter((took) => took < 5).length}`,
        `${median.toFixed(1)} s`,
        `${worst.toFixed(1)} s`,
        `${figures.concealed.toFixed(2)} s`,
      ],
      told: figures.told,
    },
  );
});

/**
 * @param {Row['table']} table
 * @param {string[]} keys
 * @param {string} rule
 * @param {Seen} seen
 * @returns {Row}
 */
function rowOf(table, keys, rule, { cid, bob, encoded }) {
  const long = (cid.ended - cid.begun) / 1_000;
  const of = (/** @type {number} */ figure) => `${figure.toFixed(1)} of ${long.toFixed(0)} s`;
  return {
    table,
    keys,
    rule,
    figures: [
      cid.fps.toFixed(0),
      cid.lastFps.toFixed(0),
      cid.lines > 0 ? `${cid.lines}p` : 'none',
      of(cid.frozen),
      `${cid.longest.toFixed(1)} s`,
      `${cid.concealed.toFixed(2)} s`,
      `${bob.fps.toFixed(0)} at ${bob.lines}p, ${bob.frozen.toFixed(1)} s, ${bob.concealed.toFixed(2)} s`,
      `${encoded.fps.toFixed(0)} of ${encoded.lines}p`,
    ],
    told: `${cid.course} || ${cid.told}`,
  };
}
