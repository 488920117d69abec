/**
 * Measures what the way media goes costs and how long a change of it is seen and heard, and writes it into `docs/topologies.md`. No
 * test: no threshold. Arguments are options of the server; `TIMES=n` switches each way (20).
 */

import { readFile, readdir, writeFile } from 'node:fs/promises';

import { House } from './lib/house.js';
import { until } from './lib/until.js';

/** @import { Engine } from './lib/browser.js' */
/** @import { Person } from './lib/person.js' */

const TIMES = Number(process.env.TIMES ?? 20);
const SIZE = { width: 640, height: 360, rate: 30 };
/** Milliseconds in which a switch is over, and watched. */
const WATCHED = 3500;
/** Seconds over which costs are measured. */
const SECONDS = 10;
const DOCUMENT = 'docs/topologies.md';
/** Clock ticks of a processor's time a second, as Linux counts them for everybody. */
const TICKS = 100;

// Each server that is started says goodbye when this process does.
process.setMaxListeners(50);

/** @param {number[]} values */
function middle(values) {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0);
}

/**
 * Begins to watch how long nothing new is seen and heard of the only other person, and whether they are heard twice.
 * @param {Person} person
 */
const watchAll = (person) =>
  person.page.evaluate(() => {
    const video = /** @type {HTMLVideoElement} */ (document.querySelector('[role=group] video'));
    const { pc, mesh } = /** @type {any} */ (window).plenary;
    /** @type {{ audio: HTMLAudioElement, receiver: RTCRtpReceiver, track: MediaStreamTrack }[]} */
    let played = [];
    let looks = 0;
    const find = () => {
      const all = [pc, ...[...mesh.links.values()].map((/** @type {any} */ link) => link.pc)];
      const receivers = all.flatMap((one) => one.getReceivers());
      played = [...document.querySelectorAll('#sound audio')].flatMap((audio) => {
        if (!(audio instanceof HTMLAudioElement)) return [];
        const [track] = /** @type {MediaStream | null} */ (audio.srcObject)?.getAudioTracks() ?? [];
        const receiver = receivers.find((one) => one.track === track);
        return track && receiver ? [{ audio, receiver, track }] : [];
      });
    };
    const found = { picture: 0, sound: 0, twice: 0, on: true };
    Object.assign(window, { found });
    // A page that is busy hears of frames late; when they were shown, and how many, is told with them.
    let before = { at: performance.now(), count: 0 };
    /** @type {VideoFrameRequestCallback} */
    const next = (_now, { presentationTime, presentedFrames }) => {
      const frames = presentedFrames > before.count ? presentedFrames - before.count : 1;
      found.picture = Math.max(found.picture, (presentationTime - before.at) / frames);
      before = { at: presentationTime, count: presentedFrames };
      if (found.on) video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback((now, frame) => {
      before = { at: frame.presentationTime, count: frame.presentedFrames };
      if (found.on) video.requestVideoFrameCallback(next);
    });
    /** The newest sample of each sound that comes, by track. @type {Map<string, number>} */
    const newest = new Map();
    let [at, pause] = [performance.now(), 0];
    const timer = setInterval(() => {
      const now = performance.now();
      const passed = now - at;
      at = now;
      // What is played changes with the way only; looking for it takes long.
      if (looks % 10 === 0) find();
      looks += 1;
      /** How many milliseconds of each sound that is heard came since the last look. @type {number[]} */
      const came = [];
      for (const { audio, receiver, track } of played) {
        const stamp = receiver.getSynchronizationSources()[0]?.rtpTimestamp;
        const known = newest.get(track.id);
        if (stamp === undefined) continue;
        newest.set(track.id, stamp);
        if (known !== undefined && !audio.muted && stamp !== known) came.push(((stamp - known) >>> 0) / 48);
      }
      const missing = passed - Math.max(0, ...came);
      // A packet has 20 ms, and looks fall between them.
      pause = Math.max(0, pause + missing);
      if (came.length > 0 && missing < 0) pause = Math.min(pause, 20);
      if (looks > 20) found.sound = Math.max(found.sound, pause);
      if (came.length > 1) found.twice += 1;
      if (!found.on) clearInterval(timer);
    }, 10);
  });

/** @param {Person} person @returns {Promise<{ picture: number, sound: number, twice: number }>} */
const watched = (person) =>
  person.page.evaluate(() => {
    const { found } = /** @type {any} */ (window);
    found.on = false;
    return { picture: found.picture, sound: found.sound, twice: found.twice };
  });

/**
 * Gives somebody a voice without pauses: that of a browser's made-up microphone beeps, and what is silent between is not sent to the server
 * (DTX), which looks like a gap of 270 ms.
 * @param {Person} person
 */
const speaksOn = (person) =>
  person.page.addInitScript(() => {
    const { mediaDevices } = navigator;
    if (!mediaDevices) return;
    const real = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (wanted) => {
      const stream = await real(wanted);
      for (const track of stream.getAudioTracks()) {
        const context = new AudioContext();
        const [voice, tremor] = [context.createOscillator(), context.createOscillator()];
        const [gain, depth] = [context.createGain(), context.createGain()];
        voice.type = 'sawtooth';
        voice.frequency.value = 180;
        tremor.frequency.value = 7;
        gain.gain.value = 0.3;
        depth.gain.value = 0.15;
        tremor.connect(depth).connect(gain.gain);
        const out = context.createMediaStreamDestination();
        voice.connect(gain).connect(out);
        voice.start();
        tremor.start();
        stream.removeTrack(track);
        for (const own of out.stream.getAudioTracks()) stream.addTrack(own);
      }
      return stream;
    };
  });

/**
 * @param {Engine} first
 * @param {Engine} second
 */
async function gaps(first, second) {
  const house = await House.open({ flags: process.argv.slice(2) });
  try {
    const ann = await house.person('Ann', 'red', { engine: first, size: SIZE, audible: true });
    const bob = await house.person('Bob', 'green', { engine: second, size: SIZE, audible: true });
    // Firefox's made-up microphone is a tone without pauses.
    await speaksOn(ann);
    if (second === 'chromium') await speaksOn(bob);
    const invitation = await ann.createRoom(house.origin, 'Stopwatch', { topology: 'auto' });
    await ann.join(invitation);
    await bob.join(invitation);
    await Promise.all([ann.talks('direct'), bob.talks('direct')]);
    await bob.page.locator('#way').click();
    const hide = bob.page.locator('#way-hide');
    /** @type {Record<string, { picture: number[], sound: number[], twice: number }>} */
    const found = {};
    for (let time = 0; time < TIMES; time++) {
      for (const way of /** @type {const} */ (['none', 'server', 'direct'])) {
        await ann.page.waitForTimeout(1500);
        if (way === 'direct') await ann.page.waitForTimeout(2000);
        await Promise.all([watchAll(ann), watchAll(bob)]);
        if (way !== 'none') await hide.click();
        if (way !== 'none') await Promise.all([ann.talks(way, { within: 20_000 }), bob.talks(way, { within: 20_000 })]);
        await ann.page.waitForTimeout(WATCHED);
        const both = await Promise.all([watched(ann), watched(bob)]);
        const entry = (found[way] ??= { picture: [], sound: [], twice: 0 });
        for (const { picture, sound, twice } of both) {
          entry.picture.push(Math.round(picture));
          entry.sound.push(Math.round(sound));
          entry.twice += twice;
        }
      }
    }
    return Object.entries(found).map(([way, { picture, sound, twice }]) => {
      const worst = (/** @type {number[]} */ values) => Math.max(...values);
      const what = { none: 'none', server: 'direct to server', direct: 'server to direct' }[way];
      return `| ${first} with ${second} | ${what} | ${picture.length} | ${middle(picture)} | ${worst(picture)} | ${middle(sound)} | ${worst(sound)} | ${twice} |`;
    });
  } finally {
    await house.close({ guarded: false });
  }
}

/** The processor time, in seconds, of all browsers that this process started; and of one process. */
async function browserTime() {
  /** @type {Map<number, { parent: number, ticks: number }>} */
  const processes = new Map();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = (await readFile(`/proc/${name}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
      processes.set(Number(name), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) });
    } catch {
      // It is over meanwhile.
    }
  }
  const isOurs = (/** @type {number} */ pid) => {
    for (let at = pid; at > 1; at = processes.get(at)?.parent ?? 0) if (at === process.pid) return true;
    return false;
  };
  return { processes, isOurs };
}

/** @param {number} server */
async function times(server) {
  const { processes, isOurs } = await browserTime();
  let browsers = 0;
  for (const [pid, { ticks }] of processes) if (pid !== server && pid !== process.pid && isOurs(pid)) browsers += ticks;
  return { browsers: browsers / TICKS, server: (processes.get(server)?.ticks ?? 0) / TICKS };
}

/** Bytes sent on all connections of a page. @param {Person} person */
const sent = (person) =>
  person.page.evaluate(async () => {
    const { pc, mesh } = /** @type {any} */ (window).plenary;
    let sum = 0;
    for (const one of [pc, ...[...mesh.links.values()].map((/** @type {any} */ link) => link.pc)]) {
      for (const stats of (await one.getStats()).values()) {
        if (stats.type === 'candidate-pair') sum += stats.bytesSent ?? 0;
      }
    }
    return sum;
  });

/**
 * What it costs when so many talk.
 * @param {'sfu' | 'mesh'} topology
 * @param {number} count
 */
async function costs(topology, count) {
  const house = await House.open({ flags: process.argv.slice(2) });
  try {
    const looks = /** @type {const} */ (['red', 'green', 'blue', 'yellow']);
    /** @type {Person[]} */
    const people = [];
    for (const [index, colour] of looks.slice(0, count).entries()) {
      people.push(await house.person(`P${index}`, colour, { size: SIZE }));
    }
    const [first] = people;
    if (!first) throw new Error('nobody');
    const invitation = await first.createRoom(house.origin, 'Costs', { topology });
    const began = Date.now();
    for (const person of people) await person.join(invitation);
    if (topology === 'mesh') await Promise.all(people.map((person) => person.talks('direct', { within: 60_000 })));
    const direct = Date.now() - began;
    // Encoders and estimates have settled.
    await first.page.waitForTimeout(15_000);
    const pid = house.server.pid;
    const before = { ...(await times(pid)), sent: await Promise.all(people.map(sent)), at: Date.now() };
    await first.page.waitForTimeout(SECONDS * 1000);
    const after = { ...(await times(pid)), sent: await Promise.all(people.map(sent)), at: Date.now() };
    const seconds = (after.at - before.at) / 1000;
    const bits = after.sent.map((bytes, index) => ((bytes - (before.sent[index] ?? 0)) * 8) / seconds);
    return {
      topology,
      count,
      direct,
      uplink: bits.reduce((sum, one) => sum + one, 0) / count / 1000,
      browser: ((after.browsers - before.browsers) / seconds / count) * 100,
      server: ((after.server - before.server) / seconds) * 100,
    };
  } finally {
    await house.close({ guarded: false });
  }
}

/**
 * Milliseconds from the click on Join until somebody is seen, through the server, and until they are seen directly.
 * @param {Engine} engine
 */
async function firstFrames(engine) {
  const house = await House.open({ flags: process.argv.slice(2) });
  try {
    const ann = await house.person('Ann', 'red', { engine, size: SIZE });
    const invitation = await ann.createRoom(house.origin, 'Stopwatch', { topology: 'auto' });
    await ann.join(invitation);
    const visitors = await house.browser('green', { engine, size: SIZE });
    /** @type {number[]} */
    const [seen, direct] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
    for (let time = 0; time < Math.min(TIMES, 10); time++) {
      const bob = await house.personIn(visitors, 'Bob');
      await bob.join(invitation);
      const began = Date.now();
      seen.push(await bob.firstFrame());
      const played = () =>
        bob.page.evaluate(() => document.querySelector('#way')?.getAttribute('data-playing') === '1');
      await until('Bob sees Ann directly', played, (yes) => yes, { within: 20_000 });
      direct.push(Date.now() - began);
      await bob.press('Leave');
      await bob.closePage();
      await ann.hasTilesOf([]);
    }
    return `| ${engine} | ${middle(seen)} | ${middle(direct)} |`;
  } finally {
    await house.close({ guarded: false });
  }
}

/**
 * Bars of what it costs by the number of people, as Mermaid draws them.
 * @param {string} title
 * @param {string} unit
 * @param {(row: Awaited<ReturnType<typeof costs>>) => number} of
 */
function plot(title, unit, of) {
  const bars = rows.costs.map((row) => Math.round(of(row)));
  const names = rows.costs.map(({ topology, count }) => `"${count}, ${topology === 'mesh' ? 'direct' : 'server'}"`);
  return [
    '```mermaid',
    'xychart-beta',
    `  title "${title}"`,
    `  x-axis [${names.join(', ')}]`,
    `  y-axis "${unit}" 0 --> ${Math.ceil(Math.max(...bars) * 1.1)}`,
    `  bar [${bars.join(', ')}]`,
    '```',
  ].join('\n');
}

const rows = {
  gaps: [...(await gaps('chromium', 'chromium')), ...(await gaps('chromium', 'firefox'))],
  first: [await firstFrames('chromium'), await firstFrames('firefox')],
  /** @type {Awaited<ReturnType<typeof costs>>[]} */
  costs: [],
};
for (const count of [2, 3, 4]) {
  for (const topology of /** @type {const} */ (['mesh', 'sfu'])) rows.costs.push(await costs(topology, count));
}
const figures = `
Measured on ${new Date().toISOString().slice(0, 10)}, on a machine with ${(await import('node:os')).cpus().length} cores that run the server and all browsers, over loopback, by
\`make topologies\`. Cameras give ${SIZE.width} x ${SIZE.height} at ${SIZE.rate} frames a second.

### Changing the way

The longest time in which no new frame was shown, and in which nothing new came on the way that was heard, in each of ${TIMES} switches each way,
as both people saw them, and in as many times without a switch; and how often (looked at 100 times a second) both ways were heard at once.

| browsers | switch | seen | picture, median ms | picture, worst | sound, median ms | sound, worst | heard twice |
|---|---|---|---|---|---|---|---|
${rows.gaps.join('\n')}

### The first picture

Milliseconds from the click on Join, medians of ${Math.min(TIMES, 10)}.

| browser | seen, through the server | seen directly |
|---|---|---|
${rows.first.join('\n')}

### What it costs

Of each person, over ${SECONDS} s; processors in percent of one core, a browser's with all its processes.

| people | way | uplink, kbit/s | a browser's processor | the server's processor |
|---|---|---|---|---|
${rows.costs.map(({ topology, count, uplink, browser, server }) => `| ${count} | ${topology === 'mesh' ? 'directly' : 'through the server'} | ${Math.round(uplink)} | ${Math.round(browser)} % | ${server.toFixed(1)} % |`).join('\n')}

${plot('What one person sends, by people and way', 'kbit/s', ({ uplink }) => uplink)}
`;
console.info(figures);
const [head = '', , tail = ''] = (await readFile(DOCUMENT, 'utf8')).split(/<!-- \/?figures -->/);
await writeFile(DOCUMENT, `${head}<!-- figures -->${figures}<!-- /figures -->${tail}`);
