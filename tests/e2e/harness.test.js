/** The eyes and ears of the other tests: what they report must be what is there, and must be able to say no. */

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createPageServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { openBrowser } from './lib/browser.js';
import { COLOURS, nameOf } from './lib/colours.js';
import { OTHER } from './lib/pair.js';
import { Person } from './lib/person.js';
import { TcpProxy } from './lib/tcp-proxy.js';
import { UdpProxy } from './lib/udp-proxy.js';
import { until } from './lib/until.js';
import { writeY4m } from './lib/y4m.js';

/** A page that looks like a call to the harness: the own camera as a remote tile, sent once through a connection. */
const PAGE = `<!doctype html>
  <p role="status"></p>
  <button onclick="call()">Join</button>
  <audio autoplay></audio>
  <style>div { width: 320px }</style>
  <div role="group" aria-label="Ann"><video muted autoplay playsinline style="width: 320px"></video></div>
  <div role="group" aria-label="Bob"><video muted autoplay style="visibility: hidden; width: 320px"></video></div>
  <script>
    async function call() {
      const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 1280, height: 720 } });
      const near = new RTCPeerConnection(), far = new RTCPeerConnection();
      near.onicecandidate = ({ candidate }) => far.addIceCandidate(candidate);
      far.onicecandidate = ({ candidate }) => near.addIceCandidate(candidate);
      for (const track of media.getTracks()) far.addTrack(track, media);
      near.ontrack = ({ streams: [stream] }) => {
        for (const element of document.querySelectorAll('video, audio')) element.srcObject = stream;
      };
      window.plenary = { pc: near };
      await far.setLocalDescription();
      await near.setRemoteDescription(far.localDescription);
      await near.setLocalDescription();
      await far.setRemoteDescription(near.localDescription);
      document.querySelector('[role=status]').textContent = 'Ann joined';
    }
  </script>`;

const directory = await mkdtemp(join(tmpdir(), 'plenary-e2e-'));
const pages = createPageServer((_, response) => response.setHeader('content-type', 'text/html').end(PAGE));
pages.listen(0, '127.0.0.1');
await once(pages, 'listening');
const { port: pagePort } = /** @type {import('node:net').AddressInfo} */ (pages.address());
/** @type {import('./lib/browser.js').Browser | undefined} */
let browser;
after(async () => {
  await browser?.close();
  pages.close();
  await rm(directory, { recursive: true, force: true });
});

test(`${OTHER}: a picture is read as the colour the camera shows, and as no other`, async () => {
  const size = { width: 1280, height: 720, rate: 30 };
  const file = await writeY4m(directory, 'magenta', size);
  browser = await openBrowser(OTHER, { ...size, file, rgb: COLOURS.magenta ?? [] });
  const person = await Person.open('Zoe', browser);
  await person.page.goto(`http://127.0.0.1:${pagePort}/`);
  await person.press('Join');
  await person.sees('Ann', 'magenta');
  assert.equal(await person.paintedOn('Ann'), 'magenta');
  assert.equal(await person.colourOf('Bob'), 'hidden');
  assert.notEqual(await person.paintedOn('Bob'), 'magenta');
  await assert.rejects(person.sees('Ann', 'blue', { within: 500 }), /Last seen: "magenta"/);
  await assert.rejects(person.sees('Cid', 'blue', { within: 500 }), /Timeout/);
  await person.seesMovement('Ann');
  await person.hears(1);
  await person.page.evaluate(() => {
    for (const audio of document.querySelectorAll('audio')) audio.muted = true;
  });
  await person.hears(0);
  await person.isTold('Ann joined');
  assert.deepEqual(await person.tiles(), ['Ann', 'Bob']);
  assert.ok((await person.firstFrame()) > 0);
  await person.page.evaluate(() => {
    for (const video of document.querySelectorAll('video')) video.pause();
  });
  await assert.rejects(person.seesMovement('Ann', { within: 1_500 }), /the picture of Ann moves/);
});

test('every colour is told from every other, from black, white and grey', () => {
  for (const [name, rgb] of Object.entries(COLOURS)) assert.equal(nameOf(rgb), name);
  for (const level of [0, 128, 255]) assert.match(nameOf([level, level, level]), /^none/);
});

test('the UDP relay moves to another port, and loses what is sent to the old one', async () => {
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await UdpProxy.open({ host: '127.0.0.1', port: server.address().port });
  const client = createSocket('udp4').bind(0, '127.0.0.1');
  await once(client, 'listening');

  const media = Buffer.from([0x80, 96, 1, 2]);
  const send = async () => {
    client.send(media, proxy.port, '127.0.0.1');
    const [, from] = await once(server, 'message');
    return /** @type {import('node:dgram').RemoteInfo} */ (from).port;
  };
  const before = await send();
  server.send(media, before, '127.0.0.1');
  assert.deepEqual((await once(client, 'message'))[0], media);

  proxy.move();
  const now = await send();
  assert.notEqual(now, before);
  server.send(media, before, '127.0.0.1');
  server.send(media, now, '127.0.0.1');
  await once(client, 'message');
  assert.deepEqual(proxy.media, { toServer: 1, toBrowser: 1, atOldPort: 1 });
  for (const socket of [server, proxy, client]) socket.close();
});

test('the UDP relay loses every so manieth packet of media to the browser, and no report', async () => {
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await UdpProxy.open({ host: '127.0.0.1', port: server.address().port });
  const client = createSocket('udp4').bind(0, '127.0.0.1');
  await once(client, 'listening');
  client.send(Buffer.from([0x80, 96]), proxy.port, '127.0.0.1');
  const [, { port }] = await once(server, 'message');

  proxy.loseEvery(3);
  /** @type {number[]} */
  const came = [];
  client.on('message', (datagram) => came.push(datagram[2] ?? 0));
  // The marker is none of the payload type's.
  for (let number = 1; number <= 7; number += 1) server.send(Buffer.from([0x80, 0x80 | 97, number]), port, '127.0.0.1');
  for (let number = 11; number <= 16; number += 1) server.send(Buffer.from([0x80, 200, number]), port, '127.0.0.1');
  await until(
    'all came but those that are lost',
    () => came,
    ({ length }) => length >= 11,
  );
  assert.deepEqual(came, [1, 2, 4, 5, 7, 11, 12, 13, 14, 15, 16]);
  assert.deepEqual(proxy.rtp, { packets: 7, came: new Map([[97, 5]]), lost: new Map([[97, 2]]) });
  for (const socket of [server, proxy, client]) socket.close();
});

test('the TCP relay cuts what runs through it and takes new connections afterwards', async () => {
  const server = createServer((socket) => socket.pipe(socket).on('error', () => {})).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const proxy = await TcpProxy.open(port);
  const { connect } = await import('node:net');
  const echo = async () => {
    const socket = connect(proxy.port, '127.0.0.1');
    socket.write('hello');
    assert.equal(String((await once(socket, 'data'))[0]), 'hello');
    return socket;
  };
  const first = await echo();
  const error = once(first, 'error');
  assert.equal(proxy.cut(), 1);
  assert.match(String((await error)[0]), /ECONNRESET/);
  (await echo()).destroy();
  proxy.close();
  server.close();
});
