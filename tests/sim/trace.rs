//! What the server takes each downlink to hold, as time goes by: an allocator that notes what it is told, and shows the middle layer
//! whatever that is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use plenary::media::allocate::{Allocator, AllocatorFactory, Asks, Downlink, FixedOrder, SlotFacts};
use plenary::media::ids::{Layer, PeerId};
use plenary::media::units::Bitrate;

/// What one downlink was taken to hold, in bits a second, and when.
type Estimates = Vec<(Instant, u64)>;

/// Estimates of all downlinks.
#[derive(Debug, Clone, Default)]
pub struct Trace(Arc<Mutex<BTreeMap<PeerId, Estimates>>>);

impl Trace {
    /// The rule in force, and what it was told.
    pub fn allocators(&self) -> AllocatorFactory {
        let trace = self.clone();
        AllocatorFactory::new(move |peer| {
            Box::new(Noting { peer, trace: trace.clone(), inner: Box::new(FixedOrder::MIDDLE_FIRST) })
        })
    }

    /// What the downlink of `peer` was taken to hold from `since` on, the lowest first.
    pub fn since(&self, peer: PeerId, since: Instant) -> Vec<u64> {
        let all = self.0.lock().expect("one thread");
        let mut estimates: Vec<u64> = all
            .get(&peer)
            .into_iter()
            .flatten()
            .filter(|(at, _)| *at >= since)
            .map(|(_, rate)| *rate)
            .collect();
        estimates.sort_unstable();
        estimates
    }

    /// When it was first below `rate` after `since`.
    pub fn below(&self, peer: PeerId, since: Instant, rate: u64) -> Option<Instant> {
        let all = self.0.lock().expect("one thread");
        all.get(&peer)?.iter().find(|(at, estimate)| *at >= since && *estimate < rate).map(|(at, _)| *at)
    }
}

#[derive(Debug)]
struct Noting {
    peer: PeerId,
    trace: Trace,
    inner: Box<dyn Allocator>,
}

impl Allocator for Noting {
    fn allocate(&mut self, now: Instant, downlink: &Downlink, slots: &mut [SlotFacts]) -> Asks {
        self.inner.allocate(now, downlink, slots)
    }

    fn heeds(&mut self, now: Instant, estimate: Bitrate) -> bool {
        let mut all = self.trace.0.lock().expect("one thread");
        all.entry(self.peer).or_default().push((now, estimate.as_bps()));
        self.inner.heeds(now, estimate)
    }

    fn misses(&self, slot: &SlotFacts, layer: Layer) -> bool {
        self.inner.misses(slot, layer)
    }
}
