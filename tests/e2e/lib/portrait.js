/** Cameras for pictures that people look at: a drawn person before a soft background, who moves a little. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { toYuv } from './colours.js';

/** @typedef {readonly [number, number, number]} Rgb */

/**
 * How a person looks.
 * @typedef {object} Look
 * @property {Rgb} wall Behind the person, at the top.
 * @property {Rgb} floor Behind the person, at the bottom.
 * @property {Rgb} lamp A soft light in the background.
 * @property {Rgb} skin
 * @property {Rgb} hair
 * @property {Rgb} shirt
 * @property {'short' | 'long' | 'bun' | 'curls' | 'bald'} style Of the hair.
 * @property {number} x Where the person sits, from the middle, in picture heights.
 * @property {boolean} [glasses]
 * @property {boolean} [beard]
 */

/** Pictures in a file, and per second: one slow breath. */
const FRAMES = 24;
const RATE = 12;
/** How much nearer than the shapes below say people sit. */
const CLOSE = 1.08;

/** @typedef {(u: number, v: number) => number} Distance From a shape's edge, in picture heights; negative inside. */

/** @type {(cx: number, cy: number, rx: number, ry: number) => Distance} */
const ellipse = (cx, cy, rx, ry) => (u, v) => (Math.hypot((u - cx) / rx, (v - cy) / ry) - 1) * Math.min(rx, ry);

/** @type {(cx: number, cy: number, w: number, h: number, r: number) => Distance} */
const box = (cx, cy, w, h, r) => (u, v) => {
  const [dx, dy] = [Math.abs(u - cx) - w + r, Math.abs(v - cy) - h + r];
  return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - r;
};

/** @type {(cx: number, cy: number, radius: number, thick: number) => Distance} */
const ring = (cx, cy, radius, thick) => (u, v) => Math.abs(Math.hypot(u - cx, v - cy) - radius) - thick;

/** @type {(a: Distance, b: Distance) => Distance} */
const both = (a, b) => (u, v) => Math.max(a(u, v), b(u, v));

/** @type {(edge: number) => Distance} */
const above = (edge) => (_u, v) => v - edge;
/** @type {(edge: number) => Distance} */
const below = (edge) => (_u, v) => edge - v;

/** @type {(a: Rgb, b: Rgb, part: number) => Rgb} */
const mix = (a, b, part) => [a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part, a[2] + (b[2] - a[2]) * part];

/** @type {(colour: Rgb, factor: number) => Rgb} */
const shade = (colour, factor) => mix([0, 0, 0], colour, factor);

/**
 * The shapes of a person, from back to front.
 * @param {Look} look
 * @param {number} phase Of the breath, 0 to 1.
 * @returns {[Distance, Rgb][]}
 */
function figure(look, phase) {
  const swing = Math.sin(phase * 2 * Math.PI);
  const x = look.x + 0.008 * swing;
  const y = 0.44 + 0.006 * Math.cos(phase * 2 * Math.PI);
  const [skin, hair, ink] = [look.skin, look.hair, /** @type {Rgb} */ ([46, 34, 34])];
  const head = ellipse(x, y, 0.142, 0.182);
  const cap = ellipse(x, y - 0.012, 0.15, 0.19);
  const eyes = phase > 0.9 ? 0.003 : 0.015;
  /** @type {Record<Look['style'], [Distance, Rgb][]>} */
  const behind = {
    short: [],
    bald: [],
    long: [
      [ellipse(x, y + 0.02, 0.2, 0.23), shade(hair, 0.86)],
      [box(x, y + 0.17, 0.198, 0.17, 0.08), shade(hair, 0.86)],
    ],
    bun: [[ellipse(x + 0.03, y - 0.23, 0.075, 0.07), hair]],
    curls: [-2, -1, 0, 1, 2].map((n) => [
      ellipse(x + n * 0.068, y - 0.13 + Math.abs(n) * 0.035, 0.085, 0.085),
      shade(hair, 0.9),
    ]),
  };
  /** @type {[Distance, Rgb][]} */
  const hairline =
    look.style === 'bald'
      ? []
      : [
          [
            both(
              cap,
              both(above(y - 0.045), (u, v) => 0.115 - Math.hypot((u - x - 0.05) * 0.62, v - y - 0.035)),
            ),
            hair,
          ],
        ];
  /** @type {Distance} */
  const mouth = (u, v) => 0.07 - Math.hypot((u - x) * 0.68, v - y - 0.005);
  /** @type {[Distance, Rgb][]} */
  const beard = look.beard ? [[both(both(ellipse(x, y + 0.012, 0.143, 0.184), below(y + 0.02)), mouth), hair]] : [];
  /** @type {[Distance, Rgb][]} */
  const glasses = look.glasses
    ? [
        [ring(x - 0.056, y + 0.005, 0.038, 0.004), ink],
        [ring(x + 0.056, y + 0.005, 0.038, 0.004), ink],
        [box(x, y, 0.02, 0.004, 0.003), ink],
      ]
    : [];
  return [
    ...behind[look.style],
    [box(x * 0.98 + look.x * 0.02, y + 0.23, 0.062, 0.12, 0.04), shade(skin, 0.88)],
    [ellipse(look.x, 1.1, 0.4, 0.4 + 0.004 * swing), look.shirt],
    [both(ellipse(look.x, 0.71, 0.085, 0.055), ellipse(look.x, 1.1, 0.404, 0.408)), shade(skin, 0.88)],
    [ellipse(x - 0.143, y + 0.015, 0.025, 0.036), shade(skin, 0.92)],
    [ellipse(x + 0.143, y + 0.015, 0.025, 0.036), shade(skin, 0.92)],
    [head, skin],
    ...beard,
    ...hairline,
    [ellipse(x - 0.056, y + 0.005, 0.013, eyes), ink],
    [ellipse(x + 0.056, y + 0.005, 0.013, eyes), ink],
    [box(x - 0.056, y - 0.038, 0.026, 0.005, 0.005), look.style === 'bald' ? ink : shade(hair, 0.8)],
    [box(x + 0.056, y - 0.038, 0.026, 0.005, 0.005), look.style === 'bald' ? ink : shade(hair, 0.8)],
    [both(ring(x, y + 0.034, 0.018, 0.004), below(y + 0.038)), shade(skin, 0.74)],
    [both(ellipse(x, y + 0.083, 0.052, 0.038), below(y + 0.085)), [150, 52, 58]],
    [both(both(ellipse(x, y + 0.083, 0.043, 0.028), below(y + 0.087)), above(y + 0.097)), [250, 246, 242]],
    ...glasses,
  ];
}

/**
 * One picture: what the colour of each pixel is, row by row.
 * @param {Look} look
 * @param {{ width: number, height: number }} size
 * @param {number} phase
 * @param {(row: number, column: number, colour: Rgb) => void} put
 */
function paint(look, { width, height }, phase, put) {
  const shapes = figure(look, phase);
  for (let row = 0; row < height; row++) {
    const high = (row + 0.5) / height;
    const v = 1 - (1 - high) / CLOSE;
    for (let column = 0; column < width; column++) {
      const wide = (column + 0.5 - width / 2) / height;
      const u = wide / CLOSE;
      const glow = Math.exp(-((wide + 0.55) ** 2 + (high - 0.2) ** 2) * 5);
      let colour = mix(mix(look.wall, look.floor, high), look.lamp, 0.55 * glow);
      for (const [distance, shape] of shapes) {
        const cover = Math.min(1, Math.max(0, 0.5 - (distance(u, v) * height * CLOSE) / 1.4));
        if (cover > 0) colour = mix(colour, shape, cover);
      }
      put(row, column, colour);
    }
  }
}

/**
 * One picture, as the planes of a frame.
 * @param {Look} look
 * @param {{ width: number, height: number }} size
 * @param {number} phase
 */
function frame(look, { width, height }, phase) {
  const luma = Buffer.alloc(width * height);
  const [cb, cr] = [Buffer.alloc((width * height) / 4), Buffer.alloc((width * height) / 4)];
  paint(look, { width, height }, phase, (row, column, colour) => {
    const [y, b, r] = toYuv([colour[0], colour[1], colour[2]]);
    luma[row * width + column] = y;
    if (row % 2 === 0 && column % 2 === 0) {
      const at = (row * width) / 4 + column / 2;
      cb[at] = b;
      cr[at] = r;
    }
  });
  return [Buffer.from('FRAME\n'), luma, cb, cr];
}

/**
 * Writes a camera of a drawn person and returns its path.
 * @param {string} directory
 * @param {string} name
 * @param {Look} look
 * @param {{ width: number, height: number }} size in pixels, both even
 */
export async function writePortrait(directory, name, look, size) {
  const parts = [Buffer.from(`YUV4MPEG2 W${size.width} H${size.height} F${RATE}:1 Ip A1:1 C420\n`)];
  for (let n = 0; n < FRAMES; n++) parts.push(...frame(look, size, n / FRAMES));
  const path = join(directory, `${name}.y4m`);
  await writeFile(path, Buffer.concat(parts));
  return path;
}

/** Bytes before the pixels of a bitmap: its two headers. */
const BMP_HEADERS = 54;

/**
 * The same camera as bitmaps in base64, a few of its pictures.
 * @param {Look} look
 * @param {{ width: number, height: number }} size in pixels, the width a multiple of four
 * @returns {string[]}
 */
export function portraitBitmaps(look, size) {
  const { width, height } = size;
  return Array.from({ length: FRAMES / 3 }, (_, n) => {
    const bitmap = Buffer.alloc(BMP_HEADERS + width * height * 3);
    bitmap.write('BM');
    bitmap.writeUInt32LE(bitmap.length, 2);
    bitmap.writeUInt32LE(BMP_HEADERS, 10);
    // The second header: its size, the picture's, one plane, three bytes a pixel.
    bitmap.writeUInt32LE(40, 14);
    bitmap.writeInt32LE(width, 18);
    bitmap.writeInt32LE(-height, 22);
    bitmap.writeUInt16LE(1, 26);
    bitmap.writeUInt16LE(24, 28);
    paint(look, size, (3 * n) / FRAMES, (row, column, [r, g, b]) => {
      bitmap.set([b, g, r].map(Math.round), BMP_HEADERS + (row * width + column) * 3);
    });
    return bitmap.toString('base64');
  });
}
