/** Programs that tests start: their lines, and their end. */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** @typedef {ReturnType<typeof start>} Program */

/**
 * A child process, its lines, and what it complained of.
 * @param {string} program
 * @param {string[]} flags
 * @param {string} cwd
 */
export function start(program, flags, cwd) {
  const child = spawn(program, flags, { cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => (said += text));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return { child, lines, said: () => said };
}

/**
 * @param {Program} process
 * @param {RegExp} wanted
 * @returns {Promise<string>}
 */
export async function lineOf({ lines, said }, wanted) {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw new Error(`it ended without ${wanted}:\n${said()}`);
    if (wanted.test(value)) return value;
  }
}
