/**
 * Takes the pictures of the documentation: a real call of five drawn people with a shared screen, on a desktop and on a
 * phone, in both browsers; the door before it; the home page; and what people behind a narrow line read of it. Arguments choose
 * among `call` and `line`.
 */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { CAMERA, nameDevices, PEOPLE, SLIDE } from './lib/drawn.js';
import { House } from './lib/house.js';
import { MEDIA_ADDRESS } from './lib/server.js';
import { UdpProxy } from './lib/udp-proxy.js';
import { until } from './lib/until.js';

/** @import { Engine, Screen } from './lib/browser.js' */

const WHERE = join('docs', 'screenshots');
const DESKTOP = { viewport: { width: 1440, height: 900 } };
const PHONE = { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true };

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
  const open = async (/** @type {keyof typeof PEOPLE} */ name, /** @type {Screen} */ screen) => {
    const relay = house.also(await UdpProxy.open(where));
    const browser = await house.browserOf(name, PEOPLE[name], CAMERA);
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
    // On a small phone the settings open it.
    if (!(await person.button('Quality').isVisible())) await person.press('Settings');
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
