/** Takes the pictures of the documentation: a real call of five drawn people, the door before it, the home page. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { House } from './lib/house.js';
import { until } from './lib/until.js';

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

const house = await House.open();
try {
  await mkdir(WHERE, { recursive: true });
  const names = Object.keys(PEOPLE);
  /** @type {import('./lib/person.js').Person[]} */
  const people = [];
  for (const [name, look] of Object.entries(PEOPLE)) {
    const context = name === 'Lena' ? DESKTOP : name === 'Omar' ? PHONE : {};
    people.push(await house.personIn(await house.browserOf(name, look, CAMERA), name, { context }));
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
  await tomas.press('Mute microphone');
  for (const [person, file] of /** @type {const} */ ([
    [lena, 'call-desktop.png'],
    [omar, 'call-phone.png'],
  ])) {
    for (const name of names.filter((other) => other !== person.name)) await person.seesMovement(name);
    await person.findsMarked('Tomás', /muted/i);
    await until(
      'the notes of the arrivals are gone',
      () => person.page.locator('.note:not(.gone)').count(),
      (count) => count === 0,
    );
    await person.page.screenshot({ path: join(WHERE, file) });
  }
  console.info(`pictures are in ${WHERE}`);
} finally {
  await house.close({ guarded: false });
}
