//! Which layers of a slot come into question, and what each costs.

use super::{EncodingFacts, SlotFacts};
use crate::media::frame::Frames;
use crate::media::ids::{Layer, Stream};
use crate::media::units::Bitrate;

/// What is asked of a publisher is its payload; on the wire it is so much more.
const HEADERS: f64 = 1.08;

/// A layer costs this much of its price while it is held, and this much to gain: between them nothing changes, so an estimate that
/// goes up and down by a tenth moves no picture. A key frame alone makes the rate of a second a sixth higher.
const KEEPING: f64 = 0.9;
/// See [`KEEPING`].
const GAINING: f64 = 1.1;

/// A picture is enlarged by a quarter before the next larger layer is gained for it, and goes back to the smaller one when that would
/// be enlarged by a twentieth at most: dragging a window's edge changes no layer.
const ENLARGED: f64 = 1.25;
/// See [`ENLARGED`].
const ENLARGED_TO_KEEP: f64 = 1.05;

/// How many lines a camera's layers have where no key frame said so.
const HEIGHTS: [u16; 3] = [180, 360, 720];

/// A layer that makes fewer frames than this part of the liveliest one's is on its way out, or padding without a picture.
const FRAMES: f32 = 0.25;

/// A larger picture that is cheaper is taken if it has this part of the smaller one's frames.
const FLUENT: f32 = 0.75;

/// Part of a layer's frames is shown if it costs so many times as much as all of the next smaller one: of the largest picture of a small room half
/// the frames are as dear as all of the middle one. Of two people behind one link one had those, and the other the smallest picture, for half
/// of the time. What it costs varies by a quarter from one second to the next: with 1.25 a line of 1.5 Mbit/s changed up to eight times a minute.
const WORTH: f64 = 1.5;
/// The same while it is shown.
const WORTH_KEEPING: f64 = 1.15;

/// The layers that come into question for one slot, each with its price.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ladder {
    prices: [Option<Bitrate>; 3],
    /// What a quarter and half of the frames of each take, where the others can be left out.
    parts: [[Option<Bitrate>; 2]; 3],
    held: Option<(Layer, Frames)>,
    /// The tile is what keeps larger ones out.
    pub by_tile: bool,
    /// Some larger layer sends, and not well enough.
    pub by_owner: bool,
}

/// What publishers were asked for, with what is around it.
pub(super) fn on_the_wire(asked: Bitrate) -> Bitrate {
    asked.scaled(HEADERS)
}

/// What a layer costs that sends: its measured rate, and until that is known what was asked of it. Of a screen that is far too much, most of
/// which stand still: as much of that as another size takes of what it was asked for.
fn price(slot: &SlotFacts, layer: Layer) -> Option<Bitrate> {
    let encoding = slot.encoding(layer)?;
    let asked = || Some(on_the_wire(encoding.asked?));
    encoding.rate.or_else(|| {
        Some(asked()?.scaled(if slot.owner.stream == Stream::Screen { taken(slot) } else { 1.0 }))
    })
}

/// The part that is taken of what was asked for, by whatever sends; all of it if nothing is known.
fn taken(slot: &SlotFacts) -> f64 {
    let part = |encoding: &EncodingFacts| Some(encoding.rate?.over(on_the_wire(encoding.asked?)));
    slot.encodings.iter().flatten().find_map(part).unwrap_or(1.0).min(1.0)
}

/// What a quarter and half of a layer's frames cost: as measured, and before that in proportion to what they do of another layer. One encoder
/// makes all of them alike.
fn parts(slot: &SlotFacts, layer: Layer, price: Bitrate) -> [Option<Bitrate>; 2] {
    let known = |layer: Layer| slot.encoding(layer).filter(|encoding| encoding.rate.is_some());
    let some = |of: Layer| known(of).map(|encoding| encoding.parts).filter(|parts| *parts != [None; 2]);
    let parts = match known(layer) {
        Some(encoding) => encoding.parts,
        None => Layer::ALL.into_iter().find_map(some).unwrap_or_default(),
    };
    parts.map(|part| part.map(|part| price.scaled(part.into())))
}

/// How many lines a layer has.
pub(super) fn height(slot: &SlotFacts, layer: Layer) -> u16 {
    let known = slot.encoding(layer).and_then(|encoding| encoding.height);
    known.or_else(|| HEIGHTS.get(layer as usize).copied()).unwrap_or(u16::MAX)
}

/// Whether a picture of so many lines is all that a tile can show.
pub(super) fn fills(lines: u16, tile: u16, enlarged: f64) -> bool {
    f64::from(lines) * enlarged >= f64::from(tile)
}

impl Ladder {
    pub(super) fn of(slot: &SlotFacts) -> Ladder {
        let frames = |layer| slot.encoding(layer).and_then(|encoding| encoding.frames);
        let liveliest = Layer::ALL.into_iter().filter_map(frames).fold(0.0, f32::max);
        let lively = |layer| frames(layer).is_none_or(|frames| frames >= liveliest * FRAMES);
        let settled = |layer: Layer| {
            slot.encoding(layer).is_some_and(|encoding| encoding.settled || slot.held == Some(layer))
                && lively(layer)
        };
        // What would have to begin first is not waited for where the picture stands still already.
        let comes = |layer| slot.encoding(layer).is_some_and(|encoding| encoding.rate.is_some());
        let stands = slot.plays.is_some_and(|plays| slot.encoding(plays).is_none());
        let settled = |layer| settled(layer) && (!stands || comes(layer));
        let any = Layer::ALL.into_iter().any(settled);
        let held = slot.held.map(|held| (held, slot.held_frames));
        let mut ladder = Ladder { held, ..Ladder::default() };
        for layer in Layer::ALL {
            let Some(price) = price(slot, layer) else { continue };
            if any && !settled(layer) {
                ladder.by_owner |= ladder.top() < Some(layer);
            } else if ladder.top().is_some_and(|top| ladder.suffices(slot, top, layer)) {
                ladder.by_tile = true;
            } else {
                ladder.add(slot, layer, price);
            }
        }
        ladder
    }

    /// Whether `top` is all that the slot's tile can show, so that `next` is not needed.
    fn suffices(&self, slot: &SlotFacts, top: Layer, next: Layer) -> bool {
        let holds = self.held.is_some_and(|(held, _)| held >= next);
        let enlarged = if holds { ENLARGED_TO_KEEP } else { ENLARGED };
        slot.unseen || slot.tile.is_some_and(|tile| fills(height(slot, top), tile.height, enlarged))
    }

    /// One more, larger than the others. Nobody takes a smaller picture that costs more, unless the larger one falters: what is
    /// about to stop costs less and less.
    fn add(&mut self, slot: &SlotFacts, layer: Layer, price: Bitrate) {
        let frames = |layer| slot.encoding(layer).and_then(|encoding| encoding.frames);
        for lower in Layer::ALL.into_iter().filter(|lower| *lower < layer) {
            let falters = frames(layer) < frames(lower).map(|frames| frames * FLUENT);
            if let Some(at) = self.prices.get_mut(lower as usize)
                && *at >= Some(price)
                && !falters
            {
                *at = None;
            }
        }
        if let Some(at) = self.prices.get_mut(layer as usize) {
            *at = Some(price);
        }
        let below = self.below(layer).and_then(|below| self.price(below)).unwrap_or_default();
        if let Some(at) = self.parts.get_mut(layer as usize) {
            let held = self.held.is_some_and(|(held, frames)| held == layer && frames < Frames::All);
            let least = below.scaled(if held { WORTH_KEEPING } else { WORTH });
            *at = parts(slot, layer, price).map(|part| part.filter(|part| *part >= least));
        }
    }

    /// What a layer costs before it is known whether it is held.
    pub(super) fn price(&self, layer: Layer) -> Option<Bitrate> {
        self.prices.get(layer as usize).copied().flatten()
    }

    /// What some of a layer's frames cost, before it is known whether they are held; `None` if they cannot be told from the others.
    pub(super) fn price_of(&self, layer: Layer, frames: Frames) -> Option<Bitrate> {
        let price = self.price(layer)?;
        let [quarter, half] = self.parts.get(layer as usize).copied().unwrap_or_default();
        match frames {
            Frames::All => Some(price),
            Frames::Half => half,
            Frames::Quarter => quarter,
        }
    }

    /// The fewest frames of a layer that can be shown, of at least so many.
    pub(super) fn at_least(&self, layer: Layer, frames: Frames) -> Frames {
        let can = |some: &Frames| *some >= frames && self.price_of(layer, *some).is_some();
        [Frames::Quarter, Frames::Half].into_iter().find(can).unwrap_or_default()
    }

    /// Whether so many frames of a layer would be more than what is held.
    pub(super) fn is_gain(&self, layer: Layer, frames: Frames) -> bool {
        self.held < Some((layer, frames))
    }

    /// What so many frames of a layer take of the budget: less while they are held, or less than what is, than it takes to gain them.
    pub(super) fn cost(&self, layer: Layer, frames: Frames) -> Option<Bitrate> {
        let share = if self.is_gain(layer, frames) { GAINING } else { KEEPING };
        self.price_of(layer, frames).map(|price| price.scaled(share))
    }

    /// The smallest that comes into question.
    pub(super) fn base(&self) -> Option<Layer> {
        Layer::ALL.into_iter().find(|layer| self.price(*layer).is_some())
    }

    /// The largest.
    pub(super) fn top(&self) -> Option<Layer> {
        Layer::ALL.into_iter().rfind(|layer| self.price(*layer).is_some())
    }

    /// The next smaller than `layer`.
    fn below(&self, layer: Layer) -> Option<Layer> {
        Layer::ALL.into_iter().rfind(|below| *below < layer && self.price(*below).is_some())
    }

    /// The next larger than `layer`.
    pub(super) fn above(&self, layer: Option<Layer>) -> Option<Layer> {
        Layer::ALL.into_iter().find(|next| Some(*next) > layer && self.price(*next).is_some())
    }
}
