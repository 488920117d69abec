//! What leaves next: which packet, and what is written of it.

use std::time::Instant;

use super::history::Sent;
use super::queue::Queued;
use super::redundancy::Along;
use super::ring::Stored;
use super::write::{ExtensionIds, Own};
use crate::media::estimate::Class;
use crate::media::rtp::{MediaTime, SeqNo};

/// What leaves next, before it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Next {
    pub(super) class: Class,
    /// Of its source.
    pub(super) place: usize,
    pub(super) seq: SeqNo,
    pub(super) sent: Sent,
    /// For the first time: what the timestamp stands for, and whether a key frame begins.
    pub(super) fresh: Option<(MediaTime, Instant, bool)>,
}

/// What of it is written, and how long it will be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Datagram<'a> {
    pub(super) stored: &'a Stored,
    pub(super) along: Option<Along<'a>>,
    pub(super) own: Own,
    pub(super) ids: ExtensionIds,
    pub(super) bytes: usize,
}

impl Next {
    /// A packet that waited, with the place of its source.
    pub(super) fn fresh(class: Class, (place, queued): &(usize, Queued)) -> Next {
        let Queued { kept, seq, time, wallclock, picture, key, .. } = *queued;
        let sent = Sent { kept, time: time.low(), picture };
        Next { class, place: *place, seq, sent, fresh: Some((time, wallclock, key)) }
    }
}
