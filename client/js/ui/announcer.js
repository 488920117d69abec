/**
 * When to say what into the live region: at once if it was quiet, together if much happens, and in as few words as tell
 * it. Pure but for the timer it is given.
 */

/** @import { Sentence } from '../core/sentence.js' */

/** Milliseconds between two announcements, so that a screen reader can finish one. */
export const QUIET = 2000;
/** Names that are said before the others are only counted. */
const NAMED = 3;
/** What one does, and what several do. @type {[RegExp, string][]} */
const PLURALS = [
  [/^ is /, ' are '],
  [/^ shares a screen/, ' share a screen'],
  [/^ wants /, ' want '],
];

/** What is said, and whether it is shown too: what stands elsewhere on the page is only spoken. @typedef {{ sentence: Sentence, shown: boolean }} Note */

export class Announcer {
  #say;
  #later;
  /** @type {Note[]} */
  #waiting = [];
  #busy = false;

  /**
   * @param {(notes: Note[]) => void} say
   * @param {(action: () => void, delay: number) => void} later
   */
  constructor(say, later) {
    this.#say = say;
    this.#later = later;
  }

  /** @param {Note} note */
  add(note) {
    this.#waiting.push(note);
    if (!this.#busy) this.#flush();
  }

  /** Nobody wants to hear what still waits. */
  clear() {
    this.#waiting = [];
  }

  #flush() {
    const notes = summarised(this.#waiting);
    this.#waiting = [];
    this.#busy = notes.length > 0;
    if (!this.#busy) return;
    this.#say(notes);
    this.#later(() => this.#flush(), QUIET);
  }
}

/**
 * Says together what several people did, and nothing twice. Pure.
 * @param {Note[]} notes
 * @returns {Note[]} In the order of what happened first.
 */
function summarised(notes) {
  /** @type {Map<string, { names: string[], note: Note }>} */
  const groups = new Map();
  for (const note of notes) {
    const [before, name, after, ...more] = note.sentence;
    // "Ann joined", and not "Ann's video cannot be played" or "The others see you as Ann".
    const alike = before === '' && name !== undefined && after?.startsWith(' ') && more.length === 0;
    const key = `${note.shown} ${alike ? after : note.sentence.join('\u0000')}`;
    const group = groups.get(key) ?? { names: [], note };
    groups.set(key, group);
    if (alike && !group.names.includes(name)) group.names.push(name);
  }
  return [...groups.values()].map(({ names, note }) =>
    names.length < 2 ? note : { ...note, sentence: together(names, note.sentence[2] ?? '') },
  );
}

/**
 * @param {string[]} names Two or more.
 * @param {string} did What each of them did.
 * @returns {Sentence}
 */
function together(names, did) {
  const first = names.length > NAMED ? names.slice(0, NAMED - 1) : names;
  const rest = names.length - first.length;
  const words = PLURALS.reduce((text, [one, several]) => text.replace(one, several), did);
  const parts = first.flatMap((name, index) => {
    const last = rest === 0 && index === first.length - 1;
    return [index === 0 ? '' : last ? ' and ' : ', ', name];
  });
  return [...parts, rest > 0 ? ` and ${rest} others${words}` : words];
}
