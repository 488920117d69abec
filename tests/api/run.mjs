/**
 * The API against its own description: requests that the description makes, alone and one after the other, get the answers that it names
 * (schemathesis). The server's rates are raised; what they refuse is a case of its own in `tests/http`.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = resolve(process.env.PLENARY_BINARY ?? 'target/debug/plenary');
const TESTER = resolve(process.env.PLENARY_SCHEMATHESIS ?? 'target/api/bin/schemathesis');
const SECONDS = 45;
/** What only names say cannot be said in a schema: that something of one can be seen. */
const NOT_CHECKED = 'positive_data_acceptance,negative_data_rejection';

const raised = [
  'rooms_made_per_minute_per_address',
  'failed_joins_per_minute_per_address',
  'rooms_kept_per_address',
  'rooms_per_address',
  'requests_per_second_per_room',
];
const limits = raised.flatMap((name) => ['--limit', `limit_${name}=100000`]);
const folder = await mkdtemp(join(tmpdir(), 'plenary-api-'));
const server = spawn(PROGRAM, ['--plain-http', '--http-port', '0', '--udp-port', '0', '--log', 'warn', ...limits], {
  cwd: folder,
  stdio: ['ignore', 'pipe', 'inherit'],
});
// Unless all goes well.
process.exitCode = 1;
try {
  const origin = await originOf(server.stdout);
  const answer = await fetch(`${origin}/api/rooms`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Team Room', lasts: true }),
  });
  const { secret } = await answer.json();
  const flags = ['run', `${origin}/api/openapi.json`, '--header', `Authorization: Bearer ${secret}`];
  const bounds = ['--max-time', `${SECONDS}`, '--max-examples', '30', '--exclude-checks', NOT_CHECKED];
  const tester = spawn(TESTER, [...flags, ...bounds], { cwd: folder, stdio: 'inherit' });
  const [code] = await once(tester, 'exit');
  const health = await fetch(`${origin}/healthz`);
  if (code === 0 && health.status === 200 && server.exitCode === null) process.exitCode = 0;
} finally {
  server.kill();
  await rm(folder, { recursive: true, force: true });
}

/**
 * Where the server says that it is.
 * @param {import('node:stream').Readable} output
 */
async function originOf(output) {
  for await (const line of createInterface(output)) {
    const found = /http:\/\/localhost:\d+/.exec(line);
    if (found) return found[0];
  }
  throw new Error('the server did not start');
}
