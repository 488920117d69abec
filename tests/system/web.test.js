/** What nginx promises everybody who opens the page, and what the containers promise their operator. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as plainRequest } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { until } from '../e2e/lib/until.js';
import { docker } from './lib/engine.js';
import { BASE_IMAGE } from './lib/images.js';
import { ANN, DESK, PUBLIC, SERVER, addressOf, inside } from './lib/net.js';
import { run } from './lib/run.js';
import { HOST, SERVICES, Stack, authority } from './lib/stack.js';

/** What an image may add to its base: less to fetch, and less to have holes. */
const ADDED_BYTES = 40_000_000;

/** A handshake takes milliseconds. */
const REFUSED_MS = 3_000;

/** Questions for rooms that there are not that one address may ask at once, when one a minute is its limit (docs/limits.md). */
const GUESSES = 5;

/** @type {Stack} */
let stack;
/** @type {Buffer} */
let ca;

before(async () => {
  stack = await Stack.up({ PLENARY_LOG: 'debug', PLENARY_LIMIT: 'failed-joins-per-minute-per-address=1' });
  ca = await authority();
});

after(() => stack?.down());

/**
 * @param {string} path
 * @param {{ method?: string, headers?: Record<string, string>, body?: string, plain?: boolean }} [options]
 */
async function ask(path, { method = 'GET', headers = {}, body = '', plain = false } = {}) {
  const common = { host: PUBLIC, method, path, agent: false, headers: { host: HOST, ...headers } };
  const asking = plain
    ? plainRequest({ ...common, port: 80 })
    : request({ ...common, port: 443, ca, servername: HOST, checkServerIdentity: () => undefined });
  asking.end(body);
  const [response] = /** @type {[import('node:http').IncomingMessage]} */ (
    await Promise.race([once(asking, 'response'), once(asking, 'upgrade')])
  );
  let text = '';
  if (response.statusCode === 101) response.destroy();
  else for await (const part of response.setEncoding('utf8')) text += part;
  return { status: response.statusCode, headers: response.headers, raw: response.rawHeaders, text };
}

const PROTECTED = ['content-security-policy', 'permissions-policy', 'referrer-policy', 'x-content-type-options'];

test('every answer protects the page, once: page, file, API, error, redirect', async () => {
  const answers = [
    await ask('/'),
    await ask('/r/monday'),
    await ask('/js/room.js'),
    await ask('/api/rooms'),
    await ask('/api/rooms', { method: 'POST', body: 'nonsense', headers: { 'content-type': 'application/json' } }),
    await ask('/no/such/thing'),
    await ask('/', { plain: true }),
  ];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200, 400, 404, 308],
  );
  for (const { raw } of answers) {
    const names = raw.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
    for (const header of PROTECTED) {
      assert.equal(names.filter((name) => name === header).length, 1, `${header} once`);
    }
  }
  assert.match(`${answers[0]?.headers['content-security-policy']}`, /^default-src 'none'/);
});

test('plain HTTP leads to HTTPS, whatever was asked for', async () => {
  const { headers } = await ask('/r/monday?x=1', { plain: true, headers: { host: 'evil.example' } });
  assert.equal(headers.location, `https://${HOST}/r/monday?x=1`);
});

test('browsers get HTTP/2, and a certificate for the name from the authority', async () => {
  const session = connectHttp2(`https://${HOST}`, {
    createConnection: () => connectTls({ host: PUBLIC, port: 443, servername: HOST, ca, ALPNProtocols: ['h2'] }),
  });
  const stream = session.request({ ':path': '/' });
  const [headers] = await once(stream, 'response');
  assert.equal(headers[':status'], 200);
  assert.equal(session.alpnProtocol, 'h2');
  session.destroy();
});

/**
 * What becomes of a connection that knows one version of TLS only: `accepted`, or how it was refused.
 * @param {number} port
 * @param {import('node:tls').SecureVersion} version
 */
async function shake(port, version) {
  const options = { ciphers: 'DEFAULT:@SECLEVEL=0', minVersion: version, maxVersion: version };
  const socket = connectTls({ host: PUBLIC, port, servername: HOST, ca, ...options });
  const outcome = await Promise.race([
    new Promise((tell) => socket.once('secureConnect', () => tell('accepted'))),
    new Promise((tell) => socket.once('error', (error) => tell(/** @type {any} */ (error).code))),
    pause(REFUSED_MS, 'not answered', { ref: false }),
  ]);
  socket.on('error', () => undefined).destroy();
  return outcome;
}

test('old versions of TLS are refused, by nginx and by coturn', async () => {
  for (const port of [443, 5349]) assert.equal(await shake(port, 'TLSv1.2'), 'accepted', `TLSv1.2 on ${port}`);
  for (const version of /** @type {const} */ (['TLSv1', 'TLSv1.1'])) {
    // By the server and not by ourselves. coturn says nothing and gives up after a minute.
    assert.equal(await shake(443, version), 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', `${version} on 443`);
    assert.equal(await shake(5349, version), 'not answered', `${version} on 5349`);
  }
});

test('nobody chooses who the server takes them for', async () => {
  await ask('/api/rooms', {
    headers: { 'x-forwarded-for': '6.6.6.6', 'x-real-ip': '6.6.6.6', forwarded: 'for=6.6.6.6' },
  });
  await until(
    'the server says who asked',
    () => stack.logs('plenary'),
    (log) => log.includes(`${addressOf(DESK)} GET /api/rooms 200`),
  );
  assert.ok(!(await stack.logs()).includes('6.6.6.6'));
});

/**
 * Asks with another machine's network, and says what `expression` makes of the answer.
 * @param {string} namespace
 * @param {string} asking an expression that makes a request
 * @param {string} expression of `answer` and its `text`
 */
async function askFrom(namespace, asking, expression) {
  const script = `${asking}.on('response', async (answer) => {
      let text = '';
      for await (const part of answer.setEncoding('utf8')) text += part;
      console.log(${expression});
    }).end();`;
  return (await run(inside(namespace, [process.execPath, '--eval', script]))).trim();
}

test('who guesses rooms is refused by address, whatever they say of themselves, and nobody else is', async () => {
  const statuses = [];
  for (let guess = 0; guess < GUESSES + 3; guess++) {
    const forged = { 'x-forwarded-for': `192.0.2.${guess}` };
    statuses.push((await ask(`/api/rooms/nowhere-${guess}`, { headers: forged })).status);
  }
  assert.deepEqual(statuses, [...Array(GUESSES).fill(404), 429, 429, 429]);
  const options = { host: PUBLIC, path: '/api/rooms/nowhere', servername: HOST, headers: { host: HOST }, ca: `${ca}` };
  const asking = `require('https').request({ ...${JSON.stringify(options)}, checkServerIdentity: () => undefined })`;
  assert.equal(await askFrom(ANN, asking, 'answer.statusCode'), '404', 'a person at another address');

  // What the operator sees of it, from the machine itself.
  const numbers = await askFrom(SERVER, `require('http').request('http://10.213.77.3:9464/metrics')`, 'text');
  assert.match(numbers, /^plenary_limit_hits_total\{limit="failed_joins_per_minute_per_address"\} 3$/m);
  assert.ok((await stack.logs('plenary')).includes(`refused ${addressOf(DESK)}: `), 'who was refused');
});

test('the numbers are not published', async () => {
  for (const port of [9464, 8080]) {
    const outcome = await new Promise((tell) => {
      const socket = connectTcp({ host: PUBLIC, port });
      socket.once('connect', () => tell('connected')).once('error', (/** @type {any} */ error) => tell(error.code));
      setTimeout(() => tell('not answered'), REFUSED_MS);
    });
    assert.equal(outcome, 'ECONNREFUSED', `port ${port}`);
  }
  assert.equal((await ask('/metrics')).status, 404, 'nor by nginx');
});

test('the server answers to its own name only', async () => {
  const answer = await ask('/api/rooms', { headers: { host: 'evil.example' } });
  assert.equal(answer.status, 421);
  assert.equal(answer.headers['strict-transport-security'], undefined);
});

test('nobody chooses which site a page is of', async () => {
  const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
  const key = { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' };
  const own = await ask('/ws', { headers: { ...upgrade, ...key, origin: `https://${HOST}` } });
  assert.equal(own.status, 101, 'the page itself');
  const evil = { origin: 'https://evil.example', 'x-forwarded-host': 'evil.example' };
  const other = await ask('/ws', { headers: { ...upgrade, ...key, ...evil } });
  assert.equal(other.status, 403, 'a page from elsewhere, with a forged X-Forwarded-Host');
});

test('what is for tests cannot be reached through nginx', async () => {
  const { status } = await ask('/api/faults', { method: 'POST', body: '{"worker":0,"fault":"panic"}' });
  assert.equal(status, 404);
});

test('the containers are healthy, read-only and without rights', async () => {
  assert.equal((await ask('/healthz')).status, 200);
  for (const service of SERVICES) {
    const { State, HostConfig } = await stack.running(service);
    assert.equal(State.Health?.Status, 'healthy', service);
    assert.equal(HostConfig.ReadonlyRootfs, true, service);
    assert.equal(HostConfig.Privileged, false, service);
    assert.deepEqual(HostConfig.CapDrop, ['ALL'], service);
    assert.ok(HostConfig.Memory > 0 && HostConfig.PidsLimit > 0, `${service} may not take all of the machine`);
    const { code, stderr } = await stack.exec(service, ['touch', '/usr/written']);
    assert.notEqual(code, 0, `${service} wrote to its own files`);
    assert.match(stderr, /Read-only file system/);
  }
  assert.equal((await stack.exec('plenary', ['id', '-u'])).stdout.trim(), '10001');
});

test('who talks to the network is no root: nginx workers, turnserver, plenary', async () => {
  for (const [service, program] of /** @type {const} */ ([
    ['plenary', 'plenary'],
    ['coturn', 'turnserver'],
    ['nginx', 'nginx'],
  ])) {
    const { Id } = await stack.running(service);
    const table = await docker(['top', Id, '-eo', 'pid,user:20,comm']);
    const users = table
      .split('\n')
      .flatMap((line) => (line.trim().endsWith(` ${program}`) ? [line.trim().split(/\s+/)[1]] : []));
    assert.ok(users.length > 0, `${program} runs`);
    // Its master is root, reads the TLS key and listens; workers accept and read.
    const roots = users.filter((user) => user === 'root').length;
    assert.equal(roots, service === 'nginx' ? 1 : 0, `${service}: ${users}`);
  }
});

test('a container that hangs is called unhealthy', async () => {
  const { Id } = await stack.running('plenary');
  const health = async () => (await stack.container('plenary'))?.State.Health?.Status;
  await docker(['kill', '--signal', 'STOP', Id]);
  try {
    await until('it is unhealthy', health, (status) => status === 'unhealthy', { within: 60_000 });
  } finally {
    await docker(['kill', '--signal', 'CONT', Id]);
  }
  await until('it is healthy again', health, (status) => status === 'healthy');
});

test('an image adds little to its base', async () => {
  const size = async (/** @type {string} */ image) =>
    Number(await docker(['image', 'inspect', '--format', '{{.Size}}', image]));
  const base = await size(BASE_IMAGE);
  for (const image of ['plenary', 'plenary-nginx', 'plenary-coturn']) {
    const added = (await size(image)) - base;
    console.info(`${image} adds ${(added / 1e6).toFixed(1)} MB`);
    assert.ok(added > 0 && added < ADDED_BYTES, `${image} adds ${added} bytes`);
  }
});
