//! What crosses between the cores of a machine, for a room that has people on several of them.
//!
//! ```text
//!   the core of a publisher                                 a core with people of the same room
//!   Published, Learned, Began, Cut, Unpublished  ────────>  a publication of its own, from elsewhere
//!   Packet, once for all who are there           ────────>  is passed on like one that came by the network
//!   a sink                                       <────────  Wanted: what they take of it, together
//!   the publisher's timer                        <────────  KeyFrame
//!
//!   the core that leads a room: Talkers          ────────>  who is let through there, too
//!
//!   the core of a file's sender: File            ────────>  waits for its receiver
//!   the sender's credit                          <────────  Freed: what left
//! ```
//!
//! A publication is called by its key on the core of its publisher, in both directions. Everything but packets is state: a newer
//! value replaces an older one, and what is about a publication that is no more is ignored. Where two cores are connected, what one
//! sends comes in order.

use std::time::Instant;

use super::files::{FileId, Part};
use super::ids::{Kind, Layer, PeerId, RoomId, StreamId, Track};
use super::layers::Learned;
use super::message::Limitation;
use super::rtc::Packet;
use super::sinks::Declared;
use super::table::PublicationKey;

/// What one core tells another one.
#[derive(Debug)]
pub struct Crossing(pub(super) About);

/// What it is about.
#[derive(Debug)]
pub(super) enum About {
    /// A publication, by its key on the core of its publisher.
    Publication(PublicationKey, What),
    /// A room, of which the other core says who is let through while they talk.
    Talkers(RoomId, Vec<StreamId>),
    /// Bytes of a file for somebody there.
    File(Part),
    /// So many bytes of a file from there left for their receiver.
    Freed(FileId, usize),
}

/// What is told of a publication.
#[derive(Debug)]
pub(super) enum What {
    /// Somebody publishes it.
    Published {
        /// Who.
        peer: PeerId,
        /// As what.
        track: Track,
        /// Whether it is muted.
        muted: bool,
    },
    /// What its publisher's core knows of its layers.
    Learned {
        /// Each of them.
        layers: [Learned; 3],
        /// What keeps its sender from sending all that they were asked to.
        limited: Option<Limitation>,
    },
    /// Whoever receives it starts anew.
    Began {
        /// Whether it is muted.
        muted: bool,
        /// It comes on another connection: its numbers and times are others.
        restarted: bool,
    },
    /// What follows of a layer is dropped until its next key frame.
    Cut(Layer),
    /// Nobody publishes it any more.
    Unpublished,
    /// A packet of it, and when it was captured.
    Packet {
        /// The packet, with a payload that only this has.
        packet: Packet,
        /// On the server's clock.
        capture: Instant,
        /// Of sound: what came before it did not cross, because it was silence.
        resumes: bool,
    },
    /// Up: what the people of the core that says so take of it.
    Wanted(Declared),
    /// Up: a key frame of a layer is wanted.
    KeyFrame(Layer),
}

/// A layer of a picture of which something is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    at: PublicationKey,
    layer: Layer,
}

impl Gap {
    /// The word of it.
    #[must_use]
    pub fn told(self) -> Crossing {
        Crossing::of(self.at, What::Cut(self.layer))
    }
}

impl Crossing {
    /// Something of a publication.
    pub(super) fn of(at: PublicationKey, what: What) -> Crossing {
        Crossing(About::Publication(at, what))
    }

    /// What is to be told where a packet of a picture did not come: what follows of its layer is of no use until the next key frame.
    #[must_use]
    pub fn gap(&self) -> Option<Gap> {
        match &self.0 {
            About::Publication(at, What::Packet { packet, .. }) if packet.codec.kind() == Kind::Video => {
                Some(Gap { at: *at, layer: packet.layer })
            }
            _ => None,
        }
    }

    /// Whether it is media, which may get lost. Everything else must come.
    #[must_use]
    pub fn is_media(&self) -> bool {
        matches!(self.0, About::Publication(_, What::Packet { .. }))
    }
}
