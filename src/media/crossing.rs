//! What crosses between the cores of a machine, for a room that has people on several of them.
//!
//! ```text
//!   the core of a publisher                                 a core with people of the same room
//!   Published, Learned, Began, Cut, Unpublished  ────────>  a publication of its own, from elsewhere
//!   Packet, once for all who are there           ────────>  is passed on like one that came by the network
//!   a sink                                       <────────  Wanted: what they take of it, together
//!   the publisher's timer                        <────────  KeyFrame
//! ```
//!
//! A publication is called by its key on the core of its publisher, in both directions. Everything but packets is state: a newer
//! value replaces an older one, and what is about a publication that is no more is ignored. Where two cores are connected, what one
//! sends comes in order.

use std::time::Instant;

use super::ids::{Kind, Layer, PeerId, Track};
use super::layers::Learned;
use super::message::Limitation;
use super::rtc::Packet;
use super::sinks::Declared;
use super::table::PublicationKey;

/// What one core tells another one.
#[derive(Debug)]
pub struct Crossing {
    /// The publication it is about, by its key on the core of its publisher.
    pub(super) at: PublicationKey,
    pub(super) what: What,
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

impl Crossing {
    /// Whether it is media, which may get lost. Everything else must come.
    #[must_use]
    pub fn is_media(&self) -> bool {
        matches!(self.what, What::Packet { .. })
    }

    /// Of media: whether it is sound.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        matches!(&self.what, What::Packet { packet, .. } if packet.codec.kind() == Kind::Audio)
    }
}
