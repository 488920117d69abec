//! `plenary load`: a crowd of synthetic people for a server, and what they got.
//!
//! One thread, one mio loop (`crowd.rs`). Each person (`person.rs`) is a client of `docs/protocol.md` with a WebSocket
//! (`signaling.rs`, `session.rs`), a UDP port of their own (`socket.rs`) and a connection of str0m's
//! ([`Client`](crate::media::rtc::client::Client)). What they send (`source.rs`) says of itself what it is (`stamp.rs`), so whoever
//! receives it knows what is missing and how long it took (`measure`). What is measured, drawn and decided knows no socket and no
//! clock.

mod alarms;
mod crowd;
mod directory;
mod error;
mod link;
mod measure;
mod media;
mod own;
mod past;
mod person;
mod plan;
mod progress;
mod report;
mod rng;
mod server;
pub(crate) mod session;
pub(crate) mod signaling;
pub(crate) mod site;
mod socket;
mod source;
mod stamp;
mod traffic;
pub(crate) mod trust;
mod watch;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use signal_hook::consts::SIGINT;
use signal_hook::flag;

use crate::config::LoadConfig;
use crate::media::rtc::client::Outbox;
use crowd::Crowd;
use directory::Directory;
use own::Own;
use person::Shared;
use progress::Progress;
use site::Site;
use socket::Batch;
use watch::Watch;

pub use error::LoadError;
pub use report::{Arrivals, Generator, Mishaps, OneStream, Report, Server, Times, Totals};

/// Puts a load on a server, and says what came of it.
///
/// # Errors
/// [`LoadError`] says why there is no result, and what to do.
pub fn run(config: &LoadConfig) -> Result<Report, LoadError> {
    let site = Site::find(&config.url, trust::tls(&config.trust)?)?;
    let watch = Watch::new(config)?;
    let stop = on_interrupt()?;
    let rooms = rooms(&site, config.rooms, config.pass.as_deref())?;
    let poll = crowd::poll()?;
    let registry = poll.registry().try_clone();
    let shared = Shared {
        config: config.clone(),
        site,
        registry: registry.map_err(|error| LoadError::System("the sockets cannot be waited for", error))?,
        origin: Instant::now(),
        directory: Directory::default(),
        batch: Batch::new(),
        out: Outbox::default(),
        own: Own::default(),
        stop,
    };
    let mut crowd = Crowd::new(poll, shared, rooms);
    let mut progress = Progress::default();
    crowd.enter(|crowd| progress.tell(crowd, "entering"))?;
    crowd.settle(|crowd| progress.tell(crowd, "settling"))?;
    let before = watch.as_ref().map(Watch::look).transpose()?;
    let measured = crowd.measure(|crowd| progress.tell(crowd, "measuring"))?;
    let looks = watch.zip(before).map(|(watch, before)| watch.looks(&before).ok());
    crowd.gather()?;
    drop(progress);
    let mut report = report::report(&mut crowd, &measured, looks.flatten().as_ref());
    report.server_ended = looks.is_some_and(|looks| looks.is_none());
    crowd.leave();
    Ok(report)
}

/// Becomes true when somebody presses Ctrl-C. While it is true, doing so again ends the program at once.
fn on_interrupt() -> Result<Arc<AtomicBool>, LoadError> {
    let stop = Arc::new(AtomicBool::new(false));
    flag::register_conditional_default(SIGINT, stop.clone())
        .and_then(|_| flag::register(SIGINT, stop.clone()))
        .map_err(|error| LoadError::System("Ctrl-C cannot be waited for", error))?;
    Ok(stop)
}

/// Makes the rooms.
fn rooms(site: &Site, wanted: u32, pass: Option<&str>) -> Result<Vec<String>, LoadError> {
    let mut rooms = Vec::new();
    for made in 0..wanted {
        let room = site.make_room("Load", pass)?;
        rooms.push(room.map_err(|status| LoadError::Rooms { made, wanted, status })?);
    }
    Ok(rooms)
}
