//! What crosses between `conference` (people) and `media` (packets): values, commands down, notices up.

use super::codec::CodecSet;
use super::files::FileId;
use super::ids::{Layer, OfferId, PeerId, RoomId, SlotIndex, Stream, StreamId, Track, WorkerId};
use super::rtc::Offer;
use super::units::Bitrate;

pub use super::lines::{SlotLine, TrackLine};

/// What the conference wants of a media core. Commands for a peer that is gone are ignored.
#[derive(Debug)]
pub enum Command {
    /// A person enters a room, or comes here from another worker of it. Without media until the first offer. Idempotent.
    Join {
        /// Who.
        peer: PeerId,
        /// Where.
        room: RoomId,
    },
    /// A person is in a room that people here are in, too, and served by another worker, or goes there. Idempotent.
    Elsewhere {
        /// Who.
        peer: PeerId,
        /// In which room.
        room: RoomId,
        /// The worker they are served by.
        at: WorkerId,
    },
    /// A room has people on several workers, of which this one decides for all who is let through while many talk.
    Lead {
        /// Which room.
        room: RoomId,
        /// The worker that decides.
        by: WorkerId,
    },
    /// The client's offer. Answered by [`Notice::Answer`] or [`Notice::Refused`], always exactly one of them.
    Offer {
        /// Whose.
        peer: PeerId,
        /// The client's number for it.
        id: OfferId,
        /// Start a new connection instead of changing the one there is (first offer, reload, refused re-offer).
        fresh: bool,
        /// The offer, parsed and checked.
        offer: Box<Offer>,
    },
    /// The person muted or unmuted a track. The newest wins.
    Mute {
        /// Whose.
        peer: PeerId,
        /// Which track.
        track: Track,
        /// Muted or not.
        muted: bool,
    },
    /// What the person was asked to send. Replaces what was asked before.
    Publish {
        /// Who.
        peer: PeerId,
        /// Every track they publish.
        rates: Vec<TrackRates>,
    },
    /// What the client shows, most important first. Replaces the previous view.
    View {
        /// Whose.
        peer: PeerId,
        /// The tiles.
        tiles: Vec<Tile>,
        /// What is shown and heard that they do not name.
        beside: Beside,
    },
    /// What keeps the person's browser from sending a picture as it was asked to. The newest holds.
    Limited {
        /// Whose.
        peer: PeerId,
        /// Camera or screen.
        stream: Stream,
        /// What, or nothing.
        by: Option<Limitation>,
    },
    /// A file is to go from one to another of a room: so many bytes are to come. For the workers of both.
    Carry {
        /// Which.
        file: FileId,
        /// Its bytes.
        size: u64,
    },
    /// A file is over, in one way or another. For the workers of both.
    Carried {
        /// Which.
        file: FileId,
    },
    /// The person is gone.
    Leave {
        /// Who.
        peer: PeerId,
    },
}

/// What keeps a browser from sending a picture as it was asked to (`qualityLimitationReason` of W3C webrtc-stats).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limitation {
    /// Its connection does not carry more.
    Bandwidth,
    /// It cannot encode more.
    Processor,
}

/// The rates that were asked of one track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackRates {
    /// Which track.
    pub track: Track,
    /// The layers that are to be sent, each with its rate; one without a rid is [`Layer::High`].
    pub layers: Vec<(Layer, Bitrate)>,
}

impl TrackRates {
    /// Of a track with one encoding.
    #[must_use]
    pub fn one(track: Track, rate: Bitrate) -> Self {
        Self { track, layers: vec![(Layer::High, rate)] }
    }

    /// What was asked of one layer: zero if it is not to be sent.
    #[must_use]
    pub fn of(&self, layer: Layer) -> Bitrate {
        self.layers.iter().find(|(of, _)| *of == layer).map_or(Bitrate::default(), |(_, rate)| *rate)
    }

    /// What was asked of all layers together.
    #[must_use]
    pub fn sum(&self) -> Bitrate {
        self.layers.iter().map(|(_, rate)| *rate).sum()
    }

    /// Raises each layer to what it is in `other`, if that is more.
    pub fn raise(&mut self, other: &TrackRates) {
        let larger = |layer| self.of(layer).max(other.of(layer));
        let all = Layer::ALL.map(|layer| (layer, larger(layer)));
        self.layers = all.into_iter().filter(|(_, rate)| *rate > Bitrate::default()).collect();
    }
}

/// One tile a client shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Whose picture.
    pub peer: PeerId,
    /// Camera or screen.
    pub stream: Stream,
    /// How tall the tile is, in device pixels.
    pub height: u16,
    /// The person holds on to it: it comes before who speaks and before larger tiles.
    pub pinned: bool,
}

impl Tile {
    /// What it is the tile of.
    #[must_use]
    pub fn id(&self) -> StreamId {
        StreamId { peer: self.peer, stream: self.stream }
    }
}

/// What a client gets that its view does not name, as far as it has slots.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Beside {
    /// Pictures after those that are named, a screen that was just shared before them, and all voices.
    #[default]
    Everything,
    /// All voices, and no picture.
    Voices,
    /// Nothing: only those are heard whose pictures are named, their microphones first.
    Nothing,
}

/// What is wanted less of a picture than was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Less {
    /// Layers that nobody takes, and so need not be sent: all of them, if nobody sees it.
    pub layers: Vec<Layer>,
    /// Somebody's downlink does not hold the smallest picture of everybody's camera: it is to be leaner.
    pub lean: bool,
}

/// What a media core tells the conference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The answer to an offer.
    Answer {
        /// Whose offer.
        peer: PeerId,
        /// Which offer.
        id: OfferId,
        /// The answer.
        sdp: String,
        /// What the client can encode on its own lines, as negotiated; empty of a kind it has no line for.
        sends: CodecSet,
        /// What the client can decode on its receiving lines, as negotiated; empty of a kind it has no line for.
        receives: CodecSet,
    },
    /// The offer was refused. The connection it was for must not be used any more: the client builds a new one.
    Refused {
        /// Whose offer.
        peer: PeerId,
        /// Which offer.
        id: OfferId,
        /// Why, for the client's log.
        reason: String,
    },
    /// What each slot of a subscriber shows now. A newer notice replaces an older one for the same peer.
    Slots {
        /// Whose slots.
        peer: PeerId,
        /// The assignment of every slot.
        slots: SlotTable,
    },
    /// What a subscriber's downlink is thought to hold, if that is not what was told last. A newer notice replaces an older one.
    Downlink {
        /// Whose.
        peer: PeerId,
        /// How much.
        estimate: Bitrate,
    },
    /// What is wanted less of somebody's picture than was asked for. Nothing at first. A newer notice of the same picture replaces an older one.
    Unwanted {
        /// Whose.
        peer: PeerId,
        /// Of their camera or their screen.
        stream: Stream,
        /// What.
        less: Less,
    },
    /// No authenticated packet came for [`super::QUIET_AFTER`].
    Quiet {
        /// From whom.
        peer: PeerId,
    },
    /// The person sends more than they were asked for, and what is over is dropped.
    TooMuch {
        /// Who.
        peer: PeerId,
    },
    /// An authenticated packet came after a [`Notice::Quiet`], or the first one of all.
    Heard {
        /// From whom.
        peer: PeerId,
    },
    /// A connection came further than before: each of these is told once of each connection.
    Reached {
        /// Whose.
        peer: PeerId,
        /// What came.
        reached: Reached,
    },
    /// The floor of a room passed to somebody, or nobody has it any more ([`super::dominant`]).
    Floor {
        /// Who has it, or had it until now.
        peer: PeerId,
        /// They have it.
        holds: bool,
    },
    /// More came of a file than may: it is not carried any more.
    FileBroken {
        /// Which.
        file: FileId,
    },
    /// The connection ended (DTLS closed, a fault inside it): the client must build a new one.
    Lost {
        /// Whose.
        peer: PeerId,
        /// Why, for the client's log.
        reason: String,
    },
}

impl Notice {
    /// Whom the notice is about.
    #[must_use]
    pub fn peer(&self) -> PeerId {
        match self {
            Notice::Answer { peer, .. }
            | Notice::Refused { peer, .. }
            | Notice::Slots { peer, .. }
            | Notice::Downlink { peer, .. }
            | Notice::Unwanted { peer, .. }
            | Notice::Quiet { peer }
            | Notice::TooMuch { peer }
            | Notice::Heard { peer }
            | Notice::Reached { peer, .. }
            | Notice::Floor { peer, .. }
            | Notice::Lost { peer, .. } => *peer,
            Notice::FileBroken { file } => file.from,
        }
    }
}

/// What came of somebody, on the way to media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// A check of theirs over UDP, made with their password.
    Udp,
    /// The same over TCP.
    Tcp,
    /// A packet of the DTLS handshake.
    Handshake,
    /// The end of the handshake: there are keys.
    Connected,
    /// A media packet.
    Media,
}

/// A set of [`Reached`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReachedSet(u8);

impl ReachedSet {
    /// Whether it is in.
    #[must_use]
    pub fn has(self, reached: Reached) -> bool {
        self.0 & (1 << reached as u8) != 0
    }

    /// Puts it in. False if it was in.
    pub fn add(&mut self, reached: Reached) -> bool {
        let is_new = !self.has(reached);
        self.0 |= 1 << reached as u8;
        is_new
    }
}

/// What every slot of one subscriber shows. Slots that show nothing are in the list with `shows: None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlotTable {
    /// The video slots, by number.
    pub video: Vec<VideoSlot>,
    /// The audio slots, by number.
    pub audio: Vec<AudioSlot>,
    /// What the subscriber's downlink was thought to hold when it was decided what is shown.
    pub downlink: Option<Bitrate>,
}

/// What one video slot shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoSlot {
    /// Which slot.
    pub slot: SlotIndex,
    /// Whose picture, if any.
    pub shows: Option<StreamId>,
    /// The RTP timestamp of the first packet of this owner; `None` while its key frame is awaited. Frames with an
    /// earlier timestamp are a previous owner's and must not be shown.
    pub since: Option<u32>,
    /// Why there is no picture although the owner sends one.
    pub blocked: Option<Blocked>,
    /// Which of the owner's layers it is to show; `None` is nothing.
    pub layer: Option<Layer>,
    /// Why it is this one; `None` where nobody is shown, or nothing depends on the downlink (`--egress rtc`).
    pub reason: Option<Reason>,
}

/// Why a slot has no picture although its owner sends one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// The client cannot decode what the owner sends now; the owner is asked to send something else.
    Codec,
}

/// Why a slot shows what it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It is all that its owner sends.
    Full,
    /// More would not be seen in its tile.
    TileSize,
    /// The viewer's downlink does not carry more.
    YourDownlink,
    /// The owner's uplink does not carry more.
    TheirUplink,
    /// The owner's device does not encode more.
    TheirDevice,
    /// The viewer's browser cannot decode what the owner sends.
    Codec,
    /// The viewer shows it nowhere.
    OffScreen,
    /// The viewer's downlink carries sound and no picture.
    AudioOnly,
}

/// What one audio slot plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioSlot {
    /// Which slot.
    pub slot: SlotIndex,
    /// Whose voice, if any.
    pub plays: Option<StreamId>,
}
