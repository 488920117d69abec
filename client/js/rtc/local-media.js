/**
 * The person's own camera and microphone: on or off, which device, what is wrong. A camera that is off is released, so that
 * its light goes out; a muted microphone stays open and sends silence, so that unmuting is instant.
 */

import { Emitter } from '../core/emitter.js';
import { isDenied, openDevices } from './devices.js';

/** @import { Device } from './devices.js' */

/**
 * @typedef {object} DeviceState
 * @property {boolean} on What the person sees and others are told.
 * @property {MediaStreamTrack | null} track
 * @property {string} id The chosen device; empty for the browser's choice.
 * @property {string | null} problem Why it cannot be used, as `explain` takes it.
 */

/** @typedef {{ change: Device }} LocalEvents */

/** @extends {Emitter<LocalEvents>} */
export class LocalMedia extends Emitter {
  /** @type {Record<Device, DeviceState>} */
  #devices = {
    camera: { on: false, track: null, id: '', problem: null },
    microphone: { on: false, track: null, id: '', problem: null },
  };
  /** Devices are opened one after the other: two questions at a time confuse people and browsers. */
  #queue = Promise.resolve();

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
   */
  start(wanted, ids) {
    this.#devices.camera.id = ids.camera;
    this.#devices.microphone.id = ids.microphone;
    const devices = /** @type {Device[]} */ (['camera', 'microphone']).filter((device) => wanted[device]);
    return this.#then(() => this.#openTogether(devices));
  }

  /**
   * @param {Device} device
   * @param {boolean} on
   */
  set(device, on) {
    return this.#then(async () => {
      const state = this.#devices[device];
      if (state.on === on) return;
      if (!on) this.#off(device);
      else if (device === 'microphone' && state.track?.readyState === 'live') this.#have(device, state.track);
      else await this.#open(device);
    });
  }

  /**
   * Uses another device from now on.
   * @param {Device} device
   * @param {string} id
   */
  choose(device, id) {
    return this.#then(async () => {
      const state = this.#devices[device];
      if (state.id === id) return;
      state.id = id;
      const { on } = state;
      this.#release(device);
      if (on) await this.#open(device);
    });
  }

  /** Releases everything. */
  stop() {
    return this.#then(async () => {
      for (const device of /** @type {Device[]} */ (['camera', 'microphone'])) {
        this.#release(device);
        this.#devices[device].on = false;
        this.emit('change', device);
      }
    });
  }

  /** @param {Device[]} devices */
  async #openTogether(devices) {
    if (devices.length < 2) {
      for (const device of devices) await this.#open(device);
      return;
    }
    try {
      const { camera, microphone } = this.#devices;
      const tracks = await openDevices({ camera: camera.id, microphone: microphone.id });
      for (const device of devices) this.#have(device, tracks[device]);
    } catch (error) {
      await this.#openApart(devices, nameOf(error));
    }
  }

  /**
   * One of several could not be opened. Tries each alone, but asks nobody twice who has just said no.
   * @param {Device[]} devices
   * @param {string} error
   */
  async #openApart(devices, error) {
    const denied = await Promise.all(devices.map(isDenied));
    const someAllowed = denied.includes(false) && denied.includes(true);
    for (const [index, device] of devices.entries()) {
      if (error === 'NotAllowedError' && (denied[index] || !someAllowed)) this.#problem(device, error);
      else await this.#open(device);
    }
  }

  /** @param {Device} device */
  async #open(device) {
    try {
      const tracks = await openDevices({ [device]: this.#devices[device].id });
      this.#have(device, tracks[device]);
    } catch (error) {
      this.#problem(device, nameOf(error));
    }
  }

  /**
   * @param {Device} device
   * @param {MediaStreamTrack | undefined} track
   */
  #have(device, track) {
    if (!track) return this.#problem(device, 'NotFoundError');
    const state = this.#devices[device];
    if (state.track !== track) {
      this.#release(device);
      state.track = track;
      track.onended = () => {
        if (state.track === track) this.#problem(device, 'Ended');
      };
    }
    track.enabled = true;
    state.on = true;
    state.problem = null;
    this.emit('change', device);
  }

  /** @param {Device} device */
  #off(device) {
    const state = this.#devices[device];
    state.on = false;
    state.problem = null;
    if (device === 'microphone' && state.track) state.track.enabled = false;
    else this.#release(device);
    this.emit('change', device);
  }

  /**
   * @param {Device} device
   * @param {string} error
   */
  #problem(device, error) {
    this.#release(device);
    this.#devices[device].on = false;
    this.#devices[device].problem = error;
    this.emit('change', device);
  }

  /** @param {Device} device */
  #release(device) {
    const state = this.#devices[device];
    if (state.track) {
      state.track.onended = null;
      state.track.stop();
    }
    state.track = null;
  }

  /** @param {() => Promise<void>} change */
  #then(change) {
    this.#queue = this.#queue.then(change).catch((error) => console.error(error));
    return this.#queue;
  }
}

/** @param {unknown} error */
function nameOf(error) {
  return error instanceof DOMException ? error.name : String(error);
}
