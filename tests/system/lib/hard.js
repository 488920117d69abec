/** What is hard to encode: a camera of moving noise, and a voice that is never silent. Made once, kept under `target`. */

import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { WORK } from './places.js';

const SIZE = { width: 1280, height: 720, rate: 30 };

/** A second of pictures, played round and round. */
const FRAMES = 30;

/**
 * Noise in squares of so many pixels, of so much light, which moves so many pixels a picture: each size in its own direction, so that
 * no picture is another one moved, and in every layer there is something left to see.
 */
const OCTAVES = [
  { square: 64, light: 50, across: 3, down: 1 },
  { square: 16, light: 12, across: -2, down: 2 },
  { square: 8, light: 6, across: 1, down: -3 },
];

/** Pseudo-random numbers below 1, always the same ones (Lehmer, modulus 2^31 - 1). */
function numbers() {
  let state = 20_260_101;
  return () => (state = (state * 48_271) % 0x7fffffff) / 0x7fffffff;
}

/** @param {string} name @param {() => Iterable<Buffer>} make @returns {Promise<string>} its path */
async function made(name, make) {
  const path = join(WORK, name);
  if (await stat(path).catch(() => undefined)) return path;
  await mkdir(WORK, { recursive: true });
  // Named so only when it is whole.
  await writeFile(`${path}.unfinished`, Buffer.concat([...make()]));
  await rename(`${path}.unfinished`, path);
  return path;
}

/** @returns {Iterable<Buffer>} YUV4MPEG2 */
function* noise() {
  const { width, height, rate } = SIZE;
  const random = numbers();
  const planes = OCTAVES.map(({ square }) => {
    const [columns, rows] = [width / square, height / square].map(Math.ceil);
    return Array.from({ length: /** @type {number} */ (columns) * /** @type {number} */ (rows) }, () => random() - 0.5);
  });
  yield Buffer.from(`YUV4MPEG2 W${width} H${height} F${rate}:1 Ip A1:1 C420\n`);
  const chroma = Buffer.alloc((width * height) / 2, 128);
  for (let frame = 0; frame < FRAMES; frame++) {
    const luma = Buffer.alloc(width * height);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        let light = 128;
        for (const [index, { square, light: most, across, down }] of OCTAVES.entries()) {
          const columns = Math.ceil(width / square);
          const [x, y] = [column + across * frame + width, row + down * frame + height];
          const at =
            (Math.floor(y / square) % Math.ceil(height / square)) * columns + (Math.floor(x / square) % columns);
          light += 2 * most * (planes[index]?.[at] ?? 0);
        }
        luma[row * width + column] = Math.max(16, Math.min(235, light));
      }
    }
    yield Buffer.from('FRAME\n');
    yield luma;
    yield chroma;
  }
}

/** @returns {Iterable<Buffer>} a WAV file of a hum that is never silent, in a whole number of waves */
function* hum() {
  const rate = 48_000;
  const seconds = 4;
  const samples = Buffer.alloc(2 * rate * seconds);
  for (let n = 0; n < rate * seconds; n++) {
    const wave = [150, 300, 450, 1_200].reduce((sum, hertz) => sum + Math.sin((2 * Math.PI * hertz * n) / rate), 0);
    samples.writeInt16LE(Math.round(wave * 3_000 * (1 + 0.5 * Math.sin((2 * Math.PI * 3 * n) / rate))), 2 * n);
  }
  const head = Buffer.alloc(44);
  head.write('RIFF');
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  // PCM, one channel, two bytes a sample.
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(2 * rate, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  yield head;
  yield samples;
}

/** A camera, and what makes Chromium hear the hum. */
export async function hardDevices() {
  const [file, voice] = [await made('noise.y4m', noise), await made('hum.wav', hum)];
  return { camera: { ...SIZE, file }, flags: [`--use-file-for-fake-audio-capture=${voice}`] };
}
