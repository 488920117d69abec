import assert from 'node:assert/strict';
import test from 'node:test';
import { drawingOf, invitesTo, isLoopback } from '../../client/js/core/invites.js';
import { makeRoom, nameOfId } from '../../client/js/core/making.js';

test('a link that leads everybody to their own device is known as such', () => {
  for (const host of ['localhost', 'a.localhost', '127.0.0.1', '127.3.2.1', '[::1]']) assert.ok(isLoopback(host), host);
  for (const host of ['192.168.0.7', '[2001:db8::1]', 'localhost.example', 'mylocalhost', '10.127.0.0.1']) {
    assert.ok(!isLoopback(host), host);
  }
});

test('links are taken as the server tells them, and nothing else is', async () => {
  /** @param {unknown} body */
  const from = (body) => invitesTo(async () => body, 'tea');
  const url = 'https://192.168.0.7:8443/r/tea';
  assert.deepEqual(await from({ links: [{ url, qr: ['10', '01'] }, { url }] }), [
    { url, qr: ['10', '01'] },
    { url, qr: null },
  ]);
  for (const qr of [['10', '0'], ['1x', '01'], [1, 2], 'no']) {
    assert.deepEqual(await from({ links: [{ url, qr }] }), [{ url, qr: null }], JSON.stringify(qr));
  }
  for (const body of [null, {}, { links: 'no' }, { links: [null, {}, { url: 'javascript:alert(1)' }] }]) {
    assert.deepEqual(await from(body), [], JSON.stringify(body));
  }
  const silent = invitesTo(() => Promise.reject(new Error('out of reach')), 'tea');
  assert.deepEqual(await silent, []);
});

test('a code is drawn module by module, with light around it', () => {
  assert.deepEqual(drawingOf(['110', '000', '101']), {
    side: 11,
    d: 'M4 4h2v1h-2zM4 6h1v1h-1zM6 6h1v1h-1z',
  });
});

test('a link says what its room may have been called', () => {
  assert.equal(nameOfId('reading-circle'), 'reading circle');
  assert.equal(nameOfId('team-room-k3xwq2ab-7hmzq4tcvd5pe'), 'team room');
  assert.equal(nameOfId('k3xwq2ab-7hmzq4tcvd5pe'), '');
  assert.equal(nameOfId('Team Room '), 'Team Room');
});

test('what becomes of a room that somebody wants to make is said in words', async () => {
  /** @param {number} status @param {object} [body] */
  const made = (status, body = {}) =>
    makeRoom(async () => new Response(JSON.stringify(body), { status }), { name: 'Tea', listed: false });
  assert.deepEqual(await made(201, { id: 'tea', secret: 's' }), { made: 'tea', secret: 's' });
  assert.deepEqual(await made(409, { id: 'tea' }), { exists: 'tea' });
  assert.deepEqual(await made(429, { detail: 'too many' }), {
    refused: 'No room can be made at present: too many. Try again in a minute.',
  });
  assert.deepEqual(await made(400, { detail: 'no name' }), {
    refused: 'The room cannot be made: no name. Try another name.',
  });
  assert.deepEqual(await made(502), { refused: 'The room cannot be made. Try another name.' });
});
