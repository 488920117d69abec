/** Pages of other sites, each on a port of its own. */

import { once } from 'node:events';
import { createServer } from 'node:http';

/** @typedef {{ type: string, body: string | Buffer }} File */

/**
 * A site with these files, by their paths.
 * @param {(path: string) => Promise<File | null> | File | null} find
 * @returns {Promise<{ origin: string, close: () => void }>}
 */
export async function openSite(find) {
  const server = createServer((request, response) => {
    void Promise.resolve(find(new URL(request.url ?? '/', 'http://localhost').pathname)).then((file) => {
      if (!file) return response.writeHead(404).end();
      return response.writeHead(200, { 'content-type': file.type }).end(file.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/**
 * A page with a room in a frame, which writes down what it hears and says what it is told to; beside it another frame, which says
 * what it is told to say to the room.
 * @param {() => { room: string, beside?: string }} shown
 * @returns {(path: string) => File | null}
 */
export function pageAround(shown) {
  return (path) => {
    const { room, beside } = shown();
    const { origin } = new URL(room);
    if (path !== '/') return null;
    const body = `<!doctype html>
      <html lang="en">
        <title>A page around</title>
        <style>
          body { margin: 0 }
          iframe { border: 0; width: 100vw; height: 90vh; display: block }
          iframe + iframe { width: 10px; height: 10px }
        </style>
        <script>
          window.heard = [];
          addEventListener('message', ({ origin, data }) => heard.push({ origin, ...data }));
          window.say = (data) => frames[0].postMessage(data, '${origin}');
          window.sayBeside = (data) => frames[1].postMessage(data, '*');
        </script>
        <iframe title="Room" src="${room}" allow="camera; microphone; display-capture; fullscreen"></iframe>
        ${beside ? `<iframe title="Beside" src="${beside}"></iframe>` : ''}`;
    return { type: 'text/html', body };
  };
}

/** A page that says to the frame before it what it is told to say. @returns {File} */
export function intruder() {
  const body = `<!doctype html><title>Beside</title>
    <script>addEventListener('message', ({ data }) => parent.frames[0].postMessage(data, '*'));</script>`;
  return { type: 'text/html', body };
}
