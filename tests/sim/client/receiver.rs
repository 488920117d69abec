//! What a client makes of what it receives on its slots, and everything it has to complain about.
//!
//! A picture is shown as a browser's decoder would: whole frames only, each on top of the one before or a key frame.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use plenary::media::codec::Codec;
use plenary::media::ids::{Kind, Layer, PeerId, Stream, StreamId};
use plenary::media::message::SlotTable;

use crate::payload::{Counters, Picture, Stamp};

/// A decoder that cannot go on asks for a key frame after this long, and again as often.
const STUCK: Duration = Duration::from_millis(400);

/// Seconds by which timestamps may differ from when frames were made, across a change of owner: as much as a first
/// packet is late that was lost and sent again.
const LARGEST_STEP: f64 = 1.5;

/// Within so many microseconds the server says whose a frame is.
const NAMED_WITHIN: u64 = 1_000_000;

/// What went wrong, as the person in front of the screen would tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Complaint {
    /// A frame that looked whole was not one frame of one sender.
    Torn(String),
    /// A frame was decoded on top of a picture it does not belong to.
    Garbage(String),
    /// A picture or a voice came in a slot that said somebody else.
    WrongPerson(String),
    /// A sender report says another time than the ones before it.
    ClockStep(String),
    /// Timestamps of a slot went back, or its counters did not go on.
    Backwards(String),
}

/// What is seen or heard of one person.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    /// Frames shown, or packets of sound played.
    pub frames: u64,
    pub last: Instant,
    /// The longest time between two frames since the last [`Receiver::start_watching`].
    pub longest_gap: Duration,
    /// When the newest of them was made, in microseconds since the world began.
    pub made: u64,
    /// Which encoding the newest of them is, of which codec.
    pub layer: Layer,
    pub codec: Codec,
    /// How often the encoding or the codec changed.
    pub switches: u64,
    /// Packets that came since the last [`Receiver::start_watching`], and those that did not, as far as sequence
    /// numbers tell.
    pub packets: u64,
    pub lost: i64,
}

impl Watch {
    fn new(now: Instant, layer: Layer, codec: Codec) -> Watch {
        Watch {
            frames: 0,
            last: now,
            longest_gap: Duration::ZERO,
            made: 0,
            layer,
            codec,
            switches: 0,
            packets: 0,
            lost: 0,
        }
    }

    fn shown(&mut self, stamp: &Stamp, codec: Codec, now: Instant) {
        self.switches += u64::from(self.frames > 0 && (self.layer, self.codec) != (stamp.layer, codec));
        (self.layer, self.codec) = (stamp.layer, codec);
        self.frames += 1;
        self.longest_gap = self.longest_gap.max(now - self.last);
        self.last = now;
        self.made = self.made.max(stamp.made);
    }
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    time: u32,
    start: bool,
    end: bool,
    stamp: Stamp,
    codec: Codec,
    counters: Option<Counters>,
}

/// A frame that nobody has named yet.
#[derive(Debug)]
struct Unnamed {
    time: u32,
    person: u16,
    stream: Stream,
    at: Instant,
}

/// One receiving line.
#[derive(Debug)]
pub struct Line {
    kind: Kind,
    slot: u8,
    pieces: BTreeMap<u64, Piece>,
    next: Option<u64>,
    /// The first packet of the frame on the screen.
    shown: Option<Piece>,
    stuck_since: Option<Instant>,
    report: Option<(SystemTime, u32)>,
    received: bool,
    /// The highest sequence number that came.
    highest: Option<u64>,
    /// Frames under the name of somebody else.
    unnamed: Vec<Unnamed>,
}

impl Line {
    pub fn new(kind: Kind, slot: u8) -> Line {
        Line {
            kind,
            slot,
            pieces: BTreeMap::new(),
            next: None,
            shown: None,
            stuck_since: None,
            report: None,
            received: false,
            highest: None,
            unnamed: Vec::new(),
        }
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
    fn missing(&mut self, seq: u64) -> i64 {
        match self.highest {
            Some(highest) if seq <= highest => -1,
            before => {
                self.highest = Some(seq);
                before.map_or(0, |before| (seq - before - 1).cast_signed())
            }
        }
    }
}

/// Everything one client receives.
#[derive(Debug, Default)]
pub struct Receiver {
    /// The newest `slots`, and when it came.
    pub table: SlotTable,
    table_at: Option<Instant>,
    /// The same in microseconds since the world began.
    told: u64,
    /// What came of each person's camera and microphone.
    pub seen: BTreeMap<u16, Watch>,
    pub heard: BTreeMap<u16, Watch>,
    /// What came of each person's screen and its sound.
    pub screens: BTreeMap<u16, Watch>,
    pub screen_sounds: BTreeMap<u16, Watch>,
    pub complaints: Vec<Complaint>,
    /// The socket is lost, so the server cannot say what slots show.
    pub deaf: bool,
    /// Frames that were on the screen before the server had said whose they are.
    pub early: u64,
    /// Sender reports checked.
    pub reports: u64,
    /// Packets of sound that never came, as far as sequence numbers tell.
    pub sound_missing: u64,
    /// Packets of pictures received.
    pub video_packets: u64,
    /// Key frames this client's decoders asked for.
    pub requests: u64,
    /// The largest difference between timestamps and when frames were made, across a change of layer or codec of one
    /// person, in seconds.
    pub largest_switch_step: f64,
    /// How often the server said of a slot that what its owner sends cannot be decoded here.
    pub blocked_told: u64,
    /// Whose frames are not judged: somebody who sends on purpose what no browser sends.
    pub judges_not: Option<u16>,
    /// Packets in which nobody's stamp is.
    pub unreadable: u64,
}

fn later(a: u32, b: u32) -> bool {
    a.wrapping_sub(b).cast_signed() > 0
}

impl Receiver {
    /// Forgets gaps: what is longest is counted from now.
    pub fn start_watching(&mut self, now: Instant) {
        let all = [&mut self.seen, &mut self.heard, &mut self.screens, &mut self.screen_sounds];
        for watch in all.into_iter().flat_map(BTreeMap::values_mut) {
            watch.longest_gap = Duration::ZERO;
            watch.last = now;
            (watch.packets, watch.lost) = (0, 0);
        }
    }

    fn watch(&mut self, now: Instant, kind: Kind, stamp: &Stamp, codec: Codec) -> &mut Watch {
        let watches = match (stamp.stream, kind) {
            (Stream::Camera, Kind::Video) => &mut self.seen,
            (Stream::Camera, Kind::Audio) => &mut self.heard,
            (Stream::Screen, Kind::Video) => &mut self.screens,
            (Stream::Screen, Kind::Audio) => &mut self.screen_sounds,
        };
        watches.entry(stamp.person).or_insert_with(|| Watch::new(now, stamp.layer, codec))
    }

    /// A packet of sound on `line`.
    pub fn sound(
        &mut self,
        now: Instant,
        line: &mut Line,
        seq: u64,
        stamp: &Stamp,
        who: impl Fn(u16) -> Option<PeerId>,
    ) {
        line.received = true;
        self.sound_missing += line.next.map_or(0, |next| seq.saturating_sub(next));
        line.next = Some(seq + 1);
        let missing = line.missing(seq);
        let watch = self.watch(now, Kind::Audio, stamp, Codec::Opus);
        (watch.packets, watch.lost) = (watch.packets + 1, watch.lost + missing);
        watch.shown(stamp, Codec::Opus, now);
        let plays = |table: &SlotTable| {
            let slot = table.audio.iter().find(|slot| slot.slot.0 == line.slot);
            slot.and_then(|slot| slot.plays)
        };
        let right = who(stamp.person).map(|peer| StreamId { peer, stream: stamp.stream });
        // Sound on its way when an owner changes is nobody's fault.
        let settled = self.table_at.is_some_and(|at| now > at + Duration::from_millis(500));
        if settled && plays(&self.table) != right {
            let complaint = format!("audio slot {} plays {}", line.slot, stamp.person);
            self.complaints.push(Complaint::WrongPerson(complaint));
        }
    }

    /// A packet of a picture on `line`.
    pub fn picture(
        &mut self,
        now: Instant,
        line: &mut Line,
        (seq, time, end): (u64, u32, bool),
        codec: Codec,
        Picture { stamp, counters, start }: Picture,
        who: impl Fn(u16) -> Option<PeerId>,
    ) {
        self.video_packets += 1;
        line.received = true;
        let missing = line.missing(seq);
        let watch = self.watch(now, Kind::Video, &stamp, codec);
        (watch.packets, watch.lost) = (watch.packets + 1, watch.lost + missing);
        if line.next.is_some_and(|next| seq < next) {
            return;
        }
        line.pieces.insert(seq, Piece { time, start, end, stamp, codec, counters });
        while self.show_next(now, line, &who) {}
    }

    /// Shows the next frame of a line, if there is one to show.
    fn show_next(&mut self, now: Instant, line: &mut Line, who: &impl Fn(u16) -> Option<PeerId>) -> bool {
        let following = line.next.and_then(|next| whole(&line.pieces, next));
        let found = following.map(|last| (line.next.unwrap_or(0), last, true)).or_else(|| {
            // A whole key frame further on lets the decoder start again.
            let mut keys = line.pieces.iter().filter(|(_, piece)| piece.start && piece.stamp.key);
            keys.find_map(|(seq, _)| whole(&line.pieces, *seq).map(|last| (*seq, last, false)))
        });
        let Some((first, last, follows)) = found else {
            if line.stuck_since.is_none() && !line.pieces.is_empty() {
                line.stuck_since = Some(now);
            } else if line.pieces.is_empty() {
                line.stuck_since = None;
            }
            return false;
        };
        let rest = line.pieces.split_off(&(last + 1));
        let frame: Vec<Piece> = std::mem::replace(&mut line.pieces, rest).into_range(first);
        line.next = Some(last + 1);
        line.stuck_since = None;
        self.check_frame(line, &frame, follows);
        if let Some(piece) = frame.first() {
            self.check_owner(now, line, piece, who);
            line.shown = Some(*piece);
            self.watch(now, Kind::Video, &piece.stamp, piece.codec).shown(&piece.stamp, piece.codec, now);
        }
        true
    }

    fn check_frame(&mut self, line: &Line, frame: &[Piece], follows: bool) {
        let Some(first) = frame.first() else { return };
        let both = [line.shown.as_ref(), Some(first)];
        if self.judges_not.is_some_and(|not| both.iter().flatten().any(|piece| piece.stamp.person == not)) {
            return;
        }
        let torn = frame.iter().enumerate().any(|(index, piece)| {
            let expected = Stamp { index: index as u8, count: frame.len() as u8, ..first.stamp };
            let of_one =
                (piece.time, piece.codec, piece.counters) == (first.time, first.codec, first.counters);
            piece.stamp != expected || !of_one
        });
        if torn {
            self.complaints.push(Complaint::Torn(format!("slot {}: {frame:?}", line.slot)));
        }
        let Some(shown) = line.shown else {
            if !first.stamp.key {
                self.complaints.push(Complaint::Garbage(format!("slot {} began with {first:?}", line.slot)));
            }
            return;
        };
        let source = |piece: &Piece| {
            let Stamp { person, stream, layer, life, .. } = piece.stamp;
            (person, stream, layer, life, piece.codec)
        };
        let same = source(&shown) == source(first);
        let goes_on = same && first.stamp.frame == shown.stamp.frame + 1;
        if !first.stamp.key && !goes_on {
            self.complaints
                .push(Complaint::Garbage(format!("slot {}: {first:?} after {shown:?}", line.slot)));
        }
        if !later(first.time, shown.time) {
            self.complaints
                .push(Complaint::Backwards(format!("slot {}: {first:?} after {shown:?}", line.slot)));
        }
        // A browser freezes for as long as timestamps step ahead, and delays everything by as much as they fall behind.
        let passed = (first.stamp.made as f64 - shown.stamp.made as f64) / 1e6;
        let ticks = f64::from(first.time.wrapping_sub(shown.time).cast_signed()) / 90_000.0;
        if (ticks - passed).abs() > LARGEST_STEP {
            let text = format!("slot {}: made {passed:.3} s later, timestamps went {ticks:.3} s", line.slot);
            self.complaints.push(Complaint::ClockStep(text));
        }
        let (person, stream) = (first.stamp.person, first.stamp.stream);
        if !same && (person, stream) == (shown.stamp.person, shown.stamp.stream) {
            self.largest_switch_step = self.largest_switch_step.max((ticks - passed).abs());
        }
        let went_on = shown.counters.zip(first.counters).is_none_or(|(shown, first)| {
            first.picture == (shown.picture + 1) & 0x7fff && first.tl0 == shown.tl0.wrapping_add(1)
        });
        if follows && !went_on {
            self.complaints.push(Complaint::Backwards(format!(
                "slot {}: the picture id {first:?} after {shown:?}",
                line.slot
            )));
        }
    }

    /// From `since` on, a slot shows its owner and nobody else.
    fn check_owner(
        &mut self,
        now: Instant,
        line: &mut Line,
        piece: &Piece,
        who: &impl Fn(u16) -> Option<PeerId>,
    ) {
        let slot = self.table.video.iter().find(|slot| slot.slot.0 == line.slot);
        let owner = slot.and_then(|slot| slot.shows);
        let since = slot.and_then(|slot| slot.since);
        let Stamp { person, stream, .. } = piece.stamp;
        let whose = who(person).map(|peer| StreamId { peer, stream });
        match since {
            _ if self.judges_not == Some(person) => {}
            // The page shows nothing in this slot until the server says since when it has an owner.
            None => {
                self.early += 1;
                // Frames made before the last word may have been lost and sent again.
                if !self.deaf && piece.stamp.made > self.told + NAMED_WITHIN {
                    let text =
                        format!("slot {}: nobody names the frames of {}", line.slot, piece.stamp.person);
                    self.complaints.push(Complaint::WrongPerson(text));
                }
            }
            // The tail of an owner before.
            Some(since) if later(since, piece.time) => {}
            Some(_) if owner.is_some() && owner == whose => {}
            // The server's word is still on its way, or this is wrong: the next `slots` must tell.
            Some(_) => line.unnamed.push(Unnamed { time: piece.time, person, stream, at: now }),
        }
    }

    /// The server's word on what slots show. `age` is how long the world exists.
    pub fn slots<'a>(
        &mut self,
        now: Instant,
        age: Duration,
        table: SlotTable,
        lines: impl Iterator<Item = &'a mut Line>,
        who: impl Fn(u16) -> Option<PeerId>,
    ) {
        for line in lines.filter(|line| line.kind == Kind::Video) {
            let Some(slot) = table.video.iter().find(|slot| slot.slot.0 == line.slot) else { continue };
            if slot.since.is_none() {
                line.unnamed.clear();
            }
            let (Some(owner), Some(since)) = (slot.shows, slot.since) else { continue };
            let complaints = &mut self.complaints;
            line.unnamed.retain(|Unnamed { time, person, stream, at }| {
                if later(since, *time) {
                    // From before this owner. Its own `slots` was replaced by this one, or this is the tail of the
                    // owner before, which a client that goes by `since` does not show.
                    return false;
                }
                let whose = who(*person).map(|peer| StreamId { peer, stream: *stream });
                if whose != Some(owner) && now > *at {
                    let slot = line.slot;
                    let text = format!("slot {slot} showed {person} at {time} as {owner:?}, since {since}");
                    complaints.push(Complaint::WrongPerson(text));
                }
                false
            });
        }
        self.deaf = false;
        self.blocked_told += table.video.iter().filter(|slot| slot.blocked.is_some()).count() as u64;
        self.table = table;
        self.told = age.as_micros() as u64;
        self.table_at = Some(now);
    }

    /// A sender report on `line`: what its timestamps stand for may drift, never step.
    pub fn report(&mut self, line: &mut Line, ntp: SystemTime, time: u32) {
        // Timestamp 0 is that of a line on which nothing was sent yet, in a report that was overtaken by the first packet.
        if !line.received || time == 0 {
            return;
        }
        self.reports += 1;
        let rate = if line.kind == Kind::Audio { 48_000.0 } else { 90_000.0 };
        if let Some((ntp_before, time_before)) = line.report.replace((ntp, time)) {
            let passed = ntp.duration_since(ntp_before).unwrap_or_default().as_secs_f64();
            let ticks = f64::from(time.wrapping_sub(time_before).cast_signed()) / rate;
            // The server slews by 5 ms a second at most.
            if (ticks - passed).abs() > passed * 0.006 + 0.002 {
                let text = format!(
                    "{:?} slot {}: {:.1} ms passed, timestamps went {:.1} ms, from {time_before} to {time}",
                    line.kind,
                    line.slot,
                    passed * 1e3,
                    ticks * 1e3
                );
                self.complaints.push(Complaint::ClockStep(text));
            }
        }
    }

    /// Whether the decoder of `line` asks for a key frame now, as browsers do when they cannot go on.
    pub fn asks_for_key_frame(now: Instant, line: &mut Line) -> bool {
        let stuck = line.kind == Kind::Video && line.stuck_since.is_some_and(|since| now >= since + STUCK);
        if stuck {
            line.stuck_since = Some(now);
        }
        stuck
    }

    pub fn stuck_deadline(line: &Line) -> Option<Instant> {
        line.stuck_since.map(|since| since + STUCK)
    }
}

/// Frames that nobody ever named: there when a scenario ends and the server's word has had time to come.
pub fn unnamed<'a>(now: Instant, lines: impl Iterator<Item = &'a Line>) -> usize {
    lines.flat_map(|line| &line.unnamed).filter(|frame| now > frame.at + Duration::from_secs(1)).count()
}

/// The last sequence number of the whole frame that starts at `first`, if all of it is there.
fn whole(pieces: &BTreeMap<u64, Piece>, first: u64) -> Option<u64> {
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

trait IntoRange {
    fn into_range(self, first: u64) -> Vec<Piece>;
}

impl IntoRange for BTreeMap<u64, Piece> {
    /// The pieces from `first` on; those before it are never shown.
    fn into_range(mut self, first: u64) -> Vec<Piece> {
        self.split_off(&first).into_values().collect()
    }
}
