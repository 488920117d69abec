/** As much of a browser and of a server as a call needs. */

import { Call } from '../../client/js/call/call.js';
import { PROTOCOL } from '../../client/js/proto/messages.js';

/** @typedef {{ iceServers: unknown[], [other: string]: unknown }} Configuration */

/** Of the call that was made last. @type {FakePeer[]} */
export const peers = [];

/** As much of a connection as its configuration depends on. */
export class FakePeer {
  connectionState = 'new';
  signalingState = 'stable';
  localDescription = { sdp: '' };
  /** What the next gathering uses. @type {Configuration} */
  configuration;
  /** @param {Configuration} configuration */
  constructor(configuration) {
    // A browser's own, or of somebody who wants it so: not ours to change.
    this.configuration = { iceTransportPolicy: 'relay', ...configuration };
    peers.push(this);
  }
  getConfiguration() {
    return this.configuration;
  }
  /** @param {Configuration} configuration */
  setConfiguration(configuration) {
    this.configuration = configuration;
  }
  createDataChannel() {}
  addEventListener() {}
  async getStats() {
    return new Map();
  }
  close() {}
  addTransceiver() {
    const receiver = { getSynchronizationSources: () => [] };
    return { mid: null, sender: { track: null, replaceTrack: async () => {} }, receiver, setCodecPreferences() {} };
  }
  async createOffer() {
    return {};
  }
  async setLocalDescription() {}
  async setRemoteDescription() {}
}

/** Of the call that was made last. @type {FakeSocket[]} */
export const sockets = [];

export class FakeSocket {
  static OPEN = 1;
  readyState = 1;
  /** @type {((event: { data: string }) => void) | null} */
  onmessage = null;
  constructor() {
    sockets.push(this);
  }
  /** @type {any[]} */
  said = [];
  /** @param {string} text */
  send(text) {
    this.said.push(JSON.parse(text));
  }
  close() {}
  /** @param {object} message */
  says(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

/** @param {string} credential */
export const relay = (credential) => [{ urls: ['turn:turn.example.org'], username: '1:2', credential }];

/** @param {{ credential?: string, resumed?: boolean, protocol?: number, [more: string]: unknown }} [options] */
export const welcome = ({ credential = 'a', resumed = false, protocol = PROTOCOL, ...more } = {}) => ({
  type: 'welcome',
  protocol,
  peer: '8f3a6c0d91b2e475',
  token: 'token',
  resumed,
  media: false,
  room: { id: 'tea', name: 'Tea', listed: false, topology: 'sfu', createdAt: 0, people: 1 },
  slots: { pairs: 1, audioOnly: 0, videoSteps: [1] },
  iceServers: relay(credential),
  ...more,
});

/** The call of the test. @type {Call | undefined} */
let latest;

/** It is over. */
export function leaveLatest() {
  latest?.leave();
}

/** Camera, microphone and screen as switches. */
export class FakeDevices {
  /** @type {((changed: string | null) => void)[]} */
  #listeners = [];
  on = { camera: false, microphone: false, screen: false };
  media = {
    on: (/** @type {string} */ _, /** @type {(changed: string | null) => void} */ told) => this.#listeners.push(told),
    get: (/** @type {'camera' | 'microphone'} */ device) => ({
      on: this.on[device],
      live: this.on[device],
      silenced: false,
      track: this.on[device] ? { device } : null,
    }),
    set: (/** @type {'camera' | 'microphone'} */ device, /** @type {boolean} */ on) => {
      if (this.on[device] === on) return;
      this.on[device] = on;
      for (const told of this.#listeners) told(device);
    },
  };
  share = (() => {
    const { on } = this;
    const tell = () => this.#sharers.forEach((told) => told(null));
    return {
      on: (/** @type {string} */ _, /** @type {(changed: null) => void} */ told) => this.#sharers.push(told),
      get sharing() {
        return on.screen;
      },
      get tracks() {
        return { video: on.screen ? { device: 'screen' } : null, audio: null };
      },
      start: () => {
        on.screen = true;
        tell();
      },
      stop: () => {
        on.screen = false;
        tell();
      },
    };
  })();
  /** @type {((changed: null) => void)[]} */
  #sharers = [];
}

/**
 * A call whose server says what the test says.
 * @param {{ secret?: string, [more: string]: unknown }} [options]
 */
export function called(options = {}) {
  peers.length = sockets.length = 0;
  const RTCRtpReceiver = { getCapabilities: () => ({ codecs: [] }) };
  const globals = { RTCPeerConnection: FakePeer, RTCRtpReceiver, WebSocket: FakeSocket, MediaStream: class {} };
  Object.assign(globalThis, globals, { addEventListener() {}, removeEventListener() {} });
  const devices = new FakeDevices();
  const { media, share } = devices;
  const usual = { url: 'wss://localhost/ws', room: 'tea', name: 'Ann', media, share, back: null };
  const made = new Call(/** @type {any} */ ({ ...usual, ...options }));
  latest = made;
  made.start();
  return { call: made, devices, server: () => /** @type {FakeSocket} */ (sockets.at(-1)) };
}
