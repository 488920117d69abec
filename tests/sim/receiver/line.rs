//! One receiving line: the packets that wait to be whole frames.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use plenary::media::codec::Codec;
use plenary::media::ids::{Kind, Stream};

use super::playout::Playout;
use crate::payload::{Counters, Stamp};

/// Within so long the server says whose a frame or a sound is.
pub(super) const NAMED_WITHIN: Duration = Duration::from_secs(1);

/// A packet of a picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) time: u32,
    pub(super) start: bool,
    pub(super) end: bool,
    /// Bytes of its payload.
    pub(super) bytes: usize,
    pub(super) stamp: Stamp,
    /// Seconds from when it was made until it came.
    pub(super) age: f64,
    pub(super) codec: Codec,
    pub(super) counters: Option<Counters>,
}

impl Piece {
    /// Whether another one is of the same encoding of the same connection.
    pub(super) fn has_source_of(&self, other: &Piece) -> bool {
        let source = |piece: &Piece| {
            let Stamp { person, stream, layer, life, .. } = piece.stamp;
            (person, stream, layer, life, piece.codec)
        };
        source(self) == source(other)
    }
}

/// A frame that nobody has named yet.
#[derive(Debug)]
pub(super) struct Unnamed {
    pub(super) time: u32,
    pub(super) person: u16,
    pub(super) stream: Stream,
    pub(super) at: Instant,
}

/// One receiving line.
#[derive(Debug)]
pub struct Line {
    pub(super) kind: Kind,
    pub(super) slot: u8,
    pub(super) pieces: BTreeMap<u64, Piece>,
    pub(super) next: Option<u64>,
    /// The first packet of the frame on the screen.
    pub(super) shown: Option<Piece>,
    /// The newest frame that was on the screen of each temporal layer, since the last key frame.
    pub(super) bases: [Option<u32>; 3],
    pub(super) playout: Playout,
    pub(super) stuck_since: Option<Instant>,
    pub(super) report: Option<(SystemTime, u32)>,
    pub(super) received: bool,
    /// The highest sequence number that came.
    pub(super) highest: Option<u64>,
    /// Frames under the name of somebody else.
    pub(super) unnamed: Vec<Unnamed>,
    /// Since when frames are on the screen, or sounds are heard, that nobody named or under another name.
    pub(super) nameless_since: Option<Instant>,
}

impl Line {
    pub fn new(kind: Kind, slot: u8) -> Line {
        Line {
            kind,
            slot,
            pieces: BTreeMap::new(),
            next: None,
            shown: None,
            bases: [None; 3],
            playout: Playout::default(),
            stuck_since: None,
            report: None,
            received: false,
            highest: None,
            unnamed: Vec::new(),
            nameless_since: None,
        }
    }

    /// Something came whose name is not there yet, or has come. Signaling and media race each other: a name may come
    /// later than what it names, and not by much.
    pub(super) fn is_nameless(&mut self, now: Instant, nameless: bool) -> bool {
        if !nameless {
            self.nameless_since = None;
            return false;
        }
        now > *self.nameless_since.get_or_insert(now) + NAMED_WITHIN
    }

    /// A frame is on the screen.
    pub(super) fn show(&mut self, piece: &Piece) {
        let Stamp { frame, place, key, .. } = piece.stamp;
        if key {
            self.bases = [None; 3];
        }
        if let Some(base) = self.bases.get_mut(usize::from(place.layer)) {
            *base = Some(frame);
        }
        self.shown = Some(*piece);
    }

    /// Whether what a frame needs was on the screen, of the same encoding.
    pub(super) fn has_what_it_needs(&self, piece: &Piece) -> bool {
        self.shown.is_some_and(|shown| shown.has_source_of(piece))
            && self.bases.contains(&Some(piece.stamp.place.needs))
    }

    pub fn forget_unnamed(&mut self) {
        self.unnamed.clear();
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The number of the slot it is.
    pub fn slot(&self) -> u8 {
        self.slot
    }

    /// It is another slot from now on.
    pub fn renumber(&mut self, slot: u8) {
        self.slot = slot;
    }

    /// Takes note of a sequence number: how many before it are missing, or less than none if it was one of those.
    pub(super) fn missing(&mut self, seq: u64) -> i64 {
        match self.highest {
            Some(highest) if seq <= highest => -1,
            before => {
                self.highest = Some(seq);
                before.map_or(0, |before| (seq - before - 1).cast_signed())
            }
        }
    }
}

/// The last sequence number of the whole frame that starts at `first`, if all of it is there.
pub(super) fn whole(pieces: &BTreeMap<u64, Piece>, first: u64) -> Option<u64> {
    if !pieces.get(&first)?.start {
        return None;
    }
    let mut seq = first;
    loop {
        let piece = pieces.get(&seq)?;
        if piece.end {
            return Some(seq);
        }
        seq += 1;
    }
}

/// Frames that nobody ever named: there when a scenario ends and the server's word has had time to come.
pub fn unnamed<'a>(now: Instant, lines: impl Iterator<Item = &'a Line>) -> usize {
    lines.flat_map(|line| &line.unnamed).filter(|frame| now > frame.at + Duration::from_secs(1)).count()
}
