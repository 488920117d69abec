//! Two cores of one process, and what they tell each other in whichever order it comes.

use super::*;
use crate::media::crossing::{About, What};
use crate::media::layers::Learned;
use crate::media::sinks::{Declared, LayerSet};
use crate::media::table::{Key, PublicationKey};

const HERE: WorkerId = WorkerId(0);
const THERE: WorkerId = WorkerId(1);

/// The publisher's core, and one where somebody watches.
struct Two {
    here: Core,
    there: Core,
    now: Instant,
}

impl Two {
    /// Nobody is anywhere.
    fn new() -> Two {
        let now = Instant::now();
        let on = |worker| {
            let candidates = vec![([127, 0, 0, 1], 9).into()];
            let connection = ConnectionConfig { candidates, worker, egress: EgressKind::Own };
            Core::new(CoreConfig::new(connection, Limits::default()), now)
        };
        Two { here: on(HERE.0), there: on(THERE.0), now }
    }

    /// Each has come to their core, and both know.
    fn met() -> Two {
        let mut two = Two::new();
        two.publisher_comes();
        two.watcher_comes();
        two.cross();
        two
    }

    fn watcher_comes(&mut self) {
        self.there.handle_command(self.now, Command::Elsewhere { peer: PUBLISHER, room: ROOM, at: HERE });
        self.there.handle_command(self.now, Command::Join { peer: WATCHER, room: ROOM });
        offer(&mut self.there, self.now, WATCHER, 1, true, "abcd");
        self.there.handle_timeout(self.now);
    }

    fn publisher_comes(&mut self) {
        self.here.handle_command(self.now, Command::Join { peer: PUBLISHER, room: ROOM });
        offer(&mut self.here, self.now, PUBLISHER, 1, true, "abcd");
        self.here.handle_command(self.now, Command::Elsewhere { peer: WATCHER, room: ROOM, at: THERE });
        self.here.handle_timeout(self.now);
    }

    /// What they have to tell each other comes.
    fn cross(&mut self) {
        for _ in 0..4 {
            while let Some((to, crossing)) = self.here.poll_crossing() {
                assert_eq!(to, THERE);
                self.there.handle_crossing(self.now, HERE, crossing);
            }
            self.there.handle_timeout(self.now);
            while let Some((to, crossing)) = self.there.poll_crossing() {
                assert_eq!(to, HERE);
                self.here.handle_crossing(self.now, THERE, crossing);
            }
            self.here.handle_timeout(self.now);
        }
    }

    /// Whom the watcher is shown, and whether there is something of them.
    fn shown(&self) -> (Option<PeerId>, bool) {
        let slot = &self.there.peers[self.there.by_id[&WATCHER]].video[0];
        (slot.owner.map(|owner| owner.peer), slot.publication.is_some())
    }

    /// What the people there want of the camera, as its core knows.
    fn declared(&self) -> Option<Declared> {
        let mut cameras = self.here.publications.values();
        let (worker, declared) = cameras.next()?.sinks.declared().next()?;
        assert_eq!(worker, THERE);
        Some(declared)
    }
}

#[test]
fn a_picture_is_shown_elsewhere_whichever_core_hears_of_the_other_first() {
    let orders: [fn(&mut Two); 3] = [
        |two| {
            two.publisher_comes();
            two.cross();
            two.watcher_comes();
        },
        |two| {
            two.watcher_comes();
            two.publisher_comes();
        },
        |two| {
            two.publisher_comes();
            two.watcher_comes();
        },
    ];
    for come in orders {
        let mut two = Two::new();
        come(&mut two);
        two.cross();
        assert_eq!(two.shown(), (Some(PUBLISHER), true));
        // Nothing was sent yet of which somebody could take a layer.
        let shown = Declared { wanted: Some(LayerSet::default()), ..Declared::default() };
        assert_eq!(two.declared(), Some(shown));
        assert!(two.there.foretold.is_empty());
    }
}

#[test]
fn what_is_muted_begins_anew_or_ends_does_so_elsewhere() {
    let mut two = Two::met();
    let picture = Track { stream: Stream::Camera, kind: Kind::Video };
    let muted =
        |two: &Two| two.there.publications.values().map(|publication| publication.muted).collect::<Vec<_>>();
    two.here.handle_command(two.now, Command::Mute { peer: PUBLISHER, track: picture, muted: true });
    two.cross();
    assert_eq!(muted(&two), [true]);
    // Another page of theirs: the same publication on another connection.
    offer(&mut two.here, two.now, PUBLISHER, 2, true, "efgh");
    two.here.handle_command(two.now, Command::Mute { peer: PUBLISHER, track: picture, muted: false });
    two.cross();
    assert_eq!((muted(&two), two.shown()), (vec![false], (Some(PUBLISHER), true)));
    two.here.handle_command(two.now, Command::Leave { peer: PUBLISHER });
    two.there.handle_command(two.now, Command::Leave { peer: PUBLISHER });
    two.cross();
    assert_eq!((two.shown(), two.there.guests.len()), ((None, false), 0));
}

#[test]
fn who_goes_to_the_other_core_stays_in_their_slot_and_what_they_published_before_is_gone() {
    let mut two = Two::met();
    // The conference tells both; the other way round is what the scenarios do.
    two.there.handle_command(two.now, Command::Join { peer: PUBLISHER, room: ROOM });
    two.here.handle_command(two.now, Command::Elsewhere { peer: PUBLISHER, room: ROOM, at: THERE });
    two.cross();
    assert_eq!(
        (two.shown(), two.there.guests.len()),
        ((None, false), 0),
        "nobody without a picture has a slot"
    );
    offer(&mut two.there, two.now, PUBLISHER, 2, true, "efgh");
    two.cross();
    assert_eq!(two.shown(), (Some(PUBLISHER), true));
    assert_eq!((two.here.people(), two.there.people()), (0, 2));
    assert_eq!(two.here.guests.len(), 0, "where nobody is nothing is told");
}

#[test]
fn when_nobody_is_left_elsewhere_nothing_goes_there_any_more() {
    let mut two = Two::met();
    two.here.handle_command(two.now, Command::Leave { peer: WATCHER });
    for peer in [WATCHER, PUBLISHER] {
        two.there.handle_command(two.now, Command::Leave { peer });
    }
    two.cross();
    assert_eq!((two.declared(), two.there.guests.len(), two.there.foretold.len()), (None, 0, 0));
    assert_eq!(two.there.rooms_by_id.len(), 0);
}

#[test]
fn what_another_worker_told_is_forgotten_with_it_and_what_comes_late_is_about_nobody() {
    let mut two = Two::met();
    let at = PublicationKey::of(0);
    two.there.forget_worker(HERE);
    assert_eq!((two.shown().1, two.there.guests.len()), (false, 0));
    let late = [
        What::Began { muted: true, restarted: true },
        What::Learned { layers: [Learned::default(); 3], limited: None },
        What::Cut(crate::media::ids::Layer::High),
        What::Unpublished,
        What::KeyFrame(crate::media::ids::Layer::Low),
        What::Wanted(Declared::sound()),
    ];
    for what in late {
        two.there.handle_crossing(two.now, HERE, Crossing::of(at, what));
        // Of a publication that is none, and in the name of a worker that is none.
        let what = What::KeyFrame(crate::media::ids::Layer::High);
        two.here.handle_crossing(two.now, WorkerId(9), Crossing::of(PublicationKey::of(77), what));
    }
    two.there.handle_crossing(two.now, HERE, Crossing(About::Talkers(RoomId(99), Vec::new())));
    two.there.handle_timeout(two.now);
    assert_eq!(two.shown(), (None, false));
}
