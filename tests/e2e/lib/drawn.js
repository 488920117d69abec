/** The people of the documentation's pictures, what one of them shares, and what their devices are called. */

/** @import { Look } from './portrait.js' */

/** What their cameras deliver. */
export const CAMERA = { width: 640, height: 360 };

/** @satisfies {Record<string, Look>} */
export const PEOPLE = {
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

/** What Tomás shares. */
export const SLIDE = `<!doctype html>
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
export function nameDevices() {
  const enumerate = MediaDevices.prototype.enumerateDevices;
  MediaDevices.prototype.enumerateDevices = async function named() {
    const names = { videoinput: 'Built-in camera', audioinput: 'Built-in microphone', audiooutput: 'Speakers' };
    return (await enumerate.call(this)).map(({ deviceId, groupId, kind }) => {
      const device = { deviceId, groupId, kind, label: deviceId ? names[kind] : '' };
      return { ...device, toJSON: () => device };
    });
  };
}
