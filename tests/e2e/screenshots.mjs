/**
 * Takes the pictures of the documentation: a real call of five drawn people with a shared screen, on a desktop and on a
 * phone, in both browsers; the door before it; the home page; and what people behind a narrow line read of it. Arguments choose
 * among `call` and `line`.
 */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { House } from './lib/house.js';
import { MEDIA_ADDRESS } from './lib/server.js';
import { UdpProxy } from './lib/udp-proxy.js';
import { until } from './lib/until.js';

/** @import { Engine, Screen } from './lib/browser.js' */
/** @import { Look } from './lib/portrait.js' */

const WHERE = join('docs', 'screenshots');
const CAMERA = { width: 640, height: 360 };
const DESKTOP = { viewport: { width: 1440, height: 900 } };
const PHONE = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true };

/** @type {Record<string, Look>} */
const PEOPLE = {
  Lena: {
    wall: [222, 214, 236],
    floor: [188, 176, 214],
    lamp: [255, 244, 226],
    skin: [240, 200, 170],
    hair: [96, 58, 38],
    shirt: [58, 96, 160],
    style: 'long',
    x: 0.02,
  },
  Tomás: {
    wall: [206, 226, 222],
    floor: [150, 188, 182],
    lamp: [246, 252, 240],
    skin: [214, 162, 122],
    hair: [40, 30, 28],
    shirt: [214, 98, 76],
    style: 'short',
    x: -0.06,
    beard: true,
  },
  Amara: {
    wall: [250, 226, 196],
    floor: [232, 190, 146],
    lamp: [255, 250, 236],
    skin: [134, 86, 60],
    hair: [34, 24, 24],
    shirt: [46, 128, 116],
    style: 'curls',
    x: 0.05,
  },
  Yuki: {
    wall: [204, 222, 240],
    floor: [158, 186, 216],
    lamp: [248, 252, 255],
    skin: [244, 210, 182],
    hair: [30, 30, 38],
    shirt: [236, 190, 70],
    style: 'bun',
    x: -0.02,
    glasses: true,
  },
  Omar: {
    wall: [228, 222, 212],
    floor: [190, 182, 168],
    lamp: [255, 246, 222],
    skin: [184, 130, 92],
    hair: [60, 48, 44],
    shirt: [92, 78, 140],
    style: 'bald',
    x: 0.04,
    beard: true,
  },
};

/**
 * Where each of them sits.
 * @type {Record<string, { engine: Engine, screen: Screen, file?: string }>}
 */
const PLACES = {
  Lena: { engine: 'chromium', screen: DESKTOP, file: 'desktop-chromium.png' },
  Tomás: { engine: 'chromium', screen: { viewport: null } },
  Amara: { engine: 'firefox', screen: DESKTOP, file: 'desktop-firefox.png' },
  Yuki: { engine: 'firefox', screen: PHONE, file: 'phone-firefox.png' },
  Omar: { engine: 'chromium', screen: PHONE, file: 'phone-chromium.png' },
};

/** What Tomás shares. */
const SLIDE = `<!doctype html>
  <title></title>
  <style>
    body { margin: 0; height: 100vh; display: grid; grid-template-rows: auto 1fr auto; background: #fbfaf7;
      color: #22303c; font: 22px/1.45 system-ui, sans-serif }
    header { padding: 5vh 6vw 0 }
    h1 { margin: 0; font-size: 54px; letter-spacing: -1px }
    header p { margin: 4px 0 0; color: #6a7783; font-size: 26px }
    main { display: grid; grid-template-columns: 1fr 1fr; gap: 5vw; padding: 4vh 6vw; align-items: center }
    ul { margin: 0; padding-left: 28px; font-size: 28px; line-height: 1.75 }
    svg { width: 100% }
    footer { display: flex; justify-content: space-between; padding: 0 6vw 4vh; color: #8a96a1; font-size: 18px }
  </style>
  <header><h1>Garden pavilion</h1><p>Second draft, for discussion</p></header>
  <main>
    <ul>
      <li>Larch frame, open to the south</li>
      <li>Seats for twelve under one roof</li>
      <li>Rain water feeds the pond</li>
      <li>Built in two weekends</li>
    </ul>
    <svg viewBox="0 0 400 270">
      <rect width="400" height="270" rx="14" fill="#e7eef2" />
      <circle cx="330" cy="56" r="26" fill="#f6d78b" />
      <path d="M0 214 q100 -34 200 -8 t200 -6 v56 q0 14 -14 14 h-372 q-14 0 -14 -14 z" fill="#a9c8a4" />
      <path d="M76 120 L200 62 L324 120 Z" fill="#b3643f" />
      <path d="M76 120 h248 v10 h-248 z" fill="#8d4c2f" />
      <path d="M96 130 h10 v92 h-10 z M196 130 h10 v92 h-10 z M294 130 h10 v92 h-10 z" fill="#7a5a3f" />
      <path d="M88 222 h224 v10 h-224 z" fill="#d9cdbb" />
      <ellipse cx="352" cy="240" rx="34" ry="9" fill="#7fb0cf" />
      <rect x="124" y="190" width="56" height="8" fill="#c9a227" /><rect x="222" y="190" width="56" height="8" fill="#c9a227" />
    </svg>
  </main>
  <footer><span>Design review</span><span id="time">3 / 8</span></footer>
  <script>
    let tick = 0;
    setInterval(() => (document.querySelector('#time').style.opacity = (tick ^= 1) ? 1 : 0.99), 200);
  </script>`;

/** A fake camera is called by its path: shows what a laptop would say instead. */
function nameDevices() {
  const enumerate = MediaDevices.prototype.enumerateDevices;
  MediaDevices.prototype.enumerateDevices = async function named() {
    const names = { videoinput: 'Built-in camera', audioinput: 'Built-in microphone', audiooutput: 'Speakers' };
    return (await enumerate.call(this)).map(({ deviceId, groupId, kind }) => {
      const device = { deviceId, groupId, kind, label: deviceId ? names[kind] : '' };
      return { ...device, toJSON: () => device };
    });
  };
}

/** Five people and a screen. @param {House} house */
async function call(house) {
  const names = Object.keys(PEOPLE);
  /** @type {import('./lib/person.js').Person[]} */
  const people = [];
  for (const [name, look] of Object.entries(PEOPLE)) {
    const { engine = 'chromium', screen = {} } = PLACES[name] ?? {};
    people.push(await house.personIn(await house.browserOf(name, look, CAMERA, engine), name, { context: screen }));
  }
  const [lena, tomas, , , omar] = people;
  if (!lena || !tomas || !omar) throw new Error('too few people');
  await lena.page.addInitScript(nameDevices);

  await lena.page.goto(house.origin);
  await lena.page.screenshot({ path: join(WHERE, 'home-desktop.png') });
  const invitation = await lena.createRoom(house.origin, 'Design review');
  await lena.button('Turn off camera').waitFor();
  await lena.page.getByRole('textbox', { name: 'Your name' }).fill('Lena');
  await lena.page.locator('#preview').evaluate(async (video) => {
    await new Promise((shown) => /** @type {HTMLVideoElement} */ (video).requestVideoFrameCallback(shown));
  });
  await lena.page.screenshot({ path: join(WHERE, 'prejoin-desktop.png') });

  for (const person of people) await person.join(invitation);
  await omar.press('Mute microphone');
  await tomas.share(SLIDE);
  for (const person of people) {
    const file = PLACES[person.name]?.file;
    if (!file) continue;
    for (const name of [...names, "Tomás's screen"].filter((other) => other !== person.name)) {
      await person.seesMovement(name, { within: 60_000 });
    }
    if (person !== omar) await person.findsMarked('Omar', /muted/i);
    await until(
      'the notes of the arrivals are gone',
      () => person.page.locator('.note:not(.gone)').count(),
      (count) => count === 0,
    );
    await person.page.screenshot({ path: join(WHERE, file) });
  }
}

/** Bits a second of a line that carries one picture of 180 lines, and not one of 360. */
const NARROW = 300_000;

/** Milliseconds until such a line is known, and until plots have something to show. */
const SETTLED = 20_000;

/**
 * Two people whose lines are narrow, one at a desktop and one with a phone, see a third, and read why they see little.
 * @param {House} house
 */
async function line(house) {
  const where = { host: MEDIA_ADDRESS, port: house.server.ports.udp };
  const open = async (/** @type {string} */ name, /** @type {Screen} */ screen) => {
    const relay = house.also(await UdpProxy.open(where));
    const browser = await house.browserOf(name, /** @type {Look} */ (PEOPLE[name]), CAMERA);
    const person = await house.personIn(browser, name, { context: screen, relayPort: relay.port });
    return { relay, person };
  };
  const { person: tomas } = await open('Tomás', {});
  const invitation = await tomas.createRoom(house.origin, 'Design review');
  await tomas.join(invitation);
  for (const [name, screen, kind] of /** @type {const} */ ([
    ['Lena', DESKTOP, 'desktop'],
    ['Omar', PHONE, 'phone'],
  ])) {
    const { relay, person } = await open(name, screen);
    await person.join(invitation);
    await person.seesMovement('Tomás');
    relay.narrow(NARROW);
    const mark = person.tile('Tomás').getByRole('button', { name: /^Quality of Tomás: (small|medium)/ });
    await mark.waitFor({ timeout: 60_000 });
    await person.page.waitForTimeout(SETTLED);
    await mark.click();
    await person.page.screenshot({ path: join(WHERE, `why-${kind}.png`) });
    await person.press('Quality');
    await person.page.waitForTimeout(SETTLED);
    await person.page.screenshot({ path: join(WHERE, `connection-${kind}.png`) });
    await person.closePage();
    await tomas.hasTilesOf([]);
  }
}

const PARTS = { call, line };
const chosen = process.argv.slice(2);
await mkdir(WHERE, { recursive: true });
for (const [name, part] of Object.entries(PARTS)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const house = await House.open();
  try {
    await part(house);
  } finally {
    await house.close({ guarded: false });
  }
}
console.info(`pictures are in ${WHERE}`);
