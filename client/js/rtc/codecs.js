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
