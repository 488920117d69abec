//! All people together: the loop that runs them, who enters when, and what is counted over which time.

use std::collections::BTreeSet;
use std::io::{self, ErrorKind};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};

use super::alarms::Alarms;
use super::error::LoadError;
use super::own;
use super::past::{Arrival, Former, Mishaps};
use super::person::{Person, Shared, Trouble};
use super::plan::Plan;
use super::rng::Rng;
use super::socket::Counted;

/// Events of one turn.
const EVENTS: usize = 1_024;

/// Batches of one person in one turn: then the others are read.
const BATCHES: usize = 4;

/// For so long the last who entered have time to get a connection and what the others send.
const PATIENCE: Duration = Duration::from_secs(20);

/// Between everybody being there and the beginning of counting: rates and estimates settle.
const SETTLE: Duration = Duration::from_secs(2);

/// What was sent in time may come so much later: a link's queue and delay, and a resend.
const LATE: Duration = Duration::from_secs(1);

/// Everybody.
pub(super) struct Crowd {
    poll: Poll,
    events: Events,
    pub shared: Shared,
    /// The rooms' ids.
    pub rooms: Vec<String>,
    pub people: Vec<Person>,
    pub alarms: Alarms,
    /// Who comes and goes, while it is measured.
    pub plan: Option<Plan>,
    /// Those who left, and those who came while it was measured and left.
    pub former: Vec<Former>,
    pub arrivals: Vec<Arrival>,
    pub mishaps: Mishaps,
    /// People for whom something went wrong.
    pub troubled: Vec<usize>,
    /// People whose sockets may hold more.
    unread: Vec<usize>,
}

impl Crowd {
    pub(super) fn new(poll: Poll, shared: Shared, rooms: Vec<String>) -> Crowd {
        let events = Events::with_capacity(EVENTS);
        Crowd {
            poll,
            events,
            shared,
            rooms,
            people: Vec::new(),
            alarms: Alarms::default(),
            plan: None,
            former: Vec::new(),
            arrivals: Vec::new(),
            mishaps: Mishaps::default(),
            troubled: Vec::new(),
            unread: Vec::new(),
        }
    }

    /// One turn: waits until something happens, or until then, and does what follows.
    pub(super) fn turn(&mut self, until: Instant) -> Result<(), LoadError> {
        let now = Instant::now();
        let next = self.alarms.next().map_or(until, |at| at.min(until));
        let wait = if self.unread.is_empty() { next.saturating_duration_since(now) } else { Duration::ZERO };
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => {
                return Err(LoadError::System("the sockets cannot be waited for", error));
            }
            _ => {}
        }
        let began = Instant::now();
        let mut said = Vec::new();
        for event in &self.events {
            let Token(token) = event.token();
            let (who, is_signaling) = (token / 2, token % 2 == 1);
            if is_signaling { said.push(who) } else { self.unread.push(who) }
        }
        for who in std::mem::take(&mut self.unread) {
            let Some(person) = self.people.get_mut(who).filter(|person| !person.is_away) else { continue };
            let mut batches = 0;
            while person.receive(&mut self.shared) {
                batches += 1;
                if batches == BATCHES {
                    self.unread.push(who);
                    break;
                }
            }
            self.alarms.set(who, person.wakes());
            self.troubled.extend(person.trouble.as_ref().map(|_| who));
        }
        for who in said {
            let Some(person) = self.people.get_mut(who).filter(|person| !person.is_away) else { continue };
            person.listen(&mut self.shared, began);
            self.alarms.set(who, person.wakes());
            self.troubled.extend(person.trouble.as_ref().map(|_| who));
        }
        let now = Instant::now();
        while let Some(who) = self.alarms.due(now) {
            let Some(person) = self.people.get_mut(who) else { continue };
            person.run(&mut self.shared);
            // Whoever is late is run again in the next turn: others are late, too.
            self.alarms.set(who, person.wakes().map(|at| at.max(now + Duration::from_micros(1))));
            self.troubled.extend(person.trouble.as_ref().map(|_| who));
        }
        self.shared.own.turned(began.elapsed());
        Ok(())
    }

    /// Lets everybody in, so many a second, and waits until they are connected and receive.
    ///
    /// # Errors
    /// [`LoadError`] if anybody is not let in, or gets no connection.
    pub(super) fn enter(&mut self, mut progress: impl FnMut(&Crowd)) -> Result<(), LoadError> {
        let config = &self.shared.config;
        let (publishers, subscribers) = (config.publishers, config.subscribers);
        let each = usize::try_from(publishers + subscribers).unwrap_or(0);
        let people = each * self.rooms.len();
        let between = Duration::from_secs_f64(1.0 / config.join_rate);
        let mut next = Instant::now();
        let mut last = next;
        loop {
            let now = Instant::now();
            while self.people.len() < people && next <= now {
                let number = self.people.len();
                let (room, place) = (number / each, number % each);
                let sends = place < usize::try_from(publishers).unwrap_or(0);
                let Some(id) = self.rooms.get(room) else { break };
                let person = Person::enter(&self.shared, number, (room, id), sends, now)?;
                self.people.push(person);
                (next, last) = (next + between, now);
            }
            self.turn(now + Duration::from_millis(20))?;
            progress(self);
            self.no_trouble(people)?;
            self.no_interrupt()?;
            let all = self.people.len() == people;
            if all && self.everybody_receives() {
                return Ok(());
            }
            if all && last.elapsed() > PATIENCE {
                let connected =
                    self.people.iter().filter(|person| person.media.connected().is_some()).count();
                if connected == people {
                    return Ok(());
                }
                return Err(LoadError::NoMedia { connected, people, seconds: PATIENCE.as_secs() });
            }
        }
    }

    /// Everybody has a connection, and something of somebody if anybody else of their room sends.
    fn everybody_receives(&self) -> bool {
        let config = &self.shared.config;
        self.people.iter().all(|person| {
            let others =
                if person.media.tracks().is_empty() { config.publishers } else { config.publishers - 1 };
            let receives =
                !person.media.receiver.streams().is_empty() || config.view == Some(0) && !config.audio;
            person.media.connected().is_some() && (receives || others == 0)
        })
    }

    fn no_trouble(&self, people: usize) -> Result<(), LoadError> {
        let Some((person, trouble)) =
            self.people.iter().find_map(|person| Some((person.number + 1, person.trouble.clone()?)))
        else {
            return Ok(());
        };
        Err(match trouble {
            Trouble::Refused(code, message) => LoadError::Refused { person, people, code, message },
            Trouble::Closed(why) => LoadError::Closed { person, people, why },
            Trouble::Connection(error) => LoadError::Connection { person, people, error },
        })
    }

    /// Lets rates and estimates settle.
    ///
    /// # Errors
    /// If the system fails.
    pub(super) fn settle(&mut self, mut progress: impl FnMut(&Crowd)) -> Result<(), LoadError> {
        self.run_for(SETTLE, &mut progress)?;
        self.no_interrupt()
    }

    /// Somebody who presses Ctrl-C now gets no result: there is none yet.
    fn no_interrupt(&self) -> Result<(), LoadError> {
        if self.shared.is_to_stop() { Err(LoadError::Interrupted) } else { Ok(()) }
    }

    /// Counts for as long as is to be counted, or until somebody presses Ctrl-C.
    ///
    /// # Errors
    /// If the system fails.
    pub(super) fn measure(&mut self, mut progress: impl FnMut(&Crowd)) -> Result<Measured, LoadError> {
        let began = Instant::now();
        let config = &self.shared.config;
        self.plan = Some(Plan::new(config.join_storm, config.churn, began, Rng::new(config.seed)));
        self.mishaps = Mishaps::default();
        self.people.iter_mut().for_each(|person| person.media.receiver.restart(began));
        self.shared.directory.restart();
        self.shared.own.restart(began);
        let (before, dropped) = (self.counted(), own::dropped(&self.ports()));
        self.run_for(self.shared.config.duration, &mut progress)?;
        let ended = Instant::now();
        self.plan = None;
        let closed = self.shared.micros(ended);
        self.people.iter_mut().for_each(|person| person.media.receiver.close(closed));
        let counted = self.counted().since(before);
        let dropped = own::dropped(&self.ports()).saturating_sub(dropped);
        Ok(Measured { began, ended, counted, dropped, own: self.shared.own.total(ended) })
    }

    /// Lets come what was sent in time and is still on its way, or is sent again. Whoever ended the measuring with Ctrl-C
    /// ends this with another.
    ///
    /// # Errors
    /// If the system fails.
    pub(super) fn gather(&mut self) -> Result<(), LoadError> {
        self.shared.stop.store(false, Ordering::Relaxed);
        self.run_for(LATE, &mut |_| ())
    }

    fn run_for(&mut self, time: Duration, progress: &mut impl FnMut(&Crowd)) -> Result<(), LoadError> {
        let end = Instant::now() + time;
        while Instant::now() < end && !self.shared.is_to_stop() {
            let next = self.plan.as_ref().and_then(Plan::next);
            self.turn(next.map_or(end, |next| next.min(end)))?;
            let now = Instant::now();
            self.recover(now);
            self.follow_plan(now)?;
            progress(self);
        }
        Ok(())
    }

    pub(super) fn counted(&self) -> Counted {
        self.people.iter().map(Person::counted).fold(Counted::default(), Counted::and)
    }

    fn ports(&self) -> BTreeSet<u16> {
        self.people.iter().map(Person::port).collect()
    }

    /// Everybody leaves.
    pub(super) fn leave(&mut self) {
        let now = Instant::now();
        for person in self.people.iter_mut().filter(|person| !person.is_away) {
            person.leave(&mut self.shared, now);
        }
    }
}

/// What was counted over which time.
#[derive(Debug)]
pub(super) struct Measured {
    pub began: Instant,
    pub ended: Instant,
    pub counted: Counted,
    /// Datagrams that the kernel dropped because we did not read them.
    pub dropped: u64,
    pub own: own::OwnUse,
}

/// What wakes people.
///
/// # Errors
/// If the system has no epoll left.
pub(super) fn poll() -> Result<Poll, LoadError> {
    let failed = |error: io::Error| LoadError::System("the sockets cannot be waited for", error);
    Poll::new().map_err(failed)
}
