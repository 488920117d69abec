/** People without camera and microphone: told why, and still able to watch and listen. */

import { after } from 'node:test';

import { House } from './lib/house.js';
import { OTHER } from './lib/pair.js';
import { until } from './lib/until.js';

const house = await House.open();
after(() => house.close());

const ann = await house.person('Ann', 'red');
let invitation = '';

house.opening('somebody is there to be watched', async () => {
  invitation = await ann.createRoom(house.origin, 'Lecture');
  await ann.join(invitation);
});

for (const { name, devices, told } of /** @type {const} */ ([
  { name: 'Wim', devices: 'refused', told: /permission|allow|blocked/i },
  { name: 'Yva', devices: 'absent', told: /no camera|not found|connect|plug/i },
])) {
  house.scene(`${name}, whose devices are ${devices}, is told what to do and can watch and listen`, async () => {
    const person = await house.personIn(await house.browserWithout(devices, OTHER), name);
    await person.goTo(invitation);
    await until(
      'an explanation before the door',
      () => person.readText(),
      (text) => told.test(text),
    );
    await person.join(invitation);
    await person.sees('Ann', 'red');
    await person.seesMovement('Ann');
    await person.hears(1);
    await ann.isTold(`${name} joined`);
    await ann.findsMarked(name, /camera (is )?off|no camera|watching/i);
  });
}

house.scene('who goes in before the camera has started is seen all the same', async () => {
  const hal = await house.person('Hal', 'green', { engine: OTHER });
  await hal.join(invitation, { patient: false });
  await ann.sees('Hal', 'green');
  await hal.sees('Ann', 'red');
});
