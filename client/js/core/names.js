/**
 * Names of people and rooms: shortened to initials, made up. Pure.
 */

/**
 * What to enter as. The server cleans names and tells what it made of them.
 * @param {string} text As it was typed.
 * @param {string} guest What somebody is called who says no name.
 * @returns {string}
 */
export function nameToSay(text, guest) {
  return text.trim() || guest;
}

/**
 * A name that was kept, at most as long as one that is typed: no field holds the page itself to that.
 * @param {string} text
 * @param {number} most As `maxlength` counts.
 * @returns {string} Without half a character at its end.
 */
export function cutToLength(text, most) {
  return text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '');
}

/** What leads to a room in its link. */
const LINK = /\/r\/([^/?#\s]+)/i;

/** @param {string} text What somebody typed or pasted where a room is asked for. */
export function isLink(text) {
  return LINK.test(text);
}

/**
 * What to ask the server for: what stands for the room in a pasted link, or the name as it was typed. Which room that is, the
 * server says.
 * @param {string} text
 * @returns {string} Empty if nothing was typed.
 */
export function roomMeant(text) {
  const inLink = text.match(LINK)?.[1];
  if (inLink === undefined) return text.trim();
  return unescaped(inLink);
}

/**
 * @param {string} text Of an address.
 * @returns {string} As it is if its escapes are broken.
 */
export function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * One or two letters for an avatar.
 * @param {string} name
 * @returns {string}
 */
export function initials(name) {
  const words = name.split(/[\s._-]+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = letter(words[0] ?? name);
  const last = words.length > 1 ? letter(words[words.length - 1] ?? '') : '';
  return (first + last).toLocaleUpperCase() || '?';
}

/** @param {string} word */
function letter(word) {
  return word.match(/[\p{L}\p{N}]/u)?.[0] ?? [...word.trim()][0] ?? '';
}

/**
 * A hue for an avatar: the same for the same text, spread over the circle.
 * @param {string} text
 * @returns {number} Degrees, 0 to 359.
 */
export function hue(text) {
  let hash = 2166136261;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16777619);
  return (hash >>> 0) % 360;
}

/**
 * A room name one can say aloud, such as `calm-river-482`. No secret: the server adds one to the id of a room that is not
 * listed.
 * @param {() => number} random From 0 to below 1.
 * @param {string} firsts Words for its beginning, with blanks between.
 * @param {string} seconds Words that fit behind each of them.
 * @returns {string}
 */
export function generatedRoomName(random, firsts, seconds) {
  const pick = (/** @type {string} */ words) => {
    const all = words.split(' ');
    return all[Math.floor(random() * all.length)] ?? '';
  };
  return `${pick(firsts)}-${pick(seconds)}-${100 + Math.floor(random() * 900)}`;
}
