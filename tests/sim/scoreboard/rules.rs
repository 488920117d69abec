//! Who decides what is shown: the rule in force, and those it is measured by.

use std::cell::Cell;
use std::time::{Duration, Instant};

use plenary::media::allocate::{Allocator, AllocatorFactory, Asks, Downlink, FixedOrder, SlotFacts};
use plenary::media::ids::Layer;
use plenary::media::rtc::EgressKind;

thread_local! {
    /// What the link holds for each of those who watch, in bits a second: what an oracle knows.
    pub static HOLDS: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// Sound, reports and what is sent again, in bits a second.
const BESIDES: u64 = 90_000;

/// Headers, and what encoders take beyond what they were asked.
const AROUND: f64 = 1.08;

/// A rule that is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The one in force.
    Today,
    /// The one before: the middle layer, whatever the link holds.
    Before,
    /// The same where str0m sends: the reference of what leaves.
    Reference,
    AlwaysLow,
    AlwaysTop,
    /// Knows what the link holds, and nothing of what it loses.
    Oracle,
    /// Changes between the top and the lowest every two seconds: one that must lose.
    Sabotaged,
}

impl Rule {
    /// Those of the scoreboard.
    pub const ALL: [Rule; 6] =
        [Rule::Today, Rule::Before, Rule::Reference, Rule::AlwaysLow, Rule::AlwaysTop, Rule::Oracle];

    pub fn name(self) -> &'static str {
        match self {
            Rule::Today => "today",
            Rule::Before => "fixed",
            Rule::Reference => "fixed, egress rtc",
            Rule::AlwaysLow => "always low",
            Rule::AlwaysTop => "always top",
            Rule::Oracle => "oracle",
            Rule::Sabotaged => "sabotaged",
        }
    }

    /// Who seals what leaves.
    pub fn egress(self) -> EgressKind {
        if self == Rule::Reference { EgressKind::Rtc } else { EgressKind::Own }
    }

    pub fn allocators(self) -> AllocatorFactory {
        match self {
            Rule::Today | Rule::Reference => AllocatorFactory::of(self.egress()),
            Rule::Before => AllocatorFactory::new(|_| Box::new(FixedOrder::MIDDLE_FIRST)),
            Rule::AlwaysLow => AllocatorFactory::new(|_| Box::new(FixedOrder::ALWAYS_LOWEST)),
            Rule::AlwaysTop => AllocatorFactory::new(|_| Box::new(FixedOrder::ALWAYS_HIGHEST)),
            Rule::Oracle => AllocatorFactory::new(|_| Box::new(Oracle)),
            Rule::Sabotaged => AllocatorFactory::new(|_| Box::new(Sabotaged { began: None })),
        }
    }
}

/// Everybody the lowest, then everybody the next as far as the link holds it.
#[derive(Debug)]
struct Oracle;

fn asked(slot: &SlotFacts, layer: Layer) -> Option<u64> {
    let asked = slot.encoding(layer)?.asked?;
    Some((asked.as_bps() as f64 * AROUND) as u64)
}

impl Allocator for Oracle {
    fn allocate(&mut self, now: Instant, _: &Downlink, slots: &mut [SlotFacts]) -> Asks {
        let mut left = HOLDS.get().saturating_sub(BESIDES);
        for layer in Layer::ALL {
            for slot in slots.iter_mut() {
                let Some(rate) = asked(slot, layer) else { continue };
                // Lower layers than this one were decided before.
                let has =
                    slot.target.filter(|has| *has < layer).and_then(|has| asked(slot, has)).unwrap_or(0);
                let lowest = has == 0;
                if lowest || rate.saturating_sub(has) <= left {
                    left = left.saturating_sub(rate.saturating_sub(has));
                    slot.target = Some(layer);
                }
            }
        }
        Asks { again: Some(now + Duration::from_millis(100)), ..Asks::default() }
    }

    fn misses(&self, _: &SlotFacts, _: Layer) -> bool {
        true
    }
}

#[derive(Debug)]
struct Sabotaged {
    began: Option<Instant>,
}

impl Allocator for Sabotaged {
    fn allocate(&mut self, now: Instant, downlink: &Downlink, slots: &mut [SlotFacts]) -> Asks {
        let age = now.saturating_duration_since(*self.began.get_or_insert(now)).as_millis();
        let mut order =
            if age % 4_000 < 2_000 { FixedOrder::ALWAYS_HIGHEST } else { FixedOrder::ALWAYS_LOWEST };
        order.allocate(now, downlink, slots);
        Asks { again: Some(now + Duration::from_millis(100)), ..Asks::default() }
    }

    fn misses(&self, _: &SlotFacts, _: Layer) -> bool {
        true
    }
}
