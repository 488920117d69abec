/**
 * What runs inside the page before the page's own scripts. The driver sends the text of these functions, so each stands
 * alone: no imports, no names from outside.
 */

/**
 * Keeps what the page says in its live regions, what it asks of devices, and when the first picture of somebody else
 * came after the click on Join. Found again as `window.seen`.
 */
export function watch() {
  // Blank pages have no devices, and nothing to watch.
  if (!('MediaDevices' in window)) return;
  const seen = {
    /** @type {string[]} */
    announced: [],
    /** Milliseconds from the click on Join to the first frame of a remote tile, once there is one. */
    firstFrame: /** @type {number | undefined} */ (undefined),
    /** How often the page asked for devices, and how many of these questions have no answer yet. */
    asked: 0,
    unanswered: 0,
    /**
     * The codes with which the server closed the page's WebSockets.
     * @type {number[]}
     */
    closed: [],
    /** The camera tracks that are still running. */
    cameras: () => cameras.filter(({ readyState }) => readyState === 'live'),
    /** The track of the screen that was shared last. */
    shared: () => shared,
  };
  /** @type {MediaStreamTrack[]} */
  const cameras = [];
  /** @type {MediaStreamTrack | undefined} */
  let shared;
  const captureScreen = MediaDevices.prototype.getDisplayMedia;
  MediaDevices.prototype.getDisplayMedia = async function captured(options) {
    const stream = await captureScreen.call(this, options);
    [shared] = stream.getVideoTracks();
    return stream;
  };
  const capture = MediaDevices.prototype.getUserMedia;
  // All microphones of the tests beep alike: what one hears of the other would be taken for an echo and removed.
  const unprocessed = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  MediaDevices.prototype.getUserMedia = async function captured(constraints) {
    seen.asked += 1;
    seen.unanswered += 1;
    try {
      const { audio } = constraints ?? {};
      const heard = typeof audio === 'object' ? { ...audio, ...unprocessed } : audio && unprocessed;
      const stream = await capture.call(this, { ...constraints, audio: heard ?? false });
      cameras.push(...stream.getVideoTracks());
      return stream;
    } finally {
      seen.unanswered -= 1;
    }
  };
  window.WebSocket = class extends WebSocket {
    /** @param {ConstructorParameters<typeof WebSocket>} args */
    constructor(...args) {
      super(...args);
      this.addEventListener('close', ({ code }) => seen.closed.push(code));
    }
  };
  Object.assign(window, { seen });

  let joinedAt = Number.NaN;
  const named = (/** @type {Element} */ button) => button.getAttribute('aria-label') ?? button.textContent ?? '';
  document.addEventListener(
    'click',
    (event) => {
      const button = event.target instanceof Element && event.target.closest('button');
      if (button && named(button).includes('Join')) joinedAt = performance.now();
    },
    true,
  );

  const watched = new WeakSet();
  const watchVideos = () => {
    for (const video of document.querySelectorAll('[role=group] video')) {
      if (watched.has(video) || !(video instanceof HTMLVideoElement)) continue;
      watched.add(video);
      video.requestVideoFrameCallback(() => (seen.firstFrame ??= performance.now() - joinedAt));
    }
  };
  const say = (/** @type {string | null} */ text) => text?.trim() && seen.announced.push(text.trim());
  const hear = (/** @type {Node} */ node) => {
    const element = node instanceof Element ? node : node.parentElement;
    if (element?.closest('[role=status]')) say(node.textContent);
    else if (node instanceof Element) {
      for (const region of node.querySelectorAll('[role=status]')) say(region.textContent);
    }
  };
  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === 'characterData') hear(target);
      for (const node of addedNodes) hear(node);
    }
    watchVideos();
  }).observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
    attributeFilter: ['role', 'aria-label'],
  });
}

/**
 * Begins the page with this in its `sessionStorage`; not again after a reload.
 * @param {[string, string][]} entries
 */
export function keepInSession(entries) {
  if (sessionStorage.getItem('kept by the test')) return;
  sessionStorage.setItem('kept by the test', 'once');
  for (const [key, value] of entries) sessionStorage.setItem(key, value);
}

/**
 * Puts a stone in the way, once, as `window.hindrance` says: of an offer, `lose` cuts the socket before it, `lose-answer` right
 * after it, so that the server has taken it and its answer cannot arrive; `spoil` breaks its description. `future` makes a
 * page that comes in one of a protocol to come.
 */
export function hinder() {
  const send = WebSocket.prototype.send;
  /** @this {WebSocket} @param {string} data */
  WebSocket.prototype.send = function hindered(data) {
    const scene = /** @type {{ hindrance?: string | undefined }} */ (/** @type {unknown} */ (window));
    const message = JSON.parse(data);
    const how = scene.hindrance;
    if (how === undefined || message.type !== (how === 'future' ? 'join' : 'offer')) return send.call(this, data);
    scene.hindrance = undefined;
    if (how === 'future') return send.call(this, JSON.stringify({ ...message, protocol: 99 }));
    if (how === 'spoil') return send.call(this, JSON.stringify({ ...message, sdp: 'v=0\r\n' }));
    if (how === 'lose-answer') send.call(this, data);
    // A page gets no message any more from a socket that it closes.
    this.close();
  };
}

/**
 * Sends the page's media through a relay: in every answer the server's candidates get the relay's port.
 * @param {number} port
 */
export function relayMedia(port) {
  const original = RTCPeerConnection.prototype.setRemoteDescription;
  /** @this {RTCPeerConnection} @param {RTCSessionDescriptionInit} description */
  RTCPeerConnection.prototype.setRemoteDescription = function relayed(description) {
    const sdp = description.sdp
      ?.replace(/^a=candidate:\S+ \d+ tcp .*\r?\n/gim, '')
      .replace(/^(a=candidate:\S+ \d+ udp \d+ \S+) \d+/gim, `$1 ${port}`);
    return Reflect.apply(original, this, [{ type: description.type, ...(sdp === undefined ? {} : { sdp }) }]);
  };
}

/**
 * Hides the server's UDP ports from the page, as a network does that blocks UDP: of an answer's candidates only those of
 * TCP are left, at the port of a relay if there is one.
 * @param {number | null} relayPort
 */
export function blockUdp(relayPort) {
  const udp = /^a=candidate:\S+ \d+ udp .*\r?\n/gim;
  const original = RTCPeerConnection.prototype.setRemoteDescription;
  /** @this {RTCPeerConnection} @param {RTCSessionDescriptionInit} description */
  RTCPeerConnection.prototype.setRemoteDescription = function blocked({ type, sdp }) {
    const rest = sdp
      ?.replace(udp, '')
      .replace(/^(a=candidate:\S+ \d+ tcp \d+ \S+) (\d+)/gim, (_, start, port) => `${start} ${relayPort ?? port}`);
    return Reflect.apply(original, this, [{ type, ...(rest === undefined ? {} : { sdp: rest }) }]);
  };
}

/**
 * The way media takes: the protocol of both ends of the pair of candidates that is in use.
 * @returns {Promise<{ protocol: string, remote: string }>}
 */
export async function readPath() {
  const stats = await /** @type {any} */ (window).plenary.pc.getStats();
  const all = [...stats.values()];
  const named = (/** @type {string} */ wanted) => all.find(({ id }) => id === wanted);
  const { selectedCandidatePairId } = all.find(({ type }) => type === 'transport') ?? {};
  // Firefox marks the pair instead.
  const pair =
    named(selectedCandidatePairId) ?? all.find(({ type, selected }) => type === 'candidate-pair' && selected);
  const protocolOf = (/** @type {string} */ id) => named(id)?.protocol ?? 'none';
  return { protocol: protocolOf(pair?.localCandidateId), remote: protocolOf(pair?.remoteCandidateId) };
}

/**
 * How many frames a video has put on the screen since this was asked for the first time.
 * @param {Element} video
 * @returns {number}
 */
export function countFrames(video) {
  const counted = /** @type {HTMLVideoElement & { framesShown?: number }} */ (video);
  if (counted.framesShown === undefined) {
    counted.framesShown = 0;
    const count = () => {
      counted.framesShown = (counted.framesShown ?? 0) + 1;
      counted.requestVideoFrameCallback(count);
    };
    counted.requestVideoFrameCallback(count);
  }
  return counted.framesShown;
}

/**
 * Measures how long a video shows nothing new, from now on.
 * @param {Element} element
 */
export function measurePauses(element) {
  const video = /** @type {HTMLVideoElement & { longestPause?: () => number }} */ (element);
  let last = performance.now();
  let longest = 0;
  video.longestPause = () => Math.max(longest, performance.now() - last);
  const look = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
}

/**
 * The mean colour of what a video shows, away from its lower edge; or why it shows nothing.
 * @param {Element} video
 * @returns {number[] | string}
 */
export function readPixels(video) {
  if (!(video instanceof HTMLVideoElement)) return 'no video element';
  if (!video.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return 'hidden';
  const box = video.getBoundingClientRect();
  if (box.width < 8 || box.height < 8) return `too small to see: ${box.width} x ${box.height}`;
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) return 'no picture yet';
  const canvas = new OffscreenCanvas(32, 18);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return 'no canvas';
  context.drawImage(video, 0, 0, 32, 18);
  const { data } = context.getImageData(4, 2, 24, 9);
  return [0, 1, 2].map((part) => {
    const values = data.filter((_, i) => i % 4 === part);
    return Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
  });
}

/**
 * What a tile says besides its picture: its text, and the names and titles of what is visible on it.
 * @param {Element} tile
 */
export function readMarks(tile) {
  const said = [tile instanceof HTMLElement ? tile.innerText : ''];
  for (const part of tile.querySelectorAll('[aria-label], [title]')) {
    if (part.checkVisibility({ opacityProperty: true, visibilityProperty: true })) {
      said.push(part.getAttribute('aria-label') ?? '', part.getAttribute('title') ?? '');
    }
  }
  return said.join('\n');
}

/**
 * How loud each channel is of every sound that is received.
 * @returns {Promise<number[][]>}
 */
export async function readChannels() {
  const { plenary } = /** @type {{ plenary: { pc: RTCPeerConnection } }} */ (/** @type {unknown} */ (window));
  const context = new AudioContext();
  await context.resume();
  const tracks = plenary.pc.getReceivers().flatMap(({ track }) => (track.kind === 'audio' ? [track] : []));
  const channels = tracks.map((track) => {
    const split = context.createChannelSplitter(2);
    context.createMediaStreamSource(new MediaStream([track])).connect(split);
    return [0, 1].map((channel) => {
      const analyser = context.createAnalyser();
      split.connect(analyser, channel);
      return analyser;
    });
  });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const levels = channels.map((pair) =>
    pair.map((analyser) => {
      const wave = new Float32Array(analyser.fftSize);
      analyser.getFloatTimeDomainData(wave);
      return Math.sqrt(wave.reduce((sum, value) => sum + value * value, 0) / wave.length);
    }),
  );
  await context.close();
  return levels;
}

/** The rates at which sound is sent, in bits a second as the sender was told, the lowest first. */
export async function readSoundRates() {
  const { plenary } = /** @type {{ plenary: { pc: RTCPeerConnection } }} */ (/** @type {unknown} */ (window));
  const stats = [.../** @type {any} */ (await plenary.pc.getStats()).values()];
  const sent = stats.filter(
    ({ type, kind, targetBitrate }) => type === 'outbound-rtp' && kind === 'audio' && targetBitrate,
  );
  return sent.map(({ targetBitrate }) => targetBitrate).sort((one, other) => one - other);
}

/**
 * Seconds of sound that was played, and that of it which the browser made up because it did not come.
 * @returns {Promise<{ played: number, concealed: number }>}
 */
export async function readConcealment() {
  const { plenary } = /** @type {{ plenary: { pc: RTCPeerConnection } }} */ (/** @type {unknown} */ (window));
  const stats = [.../** @type {any} */ (await plenary.pc.getStats()).values()];
  const sounds = stats.filter(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio');
  const sum = (/** @type {(sound: any) => number} */ of) => sounds.reduce((all, sound) => all + of(sound), 0) / 48_000;
  return {
    played: sum(({ totalSamplesReceived = 0 }) => totalSamplesReceived),
    concealed: sum(({ concealedSamples = 0, silentConcealedSamples = 0 }) => concealedSamples - silentConcealedSamples),
  };
}

/**
 * What is received, in figures that only grow while things work; the energies of what is also played.
 * @returns {Promise<{ connection: string, videoLines: number, energies: [string, number][], framesDecoded: number, packetsSent: number }>}
 */
export async function readConnection() {
  const { plenary } = /** @type {{ plenary: { pc: RTCPeerConnection } }} */ (/** @type {unknown} */ (window));
  const { pc } = plenary;
  const sounding = [...document.querySelectorAll('audio, video')].filter(
    (element) => element instanceof HTMLMediaElement && !element.paused && !element.muted,
  );
  const streams = sounding.map((element) => /** @type {HTMLMediaElement} */ (element).srcObject);
  const played = new Set(
    streams.flatMap((stream) => (stream instanceof MediaStream ? stream.getAudioTracks().map(({ id }) => id) : [])),
  );
  /** @type {[string, number][]} */
  const energies = [];
  let framesDecoded = 0;
  let packetsSent = 0;
  for (const stats of (await pc.getStats()).values()) {
    if (stats.type === 'outbound-rtp') packetsSent += stats.packetsSent ?? 0;
    if (stats.type !== 'inbound-rtp') continue;
    // Firefox counts what it decodes, whether it is played or not.
    if (stats.kind === 'audio' && played.has(stats.trackIdentifier)) {
      energies.push([stats.id, stats.totalAudioEnergy ?? 0]);
    }
    if (stats.kind === 'video') framesDecoded += stats.framesDecoded ?? 0;
  }
  const receiving = pc
    .getTransceivers()
    .filter(({ direction, receiver }) => direction === 'recvonly' && receiver.track.kind === 'video');
  return { connection: pc.connectionState, videoLines: receiving.length, energies, framesDecoded, packetsSent };
}

/**
 * What somebody would want to know who cannot look: what the page says is wrong, what it plays, what it sends, and how much
 * sound goes in and out in a second.
 * @returns {Promise<string>}
 */
export async function readAccount() {
  const words = [...document.querySelectorAll('[role=alert], .banner, #over, .notes')]
    .filter((element) => element.checkVisibility())
    .map((element) => /** @type {HTMLElement} */ (element).innerText.replaceAll(/\s+/g, ' ').trim())
    .filter(Boolean);
  const media = /** @type {HTMLMediaElement[]} */ ([...document.querySelectorAll('audio, video')]);
  const playing = media
    .filter(({ srcObject }) => srcObject instanceof MediaStream)
    .map(({ tagName, paused, error, srcObject }) => {
      const tracks = /** @type {MediaStream} */ (srcObject).getTracks().map(({ muted }) => (muted ? 'silent' : 'live'));
      return `${tagName.toLowerCase()} ${paused ? 'paused' : 'plays'} ${tracks}${error ? ` ${error.message}` : ''}`;
    });
  const pc = /** @type {RTCPeerConnection | null | undefined} */ (/** @type {any} */ (window).plenary?.pc);
  const sent = (pc?.getSenders() ?? []).flatMap(({ track }) =>
    track ? [`${track.kind} ${track.readyState}${track.muted ? ' muted' : ''}${track.enabled ? '' : ' off'}`] : [],
  );
  const measured = async () => {
    const stats = [.../** @type {any} */ ((await pc?.getStats()) ?? new Map()).values()];
    const sounding = stats.filter(
      ({ kind, type }) => kind === 'audio' && /^(inbound|outbound)-rtp|^media-s/.test(type),
    );
    return new Map(
      sounding.map(({ id, type, mid, packetsSent, packetsReceived, totalAudioEnergy, totalSamplesDuration }) => [
        id,
        { type, mid, packets: packetsSent ?? packetsReceived, energy: totalAudioEnergy, played: totalSamplesDuration },
      ]),
    );
  };
  const before = await measured();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const sound = [...(await measured())].flatMap(([id, { type, mid, ...now }]) => {
    const then = before.get(id);
    const more = Object.entries(now).flatMap(([name, value]) => {
      const grown = value - (then?.[/** @type {keyof typeof now} */ (name)] ?? 0);
      return value === undefined ? [] : [`${name} +${Math.round(grown * 1_000) / 1_000}`];
    });
    return more.every((text) => text.endsWith('+0')) ? [] : [`${type} ${mid ?? ''}: ${more.join(', ')}`];
  });
  return JSON.stringify({
    state: document.documentElement.dataset.state,
    words,
    pc: pc?.connectionState,
    playing,
    sent,
    sound,
  });
}

/**
 * Waits until the banner says that something is wrong.
 * @returns {Promise<RTCPeerConnectionState | undefined>} what the browser says of the connection at that moment
 */
export function stateWhenWarned() {
  const banner = /** @type {HTMLElement} */ (document.getElementById('banner'));
  return new Promise((resolve) => {
    const look = () => banner.hidden || resolve(/** @type {any} */ (window).plenary?.pc?.connectionState);
    new MutationObserver(look).observe(banner, { attributes: true });
    look();
  });
}

/** How many elements of the call should play and do not. @returns {number} */
export function readPaused() {
  const all = /** @type {NodeListOf<HTMLMediaElement>} */ (document.querySelectorAll('#call audio, #call video'));
  return [...all].filter(({ paused, srcObject }) => paused && srcObject).length;
}

/**
 * Where a video is in the window, and the shape and size of its picture.
 * @param {Element} element
 */
export function pictureOf(element) {
  const video = /** @type {HTMLVideoElement} */ (element);
  const { x, y, width, height } = video.getBoundingClientRect();
  const size = { width: video.videoWidth, height: video.videoHeight };
  return { box: { x, y, width, height }, size, ratio: size.width / size.height };
}

/**
 * What getStats says of everything sent or received, each with its codec.
 * @returns {Promise<any[]>}
 */
export async function readStreams() {
  const stats = await /** @type {any} */ (window).plenary.pc.getStats();
  const all = [...stats.values()];
  return all
    .filter(({ type }) => type === 'inbound-rtp' || type === 'outbound-rtp')
    .map((stream) => {
      const { mimeType, sdpFmtpLine } = all.find(({ id }) => id === stream.codecId) ?? {};
      return { ...stream, codec: mimeType?.split('/')[1], format: sdpFmtpLine ?? '' };
    });
}

/**
 * The mean colour of a PNG. Runs in the page, which can decode it.
 * @param {string} base64
 */
export async function meanOfPng(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
  const context = new OffscreenCanvas(1, 1).getContext('2d');
  if (!context) throw new Error('no canvas');
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, 0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

/**
 * Turns the pictures of the camera on their side, as a phone does: not the pixels, but what is said beside them. Chromium
 * only.
 */
export function turnCamera() {
  if (!('MediaDevices' in window)) return;
  const streams = /** @type {any} */ (window);
  const capture = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = async function captured(constraints) {
    const stream = await capture.call(this, constraints);
    for (const track of stream.getVideoTracks()) {
      const { readable } = new streams.MediaStreamTrackProcessor({ track });
      const turned = new streams.MediaStreamTrackGenerator({ kind: 'video' });
      const turn = new TransformStream({
        transform(/** @type {any} */ frame, controller) {
          controller.enqueue(new streams.VideoFrame(frame, { rotation: 90 }));
          frame.close();
        },
      });
      void readable.pipeThrough(turn).pipeTo(turned.writable);
      stream.removeTrack(track);
      stream.addTrack(turned);
    }
    return stream;
  };
}

/** How long pictures waited in all before they were decoded, in seconds, and how many did. */
export async function readBufferDelay() {
  const { plenary } = /** @type {{ plenary: { pc: RTCPeerConnection } }} */ (/** @type {unknown} */ (window));
  let [delay, emitted] = [0, 0];
  for (const stats of (await plenary.pc.getStats()).values()) {
    if (stats.type !== 'inbound-rtp' || stats.kind !== 'video') continue;
    delay += stats.jitterBufferDelay ?? 0;
    emitted += stats.jitterBufferEmittedCount ?? 0;
  }
  return { delay, emitted };
}
