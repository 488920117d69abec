//! What a client makes of what it receives on its slots, and everything it has to complain about.
//!
//! A picture is shown as a browser's decoder would: whole frames only, each on top of the one before or a key frame.

mod checks;
pub mod freezes;
mod line;
mod lips;
mod playout;
pub mod quality;
mod watch;

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use plenary::media::codec::Codec;
use plenary::media::ids::{Kind, PeerId, Stream, StreamId};
use plenary::media::message::SlotTable;

use crate::payload::{Picture, Stamp};
use checks::later;
pub use line::{Line, unnamed};
use line::{NAMED_WITHIN, Piece, Unnamed, whole};
use quality::{Played, Quality};
pub use watch::Watch;

/// What is missing for so long is passed over where a frame of the lowest temporal layer further on needs nothing of it.
const PASSED_OVER: Duration = Duration::from_millis(150);

/// A decoder that cannot go on asks for a key frame after this long, and again as often.
const STUCK: Duration = Duration::from_millis(400);

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
    /// How good each person's camera and microphone are.
    pub quality: BTreeMap<u16, Quality>,
    /// When the world began: what stamps count from.
    origin: Option<Instant>,
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

impl Receiver {
    /// Forgets gaps: what is longest is counted from now.
    pub fn start_watching(&mut self, now: Instant) {
        let all = [&mut self.seen, &mut self.heard, &mut self.screens, &mut self.screen_sounds];
        for watch in all.into_iter().flat_map(BTreeMap::values_mut) {
            watch.longest_gap = Duration::ZERO;
            watch.last = now;
            (watch.packets, watch.lost) = (0, 0);
        }
        self.quality.values_mut().for_each(|quality| quality.start_watching(now));
    }

    pub fn new(origin: Instant) -> Receiver {
        Receiver { origin: Some(origin), ..Receiver::default() }
    }

    /// How long ago a frame was made.
    fn age(&self, now: Instant, stamp: Stamp) -> Option<Duration> {
        Some(now.saturating_duration_since(self.origin? + Duration::from_micros(stamp.made)))
    }

    /// What is played at `at`, of somebody's camera or microphone.
    fn played(&mut self, at: Instant, stamp: Stamp, bytes: usize) -> Option<(Played, &mut Quality)> {
        let played = Played { at, stamp, bytes, age: self.age(at, stamp)? };
        let camera = stamp.stream == Stream::Camera;
        camera.then(|| (played, self.quality.entry(stamp.person).or_default()))
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
        (seq, time, bytes): (u64, u32, usize),
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
        let at = line.playout.plays(now, time, 48_000);
        if let Some((played, quality)) = self.played(at, *stamp, bytes) {
            quality.received += bytes as u64;
            // A packet that was overtaken is not played any more.
            if missing >= 0 {
                quality.sound(played);
                quality.told.sound(line.slot, line.report, time, *stamp);
            }
        }
        let plays = |table: &SlotTable| {
            let slot = table.audio.iter().find(|slot| slot.slot.0 == line.slot);
            slot.and_then(|slot| slot.plays)
        };
        let right = who(stamp.person).map(|peer| StreamId { peer, stream: stamp.stream });
        // Sound on its way when an owner changes is nobody's fault.
        let settled = self.table_at.is_some_and(|at| now > at + Duration::from_millis(500));
        if line.is_nameless(now, settled && plays(&self.table) != right) {
            let complaint = format!("audio slot {} plays {}", line.slot, stamp.person);
            self.complaints.push(Complaint::WrongPerson(complaint));
        }
    }

    /// A packet of a picture on `line`.
    pub fn picture(
        &mut self,
        now: Instant,
        line: &mut Line,
        (seq, time, end, bytes): (u64, u32, bool, usize),
        codec: Codec,
        Picture { stamp, counters, start }: Picture,
        who: impl Fn(u16) -> Option<PeerId>,
    ) {
        self.video_packets += 1;
        line.received = true;
        let missing = line.missing(seq);
        let watch = self.watch(now, Kind::Video, &stamp, codec);
        (watch.packets, watch.lost) = (watch.packets + 1, watch.lost + missing);
        if stamp.stream == Stream::Camera {
            self.quality.entry(stamp.person).or_default().received += bytes as u64;
        }
        if line.next.is_some_and(|next| seq < next) {
            return;
        }
        let age = self.age(now, stamp).unwrap_or_default().as_secs_f64();
        line.pieces.insert(seq, Piece { time, start, end, bytes, stamp, age, codec, counters });
        while self.show_next(now, line, &who) {}
    }

    /// Shows the next frame of a line, if there is one to show.
    fn show_next(&mut self, now: Instant, line: &mut Line, who: &impl Fn(u16) -> Option<PeerId>) -> bool {
        let following = line.next.and_then(|next| whole(&line.pieces, next));
        let found = following.map(|last| (line.next.unwrap_or(0), last, true)).or_else(|| {
            // A whole key frame further on lets the decoder start again, or one that needs what is on the screen.
            let waited = line.stuck_since.is_some_and(|since| now >= since + PASSED_OVER);
            let goes =
                |piece: &Piece| waited && piece.stamp.place.layer == 0 && line.has_what_it_needs(piece);
            let mut keys =
                line.pieces.iter().filter(|(_, piece)| piece.start && (piece.stamp.key || goes(piece)));
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
        let mut before = std::mem::replace(&mut line.pieces, rest);
        let frame: Vec<Piece> = before.split_off(&first).into_values().collect();
        self.count_torn(before.into_values());
        line.next = Some(last + 1);
        line.stuck_since = None;
        self.check_frame(line, &frame, follows);
        if let Some(piece) = frame.first() {
            self.check_owner(now, line, piece, who);
            line.show(piece);
            self.watch(now, Kind::Video, &piece.stamp, piece.codec).shown(&piece.stamp, piece.codec, now);
            let at = line.playout.plays(now, piece.time, 90_000);
            let bytes = frame.iter().map(|piece| piece.bytes).sum();
            if let Some((played, quality)) = self.played(at, piece.stamp, bytes) {
                quality.picture(played);
                quality.told.picture(line.slot, line.report, piece.time, piece.stamp);
            }
        }
        true
    }

    /// Frames that are given up: something of them came.
    fn count_torn(&mut self, pieces: impl Iterator<Item = Piece>) {
        let mut before = None;
        // Of higher temporal layers nothing is missed for long.
        let missed = |piece: &Piece| piece.stamp.stream == Stream::Camera && piece.stamp.place.layer == 0;
        for Piece { stamp, .. } in pieces.filter(missed) {
            let frame = Some((stamp.person, stamp.layer, stamp.frame));
            if frame != std::mem::replace(&mut before, frame) {
                self.quality.entry(stamp.person).or_default().torn += 1;
            }
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
                if whose == Some(owner) {
                    return false;
                }
                // What was told before may still have been under way, held up by what was lost.
                let late = now > *at + NAMED_WITHIN;
                if late {
                    let slot = line.slot;
                    let text = format!("slot {slot} showed {person} at {time} as {owner:?}, since {since}");
                    complaints.push(Complaint::WrongPerson(text));
                }
                !late
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
            // The server slews by 5 ms a second at most, from packet to packet: what the report before went by may have left a
            // second before it.
            if (ticks - passed).abs() > (passed + 1.0) * 0.006 {
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
