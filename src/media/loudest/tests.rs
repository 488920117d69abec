use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::media::ids::Stream;

fn id(person: u64) -> StreamId {
    StreamId { peer: PeerId(person), stream: Stream::Camera }
}

fn heard(person: u64, loudness: Option<f32>) -> Heard {
    Heard { id: id(person), loudness }
}

/// A room of so many voices, none of which can be heard, and whoever listens without one.
struct Meeting {
    loudest: Loudest,
    now: Instant,
}

impl Meeting {
    fn new(people: u64, fewest: usize) -> Meeting {
        let mut meeting = Meeting { loudest: Loudest::default(), now: Instant::now() };
        let voices: Vec<Heard> = (0..people).map(|person| heard(person, None)).collect();
        meeting.loudest.settle(meeting.now, fewest, &voices);
        meeting
    }

    fn say(&mut self, person: u64, loudness: f32) -> Concerned {
        self.loudest.hear(self.now, heard(person, Some(loudness)))
    }

    /// Everybody says it again 20 ms later.
    fn all_say(&mut self, loudness: impl Fn(u64) -> f32, people: u64) -> Vec<Concerned> {
        self.now += Duration::from_millis(20);
        (0..people).map(|person| self.say(person, loudness(person))).collect()
    }

    /// Whom somebody without a voice hears, in order.
    fn hears(&self, slots: usize) -> Vec<u64> {
        let mut heard: Vec<u64> = self.heard_by(PeerId(u64::MAX), slots);
        heard.sort_unstable();
        heard
    }

    fn heard_by(&self, listener: PeerId, slots: usize) -> Vec<u64> {
        self.loudest.heard_by(listener, slots).map(|id| id.peer.0).collect()
    }
}

#[test]
fn as_many_as_there_are_slots_are_all_heard_whatever_they_say() {
    let mut meeting = Meeting::new(8, ROWS);
    assert!(!meeting.loudest.is_crowded());
    for round in 0..100 {
        let concerned = meeting.all_say(|person| ((person * 7 + round * 13) % 40) as f32 + 20.0, 8);
        assert!(concerned.iter().all(|concerned| *concerned == Concerned::Nobody));
    }
    assert_eq!(meeting.hears(ROWS), (0..8).collect::<Vec<_>>());
}

#[test]
fn of_nine_who_talk_each_hears_the_eight_others() {
    let mut meeting = Meeting::new(9, ROWS);
    meeting.all_say(|_| 30.0, 9);
    for listener in 0..9 {
        let mut heard = meeting.heard_by(PeerId(listener), ROWS);
        heard.sort_unstable();
        assert_eq!(heard, (0..9).filter(|other| *other != listener).collect::<Vec<_>>());
    }
}

#[test]
fn whoever_speaks_takes_the_place_of_somebody_silent_at_once_and_keeps_it_while_silent() {
    let mut meeting = Meeting::new(30, ROWS);
    assert_eq!(meeting.say(20, 45.0), Concerned::Everybody);
    assert!(meeting.hears(ROWS).contains(&20));
    meeting.now += Duration::from_secs(60);
    assert_eq!(meeting.loudest.hear(meeting.now, heard(20, None)), Concerned::Nobody);
    assert_eq!(meeting.say(20, 45.0), Concerned::Nobody, "the next word costs nothing");
    assert!(meeting.hears(ROWS).contains(&20));
}

#[test]
fn people_who_speak_about_equally_loud_are_not_exchanged_for_one_another() {
    let mut meeting = Meeting::new(12, ROWS);
    meeting.all_say(|_| 30.0, 12);
    let heard = meeting.hears(ROWS);
    let mut changes = 0;
    for round in 0..3_000 {
        // Each goes up and down by almost as much as it takes, everybody at another time.
        let level = |person: u64| 30.0 + ((person * 5 + round * 3) % 12) as f32 / 2.0;
        let concerned = meeting.all_say(level, 12);
        changes += concerned.into_iter().filter(|concerned| *concerned != Concerned::Nobody).count();
    }
    assert_eq!((changes, meeting.hears(ROWS)), (0, heard), "in a minute");
}

#[test]
fn whoever_is_clearly_louder_takes_the_place_of_the_quietest() {
    let mut meeting = Meeting::new(12, ROWS);
    meeting.all_say(|person| if person == 3 { 48.0 } else { 30.0 }, 8);
    assert_eq!(meeting.say(10, 40.0), Concerned::Everybody);
    assert_eq!(meeting.hears(ROWS), [0, 1, 2, 4, 5, 6, 7, 10]);
    assert_ne!(meeting.say(11, 36.0), Concerned::Everybody, "the quietest is hardly quieter");
    assert_eq!(meeting.hears(ROWS), [0, 1, 2, 4, 5, 6, 7, 10]);
}

#[test]
fn somebody_with_two_slots_hears_the_two_loudest() {
    let mut meeting = Meeting::new(5, 2);
    for (speaker, quieter) in [(4, 30.0), (2, 38.0), (0, 34.0)] {
        meeting.all_say(|person| if person == speaker { 25.0 } else { 60.0 }, 5);
        assert!(meeting.hears(2).contains(&speaker));
        meeting.say(speaker, quieter);
    }
    assert_eq!(meeting.hears(2).len(), 2);
}

#[test]
fn what_changes_behind_the_eighth_place_concerns_only_who_stands_in_the_row() {
    let mut meeting = Meeting::new(12, ROWS);
    meeting.all_say(|_| 30.0, 8);
    assert_eq!(meeting.say(11, 32.0), Concerned::Chosen);
    assert!(!meeting.hears(ROWS).contains(&11));
    assert!(meeting.heard_by(PeerId(0), ROWS).contains(&11), "whoever is among the eight hears a ninth");
}

#[test]
fn who_left_or_muted_makes_room() {
    let mut meeting = Meeting::new(12, ROWS);
    meeting.all_say(|_| 30.0, 12);
    meeting.loudest.silence(id(0));
    let others: Vec<u64> = (8..12).collect();
    let came = others.iter().any(|person| meeting.say(*person, 35.0) == Concerned::Everybody);
    assert!(came && !meeting.hears(ROWS).contains(&0));
    let rest: Vec<Heard> = (6..12).map(|person| heard(person, Some(30.0))).collect();
    meeting.loudest.settle(meeting.now, ROWS, &rest);
    assert_eq!(meeting.hears(ROWS), (6..12).collect::<Vec<_>>());
}

proptest! {
    /// Whatever they say: nobody stands twice or is not there, nobody who speaks is unheard while somebody silent is heard
    /// or somebody much quieter, and nobody loses a place to somebody a little louder.
    #[test]
    fn the_loudest_are_heard_and_not_exchanged_for_little(
        people in 1usize..20,
        fewest in 1usize..=ROWS,
        steps in prop::collection::vec((0usize..20, prop::option::weighted(0.8, 20u8..60), 0u64..400), 1..200),
    ) {
        let mut meeting = Meeting::new(people as u64, fewest);
        let mut said: Vec<(f32, Instant)> = vec![(SILENT, meeting.now); 20];
        for (person, loudness, wait) in steps {
            let person = person % people;
            meeting.now += Duration::from_millis(wait);
            let before: Vec<Vec<u64>> = (0..=ROWS).map(|slots| meeting.hears(slots)).collect();
            let loudness = loudness.map(f32::from);
            said[person] = (loudness.unwrap_or(SILENT), meeting.now);
            let now = meeting.now;
            let level = |person: u64| {
                let (level, at) = said.iter().zip(0..).find(|(_, of)| *of == person).expect("said").0;
                let (level, at) = (*level, *at);
                if now.saturating_duration_since(at) < STALE { level } else { SILENT }
            };
            let concerned = meeting.loudest.hear(now, heard(person as u64, loudness));
            let person = person as u64;
            for (slots, before) in before.iter().enumerate().skip(fewest) {
                let after = meeting.hears(slots);
                prop_assert_eq!(after.len(), slots.min(people));
                prop_assert!(after.windows(2).all(|pair| pair[0] < pair[1]), "twice: {:?}", after);
                let quietest = after.iter().map(|person| level(*person)).fold(0.0, f32::max);
                if loudness.is_some() && !after.contains(&person) {
                    prop_assert!(quietest < level(person) + LOUDER_DB, "unheard");
                }
                let went: Vec<u64> = before.iter().filter(|p| !after.contains(p)).copied().collect();
                let came: Vec<u64> = after.iter().filter(|p| !before.contains(p)).copied().collect();
                prop_assert!(went.len() <= 1 && came.len() == went.len());
                for (went, came) in went.iter().zip(&came) {
                    prop_assert!(level(*went) >= level(*came) + LOUDER_DB, "exchanged for little");
                    prop_assert_eq!(concerned, Concerned::Everybody);
                }
            }
        }
    }
}
