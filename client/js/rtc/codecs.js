/**
 * Finding the codec the server names among those a browser offers. Pure.
 */

/** @typedef {{ mimeType: string, clockRate: number, channels?: number, sdpFmtpLine?: string }} Codec */

/**
 * Whether `codec` is what the server means by `name`. One name stands for one profile: H264 is constrained baseline with
 * packetization mode 1 (RFC 6184, 8.1; the level may differ), VP9 profile 0 (RFC 9628, 6), AV1 profile 0.
 * @param {Codec} codec
 * @param {string} name As `publish` says it: `VP8`, `H264`, `VP9`, `AV1`, `opus`.
 * @returns {boolean}
 */
export function isCodec(codec, name) {
  const [, subtype = ''] = codec.mimeType.toLowerCase().split('/');
  if (subtype !== name.toLowerCase()) return false;
  const parameters = formatParameters(codec.sdpFmtpLine ?? '');
  switch (subtype) {
    case 'h264':
      return (
        parameters.get('packetization-mode') === '1' && /^42e0/i.test(parameters.get('profile-level-id') ?? '42000a')
      );
    case 'vp9':
      return (parameters.get('profile-id') ?? '0') === '0';
    case 'av1':
      return (parameters.get('profile') ?? '0') === '0';
    default:
      return true;
  }
}

/**
 * @template {Codec} C
 * @param {readonly C[]} codecs
 * @param {string} name
 * @returns {C | undefined}
 */
export function findCodec(codecs, name) {
  return codecs.find((codec) => isCodec(codec, name));
}

/** Everything that is passed on: names as `publish` says them, and RED, which wraps `opus`. */
const PASSED_ON = ['VP8', 'H264', 'VP9', 'AV1', 'opus', 'red'];

/**
 * Those of a browser's codecs in which anything may come: a line that offers all the others too is more than twice as long, and there
 * are some twenty lines. What carries retransmissions stays. Pure.
 * @template {Codec} C
 * @param {readonly C[]} codecs
 * @returns {C[]}
 */
export function receivable(codecs) {
  const resends = (/** @type {Codec} */ { mimeType }) => /\/rtx$/i.test(mimeType);
  return codecs.filter((codec) => resends(codec) || PASSED_ON.some((name) => isCodec(codec, name)));
}

/**
 * The same codecs with the named one first.
 * @template {Codec} C
 * @param {readonly C[]} codecs
 * @param {string} name
 * @returns {C[]}
 */
export function preferred(codecs, name) {
  return [...codecs.filter((codec) => isCodec(codec, name)), ...codecs.filter((codec) => !isCodec(codec, name))];
}

/**
 * @param {string} line The parameters of an `a=fmtp` line.
 * @returns {Map<string, string>}
 */
function formatParameters(line) {
  return new Map(
    line.split(';').map((pair) => {
      const [name = '', value = ''] = pair.split('=');
      return [name.trim().toLowerCase(), value.trim()];
    }),
  );
}
