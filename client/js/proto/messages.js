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

/** @typedef {{ type: 'join', room: string, name: string, protocol: number, token?: string, secret?: string, pass?: string, hideAddress?: boolean, chat?: ChatSeen, browser?: string, knock?: boolean, roomName?: string }} Join */
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
/** @typedef {{ type: 'hand', raised: boolean }} Hand */
/** What one shows the others in passing. @typedef {'thumbs-up' | 'clap' | 'heart' | 'laugh' | 'surprise' | 'celebrate'} Reaction */
/** @typedef {{ type: 'react', reaction: Reaction }} React */
/** What somebody may be in a room. @typedef {'owner' | 'moderator' | 'speaker' | 'listener'} Role */
/** Who comes in: whoever has the link, who is admitted, or who shows an access token. @typedef {'open' | 'lobby' | 'token'} Access */
/** Who may share a screen. @typedef {'everybody' | 'moderators'} Screens */
/**
 * Without a `peer` or a `knock`, everybody whom that is meant for.
 * @typedef {{ action: 'mute', peer?: string, stream: Stream, kind: Kind }
 *   | { action: 'lower-hand', peer?: string }
 *   | { action: 'remove' | 'ban', peer: string }
 *   | { action: 'role', peer: string, role: Role }
 *   | { action: 'lock', locked: boolean }
 *   | { action: 'access', access: Access }
 *   | { action: 'screens', screens: Screens }
 *   | { action: 'chat', chat: boolean }
 *   | { action: 'files', files: boolean }
 *   | { action: 'admit', knock?: number }
 *   | { action: 'refuse', knock: number }
 *   | { action: 'end' }} ModerationWish
 */
/** @typedef {{ type: 'moderate' } & ModerationWish} Moderate */
/** A kind of address, with what carries it; never the address. @typedef {'host-udp' | 'host-tcp' | 'hidden-udp' | 'hidden-tcp' | 'outer-udp' | 'outer-tcp' | 'relay-udp' | 'relay-tcp'} Gathered */
/** @typedef {{ code: number, scheme: 'stun' | 'stuns' | 'turn' | 'turns', transport: 'udp' | 'tcp' }} IceError */
/** Which way media goes to the server. @typedef {'udp' | 'tcp' | 'relay'} Way */
/** What a browser found that gets no media; some count no checks. @typedef {{ gathered: Gathered[], errors: IceError[], ice: RTCIceConnectionState, dtls: RTCDtlsTransportState, answered: boolean, requests?: number, responses?: number, bytesSent: number, bytesReceived: number, encoded: boolean, decoded: boolean }} TroubleReport */
/** @typedef {{ type: 'trouble' } & TroubleReport} TroubleTo */
/** The first picture is shown. @typedef {{ type: 'shown', way: Way }} Shown */
/** @typedef {{ type: 'leave', mayReturn?: boolean }} Leave */
/** @typedef {{ type: 'ping' }} Ping */
/** @typedef {Join | Offer | View | Mute | Limited | SignalTo | Direct | HideAddress | ChooseTopology | ChatPost | ChatEdit | ChatDelete | TypingTo | FileTo | Hand | React | Moderate | TroubleTo | Shown | Leave | Ping} ClientMessage */

/**
 * How the room is kept; an older server says less of it. Times are in milliseconds since 1970, `longest` is in seconds.
 * @typedef {{ access?: string, locked?: boolean, screens?: string, chat?: boolean, files?: boolean, keepChat?: boolean, starts?: number, ends?: number, longest?: number }} Keeping
 */
/** @typedef {{ id: string, name: string, listed: boolean, topology: string, createdAt: number, people: number, passNeeded?: boolean } & Keeping} RoomInfo */
/** @typedef {{ pairs: number, audioOnly: number, videoSteps: number[] }} SlotLimits */
/** How to offer pictures: the layers of each, from the smallest to the largest. @typedef {{ camera: PublishLayer[], screen: PublishLayer[] }} Encodings */
/** @typedef {{ urls: string[], username?: string, credential?: string }} IceServer */
/** @typedef {{ muted: boolean }} TrackInfo */
/** @typedef {{ stream: Stream, audio?: TrackInfo, video?: TrackInfo }} StreamInfo */
/** `role` is a `Role` or as a newer server has it; of those with a `hand` the smaller number was raised earlier; a `client` is another one than the page. @typedef {{ id: string, name: string, state: 'here' | 'no-media' | 'reconnecting', streams: StreamInfo[], role?: string, hand?: number, client?: string }} PeerInfo */
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
 * @property {string} [role] Who one is in the room; an older server knows no roles.
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
/** `reaction` is a `Reaction` or as a newer server has it. @typedef {{ type: 'reacted', peer: string, reaction: string }} Reacted */
/** @typedef {{ type: 'file', from: string, frame: object }} FileFrom */
/** @typedef {{ type: 'room', access: string, locked: boolean, screens: string } & Keeping} RoomKept */
/** The call ends soon, or, without `seconds`, does not any more. @typedef {{ type: 'closing', what: string, seconds?: number }} Closing */
/** @typedef {{ type: 'granted', role: string, grants: string[] }} Granted */
/** `by` is who did it, none if one's role or the room does not allow the track. @typedef {{ type: 'muted', stream: Stream, kind: Kind, by?: string }} Muted */
/** One waits in the lobby. @typedef {{ type: 'waiting', knock: number, room: RoomInfo }} Waiting */
/** Somebody who waits. @typedef {{ knock: number, name: string, since: number, banned: boolean }} Knock */
/** @typedef {{ type: 'lobby', waiting: Knock[] }} Lobby */
/** `ref` if it is about the chat. @typedef {{ type: 'error', code: string, message: string, rebuild?: boolean, offer?: number, ref?: string, reason?: string }} ErrorMessage */
/** Why no media gets through, as `words` of `ui/health.js` or as a newer server has it, and by which code it is found. @typedef {{ type: 'trouble', cause: string, code: string }} Trouble */
/** @typedef {{ type: 'pong' }} Pong */
/** @typedef {Welcome | Peers | PeerJoined | PeerLeft | Answer | Publish | Slots | Speaker | Downlink | IceServers | TopologyOrder | SignalFrom | ChatSaid | ChatHistory | Typing | Reacted | FileFrom | RoomKept | Closing | Granted | Muted | Waiting | Lobby | Trouble | ErrorMessage | Pong} ServerMessage */

/**
 * The protocol this page speaks. A server of another one says so in its `welcome`, or refuses the `join` with `reload`.
 */
export const PROTOCOL = 2;
