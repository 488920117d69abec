/** What the tests do to the layers of a camera, inside the page. */

/**
 * Turns one layer of the camera off or on, as a browser does that has too little to send it with.
 * @param {{ rid: string, active: boolean }} layer
 */
export async function setLayer({ rid, active }) {
  // Whatever the page wants of a layer that the browser cannot send, it is not sent.
  const page = /** @type {any} */ (window);
  page.unable ??= new Set();
  if (active) page.unable.delete(rid);
  else page.unable.add(rid);
  if (!page.setsParameters) {
    const { setParameters } = RTCRtpSender.prototype;
    page.setsParameters = setParameters;
    RTCRtpSender.prototype.setParameters = function limited(parameters) {
      for (const encoding of parameters.encodings ?? []) {
        if (page.unable.has(encoding.rid)) encoding.active = false;
      }
      return setParameters.call(this, parameters);
    };
  }
  for (const sender of /** @type {any} */ (window).plenary.pc.getSenders()) {
    const parameters = sender.getParameters();
    const layer = parameters.encodings?.find((/** @type {any} */ encoding) => encoding.rid === rid);
    if (!layer) continue;
    layer.active = active;
    await sender.setParameters(parameters);
  }
}
