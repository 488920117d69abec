/**
 * The fingerprints of a connection's certificates (RFC 8122), which tell whom it is with. Pure.
 */

/** A hash in capital hexadecimal digits with colons, as browsers write SHA-256. */
const SHA_256 = /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/;

/**
 * @param {string | undefined} algorithm
 * @param {string | undefined} hash
 * @returns {string | null} In one form; `null` if it is not of SHA-256.
 */
function fingerprint(algorithm, hash) {
  const form = hash?.toUpperCase() ?? '';
  return algorithm?.toLowerCase() === 'sha-256' && SHA_256.test(form) ? form : null;
}

/**
 * @param {string | undefined} sdp A description.
 * @returns {string | null} `null` if it has none, or several: any of them would do for the connection, and only one is compared.
 */
export function ofDescription(sdp) {
  const lines = (sdp ?? '').split(/\r?\n/).filter((line) => /^a=fingerprint:/i.test(line));
  const found = new Set(
    lines.map((line) => {
      const [algorithm, hash] = line.slice('a=fingerprint:'.length).trim().split(/\s+/);
      return fingerprint(algorithm, hash);
    }),
  );
  return found.size === 1 ? ([...found][0] ?? null) : null;
}

/**
 * @typedef {{ id: string, type: string, localCertificateId?: string, remoteCertificateId?: string, fingerprint?: string,
 *   fingerprintAlgorithm?: string }} Stat
 */

/**
 * What a connection uses, as its statistics have it. Firefox has no such.
 * @param {Iterable<Stat>} stats The values of `getStats()`.
 * @returns {{ local: string, remote: string } | null} `null` if they do not say, or there are several.
 */
export function ofStats(stats) {
  const all = [...stats];
  const transports = all.filter((stat) => stat.type === 'transport');
  const [transport] = transports;
  if (transport === undefined || transports.length > 1) return null;
  const of = (/** @type {string | undefined} */ id) => {
    const certificate = all.find((stat) => stat.type === 'certificate' && stat.id === id);
    return fingerprint(certificate?.fingerprintAlgorithm, certificate?.fingerprint);
  };
  const [local, remote] = [of(transport.localCertificateId), of(transport.remoteCertificateId)];
  return local === null || remote === null ? null : { local, remote };
}

/**
 * What both ends of a connection have, as its descriptions say: a browser refuses any other certificate.
 * @param {Pick<RTCPeerConnection, 'currentLocalDescription' | 'currentRemoteDescription'>} connection
 */
export function ofConnection({ currentLocalDescription, currentRemoteDescription }) {
  const [local, remote] = [ofDescription(currentLocalDescription?.sdp), ofDescription(currentRemoteDescription?.sdp)];
  return local === null || remote === null ? null : { local, remote };
}
