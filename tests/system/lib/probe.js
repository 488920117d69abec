/** Asks a relay for the way to many addresses, and writes down what it says. */

/** @import { Answer } from './stun.js' */
/** @import { Range } from './peers.js' */
/** @import { TurnClient } from './turn.js' */

/** The port asked for: one of the media ports, so that only the address can be what is wrong. */
const PORT = 61_000;

/** @param {Answer} answer */
export const word = ({ kind, code }) => (kind === 'success' ? 'allowed' : `${code}`);

/** @typedef {{ refused: Range[], allowed: Range[] }} Ranges */

/**
 * @param {TurnClient} client with a relayed address
 * @param {Ranges} ranges and what must become of them
 * @returns {Promise<{ rows: string[], wrong: string[] }>} a table, and where it is not as it must be
 */
export async function probe(client, { refused, allowed }) {
  const rows = ['| Peer | What it is | CreatePermission | ChannelBind |', '|---|---|---|---|'];
  /** @type {string[]} */
  const wrong = [];
  let channel = 0x4000;
  const ask = async (/** @type {Range} */ { what, peers }, /** @type {(answer: Answer) => boolean} */ isRight) => {
    for (const peer of peers) {
      const answers = [await client.createPermission([peer], PORT), await client.channelBind(channel++, peer, PORT)];
      rows.push(`| ${peer} | ${what} | ${answers.map(word).join(' | ')} |`);
      if (!answers.every(isRight)) wrong.push(`${peer} (${what}): ${answers.map(word).join(', ')}`);
    }
  };
  // Forbidden, or of another family than the relayed address (RFC 8656, 9.2 and 11.2).
  for (const range of refused) await ask(range, ({ code }) => code === 403 || code === 443);
  for (const range of allowed) await ask(range, ({ kind }) => kind === 'success');
  return { rows, wrong };
}
