//! How a world is made, and what every world of a run has in common.

use std::cell::Cell;

use plenary::conference::DEFAULT_CODECS;
use plenary::conference::placement::{self, PerMille};
use plenary::limits::Limits;
use plenary::media::AUDIO_SLOTS;
use plenary::media::allocate::{AllocatorFactory, FixedOrder};
use plenary::media::codec::Codec;
use plenary::media::rtc::EgressKind;

thread_local! {
    /// How many workers a world has unless its settings say otherwise.
    pub static WORKERS: Cell<usize> = const { Cell::new(1) };
    /// From how much on the next people of a room go to another one, likewise.
    pub static SPILL_AT: Cell<PerMille> = const { Cell::new(placement::SPILL_AT) };
    /// Who seals what leaves, likewise.
    pub static EGRESS: Cell<EgressKind> = Cell::new(egress_asked_for());
}

/// As `PLENARY_SIM_EGRESS` says, or as the server does by itself.
fn egress_asked_for() -> EgressKind {
    let asked = std::env::var("PLENARY_SIM_EGRESS").ok();
    asked.map_or(EgressKind::default(), |asked| asked.parse().expect("own or rtc"))
}

/// How a world is made.
#[derive(Debug, Clone)]
pub struct Settings {
    pub seed: u64,
    pub limits: Limits,
    pub workers: usize,
    /// How busy a worker is from which on the next people of a room go elsewhere. Workers here are not busy; with zero each room is
    /// spread over all of them.
    pub spill_at: PerMille,
    /// The operator's preference, best first.
    pub codecs: Vec<Codec>,
    /// Who decides which layer each slot shows.
    pub allocators: AllocatorFactory,
    /// Who seals what leaves.
    pub egress: EgressKind,
    /// How many of a room who talk at once are passed on. People of scenarios talk without a pause, so that it is seen when they are
    /// not heard: unless it is about that, all are passed on whom a page has lines for.
    pub audio_top: usize,
}

impl Settings {
    pub fn new(seed: u64) -> Settings {
        let (limits, codecs) = (Limits::default(), DEFAULT_CODECS.to_vec());
        let allocators = AllocatorFactory::of(EGRESS.get());
        let (egress, audio_top) = (EGRESS.get(), AUDIO_SLOTS.into());
        let (workers, spill_at) = (WORKERS.get(), SPILL_AT.get());
        Settings { seed, limits, workers, spill_at, codecs, allocators, egress, audio_top }
    }

    /// The middle layer for everybody, whatever their link holds: for scenarios that are about something else, or about links that
    /// hold less than is sent.
    pub fn middle_first(seed: u64) -> Settings {
        let allocators = AllocatorFactory::new(|_| Box::new(FixedOrder::MIDDLE_FIRST));
        Settings { allocators, ..Settings::new(seed) }
    }
}
