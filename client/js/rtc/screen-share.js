/**
 * The person's own shared screen: whether there is one, its tracks, and why there is none.
 */

import { Emitter } from '../core/emitter.js';

/** @typedef {{ title: string, advice: string }} Explanation */
/** @typedef {{ video: MediaStreamTrack | null, audio: MediaStreamTrack | null }} ShareTracks */
/** @typedef {{ change: null, problem: Explanation | null }} ShareEvents */

/** The page asks the browser for more than the types of all browsers know. @typedef {DisplayMediaStreamOptions & Record<string, unknown>} ShareOptions */

/**
 * What the browser is asked for. Text needs few frames; a film in a window needs no more than 30.
 * The call's own sound must not come back from whoever shares it. Music has two channels, and what is done to voices spoils it.
 * @type {ShareOptions}
 */
const WITH_SOUND = {
  video: { frameRate: { ideal: 15, max: 30 } },
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
    title: 'The screen cannot be shared.',
    advice: 'The system does not let the browser record the screen. Look into its privacy settings.',
  };
  switch (error) {
    case 'NotAllowedError':
      // One name for the person who changed their mind and for the system that says no.
      return /system/i.test(message) ? forbidden : null;
    case 'NotFoundError':
      return { title: 'There is nothing to share.', advice: 'The browser found no screen and no window.' };
    case 'NotReadableError':
      return forbidden;
    default:
      return { title: 'The screen cannot be shared.', advice: `The browser says “${error}”.` };
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
    // Text stays sharp when the line is thin; fewer frames do no harm.
    if ('contentHint' in video) video.contentHint = 'detail';
    this.#tracks = { video, audio };
    // The browser's own bar ends the tracks.
    video.onended = () => this.stop();
    if (audio) audio.onended = () => this.#soundEnded(audio);
    this.emit('change', null);
    // It may have ended while the question was still being closed.
    if (video.readyState === 'ended') this.stop();
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
