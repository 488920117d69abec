//! Honest people in a call on real sockets.
//!
//! Two speak and show themselves. The third one only watches, and everything that reaches them is counted.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::{Events, Poll};

use crate::client::Directory;
use crate::client::connection::Profile;
use crate::person::Person;
use crate::receiver::{Complaint, Watch};
use crate::sender::{Picture, Says};
use crate::table::Third;

/// How long two people may need until they see and hear each other, on a busy machine.
const TOGETHER: Duration = Duration::from_secs(20);

/// How soon a question of the test is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// The one who watches.
const THIRD: usize = 2;

/// A question of the test.
enum Ask {
    /// Count from now on.
    Watch,
    /// What was noticed since?
    Report(Sender<Third>),
    /// Did everybody get what they should after this?
    Together(Instant, Sender<bool>),
}

/// Three people in a room, in a thread of their own.
pub struct People {
    asks: Option<Sender<Ask>>,
    thread: Option<JoinHandle<()>>,
}

impl People {
    /// They enter `room` on the server at `port`. Returns once everybody gets what they should.
    pub fn meet(port: u16, room: &str) -> People {
        People::meet_as(port, room, Profile::PAGE)
    }

    /// The same where no network lets UDP out.
    pub fn meet_over_tcp(port: u16, room: &str) -> People {
        People::meet_as(port, room, Profile { over_tcp: true, ..Profile::PAGE })
    }

    fn meet_as(port: u16, room: &str, profile: Profile) -> People {
        let room = room.to_owned();
        let (asks, questions) = channel();
        let (ready, met) = channel();
        let thread = std::thread::spawn(move || Call::new(port, &room, profile).run(&ready, &questions));
        let people = People { asks: Some(asks), thread: Some(thread) };
        met.recv_timeout(TOGETHER).expect("honest people meet");
        people
    }

    /// Counts from now on.
    pub fn watch(&self) {
        self.ask(Ask::Watch);
    }

    /// What the third person noticed since [`People::watch`].
    pub fn third(&self) -> Third {
        let (answer, answered) = channel();
        self.ask(Ask::Report(answer));
        answered.recv_timeout(TOGETHER).expect("the third person is there")
    }

    /// Waits until the third person sees and hears of everybody what was not there before this call.
    pub fn are_together(&self, patience: Duration) {
        let (since, by) = (Instant::now(), Instant::now() + patience);
        loop {
            let (answer, answered) = channel();
            self.ask(Ask::Together(since, answer));
            if answered.recv_timeout(TOGETHER).expect("the people are there") {
                return;
            }
            assert!(Instant::now() < by, "after {patience:?} people are not together");
            std::thread::sleep(LOOK * 4);
        }
    }

    fn ask(&self, ask: Ask) {
        self.asks.as_ref().expect("until dropped").send(ask).expect("the people are there");
    }
}

impl Drop for People {
    fn drop(&mut self) {
        self.asks = None;
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || ended.is_none_or(|ended| ended.is_ok()), "a person gave up");
    }
}

/// Everything in the call.
struct Call {
    poll: Poll,
    people: Vec<Person>,
}

impl Call {
    fn new(port: u16, room: &str, profile: Profile) -> Call {
        let poll = Poll::new().expect("a poll");
        let directory: Directory = Rc::new(RefCell::new(BTreeMap::new()));
        let origin = Instant::now();
        let small = Picture { fps: 20, packets: 2, bytes: 700 };
        let speaks =
            Profile { camera: Some(small), microphone: Some(Says::Words(30)), grows: false, ..profile };
        let watches = Profile { camera: None, microphone: None, grows: false, ..profile };
        let people = [speaks, speaks, watches].into_iter().zip(0_u16..);
        let people = people.map(|(profile, number)| {
            Person::enter((port, room), number, profile, (origin, &directory), &poll)
        });
        let people = people.collect();
        Call { poll, people }
    }

    /// Runs until nobody asks any more. Says once when everybody gets what they should.
    fn run(mut self, ready: &Sender<()>, questions: &Receiver<Ask>) {
        let mut events = Events::with_capacity(16);
        let (mut met, began) = (false, Instant::now());
        loop {
            let now = Instant::now();
            for person in &mut self.people {
                person.turn(now);
            }
            if !met && self.is_together(began) {
                met = true;
                let _ = ready.send(());
            }
            loop {
                match questions.try_recv() {
                    Ok(Ask::Watch) => self.watch(now),
                    Ok(Ask::Report(answer)) => drop(answer.send(self.third(now))),
                    Ok(Ask::Together(since, answer)) => drop(answer.send(self.is_together(since))),
                    Err(std::sync::mpsc::TryRecvError::Empty) => break,
                    Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
                }
            }
            let wakes = self.people.iter().filter_map(|person| person.client.wakes()).min();
            let wait = wakes.map_or(LOOK, |at| at.saturating_duration_since(now).min(LOOK));
            match self.poll.poll(&mut events, Some(wait)) {
                Err(error) if error.kind() != ErrorKind::Interrupted => panic!("{error}"),
                _ => {}
            }
        }
    }

    /// Whether the third person had sound and picture of both others after `since`.
    fn is_together(&self, since: Instant) -> bool {
        let receiver = &self.people[THIRD].client.receiver;
        let fresh = |watches: &BTreeMap<u16, Watch>, person| {
            watches.get(&person).is_some_and(|watch| watch.last > since)
        };
        (0..2).all(|person| fresh(&receiver.seen, person) && fresh(&receiver.heard, person))
    }

    fn watch(&mut self, now: Instant) {
        let third = &mut self.people[THIRD];
        third.client.receiver.start_watching(now);
        third.client.waits.start(now);
        third.arrivals.start();
    }

    fn third(&self, now: Instant) -> Third {
        let third = &self.people[THIRD];
        let receiver = &third.client.receiver;
        let bad = |complaint: &&Complaint| matches!(complaint, Complaint::Torn(_) | Complaint::Garbage(_));
        let bad: Vec<&Complaint> = receiver.complaints.iter().filter(bad).collect();
        assert!(bad.is_empty(), "the third person sees what nobody showed: {bad:?}");
        let watches = (0..2).flat_map(|person| [receiver.seen.get(&person), receiver.heard.get(&person)]);
        let gaps = watches.flatten().map(|watch| watch.longest_gap.max(now - watch.last));
        let (packets, lost) = third.arrivals.counted();
        let longest_wait = third.client.waits.longest(now).expect("they ask");
        Third { packets, lost, longest_gap: gaps.max().expect("they met"), longest_wait }
    }
}

#[cfg(test)]
mod tests {
    use crate::person::Arrivals;

    #[test]
    fn what_did_not_arrive_is_counted_over_a_wrap_and_by_stream() {
        let mut arrivals = Arrivals::default();
        let mut packet = |seq: u16, ssrc: u8| {
            let [high, low] = seq.to_be_bytes();
            arrivals.take(&[0x80, 111, high, low, 0, 0, 0, 0, 0, 0, 0, ssrc]);
        };
        for (seq, ssrc) in [(65_534, 1), (65_535, 1), (1, 1), (2, 1), (7, 2), (9, 2), (8, 2)] {
            packet(seq, ssrc);
        }
        packet(7, 3);
        assert_eq!(arrivals.counted(), (8, 1));
        arrivals.start();
        assert_eq!(arrivals.counted(), (0, 0));
        let report = [0x80, 200, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9];
        arrivals.take(&report);
        assert_eq!(arrivals.counted(), (0, 0), "RTCP has no sequence numbers");
    }
}
