//! Conversations as they are, and those that nobody holds.

use proptest::prelude::*;

use super::*;

/// Levels, in dB below full scale.
const SPEECH: u8 = 30;
const ROOM: u8 = 70;
const FAN: u8 = 40;

struct Meeting {
    floor: Floor,
    now: Instant,
    told: Vec<Passed>,
}

impl Meeting {
    fn new() -> Meeting {
        Meeting { floor: Floor::default(), now: Instant::now(), told: Vec::new() }
    }

    /// For so long everybody's level is what `levels` says of them.
    fn go_on(&mut self, millis: u64, levels: &[u8]) {
        for _ in 0..millis / 20 {
            self.now += PACKET;
            for (peer, level) in (1..).zip(levels) {
                self.told.extend(self.floor.hear(self.now, PeerId(peer), *level));
            }
        }
    }

    fn holder(&self) -> Option<u64> {
        self.floor.holder.map(|PeerId(peer)| peer)
    }
}

#[test]
fn who_speaks_has_the_floor_within_a_second_and_it_is_free_when_nobody_has_spoken_for_three() {
    let mut meeting = Meeting::new();
    meeting.go_on(2_000, &[ROOM, ROOM]);
    assert_eq!(meeting.holder(), None);
    meeting.go_on(900, &[ROOM, SPEECH]);
    assert_eq!(meeting.holder(), Some(2));
    meeting.go_on(2_600, &[ROOM, ROOM]);
    assert_eq!(meeting.holder(), Some(2), "a pause for breath");
    meeting.go_on(900, &[ROOM, ROOM]);
    assert_eq!(meeting.holder(), None);
    let passed = |holds| Passed { peer: PeerId(2), holds };
    assert_eq!(meeting.told, [passed(true), passed(false)]);
}

#[test]
fn the_floor_passes_to_who_answers_and_not_to_who_coughs_or_agrees() {
    let mut meeting = Meeting::new();
    meeting.go_on(3_000, &[SPEECH, ROOM]);
    // Somebody shouts a word while the first goes on.
    meeting.go_on(300, &[SPEECH, 10]);
    meeting.go_on(1_000, &[SPEECH, ROOM]);
    assert_eq!(meeting.holder(), Some(1), "a word in between");
    // Pauses of 300 ms with a cough in each, whenever that is between two looks.
    for phase in 0..15 {
        meeting.go_on(60, &[ROOM, ROOM]);
        meeting.go_on(140, &[ROOM, 10]);
        meeting.go_on(100, &[ROOM, ROOM]);
        meeting.go_on(1_000 + 20 * phase, &[SPEECH, ROOM]);
        assert_eq!((meeting.holder(), meeting.told.len()), (Some(1), 1), "a cough");
    }
    meeting.go_on(1_300, &[ROOM, SPEECH]);
    assert_eq!(meeting.holder(), Some(2), "an answer");
    assert_eq!(meeting.told.len(), 2, "and nobody else had it in between: {:?}", meeting.told);
}

#[test]
fn two_who_speak_at_once_do_not_take_it_from_each_other() {
    let mut meeting = Meeting::new();
    meeting.go_on(1_500, &[SPEECH, ROOM]);
    meeting.go_on(10_000, &[SPEECH, SPEECH - 10]);
    assert_eq!((meeting.holder(), meeting.told.len()), (Some(1), 1));
}

#[test]
fn what_never_pauses_is_background_after_a_while() {
    let mut meeting = Meeting::new();
    meeting.go_on(40_000, &[FAN, ROOM]);
    meeting.go_on(1_500, &[FAN, SPEECH]);
    assert_eq!(meeting.holder(), Some(2), "a fan keeps nobody from the floor");
    // So is a level that somebody makes up, the loudest of all.
    meeting.go_on(90_000, &[0, ROOM]);
    meeting.go_on(1_500, &[0, SPEECH]);
    assert_eq!(meeting.holder(), Some(2));
}

#[test]
fn long_packets_and_silence_without_packets_are_what_they_are() {
    let mut meeting = Meeting::new();
    for _ in 0..20 {
        meeting.now += 3 * PACKET;
        meeting.told.extend(meeting.floor.hear(meeting.now, PeerId(1), SPEECH));
    }
    assert_eq!(meeting.holder(), Some(1), "packets of 60 ms");
    // It sends nothing at all while it is silent, and the other speaks.
    meeting.go_on(1_300, &[]);
    for _ in 0..60 {
        meeting.now += PACKET;
        meeting.told.extend(meeting.floor.hear(meeting.now, PeerId(2), SPEECH));
    }
    assert_eq!(meeting.holder(), Some(2));
}

#[test]
fn who_is_muted_or_gone_has_it_no_more() {
    let mut meeting = Meeting::new();
    meeting.go_on(2_000, &[SPEECH, ROOM]);
    assert_eq!(meeting.floor.silence(PeerId(2)), None);
    assert_eq!(meeting.floor.silence(PeerId(1)), Some(Passed { peer: PeerId(1), holds: false }));
    assert_eq!(meeting.holder(), None);
}

proptest! {
    /// Whatever is said, the floor changes hands as often as it is looked at and no more, everything told follows from what was
    /// told before, and nothing is remembered of who is gone.
    #[test]
    fn the_floor_has_one_holder(said in prop::collection::vec((0_u64..400, 1_u64..6, 0_u8..=255), 1..400)) {
        let mut meeting = Meeting::new();
        let (mut holder, mut last) = (None, None::<Instant>);
        for (pause, peer, level) in said {
            meeting.now += Duration::from_millis(pause);
            if let Some(passed) = meeting.floor.hear(meeting.now, PeerId(peer), level) {
                prop_assert!(last.is_none_or(|last| meeting.now - last >= LOOK_EVERY));
                last = Some(meeting.now);
                let had_it = Some(passed.peer) == holder;
                prop_assert_ne!(had_it, passed.holds, "after {:?}", holder);
                holder = passed.holds.then_some(passed.peer);
            }
            prop_assert_eq!(holder, meeting.floor.holder);
            prop_assert!(meeting.floor.voices.len() <= 5);
        }
    }
}
