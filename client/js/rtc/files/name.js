/**
 * Names of files of others. Pure.
 */

/** Characters of a name at most, and bytes of it in UTF-8: file systems take 255. */
const CHARACTERS = 120;
const BYTES = 240;
/** What is an extension, and not a part of a sentence. */
const EXTENSION = /(?<=.)(\.tar)?\.[^. ]{1,15}$/i;

/** What systems open in place of a file (Windows, also with an extension). */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\.|$)/i;

/** What is not seen or turns the text around it, halves of characters, and what no character was given to. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * A name to save a file of somebody else's under: the last part of a path, of what can be seen and every system takes, not hidden,
 * no device. Its extension stays, so that what it is can be seen.
 * @param {string} name
 * @returns {string} `file` if nothing is left.
 */
export function cleanName(name) {
  const last = name.split(/[/\\]/).pop() ?? '';
  const seen = last
    .replace(/[\t\r\n]/g, ' ')
    .replace(UNSEEN, '')
    .normalize('NFC');
  const plain = trimmed(seen.replace(/[<>:"|?*]/g, '_').replace(/\p{Zs}+/gu, ' '));
  const short = shortened(plain || 'file');
  return DEVICE.test(short) ? shortened(`_${short}`) : short;
}

/** @param {string} text */
function trimmed(text) {
  return text.replace(/^[. ]+|[. ]+$/g, '');
}

/**
 * The same with less of its stem, if it is too long.
 * @param {string} name
 */
function shortened(name) {
  if (fits(name)) return name;
  const extension = EXTENSION.exec(name)?.[0] ?? '';
  const stem = [...name.slice(0, name.length - extension.length)];
  while (!fits(trimmed(stem.join('')) + extension)) stem.pop();
  return trimmed(stem.join('')) + extension;
}

/** @param {string} name */
function fits(name) {
  return [...name].length <= CHARACTERS && new TextEncoder().encode(name).length <= BYTES;
}
