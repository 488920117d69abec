/**
 * Checks messages against `messages.js`. Fields that are not known are let through: a newer server may add some. Pure.
 */

/** @import { ClientMessage, ServerMessage } from './messages.js' */

/** What is wrong with a value, or null. @typedef {(value: unknown, at: string) => string | null} Check */
/** @template T @typedef {{ ok: true, message: T } | { ok: false, reason: string }} Checked */

/** @type {(what: string, good: (value: unknown) => boolean) => Check} */
const is = (what, good) => (value, at) => (good(value) ? null : `${at} is not ${what}`);

const text = is('a string', (v) => typeof v === 'string');
const flag = is('true or false', (v) => typeof v === 'boolean');
const anything = is('anything', () => true);
/** @type {(max: number) => Check} */
const upTo = (max) =>
  is(`a whole number from 0 to ${max}`, (v) => typeof v === 'number' && Number.isInteger(v) && v >= 0 && v <= max);
const u8 = upTo(255);
const u16 = upTo(65_535);
const u32 = upTo(4_294_967_295);
const count = upTo(Number.MAX_SAFE_INTEGER);
const peerId = is('a peer id', (v) => typeof v === 'string' && /^[0-9a-f]{16}$/i.test(v));
/** @type {(...values: string[]) => Check} */
const oneOf = (...values) => is(`one of ${values.join(', ')}`, (v) => typeof v === 'string' && values.includes(v));
const kind = oneOf('audio', 'video');
const stream = oneOf('camera', 'screen');

/** @type {(check: Check) => Check} */
const nullable = (check) => (value, at) => (value === null ? null : check(value, at));

/** @type {(check: Check) => Check} */
const listOf = (check) => (value, at) => {
  if (!Array.isArray(value)) return `${at} is not a list`;
  for (const [index, entry] of value.entries()) {
    const wrong = check(entry, `${at}[${index}]`);
    if (wrong) return wrong;
  }
  return null;
};

/** @type {(check: Check) => Check} */
const upToEight = (check) => (value, at) =>
  Array.isArray(value) && value.length > 8 ? `${at} has more than 8 entries` : listOf(check)(value, at);

/** The kinds of addresses that a browser gathers. */
const GATHERED = ['host', 'hidden', 'outer', 'relay'].flatMap((of) => [`${of}-udp`, `${of}-tcp`]);

/** @type {(needed: Record<string, Check>, optional?: Record<string, Check>) => Check} */
const record =
  (needed, optional = {}) =>
  (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${at} is not an object`;
    const fields = /** @type {Record<string, unknown>} */ (value);
    for (const [name, check] of Object.entries(needed)) {
      const wrong = name in fields ? check(fields[name], `${at}.${name}`) : `${at}.${name} is missing`;
      if (wrong) return wrong;
    }
    for (const [name, check] of Object.entries(optional)) {
      const wrong = fields[name] === undefined ? null : check(fields[name], `${at}.${name}`);
      if (wrong) return wrong;
    }
    return null;
  };

const settings = { chat: flag, files: flag, keepChat: flag, starts: count, ends: count, longest: u32 };
const room = record(
  { id: text, name: text, listed: flag, topology: text, createdAt: count, people: count },
  { access: text, locked: flag, screens: text, passNeeded: flag, ...settings },
);
const muted = record({ muted: flag });
const layer = record({ maxBitrate: u32, scaleDown: u8 }, { rid: text, maxFramerate: u8 });

const iceServers = listOf(record({ urls: listOf(text) }, { username: text, credential: text }));

const chatMessage = record(
  { id: count, revision: count, from: peerId, name: text, text, at: count },
  { edited: flag, deleted: flag },
);

/** @type {Record<string, Check>} */
const SERVER = {
  welcome: record(
    {
      peer: peerId,
      token: text,
      resumed: flag,
      media: flag,
      room,
      slots: record({ pairs: u8, audioOnly: u8, videoSteps: listOf(u8) }),
      iceServers,
    },
    {
      protocol: u32,
      role: text,
      grants: listOf(text),
      encodings: record({ camera: listOf(layer), screen: listOf(layer) }),
      stunServers: iceServers,
      fileBytes: count,
    },
  ),
  peers: record({
    version: count,
    peers: listOf(
      record(
        {
          id: peerId,
          name: text,
          // A newer server may have states, roles and streams that this page does not know: `room-state.js` does without.
          state: text,
          streams: listOf(record({ stream: text }, { audio: muted, video: muted })),
        },
        { role: text, hand: count, client: text },
      ),
    ),
  }),
  'peer-joined': record({ peer: peerId, name: text }),
  'peer-left': record({ peer: peerId, name: text }),
  answer: record({ id: u32, sdp: text }),
  publish: record({ version: count, tracks: listOf(record({ stream, kind, codec: text, layers: listOf(layer) })) }),
  slots: record({
    version: count,
    video: listOf(
      record(
        { slot: u8, since: nullable(u32) },
        { peer: peerId, stream: text, blocked: text, layer: text, reason: text },
      ),
    ),
    audio: listOf(record({ slot: u8 }, { peer: peerId, stream: text })),
  }),
  speaker: record({}, { peer: peerId }),
  downlink: record({ bitrate: count }),
  'ice-servers': record({ iceServers }),
  topology: record({ topology: text, epoch: count, path: text, reason: text }),
  signal: record({ from: peerId, epoch: count, data: anything }),
  chat: record({ message: chatMessage }, { ref: text }),
  'chat-history': record({ epoch: count, revision: count, first: count, messages: listOf(chatMessage) }),
  typing: record({ peer: peerId, typing: flag }),
  reacted: record({ peer: peerId, reaction: text }),
  file: record({ from: peerId, frame: record({}) }),
  room: record({ access: text, locked: flag, screens: text }, settings),
  closing: record({ what: text }, { seconds: count }),
  granted: record({ role: text, grants: listOf(text) }),
  muted: record({ stream, kind }, { by: text }),
  waiting: record({ knock: count, room }),
  lobby: record({ waiting: listOf(record({ knock: count, name: text, since: count, banned: flag })) }),
  error: record({ code: text, message: text }, { rebuild: flag, offer: u32, ref: text, reason: text }),
  trouble: record({ cause: text, code: text }),
  pong: record({}),
};

/** What one may wish of those who are in the room, and of the room. @type {Record<string, Check>} */
const WISHES = {
  mute: record({ stream, kind }, { peer: peerId }),
  'lower-hand': record({}, { peer: peerId }),
  remove: record({ peer: peerId }),
  ban: record({ peer: peerId }),
  role: record({ peer: peerId, role: oneOf('owner', 'moderator', 'speaker', 'listener') }),
  lock: record({ locked: flag }),
  access: record({ access: oneOf('open', 'lobby', 'token') }),
  screens: record({ screens: oneOf('everybody', 'moderators') }),
  chat: record({ chat: flag }),
  files: record({ files: flag }),
  admit: record({}, { knock: count }),
  refuse: record({ knock: count }),
  end: record({}),
};

/** @type {Check} */
const wish = (value, at) => {
  const action = /** @type {{ action?: unknown } | null} */ (value)?.action;
  const check = typeof action === 'string' && Object.hasOwn(WISHES, action) ? WISHES[action] : undefined;
  return check ? check(value, at) : `${at}.action is not known`;
};

/** @type {Record<string, Check>} */
const CLIENT = {
  join: record(
    { room: text, name: text },
    {
      token: text,
      secret: text,
      pass: text,
      protocol: u32,
      hideAddress: flag,
      chat: record({ epoch: count, revision: count }),
      browser: text,
      knock: flag,
      roomName: text,
    },
  ),
  offer: record({
    id: u32,
    fresh: flag,
    sdp: text,
    tracks: listOf(record({ mid: text, stream, kind })),
    slots: listOf(record({ mid: text, kind, slot: u8 })),
  }),
  view: record({ tiles: listOf(record({ peer: peerId, stream, height: u16 }, { pinned: flag })) }),
  mute: record({ stream, kind, muted: flag }),
  limited: record({ stream, by: nullable(oneOf('bandwidth', 'cpu')) }),
  signal: record({ to: peerId, data: anything }, { epoch: count }),
  direct: record(
    {
      epoch: count,
      state: oneOf('connected', 'no-path', 'lost', 'refused', 'device-busy', 'slow-uplink', 'gone'),
    },
    { peer: peerId },
  ),
  'hide-address': record({ hidden: flag }),
  topology: record({ topology: oneOf('sfu', 'auto', 'mesh') }),
  chat: record({ ref: text, text }),
  'chat-edit': record({ ref: text, id: count, text }),
  'chat-delete': record({ ref: text, id: count }),
  typing: record({ typing: flag }),
  file: record({ to: peerId, frame: record({}) }),
  hand: record({ raised: flag }),
  react: record({ reaction: oneOf('thumbs-up', 'clap', 'heart', 'laugh', 'surprise', 'celebrate') }),
  moderate: wish,
  trouble: record(
    {
      gathered: listOf(oneOf(...GATHERED)),
      errors: upToEight(
        record({ code: u16, scheme: oneOf('stun', 'stuns', 'turn', 'turns'), transport: oneOf('udp', 'tcp') }),
      ),
      ice: oneOf('new', 'checking', 'connected', 'completed', 'disconnected', 'failed', 'closed'),
      dtls: oneOf('new', 'connecting', 'connected', 'failed', 'closed'),
      answered: flag,
      bytesSent: count,
      bytesReceived: count,
      encoded: flag,
      decoded: flag,
    },
    { requests: u32, responses: u32 },
  ),
  shown: record({ way: oneOf('udp', 'tcp', 'relay') }),
  leave: record({}, { mayReturn: flag }),
  ping: record({}),
};

/**
 * @param {Record<string, Check>} table
 * @param {unknown} value
 * @returns {string | null} What is wrong.
 */
function wrongWith(table, value) {
  const type = /** @type {{ type?: unknown } | null | undefined} */ (value)?.type;
  if (typeof type !== 'string') return 'no type';
  const check = Object.hasOwn(table, type) ? table[type] : undefined;
  return check ? check(value, type) : `unknown type ${type}`;
}

/**
 * @param {unknown} value
 * @returns {Checked<ServerMessage>}
 */
export function validateServerMessage(value) {
  const reason = wrongWith(SERVER, value);
  return reason === null ? { ok: true, message: /** @type {ServerMessage} */ (value) } : { ok: false, reason };
}

/**
 * @param {unknown} value
 * @returns {Checked<ClientMessage>}
 */
export function validateClientMessage(value) {
  const reason = wrongWith(CLIENT, value);
  return reason === null ? { ok: true, message: /** @type {ClientMessage} */ (value) } : { ok: false, reason };
}
