/**
 * What a browser finds while it connects to the server: kinds of addresses, answers of STUN and TURN servers, states, counts. Never an
 * address.
 */

/** @import { Gathered, IceError, TroubleReport, Way } from '../proto/messages.js' */

/** Errors that one report names, at most. */
const MOST_ERRORS = 8;
/** Milliseconds between two looks at what is counted. */
const EVERY = 2000;

/** What is counted of the connection. @typedef {Pick<TroubleReport, 'requests' | 'responses' | 'bytesSent' | 'bytesReceived' | 'encoded' | 'decoded'>} Counted */

export class Findings {
  #pc;
  #seen;
  /** @type {Set<Gathered>} */
  #gathered = new Set();
  /** @type {IceError[]} */
  #errors = [];
  /** @type {Counted} */
  #counted = { bytesSent: 0, bytesReceived: 0, encoded: false, decoded: false };
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /**
   * @param {RTCPeerConnection} pc
   * @param {(way: Way) => void} seen The first picture is shown, and came this way.
   */
  constructor(pc, seen) {
    this.#pc = pc;
    this.#seen = seen;
    pc.addEventListener('icecandidate', ({ candidate }) => {
      const kind = candidate && gatheredOf(candidate);
      if (kind) this.#gathered.add(kind);
    });
    pc.addEventListener('icecandidateerror', (event) => {
      const error = errorOf(event);
      if (error && this.#errors.length < MOST_ERRORS && !this.#errors.some((known) => same(known, error))) {
        this.#errors.push(error);
      }
    });
  }

  /** Looks until the first picture is shown. @param {() => boolean} awaits Whether there is something to look for at present. */
  start(awaits) {
    this.stop();
    this.#timer = setInterval(() => awaits() && void this.#look(), EVERY);
  }

  stop() {
    clearInterval(this.#timer);
  }

  async #look() {
    const stats = await this.#pc.getStats().catch(() => null);
    if (!stats) return;
    const { way, ...counted } = countedOf(stats.values());
    this.#counted = counted;
    if (!counted.decoded) return;
    this.stop();
    this.#seen(way);
  }

  /**
   * @param {boolean} answered Whether the offer was.
   * @returns {TroubleReport} As of the last look: a connection that is given up tells nothing more.
   */
  report(answered) {
    const pc = this.#pc;
    return {
      gathered: [...this.#gathered],
      errors: this.#errors,
      ice: pc.iceConnectionState,
      dtls: pc.sctp?.transport?.state ?? 'new',
      answered,
      ...this.#counted,
    };
  }
}

/**
 * @param {Pick<RTCIceCandidate, 'type' | 'protocol' | 'address'> & { relayProtocol?: string | null }} candidate
 * @returns {Gathered | null}
 */
export function gatheredOf({ type, protocol, address, relayProtocol }) {
  const over = protocol === 'tcp' ? 'tcp' : 'udp';
  if (type === 'relay') return relayProtocol && relayProtocol !== 'udp' ? 'relay-tcp' : 'relay-udp';
  if (type === 'srflx') return `outer-${over}`;
  if (type !== 'host') return null;
  return `${address?.endsWith('.local') ? 'hidden' : 'host'}-${over}`;
}

/**
 * @param {Pick<RTCPeerConnectionIceErrorEvent, 'errorCode' | 'url'>} event
 * @returns {IceError | null}
 */
export function errorOf({ errorCode, url }) {
  const [, scheme = ''] = /^(stuns?|turns?):/.exec(url ?? '') ?? [];
  if (!scheme || !Number.isInteger(errorCode) || errorCode < 0 || errorCode > 65_535) return null;
  const transport = scheme.endsWith('s') || /[?&]transport=tcp/.test(url) ? 'tcp' : 'udp';
  return { code: errorCode, scheme: /** @type {IceError['scheme']} */ (scheme), transport };
}

/**
 * @param {IceError} one
 * @param {IceError} other
 */
const same = (one, other) =>
  one.code === other.code && one.scheme === other.scheme && one.transport === other.transport;

/**
 * What matters of a connection's counts.
 * @param {Iterable<any>} stats As `getStats` has them.
 * @returns {Counted & { way: Way }}
 */
export function countedOf(stats) {
  const all = [...stats];
  const pairs = all.filter(({ type }) => type === 'candidate-pair');
  const sum = (/** @type {string} */ of) => pairs.reduce((so, pair) => so + (pair[of] ?? 0), 0);
  // Firefox does not count checks.
  const counts = pairs.some((pair) => pair.requestsSent !== undefined);
  const used = pairs.find(({ state, nominated }) => state === 'succeeded' && nominated);
  const local = all.find(({ id }) => id === used?.localCandidateId);
  const way = local?.candidateType === 'relay' ? 'relay' : local?.protocol === 'tcp' ? 'tcp' : 'udp';
  return {
    ...(counts ? { requests: sum('requestsSent'), responses: sum('responsesReceived') } : {}),
    bytesSent: sum('bytesSent'),
    bytesReceived: sum('bytesReceived'),
    encoded: all.some(({ type, framesEncoded }) => type === 'outbound-rtp' && framesEncoded > 0),
    decoded: all.some(({ type, framesDecoded }) => type === 'inbound-rtp' && framesDecoded > 0),
    way,
  };
}
