/**
 * What runs inside a page to tell where the time of joining goes. The driver sends the text of this function, so it stands alone: no
 * imports, no names from outside.
 */

/**
 * Keeps when each stage of joining was over for the first time, in milliseconds from the click on Join. Found again as
 * `window.stages`, in the order in which they came.
 */
export function clockStages() {
  // Blank pages have nothing to watch.
  if (!('MediaDevices' in window)) return;
  let clicked = Number.NaN;
  /** @type {Record<string, number>} */
  const stages = {};
  Object.assign(window, { stages });
  const over = (/** @type {string} */ stage) => {
    if (!Number.isNaN(clicked)) stages[stage] ??= performance.now() - clicked;
  };

  const named = (/** @type {Element} */ button) => button.getAttribute('aria-label') ?? button.textContent ?? '';
  document.addEventListener(
    'click',
    (event) => {
      const button = event.target instanceof Element && event.target.closest('button');
      if (button && named(button).includes('Join')) clicked = performance.now();
    },
    true,
  );

  window.WebSocket = class extends WebSocket {
    /** @param {ConstructorParameters<typeof WebSocket>} args */
    constructor(...args) {
      super(...args);
      over('socket asked for');
      this.addEventListener('open', () => over('socket open'));
      this.addEventListener('message', ({ data }) => {
        const message = JSON.parse(data);
        if (message.type === 'welcome') over('welcome');
        if (message.type === 'answer') over('answer came');
        const since = (/** @type {any} */ slot) => typeof slot?.since === 'number';
        if (message.type === 'slots' && message.video.some(since)) over('slot told');
      });
    }

    /** @param {string} data */
    send(data) {
      if (JSON.parse(data).type === 'offer') over('offer sent');
      super.send(data);
    }
  };

  window.RTCPeerConnection = class extends RTCPeerConnection {
    /** @param {ConstructorParameters<typeof RTCPeerConnection>} args */
    constructor(...args) {
      super(...args);
      over('connection made');
      this.addEventListener('iceconnectionstatechange', () => {
        if (['connected', 'completed'].includes(this.iceConnectionState)) over('ICE');
      });
      this.addEventListener('connectionstatechange', () => {
        if (this.connectionState === 'connected') over('DTLS');
      });
      void this.#watchPictures();
    }

    async #watchPictures() {
      while (this.connectionState !== 'closed' && stages['first frame decoded'] === undefined) {
        if (this.connectionState === 'connected') {
          for (const stats of (await this.getStats()).values()) {
            if (stats.type !== 'inbound-rtp' || stats.kind !== 'video') continue;
            if (stats.packetsReceived > 0) over('first packet');
            if (stats.framesDecoded > 0) over('first frame decoded');
          }
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  };

  const { createOffer, setLocalDescription } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.createOffer = async function made(/** @type {any} */ options) {
    over('lines there');
    const offer = await createOffer.call(this, options);
    over('offer made');
    return /** @type {any} */ (offer);
  };
  RTCPeerConnection.prototype.setLocalDescription = async function described(description) {
    await setLocalDescription.call(this, description);
    over('offer described');
  };

  const apply = RTCPeerConnection.prototype.setRemoteDescription;
  /** @this {RTCPeerConnection} @param {RTCSessionDescriptionInit} description */
  RTCPeerConnection.prototype.setRemoteDescription = async function applied(description) {
    await apply.call(this, description);
    over('answer applied');
  };
}
