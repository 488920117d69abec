/**
 * The colours people wear in the tests: each person's camera shows one of them, so a pixel tells whose picture it is.
 */

/**
 * Far apart from each other and from black, white and grey, so that video coding cannot turn one into another.
 * @type {Readonly<Record<string, readonly [number, number, number]>>}
 */
export const COLOURS = {
  red: [200, 30, 30],
  green: [30, 170, 50],
  blue: [40, 60, 210],
  yellow: [220, 200, 40],
  magenta: [200, 40, 190],
};

/** How far (Euclidean, in RGB) a pixel may be from a colour and still be it. The closest two above are 160 apart. */
const TOLERANCE = 70;

/**
 * The name of the colour that `rgb` is, or a description of what else it is.
 * @param {readonly number[]} rgb
 */
export function nameOf(rgb) {
  let best = '';
  let bestDistance = Infinity;
  for (const [name, colour] of Object.entries(COLOURS)) {
    const distance = Math.hypot(...colour.map((part, i) => part - (rgb[i] ?? 0)));
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return bestDistance <= TOLERANCE ? best : `none of the colours: rgb(${rgb.join(', ')})`;
}

/**
 * The same colour in BT.601 limited range, as cameras deliver it.
 * @param {readonly [number, number, number]} rgb
 * @returns {[number, number, number]} Y, Cb, Cr
 */
export function toYuv([r, g, b]) {
  return [
    Math.round(16 + (65.738 * r + 129.057 * g + 25.064 * b) / 256),
    Math.round(128 + (-37.945 * r - 74.494 * g + 112.439 * b) / 256),
    Math.round(128 + (112.439 * r - 94.154 * g - 18.285 * b) / 256),
  ];
}
