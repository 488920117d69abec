/**
 * The signaling messages as types. `docs/protocol.md` says what they mean; `validate.js` checks what comes in.
 * @module
 */

/** @typedef {'audio' | 'video'} Kind */
/** @typedef {'camera' | 'screen'} Stream */
/** @typedef {{ mid: string, stream: Stream, kind: Kind }} TrackLine */
/** @typedef {{ mid: string, kind: Kind, slot: number }} SlotLine */
/** @typedef {{ peer: string, stream: Stream, height: number, pinned?: boolean }} Tile */
/** What keeps a browser from sending more. @typedef {'bandwidth' | 'cpu'} Limitation */

/** @typedef {{ type: 'join', room: string, name: string, protocol: number, token?: string, secret?: string, pass?: string, hideAddress?: boolean, chat?: ChatSeen }} Join */
/** @typedef {{ type: 'offer', id: number, fresh: boolean, sdp: string, tracks: TrackLine[], slots: SlotLine[] }} Offer */
/** @typedef {{ type: 'view', tiles: Tile[] }} View */
/** @typedef {{ type: 'mute', stream: Stream, kind: Kind, muted: boolean }} Mute */
/** @typedef {{ type: 'limited', stream: Stream, by: Limitation | null }} Limited */
/** How media is to travel in a room. @typedef {'sfu' | 'auto' | 'mesh'} Topology */
/** What became of a connection to another browser. @typedef {'connected' | 'no-path' | 'lost' | 'refused' | 'device-busy' | 'slow-uplink' | 'gone'} DirectState */
/** @typedef {{ type: 'signal', to: string, epoch: number, data: unknown }} SignalTo */
/** @typedef {{ type: 'direct', epoch: number, peer?: string, state: DirectState }} Direct */
/** @typedef {{ type: 'hide-address', hidden: boolean }} HideAddress */
/** @typedef {{ type: 'topology', topology: Topology }} ChooseTopology */
/** @typedef {{ type: 'chat', ref: string, text: string }} ChatPost */
/** @typedef {{ type: 'chat-edit', ref: string, id: number, text: string }} ChatEdit */
/** @typedef {{ type: 'chat-delete', ref: string, id: number }} ChatDelete */
/** @typedef {{ type: 'typing', typing: boolean }} TypingTo */
/** What is said of a file that goes through the server, as `rtc/files/frames.js` has it. @typedef {{ type: 'file', to: string, frame: object }} FileTo */
/** @typedef {{ type: 'leave', mayReturn?: boolean }} Leave */
/** @typedef {{ type: 'ping' }} Ping */
/** @typedef {Join | Offer | View | Mute | Limited | SignalTo | Direct | HideAddress | ChooseTopology | ChatPost | ChatEdit | ChatDelete | TypingTo | FileTo | Leave | Ping} ClientMessage */

/** @typedef {{ id: string, name: string, listed: boolean, topology: string, createdAt: number, people: number }} RoomInfo */
/** @typedef {{ pairs: number, audioOnly: number, videoSteps: number[] }} SlotLimits */
/** How to offer pictures: the layers of each, from the smallest to the largest. @typedef {{ camera: PublishLayer[], screen: PublishLayer[] }} Encodings */
/** @typedef {{ urls: string[], username?: string, credential?: string }} IceServer */
/** @typedef {{ muted: boolean }} TrackInfo */
/** @typedef {{ stream: Stream, audio?: TrackInfo, video?: TrackInfo }} StreamInfo */
/** @typedef {{ id: string, name: string, state: 'here' | 'no-media' | 'reconnecting', streams: StreamInfo[] }} PeerInfo */
/** @typedef {{ rid?: string, maxBitrate: number, scaleDown: number, maxFramerate?: number }} PublishLayer */
/** @typedef {{ stream: Stream, kind: Kind, codec: string, layers: PublishLayer[] }} PublishTrack */
/** `blocked` says why no picture comes; `codec` is the one reason known. `layer` is the size that is to be shown, none of a picture that is paused; `reason` says why, as a `Reason` or as a newer server has it. @typedef {{ slot: number, peer?: string, stream?: Stream, since: number | null, blocked?: string, layer?: string, reason?: string }} VideoSlot */
/** @typedef {'full' | 'tile-size' | 'your-downlink' | 'their-uplink' | 'their-device' | 'codec' | 'off-screen' | 'audio-only'} Reason */
/** @typedef {{ slot: number, peer?: string, stream?: Stream }} AudioSlot */
/** What a page has of a chat: of which, and everything up to a revision. @typedef {{ epoch: number, revision: number }} ChatSeen */
/** @typedef {{ id: number, revision: number, from: string, name: string, text: string, at: number, edited?: boolean, deleted?: boolean }} ChatMessage */

/**
 * @typedef {object} Welcome
 * @property {'welcome'} type
 * @property {string} peer
 * @property {string} token
 * @property {boolean} resumed
 * @property {boolean} media
 * @property {RoomInfo} room
 * @property {number} [protocol] What the server speaks; an older one does not say.
 * @property {string[]} [grants] What one may do.
 * @property {Encodings} [encodings]
 * @property {SlotLimits} slots
 * @property {IceServer[]} iceServers
 * @property {IceServer[]} [stunServers] where a browser finds its outer address, for connections to other browsers
 * @property {number} [fileBytes] The most bytes of a file that goes through the server, if it carries any.
 */
/** @typedef {{ type: 'peers', version: number, peers: PeerInfo[] }} Peers */
/** @typedef {{ type: 'peer-joined', peer: string, name: string }} PeerJoined */
/** @typedef {{ type: 'peer-left', peer: string, name: string }} PeerLeft */
/** @typedef {{ type: 'answer', id: number, sdp: string }} Answer */
/** @typedef {{ type: 'publish', version: number, tracks: PublishTrack[] }} Publish */
/** @typedef {{ type: 'slots', version: number, video: VideoSlot[], audio: AudioSlot[] }} Slots */
/** Who has the floor. @typedef {{ type: 'speaker', peer?: string }} Speaker */
/** @typedef {{ type: 'downlink', bitrate: number }} Downlink */
/** @typedef {{ type: 'ice-servers', iceServers: IceServer[] }} IceServers */
/** Which way media goes: `path` is `server`, `trying` or `direct`, `reason` a word of `why.js`; a newer server may have others. @typedef {{ type: 'topology', topology: string, epoch: number, path: string, reason: string }} TopologyOrder */
/** @typedef {{ type: 'signal', from: string, epoch: number, data: unknown }} SignalFrom */
/** @typedef {{ type: 'chat', message: ChatMessage, ref?: string }} ChatSaid */
/** @typedef {{ type: 'chat-history', epoch: number, revision: number, first: number, messages: ChatMessage[] }} ChatHistory */
/** @typedef {{ type: 'typing', peer: string, typing: boolean }} Typing */
/** @typedef {{ type: 'file', from: string, frame: object }} FileFrom */
/** `ref` if it is about the chat. @typedef {{ type: 'error', code: string, message: string, rebuild?: boolean, offer?: number, ref?: string }} ErrorMessage */
/** @typedef {{ type: 'pong' }} Pong */
/** @typedef {Welcome | Peers | PeerJoined | PeerLeft | Answer | Publish | Slots | Speaker | Downlink | IceServers | TopologyOrder | SignalFrom | ChatSaid | ChatHistory | Typing | FileFrom | ErrorMessage | Pong} ServerMessage */

/**
 * The protocol this page speaks. A server of another one says so in its `welcome`, or refuses the `join` with `reload`.
 */
export const PROTOCOL = 2;
