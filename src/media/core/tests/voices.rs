//! Who hears whom in a large room, and what a voice costs there: levels are put where connections would have left them.

use super::*;
use crate::media::PAIRED_SLOTS;
use crate::media::ids::{Layer, StreamId, Track};
use crate::media::loudest::ROWS;
use crate::media::message::{Beside, Tile};
use crate::media::rtc::Mid;
use crate::media::rtp::AudioLevel;

/// The lines a page has for sound: its microphone, and whom it hears.
fn sound(lines: usize) -> String {
    let directions: Vec<&str> =
        std::iter::once("sendonly").chain(std::iter::repeat_n("recvonly", lines)).collect();
    video(&directions, VP8, "abcd").replace("m=video", "m=audio").replace("96 VP8/90000", "96 opus/48000/2")
}

/// The lines of a page with five pictures: microphone, eight to hear, camera, five to see.
fn page() -> String {
    let lines = |received| std::iter::once("sendonly").chain(std::iter::repeat_n("recvonly", received));
    let directions: Vec<&str> = lines(8).chain(lines(PAIRED_SLOTS.into())).collect();
    let whole = video(&directions, VP8, "abcd");
    let (pictures, _) = whole.match_indices("m=video").nth(9).expect("the camera's line");
    let (sounds, pictures) = whole.split_at(pictures);
    let sounds = sounds.replace("m=video", "m=audio").replace("SAVPF 96", "SAVPF 111");
    sounds.replace("96 VP8/90000", "111 opus/48000/2") + pictures
}

/// Slots of one kind, on lines from `mid` on.
fn slots(kind: Kind, mid: u8, count: usize) -> Vec<SlotLine> {
    let slot = |slot: u8| SlotLine { mid: (mid + slot).to_string(), kind, slot: SlotIndex(slot) };
    (0..).take(count).map(slot).collect()
}

const VP8: &[Codec] = &[Codec::Vp8];

/// A room of people with microphones, who all hear.
struct Crowd {
    core: Core,
    now: Instant,
    seq: u64,
}

impl Crowd {
    fn new(people: u64, lines: usize) -> Crowd {
        let now = Instant::now();
        let mut crowd = Crowd { core: core(now), now, seq: 0 };
        (1..=people).for_each(|person| crowd.join(person, lines));
        crowd.turn();
        crowd
    }

    fn join(&mut self, person: u64, lines: usize) {
        let track = TrackLine { mid: "0".into(), stream: Stream::Camera, kind: Kind::Audio };
        self.enter(person, &sound(lines), vec![track], slots(Kind::Audio, 1, lines));
    }

    /// With a camera, and lines for pictures behind those for sound.
    fn join_with_camera(&mut self, person: u64) {
        let track = |mid: &str, kind| TrackLine { mid: mid.into(), stream: Stream::Camera, kind };
        let tracks = vec![track("0", Kind::Audio), track("9", Kind::Video)];
        let mut lines = slots(Kind::Audio, 1, 8);
        lines.extend(slots(Kind::Video, 10, PAIRED_SLOTS.into()));
        self.enter(person, &page(), tracks, lines);
    }

    fn enter(&mut self, person: u64, sdp: &str, tracks: Vec<TrackLine>, slots: Vec<SlotLine>) {
        let peer = PeerId(person);
        self.core.handle_command(self.now, Command::Join { peer, room: ROOM });
        hand_in(&mut self.core, self.now, peer, 1, true, sdp, tracks, slots);
    }

    /// Ends a turn. Returns whose slots are told to have changed.
    fn turn(&mut self) -> usize {
        self.core.handle_timeout(self.now);
        self.core.drain_transmits(self.now);
        notices(&mut self.core).iter().filter(|notice| matches!(notice, Notice::Slots { .. })).count()
    }

    /// A packet of somebody's voice, at so many dB below full scale.
    fn say(&mut self, person: u64, level: u8) {
        self.seq += 1;
        let key = self.core.by_id[&PeerId(person)];
        let connection = self.core.peers[key].connection.as_ref().expect("a connection");
        let of = (Mid::from("0"), Layer::High, Codec::Opus);
        let numbers = (self.seq, self.seq * 960);
        let mut packet = connection.pretend_packet(of, numbers, FrameInfo::audio(), self.now);
        packet.extensions.level = Some(AudioLevel { level, voice: true });
        self.core.handle_event(self.now, key, Event::Packet(packet));
    }

    /// Whom somebody hears, slot by slot.
    fn hears(&self, person: u64) -> Vec<Option<u64>> {
        let slots = &self.core.peers[self.core.by_id[&PeerId(person)]].audio;
        slots.iter().map(|slot| slot.owner.map(|owner| owner.peer.0)).collect()
    }

    /// Whom somebody sees, slot by slot.
    fn sees(&self, person: u64) -> Vec<Option<u64>> {
        let slots = &self.core.peers[self.core.by_id[&PeerId(person)]].video;
        slots.iter().map(|slot| slot.owner.map(|owner| owner.peer.0)).collect()
    }

    /// A page says which cameras it has room for.
    fn look_at(&mut self, person: u64, others: impl Iterator<Item = u64>) {
        let tile = |other| Tile { peer: PeerId(other), stream: Stream::Camera, height: 200, pinned: false };
        let tiles = others.map(tile).collect();
        self.core.handle_command(
            self.now,
            Command::View { peer: PeerId(person), tiles, beside: Beside::default() },
        );
        self.turn();
    }

    /// Whether somebody's voice is let through.
    fn is_let_through(&self, person: u64) -> bool {
        let id = StreamId { peer: PeerId(person), stream: Stream::Camera };
        self.core.rooms.values().any(|room| room.talkers.has(id))
    }

    /// How often somebody's slots were looked at so far.
    fn visited(&self) -> u64 {
        self.core.counters().listeners_visited
    }
}

#[test]
fn a_voice_costs_nothing_while_nobody_hears_somebody_else_and_then_each_one_once_whatever_the_room() {
    for people in [10, 100, 500] {
        let mut crowd = Crowd::new(people, ROWS);
        let (before, visited) = (crowd.hears(5), crowd.visited());
        // Who stands in the row speaks and is silent again, as often as they like, also at the same time.
        for word in 0..200 {
            crowd.now += Duration::from_millis(20);
            for speaker in 1..=8 {
                crowd.say(speaker, if (word / 40 + speaker) % 3 == 0 { 30 } else { 127 });
            }
            assert_eq!(crowd.turn(), 0);
        }
        assert_eq!((crowd.visited(), crowd.hears(5)), (visited, before), "{people} people");

        // Somebody comes to be heard: each of the others gets that voice, in one slot.
        crowd.now += Duration::from_secs(2);
        let before: Vec<_> = (1..=people).map(|person| crowd.hears(person)).collect();
        let speaker = people;
        crowd.say(speaker, 30);
        let changed = crowd.turn() as u64;
        assert!((people - 2..=people).contains(&changed), "{changed} of {people} were told");
        let (before_it, visited) = (visited, crowd.visited());
        assert!(visited - before_it <= people, "{} looked at, of {people}", visited - before_it);
        for (person, before) in (1..=people).zip(before) {
            let after = crowd.hears(person);
            assert_eq!(after.contains(&Some(speaker)), person != speaker, "{person} of {people}: {after:?}");
            assert!(!after.contains(&Some(person)), "nobody hears themselves");
            let differ = before.iter().zip(&after).filter(|(before, after)| before != after).count();
            assert!(differ <= 1, "{person}: {before:?}, then {after:?}");
        }
        crowd.now += Duration::from_millis(20);
        crowd.say(speaker, 30);
        assert_eq!((crowd.turn(), crowd.visited()), (0, visited), "and that was it");
    }
}

#[test]
fn twelve_who_talk_at_once_about_equally_loud_take_turns_and_one_slot_changes_at_a_time() {
    let mut crowd = Crowd::new(20, ROWS);
    let mut heard = [0; 12];
    let (mut changes, mut before) = (0, crowd.hears(20));
    let visited = crowd.visited();
    for round in 0..3_000_u64 {
        crowd.now += Duration::from_millis(20);
        // Louder and quieter by turns of a second, each at another time, by less than it takes.
        (1..=12_u64)
            .for_each(|speaker| crowd.say(speaker, 28 + u8::from((round / 50 + speaker) % 4 == 0) * 5));
        crowd.turn();
        let after = crowd.hears(20);
        let differ = before.iter().zip(&after).filter(|(before, after)| before != after).count();
        changes += differ;
        assert!(round < 10 || differ <= 1, "{before:?}, then {after:?}");
        before = after;
        for (speaker, heard) in (1..).zip(&mut heard) {
            *heard += u64::from(crowd.is_let_through(speaker));
        }
    }
    assert!(
        heard.iter().all(|rounds| (600..1_500).contains(rounds)),
        "a third of the minute is fair: {heard:?}"
    );
    // A turn each second and a quarter, and not every one of them is somebody's who has no slot.
    assert!(changes < 60 && crowd.visited() - visited < 60 * 20, "{changes} changes");
}

#[test]
fn what_is_left_out_is_passed_to_nobody_and_counted() {
    let mut crowd = Crowd::new(6, ROWS);
    for _ in 0..100 {
        crowd.now += Duration::from_millis(20);
        (1..=6).for_each(|speaker| crowd.say(speaker, 30));
        crowd.turn();
    }
    let counters = crowd.core.counters();
    assert_eq!((counters.voices_left_out, counters.turns_given), (200, 0));
    for _ in 0..400 {
        crowd.now += Duration::from_millis(20);
        (1..=6).for_each(|speaker| crowd.say(speaker, if speaker == 1 { 30 } else { 127 }));
        crowd.turn();
    }
    let counters = crowd.core.counters();
    assert!(counters.silence_dropped > 1_000, "{} packets of silence", counters.silence_dropped);
}

#[test]
fn whoever_mutes_makes_room_for_the_next_who_speaks() {
    let mut crowd = Crowd::new(12, ROWS);
    (1..=8).for_each(|speaker| crowd.say(speaker, 30));
    crowd.turn();
    crowd.say(12, 31);
    crowd.turn();
    assert!(!crowd.is_let_through(12), "as loud as the others");
    let track = Track { stream: Stream::Camera, kind: Kind::Audio };
    crowd.core.handle_command(crowd.now, Command::Mute { peer: PeerId(3), track, muted: true });
    crowd.say(12, 31);
    crowd.turn();
    assert!(crowd.is_let_through(12) && !crowd.is_let_through(3));
    assert!([1, 2, 4, 12].into_iter().all(|speaker| crowd.hears(11).contains(&Some(speaker))));
    crowd.core.handle_command(crowd.now, Command::Leave { peer: PeerId(4) });
    crowd.turn();
    assert!(!crowd.hears(11).contains(&Some(4)) && !crowd.hears(11).contains(&None), "a silent one fills up");
}

#[test]
fn somebody_with_one_slot_hears_whoever_speaks_in_a_small_room() {
    let mut crowd = Crowd::new(4, ROWS);
    crowd.join(5, 1);
    crowd.turn();
    for speaker in [3, 4, 1, 2] {
        crowd.now += Duration::from_secs(2);
        crowd.say(speaker, 30);
        crowd.turn();
        assert_eq!(crowd.hears(5), [Some(speaker)]);
        assert!((1..=4).filter(|other| *other != 1).all(|other| crowd.hears(1).contains(&Some(other))));
    }
}

#[test]
fn a_voice_in_the_middle_of_a_word_stays_where_it_is_when_a_page_is_hidden_and_shown() {
    for people in [3, 6, 8, 9, 12] {
        let mut crowd = Crowd::new(0, 0);
        (1..=people).for_each(|person| crowd.join_with_camera(person));
        crowd.turn();
        crowd.look_at(1, 2..=people);
        for shown in [true, false, true, false] {
            for _ in 0..100 {
                crowd.now += Duration::from_millis(20);
                crowd.say(2, 25);
                crowd.say(3, 25);
                crowd.turn();
            }
            let place =
                |crowd: &Crowd, speaker| crowd.hears(1).iter().position(|owner| *owner == Some(speaker));
            let before = [place(&crowd, 2), place(&crowd, 3)];
            assert!(before.iter().all(Option::is_some), "{people} people: {before:?}");
            crowd.look_at(1, 2..=if shown { 1 } else { people });
            assert_eq!([place(&crowd, 2), place(&crowd, 3)], before, "{people} people, shown: {}", !shown);
        }
    }
}

#[test]
fn a_voice_and_its_picture_are_in_one_pair_though_the_page_names_the_person_late() {
    let mut crowd = Crowd::new(0, 0);
    crowd.join_with_camera(1);
    crowd.turn();
    crowd.look_at(1, 0..0);
    for person in [2, 3] {
        crowd.join_with_camera(person);
        crowd.say(person, 25);
        crowd.turn();
    }
    for person in [3, 2] {
        crowd.say(person, 25);
        crowd.look_at(1, person..=3);
    }
    assert_eq!(crowd.sees(1)[..2], crowd.hears(1)[..2]);
    assert_eq!(crowd.sees(1)[..2], [Some(2), Some(3)]);
}

#[test]
fn a_voice_that_is_apart_from_its_picture_moves_to_it_once_it_is_silent_and_nobody_is_looked_at_for_that_again()
 {
    let mut crowd = Crowd::new(0, 0);
    (1..=8).for_each(|person| crowd.join_with_camera(person));
    crowd.turn();
    crowd.look_at(1, 2..=6);
    crowd.now += Duration::from_millis(20);
    crowd.say(8, 25);
    crowd.look_at(1, 4..=8);
    let home = |crowd: &Crowd| crowd.sees(1).iter().position(|owner| *owner == Some(8)).expect("shown");
    assert_ne!(crowd.hears(1)[home(&crowd)], Some(8), "in the middle of a word");
    let visited = crowd.visited();
    for _ in 0..500 {
        crowd.now += Duration::from_millis(20);
        crowd.say(8, 127);
        crowd.turn();
    }
    assert_eq!(crowd.hears(1)[home(&crowd)], Some(8));
    assert_eq!(crowd.visited() - visited, 8, "each one once");
}
