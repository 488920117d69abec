/**
 * The person's own shared screen: whether there is one, its tracks, and why there is none.
 */

import { Emitter } from '../core/emitter.js';
import { word } from '../core/words.js';

/** @import { Hint } from '../core/quality.js' */

/** @typedef {{ title: string, advice: string }} Explanation */
/** @typedef {{ video: MediaStreamTrack | null, audio: MediaStreamTrack | null }} ShareTracks */
/** @typedef {{ change: null, problem: Explanation | null }} ShareEvents */

/** The page asks the browser for more than the types of all browsers know. @typedef {DisplayMediaStreamOptions & Record<string, unknown>} ShareOptions */

/** More lines than these are more than most screens show, and cost as many bits again. */
const SIZE = { width: { max: 1920 }, height: { max: 1080 } };

/**
 * What the browser is asked for.
 * The call's own sound must not come back from whoever shares it. Music has two channels, and what is done to voices spoils it.
 * @type {ShareOptions}
 */
const WITH_SOUND = {
  video: { ...SIZE, frameRate: { ideal: 30, max: 30 } },
  audio: /** @type {MediaTrackConstraints} */ ({
    restrictOwnAudio: true,
    channelCount: { ideal: 2 },
    echoCancellation: false,
    noiseSuppression: false,
    autoGainControl: false,
  }),
  selfBrowserSurface: 'exclude',
  surfaceSwitching: 'include',
  systemAudio: 'include',
};
/** Frames a second at most, by what is shown: text needs few, and each of them whole. */
const FRAMES = { text: 15, motion: 30 };
const WITHOUT_SOUND = { ...WITH_SOUND, audio: false };

/**
 * Whether the failure may be about the sound, or about words the browser does not know, and not about the screen. Pure.
 * @param {string} error The name of the DOMException or error.
 */
export function mayShareWithoutSound(error) {
  return ['TypeError', 'NotSupportedError', 'NotFoundError', 'NotReadableError', 'OverconstrainedError'].includes(
    error,
  );
}

/**
 * Says in plain words why no screen is shared. Pure.
 * @param {string} error The name of the DOMException.
 * @param {string} [message] Its message.
 * @returns {Explanation | null} Null if the person simply chose none.
 */
export function explainShare(error, message = '') {
  const forbidden = {
    title: word('share.cannot'),
    advice: word('share.system'),
  };
  switch (error) {
    case 'NotAllowedError':
      // One name for the person who changed their mind and for the system that says no.
      return /system/i.test(message) ? forbidden : null;
    case 'NotFoundError':
      return { title: word('share.nothing'), advice: word('share.nothing.why') };
    case 'NotReadableError':
      return forbidden;
    default:
      return { title: word('share.cannot'), advice: word('device.browser-says', { error }) };
  }
}

/** @extends {Emitter<ShareEvents>} */
export class ScreenShare extends Emitter {
  /** @type {ShareTracks} */
  #tracks = { video: null, audio: null };
  /** The browser's question is open. */
  #asking = false;
  /** Nobody wants the answer any more. */
  #over = false;
  #hint;

  /** @param {Hint} hint What is shared, until {@link hint} says otherwise. */
  constructor(hint) {
    super();
    this.#hint = hint;
  }

  /** Whether this browser can share a screen at all: phones cannot. */
  static get possible() {
    return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
  }

  get sharing() {
    return this.#tracks.video !== null;
  }

  /** @returns {Readonly<ShareTracks>} */
  get tracks() {
    return this.#tracks;
  }

  /** Whether text or motion is shared: what is kept when the line is thin. */
  get hint() {
    return this.#hint;
  }

  set hint(hint) {
    this.#hint = hint;
    if (this.#tracks.video) this.#apply(this.#tracks.video);
    this.emit('change', null);
  }

  /** Asks the person what to share. Must come from a click or a key. */
  async start() {
    if (this.#asking || this.sharing) return;
    this.#asking = true;
    this.emit('problem', null);
    try {
      this.#have(await open());
    } catch (error) {
      console.info(`no screen is shared: ${error}`);
      this.emit('problem', explainShare(nameOf(error), error instanceof Error ? error.message : ''));
    } finally {
      this.#asking = false;
    }
  }

  /** The call is over: what the person still chooses in an open question is not recorded. */
  end() {
    this.#over = true;
    this.stop();
  }

  stop() {
    if (!this.sharing) return;
    for (const track of [this.#tracks.video, this.#tracks.audio]) {
      if (!track) continue;
      track.onended = null;
      track.stop();
    }
    this.#tracks = { video: null, audio: null };
    this.emit('change', null);
  }

  /** @param {MediaStream} stream */
  #have(stream) {
    const [video = null] = stream.getVideoTracks();
    const [audio = null] = stream.getAudioTracks();
    if (this.#over) return stream.getTracks().forEach((track) => track.stop());
    if (!video) return this.emit('problem', explainShare('NotFoundError'));
    this.#apply(video);
    this.#tracks = { video, audio };
    // The browser's own bar ends the tracks.
    video.onended = () => this.stop();
    if (audio) audio.onended = () => this.#soundEnded(audio);
    this.emit('change', null);
    // It may have ended while the question was still being closed.
    if (video.readyState === 'ended') this.stop();
  }

  /** @param {MediaStreamTrack} video */
  #apply(video) {
    // Sharp and with fewer frames, or all the frames and less sharp.
    if ('contentHint' in video) video.contentHint = this.#hint;
    const frames = video.applyConstraints?.({ ...SIZE, frameRate: { max: FRAMES[this.#hint] } });
    frames?.catch((error) => console.warn('the frames of the screen stay as they are:', error));
  }

  /** @param {MediaStreamTrack} audio */
  #soundEnded(audio) {
    if (this.#tracks.audio !== audio) return;
    this.#tracks = { ...this.#tracks, audio: null };
    this.emit('change', null);
  }
}

/** @returns {Promise<MediaStream>} */
async function open() {
  try {
    return await navigator.mediaDevices.getDisplayMedia(WITH_SOUND);
  } catch (error) {
    if (!mayShareWithoutSound(nameOf(error))) throw error;
    return navigator.mediaDevices.getDisplayMedia(WITHOUT_SOUND);
  }
}

/** @param {unknown} error */
function nameOf(error) {
  return error instanceof Error ? error.name : String(error);
}
