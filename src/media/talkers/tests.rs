use super::*;
use crate::media::ids::{PeerId, Stream};

const MOST: usize = 4;

fn id(person: usize) -> StreamId {
    StreamId { peer: PeerId(person as u64), stream: Stream::Camera }
}

/// A room in which everybody sends a packet of sound every 20 ms.
struct Room {
    talkers: Talkers,
    waited: Vec<Waited>,
    start: Instant,
    now: Instant,
    /// For how long each was not let through, and the longest of these times.
    left_out: Vec<(Duration, Duration)>,
    heard: Vec<Duration>,
    /// How often somebody took a place.
    taken: usize,
}

impl Room {
    fn new(people: usize) -> Room {
        let now = Instant::now();
        Room {
            talkers: Talkers::new(MOST),
            waited: vec![Waited::default(); people],
            start: now,
            now,
            left_out: vec![(Duration::ZERO, Duration::ZERO); people],
            heard: vec![Duration::ZERO; people],
            taken: 0,
        }
    }

    fn say(&mut self, person: usize, loudness: Option<f32>) -> bool {
        let heard = self.talkers.hear(self.now, id(person), loudness, &mut self.waited[person]);
        self.taken += usize::from(matches!(heard, Through::First { .. }));
        heard != Through::No
    }

    /// For so long each of them is as loud as `level` says at each moment.
    fn run(&mut self, seconds: u64, level: impl Fn(usize, Duration) -> Option<f32>) {
        for _ in 0..seconds * 50 {
            let packet = Duration::from_millis(20);
            self.now += packet;
            let mut through = 0;
            for person in 0..self.waited.len() {
                let loudness = level(person, self.now - self.start);
                let heard = self.say(person, loudness);
                through += usize::from(heard && loudness.is_some());
                let (since, longest) = &mut self.left_out[person];
                *since = if heard { Duration::ZERO } else { *since + packet };
                *longest = (*longest).max(*since);
                self.heard[person] += if heard { packet } else { Duration::ZERO };
            }
            // Whose place was taken after they were let through in this round counts, too.
            assert!(through <= 2 * MOST, "{through} at once");
        }
    }

    fn longest_left_out(&self, person: usize) -> Duration {
        self.left_out[person].1
    }

    fn places(&self) -> Vec<usize> {
        let mut places: Vec<usize> =
            self.talkers.through.iter().map(|talker| usize::try_from(talker.id.peer.0).unwrap()).collect();
        places.sort_unstable();
        places
    }
}

#[test]
fn as_many_as_there_are_places_are_all_heard_whatever_they_say() {
    let mut room = Room::new(MOST);
    room.run(60, |person, at| {
        (at.as_millis() / 700 % 3 != person as u128 % 3).then_some(25.0 + 8.0 * person as f32)
    });
    assert!((0..MOST).all(|person| room.longest_left_out(person).is_zero()));
}

#[test]
fn nine_who_talk_without_a_pause_are_all_heard_within_some_seconds_and_for_as_long() {
    let mut room = Room::new(9);
    // Up and down by up to 5 dB, each at another time.
    room.run(120, |person, at| Some(28.0 + ((at.as_millis() / 90 + 5 * person as u128) % 6) as f32));
    for person in 0..9 {
        let (longest, heard) = (room.longest_left_out(person), room.heard[person]);
        assert!(longest < Duration::from_secs(12), "{person} was left out for {longest:?}");
        // A fair share is 53 s.
        assert!(heard > Duration::from_secs(35), "{person} was heard for {heard:?} of 120 s");
    }
    assert!(room.taken < 4 + 120, "places changed {} times", room.taken);
}

#[test]
fn a_word_takes_the_place_of_somebody_silent_at_once_and_the_next_one_needs_none() {
    let mut room = Room::new(6);
    room.run(2, |person, _| (person < MOST).then_some(30.0));
    room.run(1, |person, _| (person > 1 && person < MOST).then_some(30.0));
    assert!(room.say(4, Some(45.0)), "the first packet");
    room.run(5, |_, _| None);
    assert!(room.talkers.has(id(4)));
    assert!(room.say(5, None), "who is hardly to be heard is let through while nobody talks");
    assert!(room.say(5, Some(49.0)));
}

#[test]
fn a_pause_between_words_costs_nobody_their_place_and_somebody_clearly_louder_gets_one() {
    let mut room = Room::new(5);
    room.run(1, |person, _| (person < 4).then_some(30.0 + 2.0 * person as f32));
    for _ in 0..200 {
        assert!(!room.say(4, Some(30.5)), "as loud as the others");
    }
    assert!(room.say(4, Some(29.9)), "6 dB louder than the quietest");
    assert_eq!(room.places(), [0, 1, 2, 4]);
}

#[test]
fn whoever_is_quieter_waits_longer_and_is_heard() {
    let mut room = Room::new(5);
    room.run(60, |person, _| Some(if person == 4 { 40.0 } else { 25.0 }));
    let longest = room.longest_left_out(4);
    assert!(longest > Duration::from_secs(12) && longest < Duration::from_secs(14), "{longest:?}");
    assert!(room.heard[4] >= 2 * TURN, "a turn is a turn, however loud the others are: {:?}", room.heard[4]);
}

/// Twenty clients that say they are as loud as can be, pausing for a second each minute so as never to tire, and one who talks.
#[test]
fn made_up_levels_keep_nobody_out_for_ever() {
    let mut room = Room::new(21);
    room.run(300, |person, at| match person {
        20 => (at.as_millis() % 10_000 < 8_500).then_some(35.0),
        _ => (at.as_secs() % 60 != person as u64 % 60).then_some(20.0),
    });
    let (longest, heard) = (room.longest_left_out(20), room.heard[20]);
    println!("left out for {longest:?}, heard for {heard:?} of 255 s");
    assert!(heard > Duration::from_secs(25), "heard for {heard:?}");
    assert!(longest < Duration::from_secs(60), "left out for {longest:?}");
}

#[test]
fn who_leaves_or_mutes_makes_room() {
    let mut room = Room::new(6);
    room.run(1, |person, _| (person < 4).then_some(30.0));
    assert!(!room.say(4, Some(30.0)));
    room.talkers.silence(id(2));
    assert!(room.say(4, Some(30.0)));
    room.talkers.retain(|known| known != id(0));
    assert!(room.say(5, Some(30.0)));
    assert_eq!(room.places(), [1, 3, 4, 5]);
}

/// Who is let through on another core, from the same levels.
#[test]
fn a_core_that_is_led_lets_through_whom_the_other_does_and_by_itself_who_takes_a_free_place() {
    let (mut leader, mut led) = (Room::new(9), Room::new(9));
    led.talkers.set_led(true);
    let all = |person: usize| move |who: usize, _| Some(if who == person { 20.0 } else { 40.0 });
    leader.run(1, all(0));
    let told = leader.talkers.news().expect("places were taken");
    assert_eq!((told.len(), leader.talkers.news()), (MOST, None));
    // It heard them in another order.
    for person in (0..9).rev() {
        led.say(person, Some(40.0));
    }
    assert_eq!(led.talkers.ids(), [8, 7, 6, 5].map(id), "free places are given at once");
    led.talkers.follow(led.now, &told);
    assert_eq!(led.talkers.ids(), told);
    // Somebody shouts: the leader gives them a place at once, the other one waits for its word.
    let shouts = 8;
    assert!(leader.say(shouts, Some(10.0)) && !led.say(shouts, Some(10.0)));
    assert_eq!(led.talkers.news(), None, "whoever is led tells nobody");
    led.talkers.follow(led.now, &leader.talkers.news().expect("somebody took a place"));
    assert!(led.say(shouts, Some(10.0)));
    // The leader is gone.
    led.talkers.set_led(false);
    assert!(led.talkers.news().is_some(), "now it tells the others");
}
