//! Which layer each slot of a subscriber is to show: the one place where that is decided.
//!
//! ```text
//!   an encoding began, stopped or was cut off ─┐
//!   another owner, another view               ─┼─> Allocator::allocate ──> a target for each slot
//!   an estimate that matters, the time it named ┘
//! ```
//!
//! An allocator is a pure controller: it is told facts and says what is to be shown. What a slot *plays* follows at the next key
//! frame of its target. Each subscriber has an allocator of their own ([`AllocatorFactory`]), so it may remember: [`Adaptive`] keeps
//! what the estimate was of late around the pure function that decides (`decide.rs`).

mod adaptive;
mod decide;
mod ladder;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::frame::Frames;
use super::ids::{Layer, PeerId, SlotIndex, StreamId};
use super::message::{Limitation, Reason};
use super::rtc::EgressKind;
use super::units::Bitrate;

pub use self::adaptive::Adaptive;

/// What is known of a subscriber's downlink.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Downlink {
    /// What it is thought to hold; `None` before the first estimate, and while nothing is sent.
    pub estimate: Option<Bitrate>,
    /// What the sound that is heard takes of it, headers included.
    pub sound: Bitrate,
}

/// What an allocator asks for, beside the targets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asks {
    /// It is to be asked again at this time at the latest, whatever happens.
    pub again: Option<Instant>,
    /// So much the estimator is to look for; `None` leaves it to what is asked of publishers.
    pub probe: Option<Bitrate>,
    /// The downlink does not hold everybody's smallest picture as it was asked for.
    pub starves: bool,
}

/// One encoding that sends, or would if it were asked to: the same, with neither rate nor frames.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct EncodingFacts {
    /// It has sent for long enough that slots may go up to it: one that died of late could be gone again.
    pub settled: bool,
    /// What its publisher was asked to send at most.
    pub asked: Option<Bitrate>,
    /// What came of it within the last second, headers included; `None` until that is known.
    pub rate: Option<Bitrate>,
    /// The part of it that a quarter and half of its frames take, where the others can be left out.
    pub parts: [Option<f32>; 2],
    /// Frames a second, likewise.
    pub frames: Option<f32>,
    /// How many lines its picture has, as its last key frame said; `None` if none did.
    pub height: Option<u16>,
}

/// What the client shows a slot in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TileFacts {
    /// How many tiles are more important to the client.
    pub rank: usize,
    /// How tall it is, in device pixels.
    pub height: u16,
    /// The person holds on to it.
    pub pinned: bool,
}

/// One video slot that has an owner whose picture is not muted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlotFacts {
    /// Which slot.
    pub slot: SlotIndex,
    /// Whom it shows.
    pub owner: StreamId,
    /// The tile it is shown in, if the client named it.
    pub tile: Option<TileFacts>,
    /// The client said what it shows, and this is not among it.
    pub unseen: bool,
    /// Its owner has the floor, or had it last: see [`super::dominant`].
    pub speaks: bool,
    /// The owner's encodings that send, in the order of [`Layer::ALL`].
    pub encodings: [Option<EncodingFacts>; 3],
    /// The layers that did send and do not any more, in the same order.
    pub gone: [bool; 3],
    /// What keeps its owner from sending all that was asked for.
    pub limited: Option<Limitation>,
    /// The layer that plays.
    pub plays: Option<Layer>,
    /// What it is to show, as it was decided last.
    pub held: Option<Layer>,
    /// How many of its frames.
    pub held_frames: Frames,
    /// What it is to show: to be decided anew. `None` is nothing: before anything came of its owner, or because there is no room
    /// for it.
    pub target: Option<Layer>,
    /// How many of its frames: to be decided anew, or left as they are by a rule that shows them all.
    pub frames: Frames,
    /// Why: to be said, or left out by a rule that has no reasons.
    pub reason: Option<Reason>,
}

impl SlotFacts {
    /// A slot of whose owner nothing came yet, and nothing is known.
    #[must_use]
    pub fn of(slot: SlotIndex, owner: StreamId) -> SlotFacts {
        SlotFacts {
            slot,
            owner,
            tile: None,
            unseen: false,
            speaks: false,
            encodings: [None; 3],
            gone: [false; 3],
            limited: None,
            plays: None,
            held: None,
            held_frames: Frames::All,
            target: None,
            frames: Frames::All,
            reason: None,
        }
    }

    /// What is known of one encoding, if it sends.
    #[must_use]
    pub fn encoding(&self, layer: Layer) -> Option<&EncodingFacts> {
        self.encodings.get(layer as usize)?.as_ref()
    }

    /// The first of `order` that has settled, else the first that sends at all.
    fn first(&self, order: [Layer; 3]) -> Option<Layer> {
        let settled = |layer: &Layer| self.encoding(*layer).is_some_and(|encoding| encoding.settled);
        let sends = |layer: &Layer| self.encoding(*layer).is_some();
        order.into_iter().find(settled).or_else(|| order.into_iter().find(sends))
    }
}

/// Decides what one subscriber is shown.
pub trait Allocator: fmt::Debug + Send {
    /// Sets the target of each slot, and may put them in another order.
    fn allocate(&mut self, now: Instant, downlink: &Downlink, slots: &mut [SlotFacts]) -> Asks;

    /// Whether an estimate changes so much that [`Allocator::allocate`] is to be called. They come many times a second.
    fn heeds(&mut self, now: Instant, estimate: Bitrate) -> bool {
        let _ = (now, estimate);
        false
    }

    /// Whether `slot` would be given `layer` if it sent again: for a layer that was cut off, and sends again only if somebody asks
    /// its publisher.
    fn misses(&self, slot: &SlotFacts, layer: Layer) -> bool;

    /// Whether what none of its slots takes may stop at its source: it wants what it is told is there, also if that does not send at
    /// present. A rule that does not is shown everything.
    fn spares(&self) -> bool {
        false
    }
}

/// An allocator that takes layers in a fixed order, whatever the downlink holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedOrder([Layer; 3]);

impl FixedOrder {
    /// The middle layer, else the next lower, else whatever sends.
    pub const MIDDLE_FIRST: FixedOrder = FixedOrder([Layer::Middle, Layer::Low, Layer::High]);
    /// The lowest layer that sends.
    pub const ALWAYS_LOWEST: FixedOrder = FixedOrder([Layer::Low, Layer::Middle, Layer::High]);
    /// The highest layer that sends.
    pub const ALWAYS_HIGHEST: FixedOrder = FixedOrder([Layer::High, Layer::Middle, Layer::Low]);
}

impl Allocator for FixedOrder {
    fn allocate(&mut self, _: Instant, _: &Downlink, slots: &mut [SlotFacts]) -> Asks {
        for slot in slots {
            // Where nothing sends there is nothing to change to.
            slot.target = slot.first(self.0).or(slot.target);
        }
        Asks::default()
    }

    fn misses(&self, slot: &SlotFacts, layer: Layer) -> bool {
        let place = |layer| self.0.iter().position(|of| *of == layer);
        slot.first(self.0).is_none_or(|has| place(layer) <= place(has))
    }
}

/// Makes the allocator of each subscriber.
#[derive(Clone)]
pub struct AllocatorFactory(Arc<dyn Fn(PeerId) -> Box<dyn Allocator> + Send + Sync>);

impl AllocatorFactory {
    /// Makes them with `make`.
    pub fn new(make: impl Fn(PeerId) -> Box<dyn Allocator> + Send + Sync + 'static) -> AllocatorFactory {
        AllocatorFactory(Arc::new(make))
    }

    /// The allocator of one subscriber.
    #[must_use]
    pub fn make(&self, peer: PeerId) -> Box<dyn Allocator> {
        (self.0)(peer)
    }
}

impl AllocatorFactory {
    /// The rule in force where packets leave in this way: [`Adaptive`] where we estimate downlinks, else
    /// [`FixedOrder::MIDDLE_FIRST`].
    #[must_use]
    pub fn of(egress: EgressKind) -> AllocatorFactory {
        match egress {
            EgressKind::Own => AllocatorFactory::new(|_| Box::new(Adaptive::default())),
            EgressKind::Rtc => AllocatorFactory::new(|_| Box::new(FixedOrder::MIDDLE_FIRST)),
        }
    }
}

impl fmt::Debug for AllocatorFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AllocatorFactory")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::ids::Stream;

    use Layer::{High, Low, Middle};

    fn slot(settled: &[Layer], new: &[Layer]) -> SlotFacts {
        let encodings = Layer::ALL.map(|layer| {
            let known = settled.contains(&layer) || new.contains(&layer);
            known.then(|| EncodingFacts { settled: settled.contains(&layer), ..EncodingFacts::default() })
        });
        let owner = StreamId { peer: PeerId(1), stream: Stream::Camera };
        SlotFacts { encodings, ..SlotFacts::of(SlotIndex(0), owner) }
    }

    fn allocated(mut rule: FixedOrder, slot: SlotFacts) -> Option<Layer> {
        let mut slots = [slot];
        let asks = rule.allocate(Instant::now(), &Downlink::default(), &mut slots);
        assert_eq!(asks, Asks::default(), "nothing of it depends on time");
        slots[0].target
    }

    #[test]
    fn the_middle_layer_is_shown_else_the_next_lower_else_whatever_sends() {
        let shown = |settled: &[Layer]| allocated(FixedOrder::MIDDLE_FIRST, slot(settled, &[]));
        for (sends, target) in [
            (vec![Low, Middle, High], Some(Middle)),
            (vec![Low, Middle], Some(Middle)),
            (vec![Middle, High], Some(Middle)),
            (vec![Low, High], Some(Low)),
            (vec![High], Some(High)),
            (vec![Low], Some(Low)),
            (vec![], None),
        ] {
            assert_eq!(shown(&sends), target, "{sends:?}");
        }
    }

    #[test]
    fn a_layer_that_could_be_gone_again_is_taken_only_if_there_is_no_other() {
        let shown = |settled: &[Layer], new: &[Layer]| {
            allocated(FixedOrder::MIDDLE_FIRST, slot(settled, new)).expect("something sends")
        };
        assert_eq!(shown(&[Low], &[Middle]), Low);
        assert_eq!(shown(&[], &[Middle, High]), Middle);
    }

    #[test]
    fn what_is_shown_stays_where_nothing_sends() {
        let before = SlotFacts { target: Some(Middle), ..slot(&[], &[]) };
        assert_eq!(allocated(FixedOrder::MIDDLE_FIRST, before), Some(Middle));
    }

    #[test]
    fn the_lowest_and_the_highest_are_what_they_say() {
        for sends in [vec![Low, Middle, High], vec![Middle, High], vec![Low, High], vec![Middle]] {
            let shown = |rule| allocated(rule, slot(&sends, &[]));
            assert_eq!(shown(FixedOrder::ALWAYS_LOWEST), sends.first().copied());
            assert_eq!(shown(FixedOrder::ALWAYS_HIGHEST), sends.last().copied());
        }
    }

    #[test]
    fn a_layer_that_was_cut_off_is_missed_by_whoever_would_have_it() {
        let rule = FixedOrder::MIDDLE_FIRST;
        assert!(rule.misses(&slot(&[Low, High], &[]), Middle));
        assert!(!rule.misses(&slot(&[Low, Middle], &[]), High));
        assert!(!FixedOrder::ALWAYS_LOWEST.misses(&slot(&[Low], &[]), Middle));
        assert!(rule.misses(&slot(&[], &[]), High), "there is nothing else");
    }
}
