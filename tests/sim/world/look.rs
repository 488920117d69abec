//! What is seen from outside: who meets whom, how long pictures stood still, and the verdict at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use plenary::media::ids::PeerId;
use plenary::media::rtc::EgressKind;

use super::{Person, Seat, World, ms};
use crate::link::{Direction, Hits};
use crate::receiver::quality::Quality;
use crate::receiver::{Watch, unnamed};

/// Lips and voice of somebody are no further apart in what sender reports say.
const LIPS_WITHIN: Duration = ms(60);

impl World {
    /// `from` has seen `to` within the last half second and heard them within the last one.
    pub fn sees(&self, from: Person, to: Person) -> bool {
        self.seats[from].client.sees(self.now, to as u16).is_some()
    }

    pub fn hears(&self, from: Person, to: Person) -> bool {
        self.seats[from].client.hears(self.now, to as u16).is_some()
    }

    /// Everybody of `people` sees and hears everybody else of them.
    pub fn meet(&self, people: &[Person]) -> bool {
        let pairs = people.iter().flat_map(|from| people.iter().map(move |to| (*from, *to)));
        pairs.filter(|(from, to)| from != to).all(|(from, to)| self.sees(from, to) && self.hears(from, to))
    }

    /// Waits until everybody of `people` sees and hears what everybody else made after this moment.
    pub fn meet_anew(&mut self, most: Duration, lost: &str, people: &[Person]) -> Duration {
        let (began, since) = (self.now, self.age().as_micros() as u64);
        while let Some((from, to)) = self.first_strangers(people, since) {
            let receiver = &self.seats[from].client.receiver;
            assert!(
                self.now < began + most,
                "{lost}: {from} does not see or hear {to} (waited {most:?})\n{:?}\n{:?}\n{:?}\n{:?}",
                receiver.seen.get(&(to as u16)),
                receiver.heard.get(&(to as u16)),
                receiver.table,
                self.seats[from].client.people,
            );
            self.run(ms(20));
        }
        self.now - began
    }

    /// The first two of whom one has not seen and heard what the other made after `since`.
    fn first_strangers(&self, people: &[Person], since: u64) -> Option<(Person, Person)> {
        let fresh = |watches: &BTreeMap<u16, Watch>, to: Person| {
            watches.get(&(to as u16)).is_some_and(|watch| watch.made > since)
        };
        let pairs = people.iter().flat_map(|from| people.iter().map(move |to| (*from, *to)));
        pairs.filter(|(from, to)| from != to).find(|(from, to)| {
            let receiver = &self.seats[*from].client.receiver;
            !(fresh(&receiver.seen, *to) && fresh(&receiver.heard, *to))
        })
    }

    /// Gaps are counted from now.
    pub fn start_watching(&mut self) {
        for seat in &mut self.seats {
            seat.client.receiver.start_watching(self.now);
            for bottleneck in [&seat.up, &seat.down].into_iter().filter_map(Direction::bottleneck) {
                bottleneck.borrow_mut().start_watching(self.now);
            }
        }
    }

    /// `person` asks whether the server is there, again and again, from now on.
    pub fn asks(&mut self, person: Person) {
        let now = self.now;
        self.seats[person].client.waits.start(now);
        self.after(person);
    }

    /// The longest time since [`World::start_watching`] in which `from` saw nothing new of `to`.
    pub fn picture_gap(&self, from: Person, to: Person) -> Duration {
        let watch = self.seats[from].client.receiver.seen.get(&(to as u16));
        watch.map_or(Duration::MAX, |watch| watch.longest_gap.max(self.now - watch.last))
    }

    /// The longest time since [`World::start_watching`] in which `from` heard nothing of `to`.
    pub fn sound_gap(&self, from: Person, to: Person) -> Duration {
        let watch = self.seats[from].client.receiver.heard.get(&(to as u16));
        watch.map_or(Duration::MAX, |watch| watch.longest_gap.max(self.now - watch.last))
    }

    /// The peer id of somebody who is in.
    pub fn peer(&self, person: Person) -> PeerId {
        self.seats[person].client.peer.expect("somebody who was welcomed")
    }

    /// Virtual time since the world began.
    pub fn age(&self) -> Duration {
        self.now - self.start
    }

    /// What happened on all links.
    pub fn hits(&self) -> Hits {
        let mut hits = Hits::default();
        for seat in &self.seats {
            hits.add(&seat.up.hits);
            hits.add(&seat.down.hits);
        }
        hits
    }

    /// What left was what was agreed on.
    fn judge_egress(&mut self) {
        let (counts, missing, unjudged) = self.egress.close(|person| {
            let seat = &self.seats[person];
            let present = !seat.dead && seat.client.connection.is_some();
            present.then(|| seat.client.life())
        });
        let nameless = self.egress.longest_nameless();
        println!(
            "left: {counts:?}, {missing} numbers missing, {unjudged} unjudged, nameless for {nameless:?}"
        );
        let violations = &self.egress.violations;
        assert!(violations.is_empty(), "{} times: {:#?}", violations.len(), violations.first());
        assert_eq!(unjudged, 0, "datagrams of sources that no answer names, or that nobody can open");
        // A number is used up when a packet is sealed; what may not go where it was to go does not leave.
        let withheld = self.count(|counters| counters.media_withheld + counters.unproven_limited);
        assert!(missing <= withheld, "{missing} numbers never left, {withheld} packets were withheld");
    }

    /// Ends a scenario: nobody has anything to complain about, the guard judged and found nothing, and every fault that
    /// was named happened.
    pub fn finish(mut self, scenario: &str) {
        self.finished = true;
        let faults = self.faults();
        let hits = self.hits();
        println!(
            "{scenario}: {:.0} s, {} people, guard judged {}, opened {}, forwarded {}, {hits:?}",
            self.age().as_secs_f64(),
            self.seats.len(),
            faults.judged,
            faults.opened,
            self.count(|counters| counters.forwarded),
        );
        let repeated = &self.nonces.repeated;
        assert!(repeated.is_empty(), "{} nonces came again: {:?}", repeated.len(), repeated.first());
        assert!(self.nonces.judged > 0, "no nonce was judged");
        self.judge_egress();
        for seat in self.seats.iter().filter(|seat| !seat.client.profile.forges) {
            let receiver = &seat.client.receiver;
            let attacked = receiver.judges_not.is_some();
            assert!(attacked || receiver.unreadable == 0, "{} got scraps", seat.client.name);
            assert!(receiver.complaints.is_empty(), "{}: {:#?}", seat.client.name, receiver.complaints);
            let lines = seat.client.connection.iter().flat_map(|c| &c.lines).map(|(_, line)| line);
            let unnamed = unnamed(self.now, lines);
            assert_eq!(unnamed, 0, "{} saw frames the server never named", seat.client.name);
            for (of, Quality { told, .. }) in receiver.quality.iter().filter(|_| !attacked) {
                let (most, judged) = (told.most(), told.judged());
                assert!(most <= LIPS_WITHIN, "{} sees {of}'s lips {most:?} off: {judged}", seat.client.name);
            }
        }
        let honest = |seat: &Seat| {
            let client = &seat.client;
            !client.profile.forges && client.obeys && client.receiver.judges_not.is_none()
        };
        // What waited for a server that stood still, or one of its workers, is too much at once, and nobody's fault.
        let stood = !self.stood.is_zero() || self.workers.iter().any(|worker| worker.ever_stalled);
        if !stood && self.seats.iter().all(honest) {
            let over_rate = self.count(|counters| counters.over_rate);
            assert_eq!(over_rate, 0, "of people who send what they were asked for something was dropped");
        }
        assert_eq!(faults.violations(), 0, "the egress guard: {faults:?}");
        assert!(faults.judged > 0, "the egress guard judged nothing");
        let own = self.egress_kind == EgressKind::Own;
        assert_eq!(faults.opened > 0, own, "the egress guard opens all that we seal, and nothing else");
        let directions = || self.seats.iter().flat_map(|seat| [&seat.up, &seat.down]);
        let named: BTreeSet<&str> = directions().flat_map(Direction::named).copied().collect();
        for fault in named {
            let happened: u64 = directions().map(|direction| direction.happened(fault)).sum();
            assert!(happened > 0, "the scenario names the fault {fault}, which never happened");
        }
    }
}
