//! The SFU: packets. Sans-IO: no socket, no clock, no thread; `now` is an argument.

pub mod allocate;
mod clock;
pub mod codec;
mod core;
pub mod crossing;
mod demand;
mod demux;
mod dominant;
pub mod egress;
pub mod estimate;
pub mod files;
mod flow;
mod forward;
mod frame;
mod guard;
pub mod ids;
mod keybudget;
mod keyframes;
pub mod ladder;
mod layers;
pub mod lines;
mod loudest;
pub mod message;
mod mirror;
mod paths;
mod peer;
pub mod policing;
mod publication;
mod recap;
pub mod rtc;
pub mod rtp;
mod silence;
mod sinks;
mod slot;
mod slots;
mod sound;
mod speakers;
mod table;
mod talkers;
#[cfg(test)]
mod testing;
mod thinning;
mod timers;
pub mod units;
mod window;

pub use self::core::{AUDIO_TOP, Core, CoreConfig, Counters, ESTIMATES, Estimates, MAX_DATAGRAM};
pub use demux::{DatagramKind, Path, Protocol};
pub use guard::Faults;

/// What a slot forwards and what of it is remembered, for the fuzz targets that drive these without a core.
#[cfg(feature = "faults")]
pub(crate) mod fuzzing {
    pub(crate) use super::forward::Arriving;
    pub(crate) use super::frame::{FrameInfo, Frames, Picture, Temporal};
    pub(crate) use super::slot::{Slot, Source};
    pub(crate) use super::table::{Key, PublicationKey};
}

use std::time::Duration;

/// Silence on the media path after which a peer whose socket is gone too is shown as "reconnecting".
pub const QUIET_AFTER: Duration = Duration::from_secs(5);

/// Slots whose audio and video are one pair (one msid: browsers keep lips in sync).
pub const PAIRED_SLOTS: u8 = 5;

/// Audio slots beyond the pairs, for the loudest of those without one.
pub const AUDIO_ONLY_SLOTS: u8 = 3;

/// The most audio slots a client has.
pub const AUDIO_SLOTS: u8 = PAIRED_SLOTS + AUDIO_ONLY_SLOTS;

/// How many video slots a client may have: it grows along this ladder as people arrive.
pub const VIDEO_SLOT_STEPS: [u8; 4] = [5, 9, 16, 25];

/// The most video slots a client may have.
pub const VIDEO_SLOTS: u8 = 25;
