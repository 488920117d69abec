/** What the attacker does, on a thread of its own so that it costs the third person's clock nothing. */

import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { parentPort, workerData } from 'node:worker_threads';

import { Line, frame, said } from './line.mjs';

/** Not the address of the third person, who is at 127.0.0.1. */
const FROM = '127.0.0.2';

/** @type {{ name: string, port: number, rooms: string[] }} */
const { name, port, rooms } = workerData;
const room = rooms[0] ?? '';

/** @param {number} count @param {number} each */
const filler = (count, each) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, Array(each).fill({})]));

/** 64 KiB of which the last field is wrong, alphabetically too. */
const wrongJoin = () => frame(JSON.stringify({ type: 'join', name: 'x', ...filler(14, 1_540), room: 5 }));

/** An offer of 512 KiB of which the last field is wrong. */
const wrongOffer = () =>
  said({
    type: 'offer',
    id: 1,
    fresh: true,
    sdp: 'a=x\r\n'.repeat(2_000),
    tracks: [],
    ...filler(11, 15_200),
    slots: {},
  });

/** @param {number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/**
 * @template T
 * @param {number} count
 * @param {(index: number) => Promise<T>} act
 */
const together = (count, act) => Promise.all(Array.from({ length: count }, (_, index) => act(index)));

/**
 * How long the answer to one message takes.
 * @param {Line} line
 * @param {Buffer} bytes
 */
async function answered(line, bytes) {
  const began = performance.now();
  line.socket.write(bytes);
  await line.answer('error');
  return performance.now() - began;
}

/** @param {Buffer} first @param {Buffer} again sent for 8 s or until the server ends the socket */
async function flood(first, again) {
  const [chunk, end] = [Buffer.concat(Array(10_000).fill(again)), performance.now() + 8_000];
  await together(3, async () => {
    const line = await Line.socket(port, FROM);
    line.socket.write(first);
    while (performance.now() < end && !line.closed) {
      if (line.socket.writableLength < 1e6) line.socket.write(chunk);
      await pause(line.socket.writableLength < 1e6 ? 0 : 2);
    }
    line.socket.destroy();
  });
  return '';
}

/** The first bytes of a TLS client, which cost the server a key exchange and a signature, and its sender nothing. */
async function clientHello() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  const client = connectTls({ port: address.port, host: '127.0.0.1', rejectUnauthorized: false });
  client.on('error', () => {});
  const [socket] = await once(server, 'connection');
  const [hello] = await once(socket, 'data');
  client.destroy();
  socket.destroy();
  server.close();
  return /** @type {Buffer} */ (hello);
}

/** An offer with sixty lines. */
function offer() {
  const lines = Array.from(
    { length: 60 },
    (_, mid) =>
      `m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:${mid}\r\na=recvonly\r\na=rtcp-mux\r\n` +
      `a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}\r\n` +
      'a=setup:actpass\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n',
  );
  const mids = lines.map((_, mid) => mid).join(' ');
  return `v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE ${mids}\r\n${lines.join('')}`;
}

/** @type {Record<string, () => Promise<string>>} */
const attacks = {
  'wrong-64k': async () => {
    const times = [];
    for (let time = 0; time < 9; time++) times.push(await answered(await Line.socket(port, FROM), wrongJoin()));
    return `answer after ${median(times).toFixed(1)} ms`;
  },
  'wrong-512k': async () => {
    const times = [];
    for (let time = 0; time < 5; time++) {
      const line = await Line.socket(port, FROM);
      await line.join(room, 'M');
      times.push(await answered(line, wrongOffer()));
    }
    return `answer after ${median(times).toFixed(1)} ms`;
  },
  'wrong-20x12': async () => {
    const [lines, wrong] = [await together(20, () => Line.socket(port, FROM)), wrongJoin()];
    const began = performance.now();
    await Promise.all(
      lines.map(async (line) => {
        for (let time = 0; time < 12; time++) line.socket.write(wrong);
        for (let time = 0; time < 12; time++) await line.message();
      }),
    );
    return `over after ${(performance.now() - began).toFixed(0)} ms`;
  },
  fragments: () => flood(frame('', { final: false }), frame('', { opcode: 0, final: false })),
  pings: () => flood(Buffer.alloc(0), frame('', { opcode: 9 })),
  hellos: async () => {
    const [hello, lines] = [await clientHello(), await together(200, () => Line.open(port, FROM))];
    const began = performance.now();
    for (const line of lines) line.socket.write(hello);
    await Promise.all(lines.map((line) => Promise.race([once(line.socket, 'data').catch(() => {}), pause(10_000)])));
    const open = lines.filter((line) => !line.closed).length;
    return `${open} open, answered after ${(performance.now() - began).toFixed(0)} ms`;
  },
  idle: async () => {
    let held = 0;
    for (let batch = 0; batch < 83; batch++) {
      const answers = await together(100, async () => {
        const line = await Line.open(port, FROM);
        return line.ask('GET /healthz HTTP/1.1');
      }).catch(() => []);
      held += answers.length;
    }
    await pause(2_000);
    return `${held} were answered`;
  },
  rooms: async () => {
    const began = performance.now();
    const made = await together(8, async (lane) => {
      const line = await Line.open(port, FROM);
      let count = 0;
      for (let index = 0; index < 1_075; index++) {
        const body = JSON.stringify({ name: `spam ${lane} ${index}`, listed: true });
        if ((await line.ask('POST /api/rooms HTTP/1.1', body)) === 201) count += 1;
      }
      return count;
    });
    const sum = made.reduce((total, count) => total + count, 0);
    return `${sum} of 8600 made in ${((performance.now() - began) / 1000).toFixed(2)} s`;
  },
  joins: async () => {
    const lines = await together(99, () => Line.socket(port, FROM));
    const began = performance.now();
    const answers = await Promise.all(lines.map((line) => line.join(room, 'X')));
    const inside = answers.filter((type) => type === 'welcome').length;
    return `${inside} of 99 inside after ${(performance.now() - began).toFixed(0)} ms`;
  },
  offers: async () => {
    const [sdp, end] = [offer(), performance.now() + 3_000];
    let taken = 0;
    await together(8, async () => {
      while (performance.now() < end) {
        try {
          const line = await Line.socket(port, FROM);
          if ((await line.join(room, 'X')) !== 'welcome') await pause(20);
          for (let id = 1; id <= 6 && performance.now() < end; id++) {
            line.socket.write(said({ type: 'offer', id, fresh: true, sdp, tracks: [], slots: [] }));
            const answer = line.answer('answer', 'error', 'offer-refused');
            answer.catch(() => {});
            const first = await Promise.race([answer, pause(end - performance.now())]);
            if (first !== undefined) taken += 1;
          }
          line.socket.write(said({ type: 'leave' }));
          line.socket.end();
        } catch {
          await pause(10);
        }
      }
    });
    return `${(taken / 3).toFixed(0)} answered a second`;
  },
  unfinished: async () => {
    const most = Buffer.concat([frame('', { announced: 556_000 }), Buffer.alloc(548_000, ' ')]);
    for (let index = 0; index < 200; index++) {
      const line = await Line.socket(port, FROM);
      await line.join(rooms[index % rooms.length] ?? room, 'X').catch(() => {});
      line.socket.write(most);
    }
    await pause(1_000);
    return '';
  },
  outside: async () => {
    let there = 0;
    for (let batch = 0; batch < 9; batch++) {
      const lines = await together(100, () => Line.socket(port, FROM));
      there += lines.length;
      // Nothing is said to them but that they are closed.
      const gone = () => (there -= 1);
      for (const line of lines) line.message().then(gone, gone);
    }
    await pause(12_000);
    return `${there} of 900 are there after 12 s`;
  },
};

parentPort?.postMessage((await attacks[name]?.()) ?? '');
