/**
 * The one place that makes elements. Text is always set as text, so nothing a person typed can become markup.
 */

/** @import { Sentence } from './sentence.js' */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, string | boolean | EventListener>} [props] Attributes; `true` sets an empty one, `false` none;
 *   `text` is the text content; a function under `onNAME` listens to the event `NAME`.
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (name === 'text') element.textContent = String(value);
    else if (value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children);
  return element;
}

/**
 * Words and names as nodes: each name has a direction of its own.
 * @param {Sentence} sentence
 * @returns {Node[]}
 */
export function nodesOf(sentence) {
  return sentence
    .map((text, index) => (index % 2 === 1 ? h('bdi', { text }) : new Text(text)))
    .filter(({ textContent }) => textContent);
}

/**
 * The same as one thing, for a control that lays out what is in it: words and names stay one line.
 * @param {Sentence} sentence
 * @returns {HTMLSpanElement}
 */
export function phraseOf(sentence) {
  return h('span', {}, ...nodesOf(sentence));
}

/**
 * The element with this id. The page's own markup has it, so its absence is a fault of ours.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** Strokes on a 24 x 24 field. Drawn for Plenary. */
const ICONS = {
  mic: ['M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3z', 'M5.5 11a6.5 6.5 0 0 0 13 0', 'M12 17.5V21'],
  'mic-off': [
    'M9 9v2a3 3 0 0 0 4.6 2.5',
    'M15 11V6a3 3 0 0 0-5.7-1.3',
    'M5.5 11a6.5 6.5 0 0 0 10 5.5M18.5 11a6.5 6.5 0 0 1-.7 3',
    'M12 17.5V21',
    'M4 4l16 16',
  ],
  camera: [
    'M4 7h9a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H4a1.5 1.5 0 0 1-1.5-1.5v-7A1.5 1.5 0 0 1 4 7z',
    'M15 11l6-3.5v9L15 13',
  ],
  'camera-off': [
    'M10 7h3a2 2 0 0 1 2 2v3',
    'M15 15.5a2 2 0 0 1-2 1.5H4a1.5 1.5 0 0 1-1.5-1.5v-7A1.5 1.5 0 0 1 4 7h1.5',
    'M16 11l5-3.5v9l-3.5-2',
    'M4 4l16 16',
  ],
  link: [
    'M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.300l-1.200 1.200',
    'M14 10a4 4 0 0 0-5.700 0l-3 3A4 4 0 0 0 11 18.700l1.200-1.200',
  ],
  hand: [
    'M8 13V6.300a1.250 1.250 0 0 1 2.500 0V11',
    'M10.500 11V4.500a1.250 1.250 0 0 1 2.500 0V11',
    'M13 11V5.300a1.250 1.250 0 0 1 2.500 0V11.500',
    'M15.500 11.500V8a1.250 1.250 0 0 1 2.500 0v6.500a6.500 6.500 0 0 1-6.500 6.500c-2.600 0-4.100-1.100-5.300-3l-2.300-3.700a1.300 1.300 0 0 1 2.100-1.500L8 15',
  ],
  lock: [
    'M7 11h10a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1z',
    'M8.500 11V8a3.500 3.500 0 0 1 7 0v3',
  ],
  check: ['M5 12.500l4.500 4.500L19 7.500'],
  leave: [
    'M3.500 14.500c-.600-1-.700-2.200 0-3C5.500 9.300 8.500 8.500 12 8.500s6.500.800 8.500 3c.700.800.600 2 0 3l-.800 1.200c-.300.400-.700.500-1.200.300l-2.700-1a1 1 0 0 1-.600-1v-2.200a11 11 0 0 0-6.400 0V14a1 1 0 0 1-.600 1l-2.700 1c-.500.200-.900.100-1.200-.300z',
  ],
  sound: ['M4 10v4h3l4.500 4V6L7 10z', 'M15.500 9a4 4 0 0 1 0 6', 'M18 6.500a8 8 0 0 1 0 11'],
  'sound-off': ['M4 10v4h3l4.500 4V6L7 10z', 'M15.500 9.500l5 5', 'M20.500 9.500l-5 5'],
  headphones: [
    'M4 15v-3a8 8 0 0 1 16 0v3',
    'M4 14.500h2a1 1 0 0 1 1 1v3.500a1 1 0 0 1-1 1H5.500A1.500 1.500 0 0 1 4 18.500z',
    'M20 14.500h-2a1 1 0 0 0-1 1v3.500a1 1 0 0 0 1 1h.500a1.500 1.500 0 0 0 1.500-1.500z',
  ],
  deaf: [
    'M4 15v-3a8 8 0 0 1 2-5.300',
    'M9.500 4.400A8 8 0 0 1 20 12v3',
    'M4 14.500h2a1 1 0 0 1 1 1v3.500a1 1 0 0 1-1 1H5.500A1.500 1.500 0 0 1 4 18.500z',
    'M4 3.500l16 16',
  ],
  smile: [
    'M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17z',
    'M8.500 10v.500',
    'M15.500 10v.500',
    'M8 14.500a4.800 4.800 0 0 0 8 0',
  ],
  screen: [
    'M4 5h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1z',
    'M12 14V8.500',
    'M9 11l3-3 3 3',
    'M9 20.500h6',
  ],
  'screen-off': [
    'M8.500 5H20a1 1 0 0 1 1 1v10l-.300.700',
    'M17 17H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1',
    'M9 20.500h6',
    'M4 3.500l16 16',
  ],
  expand: ['M4 9V4h5', 'M15 4h5v5', 'M20 15v5h-5', 'M9 20H4v-5'],
  pin: ['M9 3.500h6l-1 6 3 3.500H7l3-3.500z', 'M12 13v7.500'],
  float: [
    'M20 10.500V6a1 1 0 0 0-1-1H4a1 1 0 0 0-1 1v11a1 1 0 0 0 1 1h5',
    'M12.500 13.500h7.500a1 1 0 0 1 1 1v4.500a1 1 0 0 1-1 1h-7.500a1 1 0 0 1-1-1v-4.500a1 1 0 0 1 1-1z',
  ],
  quality: ['M4.500 19.500v-4', 'M9.500 19.500v-8', 'M14.500 19.500v-11', 'M19.500 19.500v-15'],
  chat: [
    'M5 4.500h14a1.500 1.500 0 0 1 1.500 1.500v9a1.500 1.500 0 0 1-1.500 1.500h-7.500L7 20v-3.500H5A1.500 1.500 0 0 1 3.500 15V6A1.500 1.500 0 0 1 5 4.500z',
    'M8 9h8',
    'M8 12.500h5',
  ],
  file: [
    'M19.500 11.500l-7.800 7.800a4.600 4.600 0 0 1-6.500-6.500l8.200-8.200a3.100 3.100 0 0 1 4.400 4.400l-8.200 8.200a1.500 1.500 0 0 1-2.200-2.200l7.500-7.500',
  ],
  next: ['M9.500 5.500l6.500 6.500-6.500 6.500'],
  view: ['M4 5h16a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1z', 'M14.500 5v14', 'M14.500 12H21'],
  move: [
    'M12 3.500v17',
    'M3.500 12h17',
    'M9.500 6L12 3.500 14.500 6',
    'M9.500 18l2.500 2.500 2.500-2.500',
    'M6 9.500L3.500 12 6 14.500',
    'M18 9.500l2.500 2.500-2.500 2.500',
  ],
  shrink: ['M9 4v5H4', 'M20 9h-5V4', 'M15 20v-5h5', 'M4 15h5v5'],
  settings: [
    'M4 7h8.500',
    'M17 7h3',
    'M14.750 4.750a2.250 2.250 0 1 1 0 4.500 2.250 2.250 0 0 1 0-4.500z',
    'M4 17h3',
    'M11.500 17H20',
    'M9.250 14.750a2.250 2.250 0 1 1 0 4.500 2.250 2.250 0 0 1 0-4.500z',
  ],
  person: ['M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8z', 'M4.500 20.500a7.500 7.500 0 0 1 15 0'],
};

/** @typedef {keyof typeof ICONS} IconName */

/**
 * A picture that says nothing to a screen reader: the control around it has a name.
 * @param {IconName} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  return svg({ viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true', focusable: 'false' }, ICONS[name]);
}

/**
 * A picture of paths.
 * @param {Record<string, string>} attributes
 * @param {readonly string[]} paths The data of each.
 * @returns {SVGSVGElement}
 */
export function svg(attributes, paths) {
  const picture = document.createElementNS(SVG, 'svg');
  for (const [name, value] of Object.entries(attributes)) picture.setAttribute(name, value);
  for (const d of paths) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    picture.append(path);
  }
  return picture;
}
