/**
 * Camera pictures for Chromium's fake camera: small YUV4MPEG2 files of one colour with a block that moves.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { COLOURS, toYuv } from './colours.js';

/** Frames in a file. Chromium plays it round and round; a few are enough for the block to move. */
const FRAMES = 6;

/**
 * Writes a file of one colour and returns its path.
 *
 * The block runs along the lower edge, so that every frame differs from the one before, and is white, which is nobody's
 * colour. The upper three quarters of the picture are the colour alone: tests look there.
 * @param {string} directory
 * @param {keyof typeof COLOURS & string} colour
 * @param {{ width: number, height: number, rate?: number }} size in pixels, both even, and frames per second
 */
export async function writeY4m(directory, colour, { width, height, rate = 30 }) {
  const rgb = COLOURS[colour];
  if (!rgb) throw new Error(`no such colour: ${colour}`);
  const [y, cb, cr] = toYuv(rgb);
  const parts = [Buffer.from(`YUV4MPEG2 W${width} H${height} F${rate}:1 Ip A1:1 C420\n`)];
  for (let frame = 0; frame < FRAMES; frame++) {
    const luma = Buffer.alloc(width * height, y);
    const chroma = [cb, cr].map((value) => Buffer.alloc((width * height) / 4, value));
    const side = Math.floor(height / 16) * 2;
    const left = Math.round((frame * (width - side)) / FRAMES / 2) * 2;
    for (let row = height - side; row < height; row++) luma.fill(235, row * width + left, row * width + left + side);
    for (const plane of chroma) {
      for (let row = (height - side) / 2; row < height / 2; row++) {
        const start = (row * width + left) / 2;
        plane.fill(128, start, start + side / 2);
      }
    }
    parts.push(Buffer.from('FRAME\n'), luma, ...chroma);
  }
  const path = join(directory, `${colour}-${width}x${height}-${rate}.y4m`);
  await writeFile(path, Buffer.concat(parts));
  return path;
}
