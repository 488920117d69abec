//! The signaling messages, as `docs/protocol.md` describes them. JSON objects with a `type`.

use serde::{Deserialize, Serialize};

mod course;
mod error;
mod file;
mod media;
mod peer;
mod reaction;
mod room;
mod trouble;
mod wish;

pub use self::course::{DirectState, Path, Topology, Why};
pub use self::error::{ErrorCode, PassFault};
pub use self::file::FileFrame;
pub use self::media::{Encodings, IceServer, PublishLayer, PublishTrack, SlotLimits};
pub use self::peer::{Client, PeerInfo, Presence, StreamInfo, TrackInfo};
pub use self::reaction::Reaction;
pub use self::room::{Access, Closes, Keeping, KnockId, RoomInfo, Screens, Waiting};
pub use self::trouble::{
    Cause, DtlsState, Gathered, IceError, IceState, Scheme, Transport, TroubleReport, Way,
};
pub use self::wish::{TrackName, Wish};
pub use super::grants::{Grant, Role};
pub use super::history::{ChatMessage, ChatSeen};
use super::wire;
use crate::media::ids::{Kind, OfferId, PeerId, Stream};
use crate::media::message::{Limitation, SlotLine, SlotTable, Tile, TrackLine};

/// The protocol this server speaks, as [`ClientMessage::Join`] and [`ServerMessage::Welcome`] name it. It rises when a page that
/// was loaded from an older server would better be loaded again; whatever a page may do without needs no other number.
pub const PROTOCOL: u32 = 2;

/// The oldest one it serves: that of pages that name none.
pub const FIRST_PROTOCOL: u32 = 1;

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum ClientMessage {
    /// Enter a room, or come back to it. The first message on a socket.
    Join {
        /// The room's id.
        room: String,
        /// The display name.
        name: String,
        /// The token of the last `welcome`, to come back as the same peer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// What whoever made the room was given, to be granted moderation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        secret: Option<String>,
        /// An access token, which says what the person may.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pass: Option<String>,
        /// What the room was called when the page was in it: a room that has to be made again is called so, if its id was made of
        /// that name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room_name: Option<String>,
        /// The protocol that the page speaks; [`FIRST_PROTOCOL`] if it names none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        protocol: Option<u32>,
        /// The person keeps their address to themselves, from the beginning; as `hide-address` says it later.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hide_address: Option<bool>,
        /// What the page has of the room's chat, to be told the rest of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chat: Option<ChatSeen>,
        /// What the page calls its browser, by which it is known again if it is banned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        browser: Option<String>,
        /// Who was banned asks to be let in all the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        knock: Option<bool>,
    },
    /// A session description of the client.
    Offer {
        /// Increases with every offer of one session.
        #[serde(with = "wire::Offer")]
        id: OfferId,
        /// For a new connection (true) or the one there is (false).
        fresh: bool,
        /// The description.
        sdp: String,
        /// The client's own lines.
        #[serde(with = "wire::track_lines")]
        tracks: Vec<TrackLine>,
        /// The client's receiving lines.
        #[serde(with = "wire::slot_lines")]
        slots: Vec<SlotLine>,
    },
    /// What the client shows, most important first.
    View {
        /// The tiles.
        #[serde(with = "wire::tiles")]
        tiles: Vec<Tile>,
    },
    /// The person muted or unmuted a track.
    Mute {
        /// Which stream.
        #[serde(with = "wire::StreamWord")]
        stream: Stream,
        /// Sound or picture.
        #[serde(with = "wire::KindWord")]
        kind: Kind,
        /// Muted or not.
        muted: bool,
    },
    /// What keeps the browser from sending a picture as it was asked to.
    Limited {
        /// Which picture.
        #[serde(with = "wire::StreamWord")]
        stream: Stream,
        /// By what, or by nothing any more.
        #[serde(with = "wire::limitation")]
        by: Option<Limitation>,
    },
    /// Something for another client, browser to browser. Only while the room has, or looks for, such paths.
    Signal {
        /// For whom.
        #[serde(with = "wire::peer")]
        to: PeerId,
        /// The epoch of the order under which it is said; without one, of the order that holds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        epoch: Option<u64>,
        /// What: the server does not look inside.
        data: serde_json::Value,
    },
    /// Something about a file that goes through the server, for somebody in the same room.
    File {
        /// For whom.
        #[serde(with = "wire::peer")]
        to: PeerId,
        /// What.
        frame: FileFrame,
    },
    /// What became of a connection to another browser, or of all of them.
    Direct {
        /// The epoch of the order under which it was made.
        epoch: u64,
        /// To whom, where it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "wire::some_peer")]
        peer: Option<PeerId>,
        /// What became of it.
        state: DirectState,
    },
    /// Whether the person keeps their address to themselves: while somebody does, everything goes through the server.
    HideAddress {
        /// They do.
        hidden: bool,
    },
    /// How media is to travel in this room. For whoever may moderate.
    Topology {
        /// This way.
        topology: Topology,
    },
    /// Something for everybody to read.
    Chat {
        /// The client's own, for the answer; the same again is the same message.
        #[serde(rename = "ref")]
        reference: String,
        /// The text.
        text: String,
    },
    /// Another text for a message of one's own.
    ChatEdit {
        /// The client's own, for the answer.
        #[serde(rename = "ref")]
        reference: String,
        /// Which message.
        id: u64,
        /// The text.
        text: String,
    },
    /// A message of one's own is to be read no more.
    ChatDelete {
        /// The client's own, for the answer.
        #[serde(rename = "ref")]
        reference: String,
        /// Which message.
        id: u64,
    },
    /// The person is writing, or is not any more.
    Typing {
        /// Writing or not.
        typing: bool,
    },
    /// The person raises a hand, or lowers it.
    Hand {
        /// Raised or not.
        raised: bool,
    },
    /// The person shows everybody what they think of it, in passing.
    React {
        /// What.
        reaction: Reaction,
    },
    /// Something about others, or about the room. For whoever may moderate.
    Moderate {
        /// What.
        #[serde(flatten)]
        wish: Wish,
    },
    /// No media gets through: what the browser found, without an address.
    Trouble {
        /// What it found.
        #[serde(flatten)]
        report: TroubleReport,
    },
    /// The first picture of somebody else is shown.
    Shown {
        /// Which way it came.
        way: Way,
    },
    /// Leave. With `mayReturn` the page is going away and may be a reload: the others notice nothing for a moment.
    Leave {
        /// The page may come back in a moment.
        #[serde(default)]
        may_return: bool,
    },
    /// Is the server there?
    Ping,
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum ServerMessage {
    /// The client is in.
    Welcome {
        /// Who the client is.
        #[serde(with = "wire::peer")]
        peer: PeerId,
        /// For the next `join`. Used once: every `welcome` brings a new one.
        token: String,
        /// The client came back as the same peer.
        resumed: bool,
        /// The server still has the peer's connection: a client that has it too need not offer again.
        media: bool,
        /// The room.
        room: RoomInfo,
        /// The protocol that the server speaks.
        protocol: u32,
        /// What the client is in the room.
        #[serde(default)]
        role: Role,
        /// What the client may do.
        grants: Vec<Grant>,
        /// How slots grow.
        slots: SlotLimits,
        /// How to offer pictures.
        encodings: Encodings,
        /// For `RTCPeerConnection`.
        ice_servers: Vec<IceServer>,
        /// Where a browser finds its outer address, for connections to other browsers.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        stun_servers: Vec<IceServer>,
        /// Bytes of a file that goes through the server, if any may.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file_bytes: Option<u64>,
    },
    /// Everyone in the room, the client included. The truth: replaces every earlier one.
    Peers {
        /// Increases with every change of the room.
        version: u64,
        /// Everyone, in the order of joining.
        peers: Vec<PeerInfo>,
    },
    /// How the room is kept. Replaces every earlier one.
    Room {
        /// How.
        #[serde(flatten)]
        keeping: Keeping,
    },
    /// The call ends soon. Replaces every earlier one.
    Closing {
        /// What ends.
        what: Closes,
        /// In so many seconds; without them it does not end soon any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<u64>,
    },
    /// What the client is in the room from now on, and may do. Replaces what `welcome` said.
    Granted {
        /// What it is.
        role: Role,
        /// What it may do.
        grants: Vec<Grant>,
    },
    /// A track of the client's was muted: only the client can unmute it.
    Muted {
        /// Which stream.
        #[serde(with = "wire::StreamWord")]
        stream: Stream,
        /// Sound or picture.
        #[serde(with = "wire::KindWord")]
        kind: Kind,
        /// The name of whoever wished that, if anybody did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// The client has to wait until it is let in.
    Waiting {
        /// By which moderators know it.
        knock: KnockId,
        /// The room.
        room: RoomInfo,
    },
    /// Who waits, for whoever may moderate. Replaces every earlier one.
    Lobby {
        /// The longest wait first.
        waiting: Vec<Waiting>,
    },
    /// Somebody came: an announcement, for the ear.
    PeerJoined {
        /// Who.
        #[serde(with = "wire::peer")]
        peer: PeerId,
        /// Their name.
        name: String,
    },
    /// Somebody left: an announcement, for the ear.
    PeerLeft {
        /// Who.
        #[serde(with = "wire::peer")]
        peer: PeerId,
        /// Their name.
        name: String,
    },
    /// The answer to an offer.
    Answer {
        /// Which offer.
        #[serde(with = "wire::Offer")]
        id: OfferId,
        /// The description.
        sdp: String,
    },
    /// What the server asks of the client's own tracks. Replaces every earlier one.
    Publish {
        /// Increases with every change.
        version: u64,
        /// The tracks.
        tracks: Vec<PublishTrack>,
    },
    /// What each slot shows. Replaces every earlier one.
    Slots {
        /// Increases with every change.
        version: u64,
        /// The slots.
        #[serde(flatten, with = "wire::Slots")]
        slots: SlotTable,
    },
    /// What the client's connection is thought to carry to it. Replaces every earlier one.
    Downlink {
        /// Bits a second.
        bitrate: u64,
    },
    /// Who speaks: the one who has the floor, or nobody. Replaces every earlier one; before the first nobody does.
    Speaker {
        /// Who, if anybody.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "wire::some_peer")]
        peer: Option<PeerId>,
    },
    /// What to use for ICE from now on: credentials end. Replaces what `welcome` said.
    IceServers {
        /// For `RTCPeerConnection`.
        ice_servers: Vec<IceServer>,
    },
    /// Which way media goes now. Replaces every earlier one; before the first, and in rooms with [`Topology::Sfu`], it goes
    /// through the server.
    Topology {
        /// What was chosen for the room.
        topology: Topology,
        /// Rises whenever direct connections are begun or given up: what is said of one names it.
        epoch: u64,
        /// Where media goes.
        path: Path,
        /// Why.
        reason: Why,
    },
    /// Something from another client.
    Signal {
        /// From whom.
        #[serde(with = "wire::peer")]
        from: PeerId,
        /// The epoch of the order that holds.
        epoch: u64,
        /// What.
        data: serde_json::Value,
    },
    /// Something about a file, from somebody else.
    File {
        /// From whom, or about whose.
        #[serde(with = "wire::peer")]
        from: PeerId,
        /// What.
        frame: FileFrame,
    },
    /// A message of the chat, new or changed, in the one order that holds for all.
    Chat {
        /// As it is now.
        message: ChatMessage,
        /// What the client called it, or what it asked for; nobody else is told.
        #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
    },
    /// What was written before, or a part of it.
    ChatHistory {
        /// Which chat this is: another one when the room was made anew.
        epoch: u64,
        /// Everything up to this revision is known with this message.
        revision: u64,
        /// The oldest message that is kept.
        first: u64,
        /// What changed since the client was told last, in the order of the revisions.
        messages: Vec<ChatMessage>,
    },
    /// Somebody is writing, or is not any more.
    Typing {
        /// Who.
        #[serde(with = "wire::peer")]
        peer: PeerId,
        /// Writing or not.
        typing: bool,
    },
    /// Somebody reacted, the client itself included: to be seen for a moment.
    Reacted {
        /// Who.
        #[serde(with = "wire::peer")]
        peer: PeerId,
        /// What.
        reaction: Reaction,
    },
    /// Why no media gets through: the answer to the client's own `trouble`.
    Trouble {
        /// What is to blame.
        cause: Cause,
        /// By which whoever runs the server finds what was seen.
        code: String,
    },
    /// Something was wrong.
    Error {
        /// What, for programs.
        code: ErrorCode,
        /// What, for people.
        message: String,
        /// The connection must be built anew (`offer` with `fresh: true`).
        #[serde(default)]
        rebuild: bool,
        /// The offer this is about, if it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "wire::offer")]
        offer: Option<OfferId>,
        /// The `ref` of what this is about, if it is about the chat.
        #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// What is wrong with the access token, if it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<PassFault>,
    },
    /// The server is there.
    Pong,
}
