//! One call of two people, until each has heard the other, or its time is over.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Events, Poll};
use rustls::ClientConfig;

use super::judge::{Attempt, Failure, Good, Step};
use super::person::{Call, Person};
use super::plan::{RelayPlace, Route};
use crate::load::site::Site;

/// How long a call is tried. In a healthy one both have heard the other after some hundred milliseconds; ICE asks four times in this time.
const PATIENCE: Duration = Duration::from_secs(6);

/// How long nothing is waited for, at the longest.
const NAP: Duration = Duration::from_millis(100);

/// Where calls are made.
pub(super) struct Place {
    pub site: Site,
    /// The id of the server's own room.
    pub room: String,
    /// How TURN servers are spoken with by TLS: whom this machine trusts.
    pub tls: Arc<ClientConfig>,
    /// Of the last call.
    pub mark: u64,
}

impl Place {
    /// Has two people call by this route, whose media goes to `to`: its announced address, or the one behind it.
    pub(super) fn call(
        &mut self,
        route: &Route,
        to: IpAddr,
        relay: Option<(&RelayPlace, SocketAddr)>,
    ) -> Attempt {
        self.mark += 1;
        let began = Instant::now();
        let call = Call {
            site: &self.site,
            room: &self.room,
            way: route.way,
            public: route.public,
            to,
            relay,
            tls: &self.tls,
            mark: self.mark,
            began,
        };
        let system = |error: std::io::Error| Failure::new(Step::Declined, error.to_string());
        let mut poll = Poll::new().map_err(system)?;
        let mut people = Vec::new();
        for number in 0..2 {
            people.push(Person::enter(&call, number, poll.registry())?);
        }
        let outcome = run(&call, &mut people, &mut poll);
        people.iter_mut().for_each(Person::leave);
        outcome
    }
}

fn run(call: &Call<'_>, people: &mut [Person], poll: &mut Poll) -> Attempt {
    let by = call.began + PATIENCE;
    let mut events = Events::with_capacity(16);
    loop {
        let unheard = |people: &[Person], number: usize| {
            people.iter().enumerate().any(|(other, person)| other != number && person.heard.is_none())
        };
        for number in 0..people.len() {
            // Who was heard is silent: where one is passed on at a time, it is the other's turn.
            let talks = unheard(people, number);
            if let Some(person) = people.get_mut(number) {
                person.turn(call, poll.registry(), talks)?;
            }
        }
        if let Some(good) = good(call, people) {
            return Ok(good);
        }
        let now = Instant::now();
        if now >= by {
            let step = people.iter().map(Person::stands_at).min().unwrap_or(Step::Signaling);
            return Err(Failure::new(step, missing(step)));
        }
        let wakes =
            people.iter().enumerate().filter_map(|(number, person)| person.wakes(unheard(people, number)));
        let until = wakes.min().unwrap_or(by).min(by).min(now + NAP);
        // Whatever is told, everybody is looked at.
        let _ = poll.poll(&mut events, Some(until.saturating_duration_since(now)));
    }
}

/// What was waited for in vain.
fn missing(step: Step) -> String {
    let seconds = PATIENCE.as_secs();
    match step {
        Step::Allocation => {
            format!("the TURN server answers, but gave us none within {seconds} s: is its secret ours?")
        }
        _ => format!("nothing came within {seconds} s"),
    }
}

/// Both have heard the other.
fn good(call: &Call<'_>, people: &[Person]) -> Option<Good> {
    let heard: Option<Vec<_>> = people.iter().map(|person| person.heard).collect();
    let heard = heard?;
    let last = heard.iter().map(|(at, _)| *at).max()?;
    let round_trip = heard.iter().map(|(_, took)| *took).min()?;
    Some(Good { join: last.saturating_duration_since(call.began), round_trip })
}
