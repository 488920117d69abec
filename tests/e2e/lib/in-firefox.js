/**
 * What runs inside pages in Firefox before the page's own scripts. Puppeteer sends the text of these functions, so each
 * stands alone: no imports, no names from outside.
 */

/** What the lines begin with by which a page reports to the test. */
export const REPORT = 'plenary-test';

/**
 * Reports what goes over the page's WebSockets, and what its content policy refused. The console is the way out: its
 * lines arrive in order, and before the answer to whatever the test asks later.
 * @param {string} report
 */
export function overhear(report) {
  const tell = (/** @type {string} */ what, /** @type {string} */ text) => console.info(`${report} ${what} ${text}`);
  const send = WebSocket.prototype.send;
  /** @this {WebSocket} @param {string} data */
  WebSocket.prototype.send = function overheard(data) {
    tell('said', data);
    return send.call(this, data);
  };
  window.WebSocket = class extends WebSocket {
    /** @param {ConstructorParameters<typeof WebSocket>} args */
    constructor(...args) {
      super(...args);
      tell('socket', this.url);
      this.addEventListener('message', ({ data }) => tell('told', data));
    }
  };
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
    tell('wrong', `Content Security Policy: ${violatedDirective} refused ${blockedURI}`),
  );
}

/**
 * Paints what the camera shows. The device is opened and closed as without it; only its picture is another: a colour with
 * a white block along the lower edge that moves, as in `y4m.js`, or the bitmaps, round and round.
 * @param {{ rgb?: readonly number[], width: number, height: number, rate: number, bitmaps: string[] }} camera
 */
export function paintCamera({ rgb, width, height, rate, bitmaps }) {
  // Blank pages have none.
  if (!('MediaDevices' in window)) return;
  const capture = MediaDevices.prototype.getUserMedia;
  const decoded = Promise.all(
    bitmaps.map((bitmap) => {
      const bytes = Uint8Array.from(atob(bitmap), (letter) => letter.charCodeAt(0));
      return createImageBitmap(new Blob([bytes], { type: 'image/bmp' }));
    }),
  );
  MediaDevices.prototype.getUserMedia = async function painted(constraints) {
    const stream = await capture.call(this, constraints);
    const [device] = stream.getVideoTracks();
    if (!device) return stream;
    const pictures = await decoded;
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width, height });
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
    const side = Math.floor(height / 16) * 2;
    let frame = 0;
    const paint = () => {
      frame += 1;
      const picture = pictures[frame % pictures.length];
      if (picture) return context.drawImage(picture, 0, 0, width, height);
      context.fillStyle = `rgb(${(rgb ?? [0, 0, 0]).join(' ')})`;
      context.fillRect(0, 0, width, height);
      context.fillStyle = 'white';
      context.fillRect(((frame % 6) * (width - side)) / 6, height - side, side, side);
    };
    paint();
    const timer = setInterval(paint, 1000 / rate);
    const [track] = canvas.captureStream(rate).getVideoTracks();
    if (!track) throw new Error('a canvas without a picture');
    const [stop, getSettings] = [track.stop, track.getSettings];
    track.stop = () => {
      clearInterval(timer);
      device.stop();
      stop.call(track);
    };
    track.getSettings = () => {
      const { deviceId, groupId } = device.getSettings();
      return { ...getSettings.call(track), ...(deviceId ? { deviceId } : {}), ...(groupId ? { groupId } : {}) };
    };
    return new MediaStream([...stream.getAudioTracks(), track]);
  };
}

/**
 * Without a desktop Firefox has no screen to capture: a canvas that looks like `slides.js` takes its place, with the
 * tone of the microphone.
 * `window.endShare` ends both as the browser's own bar does.
 * @param {{ edge: readonly number[], middle: readonly number[], width: number, height: number }} screen
 */
export function paintScreen({ edge, middle, width, height }) {
  if (!('MediaDevices' in window)) return;
  MediaDevices.prototype.getDisplayMedia = async function painted() {
    const canvas = document.createElement('canvas');
    Object.assign(canvas, { width, height });
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
    const rgb = (/** @type {readonly number[]} */ colour) => `rgb(${colour.join(' ')})`;
    let frame = 0;
    const paint = () => {
      frame += 1;
      context.fillStyle = rgb(edge);
      context.fillRect(0, 0, width, height);
      context.fillStyle = rgb(middle);
      context.fillRect(width * 0.08, height * 0.08, width * 0.84, height * 0.84);
      context.fillStyle = 'white';
      context.fillRect(width * (0.1 + 0.1 * (frame % 7)), height * 0.84, width * 0.06, height * 0.06);
    };
    paint();
    const timer = setInterval(paint, 100);
    const tone = await navigator.mediaDevices.getUserMedia({ audio: true });
    const tracks = [...canvas.captureStream(10).getVideoTracks(), ...tone.getAudioTracks()];
    const stop = MediaStreamTrack.prototype.stop;
    for (const track of tracks) {
      track.stop = () => {
        clearInterval(timer);
        stop.call(track);
      };
    }
    const endShare = () => {
      for (const track of tracks) {
        track.stop();
        track.dispatchEvent(new Event('ended'));
      }
    };
    Object.assign(window, { endShare });
    return new MediaStream(tracks);
  };
}
