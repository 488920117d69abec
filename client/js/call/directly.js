/**
 * What comes from other browsers directly goes where the same goes that comes by the server.
 */

import { nameOf } from './room-state.js';

/** @import { Call } from './call.js' */
/** @import { Mesh } from '../rtc/mesh.js' */

/**
 * @param {Call} call
 * @param {Mesh} mesh
 */
export function followMesh(call, mesh) {
  mesh.on('track', (track) => call.emit('direct', track));
  mesh.on('word', ({ peer, word }) => {
    const who = { peer, name: nameOf(call.state, peer) };
    if (!who.name) return;
    if (word.type === 'hand') call.hands.heardDirectly(peer, { ...word });
    else if (call.moderation.kept.chat) call.chat.heardDirectly(who, { ...word });
  });
  mesh.on('connected', () => call.hands.connected());
  mesh.on('uplink', (uplink) => call.emit('uplink', uplink));
}
