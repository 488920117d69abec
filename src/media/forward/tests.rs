use super::*;
use crate::media::frame::Frames::All;
use crate::media::guard::Guard;
use proptest::prelude::*;
use std::time::Duration;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A source of one-packet frames, one every 33 ms, captured `lag` before it arrives.
struct Source {
    seq: SeqNo,
    time: MediaTime,
    lag: Duration,
}

impl Source {
    fn next(&mut self, now: Instant, key: bool) -> Arriving {
        self.seq += 1;
        self.time += 2_970;
        Arriving {
            seq: self.seq,
            time: self.time,
            capture: now.checked_sub(self.lag).unwrap_or(now),
            frame: FrameInfo { start: true, end: true, key, ..FrameInfo::default() },
        }
    }
}

#[test]
fn a_new_source_waits_for_its_key_frame() {
    let now = Instant::now();
    let mut slot = Forwarder::new(ClockRate::VIDEO, 7, 1_000);
    let mut source = Source { seq: SeqNo(50), time: MediaTime(9_000_000), lag: ms(0) };
    assert_eq!(slot.forward(&source.next(now, false), All, now), Err(Held::AwaitsKeyFrame));
    let first = slot.forward(&source.next(now, true), All, now).expect("a key frame");
    assert!(first.first);
    assert_eq!(first.seq, SeqNo(8));
    let late = Arriving { seq: SeqNo(51), ..source.next(now, false) };
    assert_eq!(slot.forward(&late, All, now), Err(Held::Early));
}

#[test]
fn no_sequence_number_leaves_twice_whatever_a_source_counts() {
    let now = Instant::now();
    let mut slot = Forwarder::new(ClockRate::VIDEO, 7, 1_000);
    let mut source = Source { seq: SeqNo(50), time: MediaTime(9_000_000), lag: ms(0) };
    let packets: Vec<Arriving> = (0..1_200).map(|frame| source.next(now, frame == 0)).collect();
    for packet in packets.iter().filter(|packet| packet.seq.0 % 100 != 0) {
        slot.forward(packet, All, now).expect("each leaves once");
    }
    for packet in &packets {
        let late = slot.forward(packet, All, now).map(|leaving| leaving.seq);
        let recent = source.seq - packet.seq < 1_024;
        assert_eq!(late.is_ok(), packet.seq.0 % 100 == 0 && recent, "{packet:?}: {late:?}");
        assert!(late.is_ok_and(|_| true) || late == Err(Held::Repeated));
    }
}

#[test]
fn a_pause_of_half_a_minute_is_half_a_minute_on_the_slots_clock() {
    let start = Instant::now() + ms(100_000);
    let mut slot = Forwarder::new(ClockRate::VIDEO, 0, 0);
    let mut a = Source { seq: SeqNo(1), time: MediaTime(5), lag: ms(20) };
    let mut b = Source { seq: SeqNo(9_999), time: MediaTime(77_777_777), lag: ms(20) };
    let last = slot.forward(&a.next(start, true), All, start).expect("starts");
    slot.detach();
    let later = start + ms(30_000);
    let next = slot.forward(&b.next(later, true), All, later).expect("starts");
    assert_eq!(next.time - last.time, 30 * 90_000);
    assert_eq!(next.wallclock - last.wallclock, ms(30_000));
}

#[test]
fn an_open_frame_leaves_a_hole_behind_it() {
    let now = Instant::now();
    let mut slot = Forwarder::new(ClockRate::VIDEO, 0, 0);
    let mut a = Source { seq: SeqNo(1), time: MediaTime(5), lag: ms(0) };
    let mut open = a.next(now, true);
    open.frame.end = false;
    let torn = slot.forward(&open, All, now).expect("starts");
    slot.detach();
    let next = slot.forward(&a.next(now, true), All, now).expect("starts");
    assert_eq!(next.seq, torn.seq + 2);
}

#[test]
fn a_source_that_jumps_starts_anew_at_a_key_frame() {
    let now = Instant::now();
    let mut slot = Forwarder::new(ClockRate::VIDEO, 0, 0);
    let mut source = Source { seq: SeqNo(1), time: MediaTime(5), lag: ms(0) };
    slot.forward(&source.next(now, true), All, now).expect("starts");
    source.time += 90_000 * 3_600;
    assert_eq!(slot.forward(&source.next(now, false), All, now), Err(Held::AwaitsKeyFrame));
    let again = slot.forward(&source.next(now, true), All, now).expect("a key frame");
    assert!(again.first && again.time < MediaTime(90_000), "an hour was not passed on: {again:?}");
}

#[test]
fn a_step_of_ten_seconds_in_no_time_is_not_passed_on() {
    let now = Instant::now();
    let mut slot = Forwarder::new(ClockRate::VIDEO, 0, 0);
    let mut source = Source { seq: SeqNo(1), time: MediaTime(5), lag: ms(0) };
    let first = slot.forward(&source.next(now, true), All, now).expect("starts");
    source.time += 90_000 * 10;
    let later = now + ms(33);
    assert_eq!(slot.forward(&source.next(later, false), All, later), Err(Held::AwaitsKeyFrame));
    let again = slot.forward(&source.next(later, true), All, later).expect("a key frame");
    assert!(
        again.time - first.time < 9_000,
        "{} ticks: a browser freezes for as long",
        again.time - first.time
    );
}

#[test]
fn a_source_that_really_paused_for_ten_seconds_goes_on() {
    let now = Instant::now();
    let mut slot = Forwarder::new(ClockRate::VIDEO, 0, 0);
    let mut source = Source { seq: SeqNo(1), time: MediaTime(5), lag: ms(0) };
    slot.forward(&source.next(now, true), All, now).expect("starts");
    source.time += 90_000 * 10;
    let later = now + ms(10_033);
    assert!(slot.forward(&source.next(later, false), All, later).is_ok());
}

#[test]
fn a_source_whose_clock_went_back_starts_anew_at_a_key_frame() {
    let now = Instant::now();
    let mut slot = Forwarder::new(ClockRate::VIDEO, 0, 0);
    let mut source = Source { seq: SeqNo(1), time: MediaTime(90_000 * 60), lag: ms(0) };
    slot.forward(&source.next(now, true), All, now).expect("starts");
    source.time = source.time.saturating_sub(90_000 * 30);
    let held = slot.forward(&source.next(now, false), All, now);
    assert_eq!(held, Err(Held::AwaitsKeyFrame), "somebody must ask for one, or half a minute is lost");
    assert!(slot.forward(&source.next(now, true), All, now).expect("a key frame").first);
}

#[test]
fn picture_ids_continue_across_a_switch() {
    let now = Instant::now();
    let mut slot = Forwarder::new(ClockRate::VIDEO, 0, 0);
    let mut seen = Vec::new();
    for (id, tl0) in [(300u16, 44u8), (301, 45), (9, 9), (10, 10)] {
        let (seq, time) = (SeqNo(id.into()), MediaTime(u64::from(id) * 3_000));
        let mut packet = Source { seq, time, lag: ms(0) }.next(now, id == 300 || id == 9);
        packet.frame.picture = Some(Picture { id, long: true, tl0: Some(tl0) });
        if id == 9 {
            slot.detach();
        }
        let picture = slot.forward(&packet, All, now).expect("sent").picture.expect("has a picture id");
        seen.push((picture.id, picture.tl0.expect("has one")));
    }
    assert_eq!(seen, [(1, 1), (2, 2), (3, 3), (4, 4)]);
}

proptest! {
    /// Whatever arrives in whatever order, with switches in between, the guard finds nothing wrong with what leaves.
    #[test]
    fn what_leaves_is_one_stream(
        steps in prop::collection::vec((0u8..2, -3i64..4, 0u64..90, any::<bool>(), any::<bool>(), 0u8..12), 1..300),
        drift in 0u64..60,
    ) {
        let mut now = Instant::now() + ms(10_000);
        let mut slot = Forwarder::new(ClockRate::VIDEO, 65_000, u32::MAX - 5);
        let mut guard = Guard::new(ClockRate::VIDEO);
        let mut sources = [
            Source { seq: SeqNo(100), time: MediaTime(1 << 31), lag: ms(drift) },
            Source { seq: SeqNo(70_000), time: MediaTime(5), lag: ms(60 - drift) },
        ];
        let mut owner = 0u8;
        for (who, shuffle, wait, key, end, dice) in steps {
            now += ms(wait);
            if dice == 0 && who != owner {
                owner = who;
                slot.detach();
            }
            let mut packet = sources[usize::from(owner)].next(now, key);
            packet.seq = SeqNo(packet.seq.0.saturating_add_signed(shuffle));
            packet.frame.end = end;
            if let Ok(leaving) = slot.forward(&packet, All, now) {
                guard.judge(u64::from(owner), &packet, &leaving, now);
            }
        }
        // Shuffled sequence numbers collide in the source itself, which str0m filters out before us.
        let faults = guard.faults();
        prop_assert_eq!((faults.backwards, faults.torn, faults.clock), (0, 0, 0));
    }

    /// Whatever numbers a publisher makes up, what leaves is in order and its clock is the server's.
    #[test]
    fn made_up_numbers_do_no_harm(
        steps in prop::collection::vec((any::<u64>(), any::<u64>(), 0u64..2_000, any::<bool>(), 0u8..4), 1..100),
    ) {
        let mut now = Instant::now() + ms(1_000_000);
        let mut slot = Forwarder::new(ClockRate::VIDEO, 65_000, u32::MAX);
        let mut last = Source { seq: SeqNo(5), time: MediaTime(5), lag: ms(0) };
        let mut guard = Guard::new(ClockRate::VIDEO);
        for (seq, time, wait, key, how) in steps {
            now += ms(wait);
            let mut packet = last.next(now, key);
            match how {
                0 => (packet.seq, packet.time) = (SeqNo(seq), MediaTime(time)),
                1 => packet.time += time % (LARGEST_PAUSE_SECONDS * 90_000),
                2 => packet.seq += seq % LARGEST_STEP,
                _ => packet.capture = now.checked_sub(ms(time % 10_000)).unwrap_or(now),
            }
            (last.seq, last.time) = (packet.seq.min(SeqNo(u64::MAX / 2)), packet.time.min(MediaTime(u64::MAX / 2)));
            if let Ok(leaving) = slot.forward(&packet, All, now) {
                prop_assert!(leaving.wallclock <= now);
                guard.judge(0, &packet, &leaving, now);
            }
        }
        prop_assert_eq!(guard.faults().backwards, 0);
    }
}
