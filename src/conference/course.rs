//! Which course a room's media takes: through the server, or directly between browsers. Pure.
//!
//! ```text
//!   who is here, what they allow ─┐                ┌─> Order { epoch, path, why }
//!   what clients report ──────────┼─> Course ──────┤
//!   time ─────────────────────────┘                └─> when to look again
//! ```
//!
//! The server decides, and numbers what it decides: a report about an earlier epoch says nothing of this one. Media goes
//! through the server until every two of a room have told that they have each other; it goes there again as soon as
//! anything speaks against a direct path.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use self::pace::Pace;
use super::protocol::{DirectState, Path, Topology, Why};
use crate::media::ids::PeerId;

mod pace;
#[cfg(test)]
mod tests;

/// How long browsers may look for a path to each other. ICE has found one within two seconds where there is one; a browser
/// gives up by itself after fifteen or thirty.
pub(super) const FOUND_WITHIN: Duration = Duration::from_secs(10);

/// How long a room stays on the server after it left a direct path, or after the third of three left: who comes back in
/// this time switches nobody twice. It is longer the more often it was of late: see [`pace`].
pub(super) const SETTLED_AFTER: Duration = Duration::from_secs(5);

/// People who may talk directly where a room is a mesh: each sends to each, so that four encode three times.
const MOST_IN_MESH: usize = 4;

/// What is decided for a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    /// Rises whenever direct connections are begun or given up: what is said of one names it.
    pub(super) epoch: u64,
    /// Where media goes.
    pub(super) path: Path,
    /// Why it goes there.
    pub(super) why: Why,
}

impl Order {
    /// What holds in a room that was just opened.
    pub(super) fn first(epoch: u64) -> Self {
        Self { epoch, path: Path::Server, why: Why::Chosen }
    }
}

/// What is known of somebody that bears on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Someone {
    /// Their connection to the server is there and was heard on.
    pub(super) ready: bool,
    /// They keep their address to themselves.
    pub(super) hidden: bool,
    /// They came by a tool that connects to nothing but the server.
    pub(super) standard: bool,
}

/// Two people, the smaller id first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Pair(PeerId, PeerId);

impl Pair {
    fn of(one: PeerId, other: PeerId) -> Self {
        if one <= other { Self(one, other) } else { Self(other, one) }
    }

    fn has(self, peer: PeerId) -> bool {
        self.0 == peer || self.1 == peer
    }
}

/// What clients told under the order that holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    /// Who said that they have whom.
    connected: BTreeSet<(PeerId, PeerId)>,
    /// Until when the missing ones may be told.
    until: Option<Instant>,
}

/// A room's course.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Course {
    topology: Topology,
    people: BTreeMap<PeerId, Someone>,
    order: Order,
    told: Told,
    /// Who has no path to whom, until something about either changes.
    failed: BTreeMap<Pair, Why>,
    /// So many people were too many for somebody's device or uplink.
    outgrown: Option<(usize, Why)>,
    /// The server is stayed on until then.
    settles: Option<Instant>,
    /// How often it went there of late.
    pace: Pace,
}

impl Course {
    /// Of a room with nobody in it; `order` is what holds.
    pub(super) fn new(topology: Topology, order: Order) -> Self {
        Self {
            topology,
            people: BTreeMap::new(),
            order,
            told: Told::default(),
            failed: BTreeMap::new(),
            outgrown: None,
            settles: None,
            pace: Pace::default(),
        }
    }

    /// What holds.
    pub(super) fn order(&self) -> Order {
        self.order
    }

    /// When [`Course::review`] has something to do if nothing else happens.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        match self.order.path {
            Path::Server => self.settles,
            Path::Trying => self.told.until,
            Path::Direct => None,
        }
    }

    /// Time has passed.
    pub(super) fn review(&mut self, now: Instant) {
        self.review_by(now, None);
    }

    /// As [`Course::review`], after something of which it is known whose doing it is.
    fn review_by(&mut self, now: Instant, by: Option<PeerId>) {
        self.settles = self.settles.filter(|at| *at > now);
        if self.told.until.is_some_and(|until| until <= now) {
            for pair in self.missing() {
                self.failed.insert(pair, Why::NoPath);
            }
        }
        self.decide(now, by);
    }

    /// The room's topology is this.
    pub(super) fn choose(&mut self, now: Instant, topology: Topology) {
        if self.topology != topology {
            self.topology = topology;
            self.failed.clear();
            self.outgrown = None;
        }
        self.review(now);
    }

    /// These are here.
    pub(super) fn people(&mut self, now: Instant, people: BTreeMap<PeerId, Someone>) {
        let before = std::mem::replace(&mut self.people, people);
        let same = before.keys().eq(self.people.keys());
        if !same {
            let people = &self.people;
            self.failed.retain(|pair, _| people.contains_key(&pair.0) && people.contains_key(&pair.1));
            self.outgrown = self.outgrown.filter(|(count, _)| people.len() >= *count);
            self.pace.keep(|id| people.contains_key(id));
            if before.len() > self.most() && people.len() <= self.most() {
                self.settle(now, SETTLED_AFTER);
            }
            self.give_up(now, Why::PeopleChange, None);
        }
        let was_open = |id: &PeerId| before.get(id).is_some_and(|someone| !someone.hidden);
        let hides = self.people.iter().find(|(id, someone)| someone.hidden && was_open(id));
        self.review_by(now, hides.map(|(id, _)| *id));
    }

    /// Something about somebody's network or page is not as it was.
    pub(super) fn changed(&mut self, now: Instant, peer: PeerId) {
        self.failed.retain(|pair, _| !pair.has(peer));
        self.review(now);
    }

    /// Somebody told what became of a connection of the epoch. `other` is whom it leads to, where it is about one.
    /// Returns false for what says nothing of what holds: an earlier epoch, or somebody who is not here.
    pub(super) fn report(
        &mut self,
        now: Instant,
        from: PeerId,
        other: Option<PeerId>,
        epoch: u64,
        state: DirectState,
    ) -> bool {
        if epoch != self.order.epoch || self.order.path == Path::Server || !self.people.contains_key(&from) {
            return false;
        }
        let other = other.filter(|other| *other != from && self.people.contains_key(other));
        match (state, other) {
            (DirectState::Connected, Some(other)) => {
                self.told.connected.insert((from, other));
            }
            (DirectState::NoPath | DirectState::Lost | DirectState::Refused, Some(other)) => {
                self.failed.insert(Pair::of(from, other), Why::of(state));
            }
            (DirectState::DeviceBusy | DirectState::SlowUplink, _) => {
                self.outgrown = Some((self.people.len(), Why::of(state)));
            }
            (DirectState::Gone, _) => self.give_up(now, Why::Settling, Some(from)),
            (_, None) => return false,
        }
        self.review_by(now, Some(from));
        true
    }

    /// How many may talk directly here.
    fn most(&self) -> usize {
        match self.topology {
            Topology::Sfu => 0,
            Topology::Mesh => MOST_IN_MESH,
            Topology::Auto => 2,
        }
    }

    fn settle(&mut self, now: Instant, time: Duration) {
        self.settles = self.settles.max(now.checked_add(time));
    }

    /// Everybody's media goes through the server, at once; because of somebody where that is known.
    fn give_up(&mut self, now: Instant, why: Why, by: Option<PeerId>) {
        if self.order.path == Path::Server {
            return;
        }
        // Who chose the topology meant it.
        let wait = if why == Why::Chosen { SETTLED_AFTER } else { self.pace.went_back(now, by) };
        // Whoever comes third does not make the two wait: it is they who are to be reached at once. But not for ever.
        if why != Why::PeopleChange || wait > SETTLED_AFTER {
            self.settle(now, wait);
        }
        self.turn(Path::Server, why);
    }

    fn turn(&mut self, path: Path, why: Why) {
        let epoch = self.order.epoch + u64::from(path != Path::Direct);
        self.order = Order { epoch, path, why };
        if path != Path::Direct {
            self.told = Told::default();
        }
    }

    /// What speaks against direct paths, whatever the one in use.
    fn obstacle(&self) -> Option<Why> {
        let count = self.people.len();
        if self.topology == Topology::Sfu {
            return Some(Why::Chosen);
        }
        if count < 2 {
            return Some(Why::Alone);
        }
        if count > self.most() {
            return Some(Why::ManyPeople);
        }
        if self.people.values().any(|someone| someone.standard) {
            return Some(Why::StandardClient);
        }
        if self.people.values().any(|someone| someone.hidden) {
            return Some(Why::HiddenAddress);
        }
        self.outgrown.map(|(_, why)| why).or_else(|| self.failed.values().next().copied())
    }

    /// What speaks against beginning.
    fn not_yet(&self) -> Option<Why> {
        if self.people.values().any(|someone| !someone.ready) {
            return Some(Why::NotReady);
        }
        self.settles.map(|_| Why::Settling)
    }

    fn decide(&mut self, now: Instant, by: Option<PeerId>) {
        let obstacle = self.obstacle();
        match (self.order.path, obstacle) {
            (Path::Server, Some(why)) => self.order.why = why,
            (Path::Server, None) => {
                if let Some(why) = self.not_yet() {
                    self.order.why = why;
                } else {
                    self.turn(Path::Trying, Why::FewPeople);
                    self.told.until = now.checked_add(FOUND_WITHIN);
                }
            }
            (Path::Trying | Path::Direct, Some(why)) => {
                self.give_up(now, why, by);
                self.order.why = why;
            }
            (Path::Trying, None) if self.missing().is_empty() => {
                self.told.until = None;
                self.turn(Path::Direct, Why::FewPeople);
            }
            (Path::Trying | Path::Direct, None) => {}
        }
    }

    /// Who did not both tell that they have each other.
    fn missing(&self) -> Vec<Pair> {
        let ids: Vec<PeerId> = self.people.keys().copied().collect();
        let pairs = ids
            .iter()
            .enumerate()
            .flat_map(|(at, one)| ids.iter().skip(at + 1).map(move |other| Pair(*one, *other)));
        let told = &self.told.connected;
        pairs
            .filter(|Pair(one, other)| !(told.contains(&(*one, *other)) && told.contains(&(*other, *one))))
            .collect()
    }
}
