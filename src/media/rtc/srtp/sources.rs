//! The media sources (SSRCs) of one client: which are real, and what each is.

use std::collections::BTreeMap;

use str0m::media::Mid;

use super::keys::{self, Verifier};
use crate::limits::{Limit, Limits, Tally};
use crate::media::ids::{Kind, Layer};
use crate::media::rtc::guarded;
use crate::media::rtp::{SeqNo, Ssrc};

/// What comes from one source.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct RxStream {
    /// The m-line it is on.
    pub mid: Mid,
    /// Which encoding.
    pub layer: Layer,
    /// The m-line's kind.
    pub kind: Kind,
    highest: SeqNo,
}

impl RxStream {
    /// A stream of which nothing came yet.
    pub(in super::super) fn new(mid: Mid, layer: Layer, kind: Kind) -> RxStream {
        RxStream { mid, layer, kind, highest: SeqNo(0) }
    }

    /// Notes a packet that came. Returns whether a later one was here before.
    pub(in super::super) fn is_late(&mut self, seq: SeqNo) -> bool {
        let late = seq < self.highest;
        self.highest = self.highest.max(seq);
        late
    }
}

/// The sources of one client. str0m keeps what it needs to recognise a replay for every source it ever authenticated, so
/// their number is bounded over the life of a connection, and reaching the bound ends it.
#[derive(Debug, Default)]
pub(in super::super) struct Sources {
    /// Those that were authenticated, and what comes from them: nothing for retransmissions and probes.
    known: Vec<(Ssrc, Option<RxStream>)>,
    /// Where each is. Their numbers are the client's choice: in a hash table without a secret key they could be made to
    /// collide.
    places: BTreeMap<Ssrc, usize>,
    /// The place of the one looked up last: a packet is looked up when it is let in and when it is decrypted, and so is the next
    /// one of its frame.
    last: usize,
    /// The source that each encoding came from last.
    newest: Vec<(Mid, Layer, Ssrc)>,
    exhausted: bool,
}

impl Sources {
    /// One source too many was authenticated.
    pub(in super::super) fn are_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Whether str0m may see an RTP packet: its source is known, or the packet is authentic. What is one source too many
    /// is let through too, to end the connection.
    pub(super) fn admit(
        &mut self,
        datagram: &[u8],
        verifier: &mut Verifier,
        limits: &Limits,
        tally: &mut Tally,
    ) -> bool {
        let Some(ssrc) = keys::ssrc(datagram) else { return false };
        if self.find(ssrc).is_some() {
            return true;
        }
        if !guarded(|| verifier.authenticates(datagram)).unwrap_or(false) {
            return false;
        }
        if self.known.len() >= limits.get(Limit::SsrcsPerPeer) {
            tally.hit(Limit::SsrcsPerPeer);
            self.exhausted = true;
        } else {
            self.add(ssrc, None);
        }
        true
    }

    fn add(&mut self, ssrc: Ssrc, stream: Option<RxStream>) {
        self.places.insert(ssrc, self.known.len());
        self.known.push((ssrc, stream));
    }

    fn find(&mut self, ssrc: Ssrc) -> Option<&mut Option<RxStream>> {
        if self.known.get(self.last).is_none_or(|(last, _)| *last != ssrc) {
            self.last = *self.places.get(&ssrc)?;
        }
        self.known.get_mut(self.last).map(|(_, stream)| stream)
    }

    /// Takes a source for one that was heard.
    #[cfg(test)]
    pub(in super::super) fn pretend(&mut self, mid: Mid, layer: Layer, ssrc: Ssrc) {
        self.newest.push((mid, layer, ssrc));
    }

    /// How many were authenticated.
    #[cfg(test)]
    pub(in super::super) fn len(&self) -> usize {
        self.known.len()
    }

    /// What comes from a source, if that was learned.
    pub(in super::super) fn get(&mut self, ssrc: Ssrc) -> Option<&mut RxStream> {
        self.find(ssrc)?.as_mut()
    }

    /// Learns what comes from a source.
    pub(in super::super) fn learn(&mut self, ssrc: Ssrc, stream: RxStream) {
        let Some(known) = self.find(ssrc) else { return };
        *known = Some(stream);
        self.newest.retain(|(mid, layer, _)| (*mid, *layer) != (stream.mid, stream.layer));
        self.newest.push((stream.mid, stream.layer, ssrc));
    }

    /// The source that an encoding came from last.
    pub(in super::super) fn newest(&self, mid: Mid, layer: Layer) -> Option<Ssrc> {
        let mut newest = self.newest.iter();
        newest.find(|(m, l, _)| (*m, *l) == (mid, layer)).map(|(_, _, ssrc)| *ssrc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::testing;

    #[test]
    fn sources_that_were_chosen_with_care_are_found_as_fast_as_others() {
        #[expect(clippy::cast_possible_truncation, reason = "any number is a source")]
        let ssrc = |number: u64| Ssrc(number as u32);
        testing::assert_crafted_are_found_as_fast(&ssrc, |ssrcs| {
            let mut sources = Sources::default();
            let stream = RxStream::new(Mid::from("0"), Layer::High, Kind::Video);
            for ssrc in ssrcs {
                sources.add(*ssrc, Some(stream));
            }
            move |ssrc| sources.get(*ssrc).is_some()
        });
    }
}
