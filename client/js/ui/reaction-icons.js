/**
 * The pictures of the reactions, drawn for Plenary: not every machine has the letters for them. Each is of coloured shapes in a dark
 * edge with a light one around it, so that it is seen on light, on dark, and over any picture.
 */

import { svg } from '../core/dom.js';

/** @import { Reaction } from '../proto/messages.js' */

const SKIN = '#ffc94d';
const INK = '#33231a';
const NONE = 'none';

/** A shape: what fills it, its path, and how it is turned. @typedef {readonly [fill: string, path: string, turn?: string]} Shape */

const FACE = 'M12 2.500a9.500 9.500 0 1 0 0 19 9.500 9.500 0 0 0 0-19z';
/** An open hand, upright. */
const HAND =
  'M7.500 13V6.500a1.300 1.300 0 0 1 2.600 0V4.300a1.300 1.300 0 0 1 2.600 0v1a1.300 1.300 0 0 1 2.600 0v2a1.200 1.200 0 0 1 2.400 0V15c0 3.600-2.300 6-5.500 6-2.400 0-3.800-1-5.200-3.200l-2.600-4.200c-.900-1.500 1.100-2.700 2.200-1.400z';

/** On a 24 x 24 field. @type {Readonly<Record<Reaction, readonly Shape[]>>} */
const SHAPES = {
  'thumbs-up': [
    [
      SKIN,
      'M8 10.500l3.200-7c.400-.800 1.200-1.100 2-.800 1.200.400 1.900 1.600 1.700 2.900l-.600 3.400h4.400c1.500 0 2.600 1.400 2.200 2.900l-1.700 6.900c-.300 1.300-1.400 2.200-2.800 2.200H11l-3-1.200z',
    ],
    [
      '#5b8cff',
      'M3.500 9.700h3.300c.7 0 1.200.5 1.200 1.200v9c0 .7-.5 1.200-1.200 1.200H3.500c-.7 0-1.200-.5-1.200-1.200v-9c0-.7.5-1.200 1.200-1.200z',
    ],
  ],
  clap: [
    [SKIN, HAND, 'translate(10.500 6.200) rotate(16) scale(.720)'],
    [SKIN, HAND, 'translate(13.200 3.200) scale(-.720 .720) rotate(16)'],
    [NONE, 'M12 1.200v3'],
    [NONE, 'M6 2.200l1.500 2.500'],
    [NONE, 'M18 2.200l-1.500 2.500'],
  ],
  heart: [
    [
      '#f2455c',
      'M12 20.800C5.800 16.800 2.500 13.300 2.500 9.100c0-3.100 2.300-5.300 5.100-5.300 1.800 0 3.400.900 4.400 2.500 1-1.600 2.600-2.500 4.400-2.500 2.800 0 5.100 2.200 5.100 5.300 0 4.200-3.300 7.700-9.500 11.700z',
    ],
  ],
  laugh: [
    [SKIN, FACE],
    ['#fff', 'M6.800 12.800h10.400c0 3.300-2.200 5.700-5.200 5.700s-5.200-2.400-5.200-5.700z'],
    [NONE, 'M6.300 9.800c.800-1.400 2.600-1.400 3.400 0'],
    [NONE, 'M14.300 9.800c.800-1.400 2.600-1.400 3.400 0'],
    [
      '#6cc4ff',
      'M4.200 11.200c1.300 1.700 1.300 3.600-.300 4-1.700.300-2.600-1.500-1.900-2.600.500-.800 1.400-1.200 2.200-1.400z',
    ],
    [
      '#6cc4ff',
      'M19.800 11.200c-1.300 1.700-1.300 3.600.300 4 1.700.300 2.600-1.500 1.900-2.600-.500-.800-1.400-1.200-2.200-1.400z',
    ],
  ],
  surprise: [
    [SKIN, FACE],
    [INK, 'M8.500 8.800v1.600'],
    [INK, 'M15.500 8.800v1.600'],
    [NONE, 'M6.700 6.300c.800-.700 1.800-.900 2.700-.700'],
    [NONE, 'M17.300 6.300c-.800-.700-1.800-.900-2.700-.700'],
    [
      '#8a3b2e',
      'M12 13c1.600 0 2.600 1.300 2.600 2.900S13.600 18.800 12 18.800s-2.600-1.300-2.600-2.900S10.400 13 12 13z',
    ],
  ],
  celebrate: [
    ['#8b6cff', 'M8.200 8.300l7.500 7.500-11 4.900c-.900.400-1.800-.500-1.400-1.400z'],
    [
      '#ffc94d',
      'M8.200 8.300c1.100-1.100 3.700-.300 5.700 1.700s2.900 4.700 1.800 5.800-3.800.300-5.800-1.700-2.800-4.700-1.700-5.800z',
    ],
    ['#f2455c', 'M9.300 1.300l3.900 1.700-2.700 3z'],
    ['#3fc48a', 'M19.300 13.200l3.700 2.300-3.800 2.100z'],
    ['#5b8cff', 'M20.300 1.600a2 2 0 1 1 0 4 2 2 0 0 1 0-4z'],
    [NONE, 'M14.300 7.800c2-.700 2-3 1.400-5'],
    [NONE, 'M16.800 10.300c1.300-1.500 3.500-1.700 5.400-1'],
  ],
};

/**
 * It says nothing to a screen reader: what is around it has a name.
 * @param {Reaction} reaction
 * @returns {SVGSVGElement}
 */
export function reactionIcon(reaction) {
  const attributes = { viewBox: '-1 -1 26 26', class: 'reaction-icon', 'aria-hidden': 'true', focusable: 'false' };
  const shapes = SHAPES[reaction];
  const paths = shapes.map(([, path]) => path);
  // The light edge is around all of it.
  const picture = svg(attributes, [...paths, ...paths]);
  for (const [index, path] of [...picture.children].entries()) {
    const [fill = NONE, , turn] = shapes[index % shapes.length] ?? [];
    const edge = index < shapes.length;
    path.setAttribute('class', edge ? 'edge' : 'shape');
    path.setAttribute('fill', edge ? NONE : fill);
    if (turn) path.setAttribute('transform', turn);
  }
  return picture;
}
