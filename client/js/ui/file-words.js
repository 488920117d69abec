/**
 * What is said of files to and from others. Pure.
 */

import { say, spoken, word } from '../core/words.js';

/** @import { Key } from '../words/en.js' */
/** @import { Reason } from '../rtc/files/frames.js' */
/** @import { Transfer } from '../rtc/transfer.js' */
/** @import { Sentence } from '../core/sentence.js' */

/** Why a file of ours did not arrive at somebody. @type {Record<Reason, Key>} */
const NOT_SENT = {
  declined: 'file.not-sent.declined',
  withdrawn: 'file.not-sent.withdrawn',
  'too-large': 'file.not-sent.too-large',
  'too-many': 'file.not-sent.too-many',
  'too-long': 'file.not-sent.too-long',
  'too-short': 'file.not-sent.too-short',
  digest: 'file.not-sent.digest',
  order: 'file.not-sent.order',
  changed: 'file.changed',
  unreadable: 'file.not-sent.unreadable',
  stalled: 'file.not-sent.stalled',
  lost: 'file.lost',
  busy: 'file.busy',
  other: 'file.given-up',
};

/** Why a file of somebody's did not come. @type {Record<Reason, Key>} */
const NOT_RECEIVED = {
  declined: 'file.not-here.declined',
  withdrawn: 'file.not-here.withdrawn',
  'too-large': 'file.not-here.too-large',
  'too-many': 'file.not-here.too-many',
  'too-long': 'file.not-here.too-long',
  'too-short': 'file.not-here.too-short',
  digest: 'file.not-here.digest',
  order: 'file.not-here.order',
  changed: 'file.changed',
  unreadable: 'file.not-here.unreadable',
  stalled: 'file.not-here.stalled',
  lost: 'file.lost',
  busy: 'file.busy.incoming',
  other: 'file.given-up',
};

/** Each is a thousand of the one before. @type {Key[]} */
const SIZES = ['size.kilo', 'size.mega', 'size.giga'];

const tenths = new Intl.NumberFormat(spoken, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/**
 * @param {number} bytes
 * @returns {string}
 */
export function sizeWords(bytes) {
  if (bytes < 1000) return word('size.bytes', { n: bytes });
  let [unit, ...larger] = SIZES;
  let value = bytes / 1000;
  // What would be rounded up to a thousand is one of the next.
  while (value >= 999.5 && larger.length > 0) {
    value /= 1000;
    [unit, ...larger] = larger;
  }
  return word(unit ?? 'size.kilo', { size: [value < 9.95 ? tenths.format(value) : String(Math.round(value))] });
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
      return say('file.queued');
    case 'offered':
      return incoming ? [] : say('file.offered', { name });
    case 'waiting':
      return say('file.waiting');
    case 'sending':
      return say('file.sending', { percent });
    case 'receiving':
      return say('file.receiving', { percent });
    case 'sent':
    case 'checking':
      return say('file.checking');
    case 'done':
      if (!incoming) return say('file.sent', { name });
      return say(saved ? 'file.saved' : 'file.here');
    default:
      if (limit !== null) return say('file.limit', { name, size: [sizeWords(limit)] });
      return say((incoming ? NOT_RECEIVED : NOT_SENT)[reason ?? 'other'], { name });
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
  if (state === 'done') return say(incoming ? 'file.end.here' : 'file.end.sent', { file, name });
  return say('file.end.failed', { file, why: stateWords(transfer, name) });
}
