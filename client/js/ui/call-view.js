/**
 * A call on the screen: the stage, the sound, the controls.
 */

import { isSilent } from '../call/reach.js';
import { handOf, tileChanges, tilesOf } from '../call/room-state.js';
import { byId, h, icon, nodesOf } from '../core/dom.js';
import { rememberQuality } from '../core/quality.js';
import { isolated, said } from '../core/sentence.js';
import { say, word } from '../core/words.js';
import { Beside } from './beside.js';
import { chatPanel } from './chat.js';
import { ConnectionPanel } from './connection-panel.js';
import { deafenSwitches, Deafness } from './deafen.js';
import { deviceButton, deviceProblems } from './device-button.js';
import { handButton } from './hand-button.js';
import { showHealth } from './health.js';
import { inviteButton } from './invite.js';
import { invitationWays } from './invitation-ways.js';
import { lobbyNotice } from './lobby-notice.js';
import { peoplePanel } from './people-panel.js';
import { Playback } from './playback.js';
import { qualityDialog } from './quality-dialog.js';
import { reactions } from './reactions.js';
import { shareButton } from './share-button.js';
import { smallWindowButton } from './small-window-button.js';
import { Sound } from './sound.js';
import { Stage } from './stage.js';
import { ViewChoice } from './view-choice.js';
import { viewFields } from './view-fields.js';
import { Volumes } from './volume.js';
import { wayDialog } from './way-dialog.js';

/** @import { Call } from '../call/call.js' */
/** @import { DeviceGrant } from '../call/roles.js' */
/** @import { TileModel } from '../call/room-state.js' */
/** @import { Sentence } from '../core/sentence.js' */
/** @import { Limitation, Reaction, Stream } from '../proto/messages.js' */
/** @import { LiveRegion } from './live-region.js' */
/** @import { LocalMedia } from '../rtc/local-media.js' */
/** @import { Quality } from '../rtc/encodings.js' */
/** @import { ScreenShare } from '../rtc/screen-share.js' */

/** What is said of what others see. Short: a phone has one line for it. @type {Record<Stream, Record<Limitation, string>>} */
const LIMITS = {
  camera: { cpu: word('limit.you.cpu'), bandwidth: word('limit.you.bandwidth') },
  screen: { cpu: word('limit.screen.cpu'), bandwidth: word('limit.screen.bandwidth') },
};

/**
 * @param {object} options
 * @param {Call} options.call
 * @param {LocalMedia} options.media
 * @param {ScreenShare} options.share
 * @param {Quality} options.quality What the person allowed before.
 * @param {string} options.id The room's.
 * @param {string} options.name
 * @param {boolean} options.returns The page was loaded again and goes on.
 * @param {LiveRegion} options.region
 * @param {() => void} options.leave
 * @returns {() => void} The call is over.
 */
export function callView({ call, media, share, quality, id, name, returns, region, leave }) {
  const announce = region.say;
  const choice = new ViewChoice();
  const stage = new Stage(byId('stage', HTMLDivElement), { tellView: (tiles) => call.view(tiles), quality, choice });
  byId('quality-saver-hint', HTMLElement).after(viewFields(choice));
  const panel = new ConnectionPanel(call);
  byId('connection', HTMLDivElement).replaceChildren(panel.element);
  const dialog = qualityDialog({
    quality,
    chosen: (wanted) => {
      rememberQuality(wanted);
      call.allow(wanted);
      stage.allow(wanted);
    },
  });
  dialog.onToggle((open) => {
    panel.looks = open;
  });
  showLimits(call, stage, announce);
  showOwn({ call, stage, media, name, announce });
  keepPlaying();
  const volumes = new Volumes(id);
  const maySpeak = () => !call.moderation.forbids('microphone');
  const deafness = new Deafness({ room: id, media, maySpeak, returns });
  deafenSwitches(deafness, region);
  call.on('ended', () => deafness.forget());
  showSound(call, volumes, deafness);
  const alone = byId('alone', HTMLParagraphElement);
  call.on('slot', ({ kind, slot, track }) => {
    if (kind === 'video') stage.setSlot(slot, track);
  });
  call.on('direct', ({ peer, stream, kind, track }) => {
    if (kind === 'video') stage.setDirect(peer, stream, track);
  });
  /** @type {TileModel[]} */
  let shown = [];
  call.on('room', (state) => {
    const tiles = tilesOf(state);
    for (const news of tileChanges(shown, tiles)) announce(news);
    shown = tiles;
    stage.show(tiles);
    const people = state.peers.length;
    alone.hidden = tiles.length > 0 || people === 0;
  });
  call.on('welcome', ({ room }) => {
    byId('room-name', HTMLHeadingElement).replaceChildren(...nodesOf(said`${room.name}`));
    document.title = `${isolated(room.name)} · Plenary`;
  });
  call.on('downlink', (downlink) => stage.carries(downlink));
  call.on('announce', announce);
  showHealth(call, region.speak);
  wayDialog(call, announce);
  const beside = new Beside();
  peoplePanel(call, volumes, beside);
  lobbyNotice(call.moderation, region.speak);

  showSwitches({ call, media, share, announce });
  handButton(call.hands, announce);
  const float = (/** @type {string} */ peer, /** @type {Reaction} */ reaction) =>
    stage.react(peer === call.state.self ? null : peer, reaction);
  reactions({ call, float, region });
  deviceProblems(byId('problems', HTMLDivElement), media, byId('microphone', HTMLButtonElement));
  inviteButton(id, call.moderation, announce);
  invitationWays(call, id, announce);
  chatPanel({ call, id, announce, beside });
  const out = byId('leave', HTMLButtonElement);
  out.prepend(icon('leave'));
  const leaveAll = () => {
    deafness.forget();
    leave();
  };
  out.addEventListener('click', leaveAll);
  return smallWindowButton({
    stage,
    announce,
    controls: () => fewControls({ call, media, announce, leave: leaveAll }),
  });
}

/**
 * What one needs in a small window, too.
 * @param {Pick<Parameters<typeof callView>[0], 'call' | 'media' | 'leave'> & { announce: LiveRegion['say'] }} options
 * @returns {HTMLElement[]}
 */
function fewControls({ call: { moderation }, media, announce, leave }) {
  const switches = /** @type {const} */ (['microphone', 'camera']).map((device) => {
    const button = h('button', { type: 'button', class: 'round' });
    const show = deviceButton(button, media, device, { why: () => moderation.forbids(device), say: announce });
    moderation.on('change', show);
    return button;
  });
  const name = byId('leave', HTMLButtonElement).getAttribute('aria-label') ?? '';
  const out = h('button', { type: 'button', class: 'pill danger', 'aria-label': name, title: name }, icon('leave'));
  out.addEventListener('click', leave);
  return [...switches, out];
}

/**
 * The switches of what one sends: whoever may not use one finds out there why.
 * @param {object} options
 * @param {Call} options.call
 * @param {LocalMedia} options.media
 * @param {ScreenShare} options.share
 * @param {(sentence: string | Sentence) => void} options.announce
 */
function showSwitches({ call: { moderation }, media, share, announce }) {
  /** @param {DeviceGrant} device */
  const rights = (device) => ({ why: () => moderation.forbids(device), say: announce });
  const shown = [
    deviceButton(byId('microphone', HTMLButtonElement), media, 'microphone', rights('microphone')),
    deviceButton(byId('camera', HTMLButtonElement), media, 'camera', rights('camera')),
    shareButton(share, announce, rights('screen')),
  ];
  moderation.on('change', () => shown.forEach((show) => show()));
}

/**
 * @param {object} options
 * @param {Call} options.call
 * @param {Stage} options.stage
 * @param {LocalMedia} options.media
 * @param {string} options.name As it was typed.
 * @param {(sentence: Sentence) => void} options.announce
 */
function showOwn({ call, stage, media, name, announce }) {
  let shown = name;
  const show = () => {
    const [camera, microphone] = [media.get('camera'), media.get('microphone')];
    stage.own.update({
      name: shown,
      camera: camera.silenced ? null : camera.track,
      micMuted: !microphone.live || microphone.silenced,
    });
  };
  media.on('change', show);
  call.on('room', (state) => {
    const { self, peers } = state;
    stage.own.hand = handOf(state, self);
    const own = peers.find(({ id }) => id === self)?.name;
    if (own === undefined || own === shown) return;
    shown = own;
    announce(say('call.named', { name: own }));
    show();
  });
  show();
}

/**
 * Says, and keeps saying, that one's own picture is smaller than the others ask for.
 * @param {Call} call
 * @param {Stage} stage
 * @param {(sentence: Sentence) => void} announce
 */
function showLimits(call, stage, announce) {
  const place = byId('limits', HTMLParagraphElement);
  /** @type {Map<Stream, string>} */
  const limits = new Map();
  call.on('limited', ({ stream, by }) => {
    const words = by ? LIMITS[stream][by] : null;
    if (stream === 'camera') stage.own.limited(words);
    if (words) announce([words]);
    if (words) limits.set(stream, words);
    else limits.delete(stream);
    place.textContent = [...limits.values()].map((sentence) => `${sentence}.`).join(' ');
    place.hidden = limits.size === 0;
  });
}

/**
 * @param {Call} call
 * @param {Volumes} volumes
 * @param {Deafness} deafness
 */
function showSound(call, volumes, deafness) {
  const hearing = { volume: (/** @type {string} */ peer) => volumes.of(peer), deaf: () => deafness.deaf };
  const sound = new Sound(byId('sound', HTMLDivElement), hearing);
  volumes.on('change', () => sound.renew());
  deafness.on('change', () => sound.renew());
  call.on('slot', ({ kind, slot, track }) => {
    if (kind === 'audio') sound.setSlot(slot, track);
  });
  call.on('direct', ({ peer, stream, kind, track }) => {
    if (kind === 'audio') sound.setDirect(peer, stream, track);
  });
  call.on('room', (state) => {
    const silent = (/** @type {string} */ peer, /** @type {Stream} */ stream) => isSilent(state, peer, stream);
    sound.show({ audio: state.audio, direct: state.direct, people: state.peers.map(({ id }) => id), silent });
  });
}

/** Pictures and sound go on playing, or the person is asked for a tap. */
function keepPlaying() {
  const hear = byId('hear', HTMLButtonElement);
  const playback = new Playback(byId('call', HTMLElement), (refused) => {
    hear.hidden = !refused;
  });
  hear.prepend(icon('sound'));
  hear.addEventListener('click', () => {
    playback.playAll();
    // The button is gone; the next key must not start from the top of the page.
    byId('microphone', HTMLButtonElement).focus();
  });
}
