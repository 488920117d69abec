//! What one person receives: by slot what is missing, by publication everything.

use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use super::delays::Delays;
use super::frames::{FrameCounts, Frames};
use super::sequence::{Place, Sequence};
use crate::load::stamp::Stamp;
use crate::media::ids::{Kind, Layer, SlotIndex};

/// Who sent something within this time still sends.
const SENDS: Duration = Duration::from_secs(1);

/// Publications of which one person counts what comes: a hundred people with picture and sound, twenty times anew. Each takes some
/// kilobytes, and packets of somebody who is no generator say anything.
const MOST_STREAMS: usize = 4_096;

/// One packet that came.
#[derive(Debug, Clone, Copy)]
pub(in crate::load) struct Came {
    /// Sound or picture.
    pub kind: Kind,
    /// The slot it came on.
    pub slot: SlotIndex,
    /// Its sequence number there.
    pub seq: u64,
    /// It was sent again because somebody asked.
    pub resent: bool,
    /// Its payload's bytes.
    pub bytes: usize,
    /// What it says of itself.
    pub stamp: Stamp,
}

/// What one person got of one publication.
#[derive(Debug)]
pub(in crate::load) struct Stream {
    /// Sound or picture.
    pub kind: Kind,
    /// When the first packet came.
    pub first: Instant,
    /// When the first picture was whole, of somebody's camera.
    pub seen: Option<Instant>,
    /// Packets that came, each once.
    pub packets: u64,
    /// Their payloads' bytes.
    pub bytes: u64,
    /// Of the packets: sent again.
    pub resent: u64,
    /// Of the packets: overtaken by a later one on their way.
    pub reordered: u64,
    /// Packets that came more than once, each time but the first.
    pub repeated: u64,
    /// Packets that never came.
    pub lost: u64,
    /// How long packets were on their way, those sent again from their first time on.
    pub delays: Delays,
    frames: Frames,
    last: Instant,
}

impl Stream {
    fn new(kind: Kind, now: Instant) -> Stream {
        Stream {
            kind,
            first: now,
            seen: None,
            packets: 0,
            bytes: 0,
            resent: 0,
            reordered: 0,
            repeated: 0,
            lost: 0,
            delays: Delays::default(),
            frames: Frames::default(),
            last: now,
        }
    }

    /// What became of its frames by `now`. Sound has none.
    pub(in crate::load) fn frames(&self, now: Instant) -> FrameCounts {
        let sends = now.saturating_duration_since(self.last) < SENDS;
        if self.kind == Kind::Video { self.frames.total(now, sends) } else { FrameCounts::default() }
    }

    fn restart(&mut self, now: Instant) {
        (self.packets, self.bytes, self.lost) = (0, 0, 0);
        (self.resent, self.reordered, self.repeated) = (0, 0, 0);
        self.delays.clear();
        self.frames.restart(now);
    }
}

/// One slot.
#[derive(Debug, Default)]
struct Line {
    sequence: Sequence,
    /// What came last: of which publication, in which encoding.
    shows: Option<(u32, Layer)>,
}

/// What one person receives.
#[derive(Debug, Default)]
pub(in crate::load) struct Receiver {
    lines: FxHashMap<(Kind, SlotIndex), Line>,
    streams: FxHashMap<u32, Stream>,
    /// What was sent from then on does not count, in microseconds of the run.
    closed: Option<u64>,
}

impl Receiver {
    /// A packet came at `now`, `micros` after the run began. True if a key frame is to be asked for on its slot.
    pub(in crate::load) fn take(&mut self, now: Instant, micros: u64, came: &Came) -> bool {
        if self.closed.is_some_and(|closed| came.stamp.sent >= closed) {
            return false;
        }
        if self.streams.len() >= MOST_STREAMS && !self.streams.contains_key(&came.stamp.source) {
            return false;
        }
        let line = self.lines.entry((came.kind, came.slot)).or_default();
        let (place, given_up) = line.sequence.take(came.seq);
        let shows = (came.stamp.source, came.stamp.layer);
        let before = line.shows.replace(shows);
        // Where a slot goes over to another picture while a frame is open, the server leaves one number free, so that what there
        // is of the frame does not look whole.
        if place == Place::Ahead(1) && before != Some(shows) && came.stamp.key && came.stamp.index == 0 {
            line.sequence.left_free(came.seq - 1);
        }
        let stream = self.streams.entry(came.stamp.source).or_insert_with(|| Stream::new(came.kind, now));
        stream.last = now;
        if place == Place::Known {
            stream.repeated += 1;
            return false;
        }
        stream.packets += 1;
        stream.bytes += came.bytes as u64;
        stream.resent += u64::from(came.resent);
        stream.reordered += u64::from(place == Place::Late && !came.resent);
        stream.delays.add(micros.saturating_sub(came.stamp.sent));
        let asks = if came.kind == Kind::Video {
            stream.frames.take(now, &came.stamp);
            if stream.frames.has_shown() {
                stream.seen.get_or_insert(now);
            }
            stream.frames.asks(now)
        } else {
            false
        };
        if given_up > 0
            && let Some(owner) = before.and_then(|(source, _)| self.streams.get_mut(&source))
        {
            owner.lost += given_up;
        }
        asks
    }

    /// The connection is another one: its slots count anew.
    pub(in crate::load) fn reconnected(&mut self) {
        self.settle_lost();
        self.lines.clear();
    }

    /// What counts is what comes from now on.
    pub(in crate::load) fn restart(&mut self, now: Instant) {
        self.lines.values_mut().for_each(|line| line.sequence.forgive());
        self.streams.values_mut().for_each(|stream| stream.restart(now));
    }

    /// What counts is what was sent until `micros`: some of it is still on its way.
    pub(in crate::load) fn close(&mut self, micros: u64) {
        self.closed = Some(micros);
    }

    /// Everything that was received, by publication. What is missing now is lost.
    pub(in crate::load) fn finish(&mut self) -> &FxHashMap<u32, Stream> {
        self.settle_lost();
        &self.streams
    }

    /// Packets that were given up so far.
    pub(in crate::load) fn lost(&self) -> u64 {
        self.streams.values().map(|stream| stream.lost).sum()
    }

    /// When the first picture of anybody was whole.
    pub(in crate::load) fn first_seen(&self) -> Option<Instant> {
        self.streams.values().filter_map(|stream| stream.seen).min()
    }

    /// Everything so far.
    pub(in crate::load) fn streams(&self) -> &FxHashMap<u32, Stream> {
        &self.streams
    }

    fn settle_lost(&mut self) {
        for line in self.lines.values_mut() {
            if let Some(stream) = line.shows.and_then(|(source, _)| self.streams.get_mut(&source)) {
                stream.lost += line.sequence.missing();
            }
            line.sequence.forgive();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::ids::Layer;

    /// The packets of thirty frames a second of three packets each, at 10 ms of delay.
    fn packets(frames: std::ops::Range<u32>) -> Vec<(Duration, Came)> {
        let mut all = Vec::new();
        for frame in frames {
            for index in 0..3 {
                let sent = u64::from(frame) * 33_000;
                let stamp =
                    Stamp { source: 5, layer: Layer::High, frame, index, count: 3, key: frame == 0, sent };
                let seq = 1_000 + u64::from(frame) * 3 + u64::from(index);
                let (kind, slot) = (Kind::Video, SlotIndex(0));
                let came = Came { kind, slot, seq, resent: false, bytes: 1_000, stamp };
                all.push((Duration::from_micros(sent + 10_000), came));
            }
        }
        all
    }

    fn receive(packets: &[(Duration, Came)]) -> (Receiver, Instant) {
        let (mut receiver, origin) = (Receiver::default(), Instant::now());
        let mut now = origin;
        for (at, came) in packets {
            now = origin + *at;
            receiver.take(now, u64::try_from(at.as_micros()).unwrap(), came);
        }
        (receiver, now)
    }

    #[test]
    fn what_comes_whole_and_in_order_has_lost_nothing() {
        let (mut receiver, end) = receive(&packets(0..300));
        let stream = &receiver.finish()[&5];
        assert_eq!((stream.packets, stream.bytes, stream.lost), (900, 900_000, 0));
        assert_eq!((stream.reordered, stream.resent, stream.repeated), (0, 0, 0));
        let frames = stream.frames(end);
        assert_eq!(frames, FrameCounts { shown: 300, ..FrameCounts::default() });
        assert_eq!(stream.delays.count(), 900);
        assert!((9_900..=10_100).contains(&stream.delays.max()), "{}", stream.delays.max());
    }

    #[test]
    fn every_packet_that_is_taken_out_is_lost_and_its_frame_torn() {
        let mut all = packets(0..300);
        // The first of frame 100, two of frame 200, and all of frame 250; and then a key frame each.
        for frame in [101, 201, 251] {
            all.iter_mut()
                .filter(|(_, came)| came.stamp.frame == frame)
                .for_each(|(_, came)| came.stamp.key = true);
        }
        all.retain(|(_, came)| {
            let (frame, index) = (came.stamp.frame, came.stamp.index);
            !(frame == 100 && index == 0 || frame == 200 && index > 0 || frame == 250)
        });
        let (mut receiver, end) = receive(&all);
        let stream = &receiver.finish()[&5];
        assert_eq!((stream.packets, stream.lost), (894, 6));
        let frames = stream.frames(end);
        assert_eq!((frames.shown, frames.torn, frames.skipped, frames.freezes), (297, 2, 1, 0));
    }

    #[test]
    fn packets_that_change_places_are_reordered_and_those_sent_again_are_not() {
        let mut all = packets(0..30);
        let (one, other) = (all[10].1, all[11].1);
        (all[10].1, all[11].1) = (other, one);
        let mut again = all.remove(20);
        again.0 = all[40].0;
        again.1.resent = true;
        all.insert(41, again);
        let twice = all[50];
        all.insert(51, twice);
        let (mut receiver, end) = receive(&all);
        let stream = &receiver.finish()[&5];
        assert_eq!((stream.packets, stream.lost), (90, 0));
        assert_eq!((stream.reordered, stream.resent, stream.repeated), (1, 1, 1));
        assert_eq!(stream.frames(end).torn, 0);
        assert!(stream.delays.max() > 200_000, "a resend counts from the first time on");
    }

    #[test]
    fn delay_that_is_put_in_is_found_and_where_it_is_a_pause_it_is_a_freeze() {
        let mut all = packets(0..300);
        for (at, came) in &mut all {
            *at += Duration::from_millis(if came.stamp.frame < 150 { 40 } else { 340 });
        }
        let (mut receiver, end) = receive(&all);
        let stream = &receiver.finish()[&5];
        for (share, expected) in [(0.25, 50_000.0), (0.75, 350_000.0)] {
            let told = stream.delays.quantile(share) as f64;
            assert!((told / expected - 1.0).abs() < 0.01, "{share}: {told}");
        }
        let frames = stream.frames(end);
        assert_eq!((frames.freezes, frames.longest), (1, Duration::from_millis(333)));
    }

    #[test]
    fn a_slot_that_goes_to_somebody_else_loses_nothing_and_the_loss_is_whose_packets_were_missing() {
        let (mut receiver, origin) = (Receiver::default(), Instant::now());
        for (number, (at, mut came)) in packets(0..40).into_iter().enumerate() {
            came.stamp.source = if number < 60 { 5 } else { 6 };
            if number == 60 {
                came.stamp.key = true;
            }
            if number != 30 {
                receiver.take(origin + at, 0, &came);
            }
        }
        let streams = receiver.finish();
        assert_eq!(streams[&5].packets + streams[&6].packets, 119);
        assert_eq!(streams[&5].lost + streams[&6].lost, 1);
    }

    #[test]
    fn a_number_that_is_left_free_where_a_slot_goes_over_to_another_picture_is_not_lost() {
        let (mut receiver, origin, mut end) = (Receiver::default(), Instant::now(), None);
        for (number, (at, mut came)) in packets(0..40).into_iter().enumerate() {
            // The frame 20 is cut: two of its packets came in one size, and then it comes whole in another.
            if number >= 60 {
                came.stamp.layer = Layer::Middle;
                came.stamp.key |= came.stamp.frame == 20;
                came.seq += 3;
            }
            receiver.take(origin + at, 0, &came);
            if number == 59 {
                for index in 0..2 {
                    let stamp = Stamp { frame: 20, index, ..came.stamp };
                    receiver.take(
                        origin + at,
                        0,
                        &Came { seq: came.seq + 1 + u64::from(index), stamp, ..came },
                    );
                }
            }
            end = Some(origin + at);
        }
        let stream = &receiver.finish()[&5];
        assert_eq!((stream.packets, stream.lost), (122, 0));
        let frames = stream.frames(end.unwrap());
        assert_eq!((frames.shown, frames.torn, frames.skipped), (40, 0, 0), "that frame was seen");
    }

    #[test]
    fn of_publications_without_end_the_first_are_counted() {
        let (mut receiver, now) = (Receiver::default(), Instant::now());
        let (_, first) = packets(0..1)[0];
        for number in 0..u32::try_from(MOST_STREAMS + 100).unwrap() {
            let stamp = Stamp { source: number, ..first.stamp };
            receiver.take(now, 0, &Came { seq: first.seq + u64::from(number), stamp, ..first });
        }
        assert_eq!(receiver.streams().len(), MOST_STREAMS);
    }

    #[test]
    fn counting_begins_anew_and_what_was_missing_before_is_not_lost_after() {
        let all = packets(0..60);
        let (mut receiver, origin) = (Receiver::default(), Instant::now());
        for (number, (at, came)) in all.iter().enumerate() {
            if number == 90 {
                receiver.restart(origin + *at);
            }
            if number != 50 {
                receiver.take(origin + *at, 0, came);
            }
        }
        let stream = &receiver.finish()[&5];
        assert_eq!((stream.packets, stream.lost), (90, 0));
    }

    #[test]
    fn what_is_sent_after_the_end_does_not_count_and_what_was_sent_before_may_still_come() {
        let all = packets(0..60);
        let (mut receiver, origin) = (Receiver::default(), Instant::now());
        receiver.close(all[90].1.stamp.sent);
        for (number, (at, came)) in all.iter().enumerate().filter(|(number, _)| *number != 60) {
            receiver.take(origin + *at, 0, came);
            if number == 120 {
                let (_, late) = all[60];
                receiver.take(origin + *at, 0, &Came { resent: true, ..late });
            }
        }
        let stream = &receiver.finish()[&5];
        assert_eq!((stream.packets, stream.lost, stream.resent), (90, 0, 1));
    }

    #[test]
    fn somebody_who_is_not_seen_asks_for_a_key_frame() {
        let all = packets(0..60);
        let (mut receiver, origin, mut asked) = (Receiver::default(), Instant::now(), 0);
        for (number, (at, came)) in all.iter().enumerate() {
            if number != 20 {
                asked += u32::from(receiver.take(origin + *at, 0, came));
            }
        }
        assert!((2..=4).contains(&asked), "{asked}");
    }
}
