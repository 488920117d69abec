//! What allocators decide reaches each slot, and no other one.

use std::sync::{Arc, Mutex};

use super::forwarding::{FRAME, Show, VP8};
use super::*;
use crate::media::allocate::{Allocator, AllocatorFactory, Asks, Downlink, FixedOrder, SlotFacts};
use crate::media::ids::Layer;
use crate::media::message::{Beside, Tile};
use crate::media::units::Bitrate;

use Layer::{High, Low, Middle};

const LOWEST: PeerId = PeerId(2);
const HIGHEST: PeerId = PeerId(3);

fn lowest_and_highest() -> AllocatorFactory {
    AllocatorFactory::new(|peer| {
        let order = if peer == LOWEST { FixedOrder::ALWAYS_LOWEST } else { FixedOrder::ALWAYS_HIGHEST };
        Box::new(order)
    })
}

#[test]
fn one_picture_is_shown_in_two_sizes_to_two_people() {
    let mut show = Show::with(lowest_and_highest(), VP8, &[VP8; 2]);
    show.pass(FRAME * 30, &Layer::ALL);
    assert_eq!((show.layer_of(LOWEST), show.layer_of(HIGHEST)), (Some(Low), Some(High)));
    assert_eq!(show.pass(FRAME * 100, &Layer::ALL), 200, "each gets one packet of three");
    let asked = show.core.counters().key_frames_asked;
    show.pass(Duration::from_secs(20), &Layer::ALL);
    assert_eq!(show.core.counters().key_frames_asked, asked, "nobody waits for anything");
    // Whoever saw the layer that stops goes over; the other one notices nothing.
    let held = show.core.counters().held;
    show.pass(Duration::from_millis(1_500), &[Low, Middle]);
    assert_eq!((show.layer_of(LOWEST), show.layer_of(HIGHEST)), (Some(Low), Some(Middle)));
    assert!(show.core.counters().held - held < 30, "only one of them waited");
    assert_eq!(show.core.faults().violations(), 0);
}

/// Shows nothing, and the lowest layer for one second after that; remembers what it was told.
#[derive(Debug, Clone)]
struct Timed {
    begins: Instant,
    told: Arc<Mutex<(Option<Bitrate>, Vec<SlotFacts>)>>,
}

impl Allocator for Timed {
    fn allocate(&mut self, now: Instant, downlink: &Downlink, slots: &mut [SlotFacts]) -> Asks {
        let shown = now >= self.begins && now < self.begins + Duration::from_secs(1);
        for slot in &mut *slots {
            slot.target = shown.then_some(Low);
        }
        *self.told.lock().expect("nobody panicked") = (downlink.estimate, slots.to_vec());
        let again = [self.begins, self.begins + Duration::from_secs(1)].into_iter().find(|at| *at > now);
        Asks { again, ..Asks::default() }
    }

    fn heeds(&mut self, _: Instant, estimate: Bitrate) -> bool {
        estimate < Bitrate::kbps(300)
    }

    fn misses(&self, _: &SlotFacts, _: Layer) -> bool {
        false
    }
}

#[test]
fn an_allocator_is_asked_at_the_time_it_named_and_told_what_there_is() {
    let told = Arc::new(Mutex::new((None, Vec::new())));
    let timed = Timed { begins: Instant::now() + Duration::from_secs(3_602), told: told.clone() };
    let mut show = Show::with(
        AllocatorFactory::new(move |peer| match peer {
            WATCHER => Box::new(timed.clone()),
            _ => Box::new(FixedOrder::MIDDLE_FIRST),
        }),
        VP8,
        &[VP8],
    );
    let tile = Tile { peer: PUBLISHER, stream: Stream::Camera, height: 360, pinned: false };
    show.core.handle_command(
        show.now,
        Command::View { peer: WATCHER, tiles: vec![tile], beside: Beside::default() },
    );
    let mut shown = 0;
    let waited = (0..200).find(|_| {
        shown += show.pass(FRAME, &Layer::ALL);
        shown > 0
    });
    assert!(
        waited.is_some_and(|frames| (50..=70).contains(&frames)),
        "shown after {waited:?} frames of two seconds"
    );
    show.pass(Duration::from_millis(1_500), &Layer::ALL);
    assert_eq!(show.pass(FRAME * 100, &Layer::ALL), 0, "what is to show nothing shows nothing");
    let key = show.core.by_id[&WATCHER];
    assert_eq!(show.core.peers[key].video[0].since, None, "and its client knows");
    let (estimate, slots) = told.lock().expect("nobody panicked").clone();
    assert_eq!((estimate, slots.len()), (None, 1));
    assert!(slots[0].tile.is_some_and(|tile| tile.height == 360 && tile.rank == 0));
    let low = slots[0].encoding(Low).expect("it sends");
    assert!(low.settled && low.asked == Some(Bitrate::kbps(150)), "{low:?}");
    assert!(low.rate.is_some() && low.frames.is_some_and(|frames| (27.0..33.0).contains(&frames)), "{low:?}");
    assert_eq!(low.height, Some(180), "as its key frame said");
    for (kilobits, heeded) in [(500, None), (200, Some(Bitrate::kbps(200)))] {
        show.core.handle_event(show.now, key, Event::Estimate(Bitrate::kbps(kilobits)));
        assert_eq!(told.lock().expect("nobody panicked").0, heeded);
    }
}

/// Shows everybody the layer that it was told.
#[derive(Debug, Clone)]
struct Told(Arc<Mutex<Layer>>);

impl Allocator for Told {
    fn allocate(&mut self, _: Instant, _: &Downlink, slots: &mut [SlotFacts]) -> Asks {
        for slot in slots {
            slot.target = Some(*self.0.lock().expect("nobody panicked"));
        }
        Asks::default()
    }

    fn heeds(&mut self, _: Instant, _: Bitrate) -> bool {
        true
    }

    fn misses(&self, _: &SlotFacts, _: Layer) -> bool {
        false
    }
}

/// A show in which everybody sees the lowest layer and begins to wait for the highest one, of which no key frame comes.
fn all_wait_for_the_highest(watchers: &[&[Codec]]) -> (Show, impl Fn(&mut Show, Layer)) {
    let layer = Arc::new(Mutex::new(Low));
    let told = Told(layer.clone());
    let mut show = Show::with(AllocatorFactory::new(move |_| Box::new(told.clone())), VP8, watchers);
    let decide = move |show: &mut Show, decided: Layer| {
        *layer.lock().expect("nobody panicked") = decided;
        let peers: Vec<PeerKey> = show.core.by_id.values().copied().collect();
        for key in peers {
            show.core.handle_event(show.now, key, Event::Estimate(Bitrate::kbps(1_000)));
        }
    };
    show.pass(FRAME * 30, &[Low]);
    decide(&mut show, High);
    let asked = show.core.counters().key_frames_asked;
    show.send(High, false);
    show.wait(Duration::from_secs(1), &[Low]);
    assert!(show.core.counters().key_frames_asked >= asked + 3, "it is asked for until it comes");
    (show, decide)
}

#[test]
fn nobody_waits_for_a_layer_that_is_not_shown_any_more() {
    let (mut show, decide) = all_wait_for_the_highest(&[VP8; 2]);
    decide(&mut show, Low);
    let asked = show.core.counters().key_frames_asked;
    show.wait(Duration::from_secs(10), &[Low]);
    assert_eq!(show.core.counters().key_frames_asked, asked, "for a picture that nobody is to be shown");
}

#[test]
fn a_key_frame_is_asked_for_as_long_as_one_of_those_who_waited_is_there() {
    let (mut show, _) = all_wait_for_the_highest(&[VP8; 2]);
    for (leaves, waited_for) in [(LOWEST, true), (HIGHEST, false)] {
        show.core.handle_command(show.now, Command::Leave { peer: leaves });
        show.wait(FRAME, &[Low]);
        let asked = show.core.counters().key_frames_asked;
        show.wait(Duration::from_secs(5), &[Low]);
        assert_eq!(show.core.counters().key_frames_asked > asked, waited_for);
    }
}

#[test]
fn a_wait_that_has_ended_wakes_the_publisher_once_more_at_most() {
    let (mut show, _) = all_wait_for_the_highest(&[VP8]);
    let publisher = show.core.by_id[&PUBLISHER];
    assert!(show.core.peers[publisher].keys_due.is_some());
    show.send(High, true);
    let mut due = Vec::new();
    for _ in 0..60 {
        show.wait(FRAME, &[High]);
        due.extend(show.core.peers[publisher].keys_due);
    }
    due.dedup();
    assert!(due.len() <= 1, "looked at again {due:?}");
    assert_eq!(show.core.peers[publisher].keys_due, None);
}
