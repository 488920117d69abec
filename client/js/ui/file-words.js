/**
 * What is said of files to and from others. Pure.
 */

import { said } from '../core/sentence.js';

/** @import { Reason } from '../rtc/files/frames.js' */
/** @import { Transfer } from '../rtc/transfer.js' */
/** @import { Sentence } from '../core/sentence.js' */

/** Why a file of ours did not arrive at somebody. @type {Record<Reason, (name: string) => Sentence>} */
const NOT_SENT = {
  declined: (name) => said`${name} did not take it`,
  withdrawn: () => ['You withdrew it'],
  'too-large': (name) => said`It is larger than what ${name} can take`,
  'too-many': (name) => said`${name} has too many files to decide about: offer it again later`,
  'too-long': (name) => said`More arrived at ${name} than was offered`,
  'too-short': (name) => said`Less arrived at ${name} than was offered`,
  digest: (name) => said`What arrived at ${name} is not what was sent`,
  order: (name) => said`The browser of ${name} did not understand what came`,
  changed: () => ['The file was changed while it was sent'],
  unreadable: () => ['The file cannot be read any more'],
  stalled: (name) => said`Nothing arrived at ${name} for a minute`,
  lost: (name) => said`The connection to ${name} was lost`,
  busy: () => ['The server carries too many files: offer it again later'],
  other: (name) => said`The browser of ${name} gave it up`,
};

/** Why a file of somebody's did not come. @type {Record<Reason, (name: string) => Sentence>} */
const NOT_RECEIVED = {
  declined: () => ['You did not take it'],
  withdrawn: (name) => said`${name} withdrew it`,
  'too-large': () => ['It is too large'],
  'too-many': () => ['Too many files were offered'],
  'too-long': () => ['More came than was offered'],
  'too-short': () => ['Less came than was offered'],
  digest: () => ['What came is not what was sent'],
  order: (name) => said`The browser of ${name} sent what cannot be understood`,
  changed: () => ['The file was changed while it was sent'],
  unreadable: (name) => said`The browser of ${name} cannot read the file any more`,
  stalled: () => ['Nothing came for a minute'],
  lost: (name) => said`The connection to ${name} was lost`,
  busy: () => ['The server carries too many files: offer it again later'],
  other: (name) => said`The browser of ${name} gave it up`,
};

/**
 * @param {number} bytes
 * @returns {string}
 */
export function sizeWords(bytes) {
  if (bytes < 1000) return bytes === 1 ? '1 byte' : `${bytes} bytes`;
  const units = ['kB', 'MB', 'GB'];
  let value = bytes / 1000;
  // What would be rounded up to a thousand is one of the next.
  while (value >= 999.5 && units.length > 1) {
    value /= 1000;
    units.shift();
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[0]}`;
}

/** As much of a transfer as words are about. @typedef {Pick<Transfer, 'state' | 'reason' | 'incoming' | 'moved' | 'size' | 'saved'> & { limit?: number | null }} Told */

/**
 * How it is with a file.
 * @param {Told} transfer
 * @param {string} name Whose browser is at the other end.
 * @returns {Sentence} Of no words, if the buttons say it.
 */
export function stateWords({ state, reason, incoming, moved, size, saved, limit = null }, name) {
  const percent = size === 0 ? 100 : Math.floor((100 * moved) / size);
  switch (state) {
    case 'queued':
      return ['Is offered soon'];
    case 'offered':
      return incoming ? [] : said`Waiting for ${name} to take it`;
    case 'waiting':
      return ['Others are sent first'];
    case 'sending':
      return [`${percent} % sent`];
    case 'receiving':
      return [`${percent} % received`];
    case 'sent':
    case 'checking':
      return ['All of it is there, and is being checked'];
    case 'done':
      if (!incoming) return said`${name} has it`;
      return [saved ? 'Handed to the browser to save' : 'It is here, and not saved yet'];
    default:
      if (limit !== null) return said`Through the server, to ${name}, a file may have ${sizeWords(limit)} at most`;
      return (incoming ? NOT_RECEIVED : NOT_SENT)[reason ?? 'other'](name);
  }
}

/**
 * What is told of the end of a file to who does not look; nothing of what they did themselves.
 * @param {Told} transfer
 * @param {string} name
 * @param {string} file Its name.
 * @returns {Sentence}
 */
export function endWords(transfer, name, file) {
  const { state, reason, incoming } = transfer;
  if (reason === (incoming ? 'declined' : 'withdrawn')) return [];
  if (state === 'done') {
    return incoming ? said`${file} of ${name} is here: save it in the chat` : said`${file} has arrived at ${name}`;
  }
  const [first = '', ...rest] = stateWords(transfer, name);
  return ['', file, `: ${first}`, ...rest];
}
