use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::media::forward::{Arriving, Forwarder, Held, Leaving};
use crate::media::frame::{FrameInfo, Frames, Picture, Temporal};
use crate::media::guard::Guard;
use crate::media::rtp::{ClockRate, MediaTime, SeqNo};

/// A frame of a camera of three temporal layers as Chromium makes them, 30 a second: its number, layer, and the frame it needs.
fn frame(number: u64) -> (u8, Option<u64>, Option<u8>) {
    match number % 4 {
        0 => (0, number.checked_sub(4), None),
        1 => (2, Some(number - 1), Some(2)),
        2 => (1, Some(number - 2), Some(1)),
        _ => (2, Some(number - 1), None),
    }
}

/// What a counter of 16 bits says.
#[expect(clippy::cast_possible_truncation, reason = "counters wrap")]
fn low(number: u64) -> u16 {
    number as u16
}

/// The packets of so many frames, each of `count` packets.
fn packets(frames: u64, count: u64, start: Instant) -> Vec<(u64, Arriving)> {
    let of = |number: u64| {
        let (layer, _, opens) = frame(number);
        let capture = start + Duration::from_millis(number * 33);
        (0..count).map(move |index| {
            let picture = Picture {
                id: low(number + 32_000) & 0x7fff,
                long: true,
                tl0: Some(low(number / 4).to_be_bytes()[1]),
            };
            let frame = FrameInfo {
                start: index == 0,
                end: index + 1 == count,
                key: number == 0,
                picture: Some(picture),
                temporal: Temporal { layer, opens },
            };
            let seq = SeqNo(70_000 + number * count + index);
            (number, Arriving { seq, time: MediaTime(9_000 + number * 3_000), capture, frame })
        })
    };
    (0..frames).flat_map(of).collect()
}

struct Line {
    forwarder: Forwarder,
    guard: Guard,
    left: Vec<(u64, Leaving)>,
}

impl Line {
    fn new() -> Line {
        let (forwarder, guard) = (Forwarder::new(ClockRate::VIDEO, 7, 1_000), Guard::new(ClockRate::VIDEO));
        Line { forwarder, guard, left: Vec::new() }
    }

    fn send(&mut self, (number, packet): &(u64, Arriving), frames: Frames) -> Result<Leaving, Held> {
        let now = packet.capture + Duration::from_secs(5);
        let leaving = self.forwarder.forward(packet, frames, now);
        match leaving {
            Ok(leaving) => {
                self.guard.judge(0, packet, &leaving, now);
                self.left.push((*number, leaving));
            }
            Err(Held::Thinned) => self.guard.leave_out(packet),
            Err(_) => {}
        }
        leaving
    }

    fn faults(&self) -> u64 {
        self.guard.faults().violations()
    }

    /// The frames that left.
    fn frames(&self) -> Vec<u64> {
        let mut frames: Vec<u64> = self.left.iter().map(|(number, _)| *number).collect();
        frames.dedup();
        frames
    }
}

#[test]
fn what_is_left_out_is_as_if_it_had_never_been() {
    for (frames, shown) in [
        (Frames::All, vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        (Frames::Half, vec![0, 2, 4, 6, 8, 10]),
        (Frames::Quarter, vec![0, 4, 8]),
    ] {
        let mut line = Line::new();
        for packet in packets(12, 3, Instant::now()) {
            let _ = line.send(&packet, frames);
        }
        assert_eq!(line.frames(), shown, "{frames:?}");
        for two in line.left.windows(2) {
            let [(one, before), (other, after)] = two else { continue };
            assert_eq!(after.seq, before.seq + 1);
            let id =
                |leaving: &Leaving| leaving.picture.map(|picture| u64::from(picture.id)).expect("has one");
            assert_eq!(id(after), (id(before) + u64::from(other != one)) & 0x7fff, "of {one} and {other}");
            assert_eq!(after.time - before.time, (other - one) * 3_000, "time goes on as it was");
        }
        assert_eq!(line.faults(), 0);
    }
}

#[test]
fn fewer_frames_are_shown_at_once_and_more_where_they_can_be_begun_with() {
    let mut line = Line::new();
    for packet in packets(24, 1, Instant::now()) {
        let frames = if (6..13).contains(&packet.0) { Frames::Quarter } else { Frames::All };
        let _ = line.send(&packet, frames);
    }
    // 13 and 14 begin layers; layer 1 is let in first.
    assert_eq!(line.frames()[6..12], [8, 12, 14, 16, 17, 18], "of {:?}", line.frames());
    assert_eq!(line.faults(), 0);
}

#[test]
fn a_key_frame_lets_all_frames_in() {
    let mut line = Line::new();
    for mut packet in packets(9, 1, Instant::now()) {
        packet.1.frame.key |= packet.0 == 5;
        let frames = if packet.0 < 5 { Frames::Quarter } else { Frames::All };
        let _ = line.send(&packet, frames);
    }
    assert_eq!(line.frames(), [0, 4, 5, 6, 7, 8]);
}

#[test]
fn what_was_lost_and_is_sent_again_finds_its_number() {
    let sent = packets(12, 3, Instant::now());
    // The last packet of the fifth frame, which is shown, and the first of the sixth and the middle one of the eighth, which are not.
    let lost = [14, 15, 22];
    let mut line = Line::new();
    for (place, packet) in sent.iter().enumerate() {
        if !lost.contains(&place) {
            let _ = line.send(packet, Frames::Half);
        }
    }
    let missing = |line: &Line| {
        let mut numbers: Vec<u64> = line.left.iter().map(|(_, leaving)| leaving.seq.0).collect();
        numbers.sort_unstable();
        let (Some(least), Some(most)) = (numbers.first().copied(), numbers.last().copied()) else {
            return vec![];
        };
        (least..=most).filter(|number| !numbers.contains(number)).collect::<Vec<_>>()
    };
    let before = missing(&line);
    assert_eq!(before.len(), 2, "what is missing within a frame that is left out is not missed: {before:?}");
    let late = lost.map(|place| line.send(&sent[place], Frames::Half).map(|leaving| leaving.seq.0));
    assert_eq!(late, [Ok(before[0]), Err(Held::Thinned), Err(Held::Thinned)]);
    assert_eq!(line.faults(), 0);
}

#[test]
fn what_is_older_than_what_is_remembered_has_no_number() {
    let sent = packets(400, 1, Instant::now());
    let mut line = Line::new();
    for packet in sent.iter().filter(|packet| packet.0 != 4 && packet.0 != 396) {
        let _ = line.send(packet, Frames::Quarter);
    }
    assert_eq!(line.send(&sent[4], Frames::Quarter), Err(Held::Thinned));
    assert!(line.send(&sent[396], Frames::Quarter).is_ok());
    assert_eq!(line.faults(), 0);
}

proptest! {
    /// Whatever is lost, late or wanted, nothing torn looks whole, and a line on which nothing is lost shows only what it can decode.
    #[test]
    fn what_leaves_can_be_decoded(
        count in 1u64..4,
        wishes in prop::collection::vec((0usize..3, 1usize..40), 1..20),
        lost in prop::collection::vec((0usize..400, 1usize..60), 0..30),
    ) {
        const ALL: [Frames; 3] = [Frames::Quarter, Frames::Half, Frames::All];
        let sent = packets(100, count, Instant::now());
        let wanted: Vec<Frames> = wishes.iter().flat_map(|(which, long)| vec![ALL[*which]; *long]).collect();
        let wish = |place: usize| wanted[place % wanted.len()];
        let mut line = Line::new();
        let mut late: Vec<(usize, usize)> = Vec::new();
        for (place, packet) in sent.iter().enumerate() {
            match lost.iter().find(|(at, _)| *at == place && place > 0) {
                Some((at, wait)) => late.push((at + wait, *at)),
                None => { let _ = line.send(packet, wish(place)); }
            }
            for (_, at) in late.iter().filter(|(when, _)| *when == place) {
                let _ = line.send(&sent[*at], wish(place));
            }
        }
        prop_assert_eq!(line.faults(), 0);
        if lost.is_empty() {
            let shown = line.frames();
            for number in &shown {
                let needs = frame(*number).1;
                prop_assert!(needs.is_none_or(|needs| shown.contains(&needs)), "{} without {:?}: {:?}", number, needs, shown);
            }
            prop_assert!(line.left.windows(2).all(|two| two[1].1.seq == two[0].1.seq + 1));
        }
    }
}
