//! Every order in which people of a small room come, go, connect, fail and wait.

use std::collections::BTreeSet;

use super::*;

/// Ids of the people there are to be.
const PEOPLE: [PeerId; 4] = [PeerId(1), PeerId(2), PeerId(3), PeerId(4)];

/// Something that can happen.
#[derive(Debug, Clone, Copy)]
enum Happens {
    Comes(PeerId),
    Goes(PeerId),
    Hides(PeerId),
    Connects(PeerId, PeerId),
    Fails(PeerId, PeerId, DirectState),
    Changes(PeerId),
    /// The next deadline.
    Waits,
}

/// A course, and the clock it is told.
#[derive(Debug, Clone)]
struct Room {
    course: Course,
    people: BTreeMap<PeerId, Someone>,
    /// Deadlines only are looked at, so only the distances between them matter.
    now: Instant,
}

impl Room {
    fn new(topology: Topology, now: Instant) -> Self {
        let mut course = Course::new(topology, Order::first(7));
        course.review(now);
        Self { course, people: BTreeMap::new(), now }
    }

    /// All that can happen next.
    fn next(&self, most: usize) -> Vec<Happens> {
        let mut all = Vec::new();
        let here: Vec<PeerId> = self.people.keys().copied().collect();
        all.extend(
            PEOPLE.into_iter().take(most).find(|id| !self.people.contains_key(id)).map(Happens::Comes),
        );
        if let Some(last) = here.last() {
            all.extend([Happens::Goes(*last), Happens::Hides(*last), Happens::Changes(*last)]);
        }
        for (one, other) in here.iter().flat_map(|one| here.iter().map(move |other| (*one, *other))) {
            if one < other {
                all.extend([Happens::Connects(one, other), Happens::Connects(other, one)]);
                all.push(Happens::Fails(one, other, DirectState::Lost));
            }
        }
        all.extend(here.first().map(|one| Happens::Fails(*one, *one, DirectState::Gone)));
        all.extend(self.course.poll_timeout().map(|_| Happens::Waits));
        all
    }

    fn happens(&mut self, what: Happens) {
        let epoch = self.course.order().epoch;
        match what {
            Happens::Comes(id) => {
                self.people.insert(id, Someone { ready: true, hidden: false, standard: false });
                self.course.people(self.now, self.people.clone());
            }
            Happens::Goes(id) => {
                self.people.remove(&id);
                self.course.people(self.now, self.people.clone());
            }
            Happens::Hides(id) => {
                if let Some(someone) = self.people.get_mut(&id) {
                    someone.hidden = !someone.hidden;
                }
                self.course.people(self.now, self.people.clone());
            }
            Happens::Connects(one, other) => {
                self.course.report(self.now, one, Some(other), epoch, DirectState::Connected);
            }
            Happens::Fails(one, other, state) => {
                self.course.report(self.now, one, Some(other), epoch, state);
            }
            Happens::Changes(id) => self.course.changed(self.now, id),
            Happens::Waits => {
                self.now = self.course.poll_timeout().unwrap_or(self.now);
                self.course.review(self.now);
            }
        }
    }

    /// What is the same about two states from which the same follows: nothing depends on how high the epoch is, nor on when
    /// it is.
    fn shape(&self) -> String {
        let since = |at: Option<Instant>| at.map(|at| at.saturating_duration_since(self.now));
        let Course { topology, people, order, told, failed, outgrown, settles, pace } = &self.course;
        format!(
            "{topology:?} {people:?} {:?} {:?} {:?} {:?} {failed:?} {outgrown:?} {:?} {}",
            order.path,
            order.why,
            told.connected,
            since(told.until),
            since(*settles),
            pace.shape(self.now)
        )
    }
}

/// What must hold whatever happened.
fn judge(before: &Room, what: Happens, after: &Room) {
    let (old, new) = (before.course.order(), after.course.order());
    let here: Vec<PeerId> = after.people.keys().copied().collect();
    let context = || format!("{what:?} made {old:?} to {new:?} with {:?}", after.people);
    assert!(new.epoch >= old.epoch, "{}", context());
    if new.path != Path::Server {
        let most = if after.course.topology == Topology::Auto { 2 } else { 4 };
        assert!((2..=most).contains(&here.len()), "{}", context());
        assert!(after.people.values().all(|someone| !someone.hidden), "{}", context());
        assert!(
            before.people.keys().eq(after.people.keys()) || new.epoch > old.epoch,
            "a new round: {}",
            context()
        );
    }
    if new.path == Path::Direct {
        assert!(after.course.missing().is_empty(), "everybody has everybody: {}", context());
        assert!(
            old.path == Path::Direct || old.path == Path::Trying && new.epoch == old.epoch,
            "{}",
            context()
        );
    }
    if old.path != Path::Server && new.path == Path::Server {
        assert!(new.epoch > old.epoch, "what is said of the old connections is old: {}", context());
    }
    if new.path == Path::Trying {
        assert!(after.course.poll_timeout().is_some(), "nobody tries for ever: {}", context());
    }
}

/// A mesh of three that talk directly.
fn three() -> Room {
    let mut room = pair(Topology::Mesh);
    room.happens(Happens::Comes(PeerId(3)));
    connect(&mut room);
    room
}

/// Walks everything that can happen from there on, so many steps far, and returns the states.
fn walk(start: Room, most: usize, depth: usize) -> Vec<Room> {
    let mut seen = BTreeSet::from([start.shape()]);
    let (mut frontier, mut all) = (vec![start.clone()], vec![start]);
    for _ in 0..depth {
        let mut next = Vec::new();
        for room in frontier {
            for what in room.next(most) {
                let mut after = room.clone();
                after.happens(what);
                judge(&room, what, &after);
                if seen.insert(after.shape()) {
                    next.push(after.clone());
                    all.push(after);
                }
            }
        }
        frontier = next;
    }
    all
}

#[test]
fn whatever_happens_to_up_to_four_people_nobody_is_sent_where_nobody_listens() {
    let auto = walk(Room::new(Topology::Auto, Instant::now()), 3, 9);
    let mesh = walk(Room::new(Topology::Mesh, Instant::now()), 4, 7);
    assert!(auto.len() > 50 && mesh.len() > 500, "{} and {} states", auto.len(), mesh.len());
    let three = walk(three(), 4, 5);
    assert!(three.len() > 500, "{} states", three.len());
}

/// From wherever it is: if nothing is in the way any more, the room goes direct, and it takes no event but time and reports.
#[test]
fn from_everywhere_the_way_back_to_a_direct_path_is_open() {
    let beginnings = [(Topology::Auto, 3, 7), (Topology::Mesh, 4, 5)]
        .map(|(topology, most, depth)| walk(Room::new(topology, Instant::now()), most, depth));
    for mut room in beginnings.into_iter().flatten().chain(walk(three(), 4, 3)) {
        let shape = room.shape();
        for someone in room.people.values_mut() {
            *someone = Someone { ready: true, hidden: false, standard: false };
        }
        room.course.people(room.now, room.people.clone());
        let here: Vec<PeerId> = room.people.keys().copied().collect();
        if !(2..=room.course.most()).contains(&here.len()) {
            continue;
        }
        for id in &here {
            room.course.changed(room.now, *id);
        }
        // Once the pause is over. A lost epoch is given up first: reports of this one come then.
        if room.course.order().path == Path::Server {
            room.now = room.course.poll_timeout().unwrap_or(room.now);
            room.course.review(room.now);
        }
        for (one, other) in here.iter().flat_map(|one| here.iter().map(move |other| (*one, *other))) {
            room.happens(Happens::Connects(one, other));
        }
        assert_eq!(room.course.order().path, Path::Direct, "{shape}");
    }
}

fn pair(topology: Topology) -> Room {
    let mut room = Room::new(topology, Instant::now());
    room.happens(Happens::Comes(PeerId(1)));
    room.happens(Happens::Comes(PeerId(2)));
    room
}

fn connect(room: &mut Room) {
    let here: Vec<PeerId> = room.people.keys().copied().collect();
    for (one, other) in here.iter().flat_map(|one| here.iter().map(move |other| (*one, *other))) {
        room.happens(Happens::Connects(one, other));
    }
}

fn state(room: &Room) -> (Path, Why) {
    (room.course.order().path, room.course.order().why)
}

#[test]
fn the_third_moves_everybody_to_the_server_and_five_seconds_after_they_left_two_try_again() {
    let mut room = pair(Topology::Auto);
    connect(&mut room);
    assert_eq!(state(&room), (Path::Direct, Why::FewPeople));
    let direct = room.course.order().epoch;
    room.happens(Happens::Comes(PeerId(3)));
    assert_eq!(state(&room), (Path::Server, Why::ManyPeople));
    assert!(room.course.order().epoch > direct);
    room.happens(Happens::Goes(PeerId(3)));
    assert_eq!(state(&room), (Path::Server, Why::Settling));
    let left = room.now;
    room.happens(Happens::Waits);
    assert_eq!((room.now - left, state(&room)), (SETTLED_AFTER, (Path::Trying, Why::FewPeople)));
    let old = room.course.report(room.now, PeerId(1), Some(PeerId(2)), direct, DirectState::Lost);
    assert!(!old, "what is said of the connection of before says nothing of this one");
}

#[test]
fn who_finds_no_path_in_ten_seconds_stays_on_the_server_until_something_changes() {
    let mut room = pair(Topology::Auto);
    let began = room.now;
    room.happens(Happens::Connects(PeerId(1), PeerId(2)));
    room.happens(Happens::Waits);
    assert_eq!(
        (room.now - began, state(&room)),
        (FOUND_WITHIN, (Path::Server, Why::NoPath)),
        "one side is not enough"
    );
    while room.course.poll_timeout().is_some() {
        room.happens(Happens::Waits);
    }
    assert_eq!(state(&room), (Path::Server, Why::NoPath));
    room.happens(Happens::Changes(PeerId(2)));
    assert_eq!(state(&room), (Path::Trying, Why::FewPeople));
}

#[test]
fn a_mesh_of_four_goes_to_the_server_for_a_fifth_or_for_a_device_that_is_too_slow_and_says_why() {
    let mut room = pair(Topology::Mesh);
    room.happens(Happens::Comes(PeerId(3)));
    room.happens(Happens::Comes(PeerId(4)));
    connect(&mut room);
    assert_eq!(state(&room), (Path::Direct, Why::FewPeople));
    let mut crowd = room.clone();
    crowd.happens(Happens::Comes(PeerId(5)));
    assert_eq!(state(&crowd), (Path::Server, Why::ManyPeople));
    room.happens(Happens::Fails(PeerId(2), PeerId(2), DirectState::DeviceBusy));
    assert_eq!(state(&room), (Path::Server, Why::DeviceBusy));
    room.happens(Happens::Goes(PeerId(4)));
    while room.course.poll_timeout().is_some() && room.course.order().path == Path::Server {
        room.happens(Happens::Waits);
    }
    assert_eq!(state(&room), (Path::Trying, Why::FewPeople), "three may be few enough for it");
}

#[test]
fn nothing_goes_directly_before_the_way_through_the_server_is_there() {
    let mut room = pair(Topology::Auto);
    room.people.insert(PeerId(2), Someone { ready: false, hidden: false, standard: false });
    room.people.remove(&PeerId(1));
    room.course.people(room.now, room.people.clone());
    room.people.insert(PeerId(1), Someone { ready: true, hidden: false, standard: false });
    room.course.people(room.now, room.people.clone());
    assert_eq!(state(&room), (Path::Server, Why::NotReady));
    room.people.insert(PeerId(2), Someone { ready: true, hidden: false, standard: false });
    room.course.people(room.now, room.people.clone());
    assert_eq!(state(&room), (Path::Trying, Why::FewPeople));
}

/// Milliseconds between each two times that a room went direct while somebody does something again and again.
fn flaps(times: usize, mut disturb: impl FnMut(&mut Room)) -> Vec<u64> {
    let mut room = pair(Topology::Auto);
    connect(&mut room);
    (0..times)
        .map(|_| {
            let direct = room.now;
            disturb(&mut room);
            while room.course.order().path == Path::Server {
                room.happens(Happens::Waits);
            }
            connect(&mut room);
            assert_eq!(room.course.order().path, Path::Direct);
            (room.now - direct).as_secs()
        })
        .collect()
}

#[test]
fn who_says_again_and_again_that_nothing_is_left_makes_the_room_stay_on_the_server_for_longer() {
    let gone = flaps(9, |room| room.happens(Happens::Fails(PeerId(1), PeerId(1), DirectState::Gone)));
    assert_eq!(gone, [5, 10, 20, 40, 80, 160, 320, 320, 320]);
}

#[test]
fn so_does_who_hides_their_address_again_and_again_or_loses_the_path_and_finds_it() {
    let hides = flaps(5, |room| {
        room.happens(Happens::Hides(PeerId(2)));
        room.happens(Happens::Hides(PeerId(2)));
    });
    let loses = flaps(5, |room| {
        room.happens(Happens::Fails(PeerId(1), PeerId(2), DirectState::Lost));
        room.happens(Happens::Changes(PeerId(1)));
    });
    assert_eq!((hides, loses), (vec![5, 10, 20, 40, 80], vec![5, 10, 20, 40, 80]));
}

#[test]
fn who_comes_and_goes_does_so_at_last_and_who_chooses_the_topology_never() {
    let comes = flaps(8, |room| {
        room.happens(Happens::Comes(PeerId(3)));
        room.happens(Happens::Goes(PeerId(3)));
    });
    assert_eq!(comes, [5, 5, 5, 5, 5, 5, 10, 20]);
    let chooses = flaps(20, |room| {
        room.course.choose(room.now, Topology::Sfu);
        room.course.choose(room.now, Topology::Auto);
    });
    assert!(chooses.iter().all(|wait| *wait == 5), "{chooses:?}");
}
