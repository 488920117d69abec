//! The self-call: a synthetic person meets another in the server's own room, by each way that media may travel, to each announced
//! address; at the start and each `--self-call` seconds.
//!
//! ```text
//! plan.rs: routes ─> call.rs: two people (person.rs), each on one line (line.rs, relay.rs) ─> judge.rs ─> numbers.rs, the log
//! ```
//!
//! It goes through the server's own door (TCP, TLS, HTTP, WebSocket) and its protocol, as `plenary load` does, on a thread of its own. It
//! never decides whether the server is ready: a container cannot always reach itself, and one TURN outage must not take every
//! node out. What is decided (`plan.rs`, `candidate.rs`, `judge.rs`) knows no socket and no clock.

mod call;
mod candidate;
mod judge;
mod line;
mod numbers;
mod person;
mod plan;
mod relay;

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use rustls::pki_types::ServerName;

use crate::config::{Config, Transport, Trust, Url};
use crate::load::site::Site;
use crate::load::trust;
use crate::metrics::Family;
use call::Place;
use judge::{Around, Attempt, Step, Verdict};
pub use numbers::SelfCallCounters;
use numbers::{Found, Numbers};
use plan::{Route, Way};

/// Calls of the server with itself, for as long as this lives.
#[derive(Debug)]
pub struct SelfCalls {
    numbers: Arc<Numbers>,
    /// Dropped, it ends the thread.
    _end: Option<SyncSender<()>>,
}

/// What a thread needs.
struct Caller {
    place: Place,
    routes: Vec<(Route, Standing)>,
    numbers: Arc<Numbers>,
}

/// How a route was when it was called last, as far as the log has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Nothing was said of it: good until something else is known.
    Good,
    Unreachable,
    Broken,
}

impl SelfCalls {
    /// None are made; numbers are told all the same.
    #[must_use]
    pub fn none() -> SelfCalls {
        SelfCalls { numbers: Arc::default(), _end: None }
    }

    /// Calls through the door at `port` from now on, in the `room` whose id this is.
    ///
    /// # Errors
    /// If the system gives no thread, or there is no TLS.
    pub fn start(config: &Config, port: u16, room: String, each: Duration) -> io::Result<SelfCalls> {
        let numbers = Arc::new(Numbers::default());
        let tls = |whom: &Trust| trust::tls(whom).map_err(io::Error::other);
        let site = door(config, port, tls(&Trust::Any)?)?;
        let turn = config.turn.as_ref().map_or(&[][..], |turn| &turn.urls);
        let routes = plan::routes(&config.announced, turn);
        for route in &routes {
            numbers.plan(route.way);
        }
        let caller = Caller {
            place: Place { site, room, tls: tls(&Trust::System)?, mark: 0 },
            routes: routes.into_iter().map(|route| (route, Standing::Good)).collect(),
            numbers: Arc::clone(&numbers),
        };
        let (end, ended) = sync_channel(0);
        thread::Builder::new().name("self-call".to_owned()).spawn(move || caller.run(each, &ended))?;
        Ok(SelfCalls { numbers, _end: Some(end) })
    }

    /// What they came to, whenever it is asked for.
    pub fn told(&self) -> impl Fn() -> Vec<Family> + Send + use<> {
        let numbers = Arc::clone(&self.numbers);
        move || numbers.families()
    }
}

/// The server's own door, as who sits at the machine finds it. Its certificate is for others, who come by a name; that it is looked at by
/// nobody here lets nobody in between, because the way does not leave the machine.
fn door(config: &Config, port: u16, tls: Arc<rustls::ClientConfig>) -> io::Result<Site> {
    let address = match config.http_addresses.first() {
        None => Ipv4Addr::LOCALHOST.into(),
        Some(IpAddr::V4(any)) if any.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        Some(IpAddr::V6(any)) if any.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        Some(address) => *address,
    };
    let host = config.hosts.first().map_or_else(|| address.to_string(), ToString::to_string);
    let host = host.trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
    let url = Url { tls: config.transport != Transport::Plain, host, port };
    Ok(Site { url, address: SocketAddr::new(address, port), tls, name })
}

impl Caller {
    fn run(mut self, each: Duration, ended: &Receiver<()>) {
        loop {
            self.round();
            if ended.recv_timeout(each) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
    }

    /// Calls every way once.
    fn round(&mut self) {
        let mut found = [Found::default(); Way::ALL.len()];
        // Addresses that do not lead back in from here.
        let mut outside = BTreeSet::new();
        for (route, standing) in &mut self.routes {
            let verdict = if route.relay.is_some() {
                by_relay(&mut self.place, route, &outside, &self.numbers)
            } else {
                directly(&mut self.place, route, &self.numbers)
            };
            let Some(verdict) = verdict else { continue };
            if matches!(verdict, Verdict::Unreachable(_)) {
                outside.insert(route.public);
            }
            if let Some(found) = found.get_mut(route.way as usize) {
                found.add(&verdict);
            }
            *standing = tell(route, *standing, &verdict);
        }
        for (way, found) in Way::ALL.into_iter().zip(found) {
            self.numbers.found(way, found);
        }
        self.numbers.round();
    }
}

fn counted(numbers: &Numbers, way: Way, attempt: Attempt) -> Attempt {
    if !matches!(&attempt, Err(failure) if failure.step == Step::Declined) {
        numbers.called(way, attempt.is_err());
    }
    attempt
}

fn directly(place: &mut Place, route: &Route, numbers: &Numbers) -> Option<Verdict> {
    let announced = counted(numbers, route.way, place.call(route, route.public, None));
    let compares = announced.as_ref().is_err_and(judge::wants_comparison);
    let local = route.local.filter(|_| compares).map(|local| place.call(route, local, None));
    judge::direct(announced, local.as_ref())
}

fn by_relay(
    place: &mut Place,
    route: &Route,
    outside: &BTreeSet<IpAddr>,
    numbers: &Numbers,
) -> Option<Verdict> {
    let relay = route.relay.as_ref()?;
    let server = relay::find(relay);
    let at = server.as_ref().ok().copied();
    let attempt = server.and_then(|at| place.call(route, route.public, Some((relay, at))));
    let attempt = counted(numbers, route.way, attempt);
    let is_near = |at: SocketAddr| outside.contains(&at.ip()) || is_inside(at.ip());
    let around = Around {
        relay_unreachable: at.is_some_and(|at| outside.contains(&at.ip())),
        server_unreachable: outside.contains(&route.public) && at.is_some_and(is_near),
    };
    judge::relayed(attempt, around)
}

/// An address of a network that is not everybody's.
fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Says in the log what is another than before, once.
fn tell(route: &Route, before: Standing, verdict: &Verdict) -> Standing {
    let by = route.relay.as_ref().map_or(String::new(), |relay| format!(" by {}:{}", relay.host, relay.port));
    let which = format!("self-call: {} to {}{by}", route.way.word(), route.public);
    let now = match verdict {
        Verdict::Good(_) => Standing::Good,
        Verdict::Unreachable(_) => Standing::Unreachable,
        Verdict::Broken(_) => Standing::Broken,
    };
    match verdict {
        _ if now == before => {}
        Verdict::Good(good) => log::info!("{which} is well again: {} ms", good.join.as_millis()),
        Verdict::Unreachable(why) => log::info!("{which} cannot be reached from inside: {why}"),
        Verdict::Broken(why) => log::warn!("{which} is broken: {why}"),
    }
    now
}
