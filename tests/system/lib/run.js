/** Runs programs and says what they said. */

import { spawn } from 'node:child_process';

/** What one program may take, unless a caller knows better. */
const WITHIN_MS = 60_000;

/**
 * @typedef {object} Outcome
 * @property {number} code 0 is well; -1 if a signal or the deadline ended it.
 * @property {string} stdout
 * @property {string} stderr
 */

/**
 * @typedef {object} RunOptions
 * @property {string} [input] For its standard input.
 * @property {NodeJS.ProcessEnv} [env] Instead of our own environment.
 * @property {string} [cwd] The folder it runs in.
 * @property {number} [within] Milliseconds until it is ended.
 * @property {boolean} [loud] Its output is shown, not returned.
 */

/**
 * Runs a program to its end, whatever that is.
 * @param {string[]} command
 * @param {RunOptions} [options]
 * @returns {Promise<Outcome>}
 */
export function attempt([program = '', ...args], options = {}) {
  const { input, cwd, env = process.env, within = WITHIN_MS, loud = false } = options;
  return new Promise((tell, fail) => {
    const output = loud ? 'inherit' : 'pipe';
    const child = spawn(program, args, {
      env,
      ...(cwd ? { cwd } : {}),
      stdio: [input === undefined ? 'ignore' : 'pipe', output, output],
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (text) => (stdout += text));
    child.stderr?.on('data', (text) => (stderr += text));
    const late = setTimeout(() => {
      stderr += `\nended after ${within} ms`;
      child.kill('SIGKILL');
    }, within);
    child.on('error', fail);
    child.on('close', (code) => {
      clearTimeout(late);
      tell({ code: code ?? -1, stdout, stderr });
    });
    // A program that ends before it has read everything is judged by how it ended.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/**
 * Runs a program that must succeed.
 * @param {string[]} command
 * @param {RunOptions} [options]
 * @returns {Promise<string>} what it printed
 */
export async function run(command, options) {
  const { code, stdout, stderr } = await attempt(command, options);
  if (code !== 0) throw new Error(`${command.join(' ')}: ended with ${code}\n${stdout}${stderr}`);
  return stdout;
}
