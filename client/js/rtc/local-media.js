/**
 * The person's own camera and microphone: what is wanted, what is open, what is wrong. A wish is obeyed at once; the browser
 * may answer when it likes, and what it opens late for nobody is closed again. A camera that is off is released, so that its
 * light goes out; a muted microphone stays open and sends silence, so that unmuting is instant.
 */

import { Emitter } from '../core/emitter.js';
import { DEVICES, openDevices, permissionFor } from './devices.js';

/** @import { Device } from './devices.js' */

/** Milliseconds without an answer until the person is told that there is none: most devices are open within one second. */
export const SILENT_FOR = 2000;

/** Milliseconds a device must have run for it to be opened again by itself when it ends: otherwise that could go on for ever. */
export const STEADY_AFTER = 10_000;

/**
 * One call of `getUserMedia`. Nothing can take it back; a device that waits for another one forgets it.
 * @typedef {object} Attempt
 * @property {Partial<Record<Device, string>>} ids What was asked for.
 * @property {boolean} again The browser ended the device, and nobody asked for this.
 */

/**
 * @typedef {object} DeviceState
 * @property {boolean} on What the person wants.
 * @property {boolean} live It is on, and open.
 * @property {boolean} opening It is on, and the browser has not answered yet.
 * @property {'question' | 'slow' | null} waiting Why the answer takes so long.
 * @property {boolean} silenced The system lets nothing through at present.
 * @property {boolean} replaced The device chosen or used before is not there, another one is used.
 * @property {boolean} unplugged The microphone in use went away. Another one is open, and muted: it may hear what that one did not.
 * @property {MediaStreamTrack | null} track
 * @property {string} id The chosen device; empty for the browser's choice.
 * @property {string | null} problem Why it cannot be used, as `explain` takes it.
 */

/**
 * @typedef {object} Inner
 * @property {Attempt | null} attempt The one whose answer counts.
 * @property {string} permission As it was when the device was opened.
 * @property {string | undefined} used The device that was opened last.
 * @property {number} since When it was opened again by itself; long ago if a person had it opened.
 */

/** @typedef {DeviceState & Inner} Own */

/** @typedef {{ change: Device }} LocalEvents */

/** @extends {Emitter<LocalEvents>} */
export class LocalMedia extends Emitter {
  /** @type {Record<Device, Own>} */
  #devices = { camera: fresh(), microphone: fresh() };

  /**
   * @param {Device} device
   * @returns {Readonly<DeviceState>}
   */
  get(device) {
    return this.#devices[device];
  }

  /**
   * Opens the devices that are wanted, both under one question where that works.
   * @param {Record<Device, boolean>} wanted
   * @param {Record<Device, string>} ids
   * @returns {Promise<void>} Settled once the browser has answered.
   */
  async start(wanted, ids) {
    for (const device of DEVICES) {
      this.#devices[device].id = ids[device];
      this.#devices[device].on = wanted[device];
    }
    await this.#open(DEVICES.filter((device) => wanted[device]));
  }

  /**
   * @param {Device} device
   * @param {boolean} on
   */
  set(device, on) {
    const state = this.#devices[device];
    if (state.on === on) return;
    state.on = on;
    state.problem = null;
    state.unplugged = false;
    const { track, attempt } = state;
    if (!on && device === 'microphone' && track) track.enabled = false;
    else if (!on) this.#release(device);
    else if (track) track.enabled = true;
    // The question that is still open will do.
    else if (attempt?.ids[device] !== state.id) return void this.#open([device]);
    this.#show(device);
  }

  /**
   * Uses another device from now on.
   * @param {Device} device
   * @param {string} id
   */
  choose(device, id) {
    const state = this.#devices[device];
    if (state.id === id && !state.replaced) return;
    state.id = id;
    this.#release(device);
    if (state.on) void this.#open([device]);
    else this.#show(device);
  }

  /** Releases everything. What opens later is closed again. */
  stop() {
    for (const device of DEVICES) {
      const state = this.#devices[device];
      state.on = false;
      state.attempt = null;
      this.#release(device);
      this.#show(device);
    }
  }

  /**
   * @param {Device[]} devices
   * @param {boolean} [again] Nobody asked for it.
   */
  async #open(devices, again = false) {
    if (devices.length === 0) return;
    /** @type {Attempt} */
    const attempt = { ids: {}, again };
    for (const device of devices) {
      const state = this.#devices[device];
      attempt.ids[device] = state.id;
      state.attempt = attempt;
      state.waiting = null;
    }
    for (const device of devices) this.#show(device);
    const timer = setTimeout(() => void this.#tell(attempt), SILENT_FOR);
    try {
      const still = () =>
        devices.some((device) => this.#devices[device].attempt === attempt && this.#devices[device].on);
      const { tracks, replaced } = await openDevices(attempt.ids, still);
      for (const device of devices) this.#opened(device, attempt, tracks[device], replaced.includes(device));
    } catch (error) {
      const current = devices.filter((device) => this.#devices[device].attempt === attempt);
      if (devices.length > 1) await this.#openApart(current, attempt, nameOf(error));
      else for (const device of current) this.#failed(device, attempt, nameOf(error));
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * One of several could not be opened. Tries each alone, but asks nobody twice who has just said no.
   * @param {Device[]} devices
   * @param {Attempt} attempt
   * @param {string} error
   */
  async #openApart(devices, attempt, error) {
    const denied = (await Promise.all(devices.map(permissionFor))).map((permission) => permission === 'denied');
    const someAllowed = denied.includes(false) && denied.includes(true);
    const opened = devices.map((device, index) => {
      const { attempt: current, on } = this.#devices[device];
      if (current !== attempt) return undefined;
      const said = error === 'NotAllowedError' && (denied[index] || !someAllowed);
      if (!said && on) return this.#open([device]);
      return this.#failed(device, attempt, error);
    });
    await Promise.all(opened);
  }

  /** Says why nothing is there yet. @param {Attempt} attempt */
  async #tell(attempt) {
    for (const device of DEVICES.filter((one) => this.#devices[one].attempt === attempt)) {
      const permission = await permissionFor(device);
      const state = this.#devices[device];
      if (state.attempt !== attempt) continue;
      state.waiting = permission === 'granted' ? 'slow' : 'question';
      this.#show(device);
    }
  }

  /**
   * @param {Device} device
   * @param {Attempt} attempt
   * @param {MediaStreamTrack | undefined} track
   * @param {boolean} replaced
   */
  #opened(device, attempt, track, replaced) {
    const state = this.#devices[device];
    const current = state.attempt === attempt;
    if (!current || !state.on) {
      track?.stop();
      if (current) state.attempt = null;
      return;
    }
    if (track?.readyState !== 'live') return this.#failed(device, attempt, 'NotFoundError');
    this.#release(device);
    state.attempt = null;
    state.track = track;
    state.problem = null;
    const used = track.getSettings().deviceId;
    state.replaced = replaced || (attempt.again && used !== state.used);
    state.unplugged = device === 'microphone' && attempt.again && used !== state.used;
    if (state.unplugged) state.on = track.enabled = false;
    state.used = used;
    state.since = attempt.again ? performance.now() : -Infinity;
    this.#watch(device, track);
    this.#show(device);
  }

  /**
   * @param {Device} device
   * @param {MediaStreamTrack} track
   */
  #watch(device, track) {
    const state = this.#devices[device];
    state.permission = '';
    void permissionFor(device).then((permission) => {
      if (state.track === track) state.permission = permission;
    });
    track.onended = () => void this.#ended(device);
    track.onmute = () => this.#show(device);
    track.onunmute = () => this.#show(device);
  }

  /**
   * A plug was pulled, a part of the browser ended, or the person has taken the permission back.
   * @param {Device} device
   */
  async #ended(device) {
    const state = this.#devices[device];
    const { permission, since } = state;
    this.#release(device);
    if (!state.on) return this.#show(device);
    /** @type {Attempt} */
    const attempt = { ids: { [device]: state.id }, again: true };
    state.attempt = attempt;
    state.waiting = null;
    this.#show(device);
    const now = await permissionFor(device);
    if (state.attempt !== attempt) return;
    const takenBack = permission === 'granted' && now !== 'granted';
    if (takenBack) this.#failed(device, attempt, 'Revoked');
    else if (performance.now() - since < STEADY_AFTER) this.#failed(device, attempt, 'Ended');
    else if (state.on) await this.#open([device], true);
    else state.attempt = null;
  }

  /**
   * @param {Device} device
   * @param {Attempt} attempt
   * @param {string} error
   */
  #failed(device, attempt, error) {
    const state = this.#devices[device];
    if (state.attempt !== attempt) return;
    state.attempt = null;
    // Whoever does not want it any more need not know.
    if (!state.on) return;
    state.on = false;
    state.problem = attempt.again && error !== 'NotAllowedError' && error !== 'Revoked' ? 'Ended' : error;
    this.#release(device);
    this.#show(device);
  }

  /** @param {Device} device */
  #release(device) {
    const state = this.#devices[device];
    if (state.track) {
      state.track.onended = state.track.onmute = state.track.onunmute = null;
      state.track.stop();
    }
    state.track = null;
    state.replaced = state.unplugged = false;
  }

  /** @param {Device} device */
  #show(device) {
    const state = this.#devices[device];
    state.live = state.on && state.track !== null;
    state.opening = state.on && !state.live && state.attempt !== null;
    state.silenced = state.live && state.track?.muted === true;
    this.emit('change', device);
  }
}

/**
 * A device that nobody wanted yet.
 * @returns {DeviceState}
 */
export function untouched() {
  return {
    on: false,
    live: false,
    opening: false,
    waiting: null,
    silenced: false,
    replaced: false,
    unplugged: false,
    track: null,
    id: '',
    problem: null,
  };
}

/** @returns {Own} */
function fresh() {
  return {
    ...untouched(),
    attempt: null,
    permission: '',
    used: undefined,
    since: -Infinity,
  };
}

/** @param {unknown} error Not every browser's `OverconstrainedError` is a `DOMException`. */
function nameOf(error) {
  return error instanceof Object && 'name' in error ? String(error.name) : String(error);
}
