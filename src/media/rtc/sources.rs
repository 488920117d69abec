//! The media sources (SSRCs) of one client: which are real, and what each is.

use std::collections::BTreeMap;

use str0m::media::Mid;

use super::srtp::{self, Verifier};
use crate::limits::{Limit, Limits, Tally};
use crate::media::ids::{Kind, Layer};

/// What a source is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    /// The m-line it is on.
    pub mid: Mid,
    /// Which encoding.
    pub layer: Layer,
    /// The m-line's kind.
    pub kind: Kind,
    highest: u64,
}

impl Source {
    /// A source of which nothing came yet.
    pub(super) fn new(mid: Mid, layer: Layer, kind: Kind) -> Source {
        Source { mid, layer, kind, highest: 0 }
    }

    /// Notes a packet that came. Returns whether a later one was here before.
    pub(super) fn is_late(&mut self, seq: u64) -> bool {
        let late = seq < self.highest;
        self.highest = self.highest.max(seq);
        late
    }
}

/// The sources of one client. str0m keeps what it needs to recognise a replay for every source it ever authenticated, so
/// their number is bounded over the life of a connection, and reaching the bound ends it.
#[derive(Debug, Default)]
pub(super) struct Sources {
    verifier: Option<Verifier>,
    /// Those that were authenticated, and what they are: nothing for retransmissions and probes. Their numbers are the
    /// client's choice: in a hash table without a secret key they could be made to collide.
    known: BTreeMap<u32, Option<Source>>,
    /// The source that each encoding came from last.
    newest: Vec<(Mid, Layer, u32)>,
    exhausted: bool,
}

impl Sources {
    /// The handshake is over.
    pub(super) fn set_verifier(&mut self, verifier: Verifier) {
        self.verifier = Some(verifier);
    }

    /// The handshake is not over yet.
    pub(super) fn lack_keys(&self) -> bool {
        self.verifier.is_none()
    }

    /// One source too many was authenticated.
    pub(super) fn are_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Whether str0m may see an RTP packet: its source is known, or the packet is authentic. What is one source too many
    /// is let through too, to end the connection.
    pub(super) fn admit(&mut self, datagram: &[u8], limits: &Limits, tally: &mut Tally) -> bool {
        let Some(ssrc) = srtp::ssrc(datagram) else { return false };
        if self.known.contains_key(&ssrc) {
            return true;
        }
        if !self.verifier.as_mut().is_some_and(|verifier| verifier.authenticates(datagram)) {
            return false;
        }
        if self.known.len() >= limits.get(Limit::SsrcsPerPeer) {
            tally.hit(Limit::SsrcsPerPeer);
            self.exhausted = true;
        } else {
            self.known.insert(ssrc, None);
        }
        true
    }

    /// Takes a source for one that was heard.
    #[cfg(test)]
    pub(super) fn pretend(&mut self, mid: Mid, layer: Layer, ssrc: u32) {
        self.newest.push((mid, layer, ssrc));
    }

    /// How many were authenticated.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// What a source is, if that was learned.
    pub(super) fn get(&mut self, ssrc: u32) -> Option<&mut Source> {
        self.known.get_mut(&ssrc)?.as_mut()
    }

    /// Learns what a source is.
    pub(super) fn learn(&mut self, ssrc: u32, source: Source) {
        let Some(known) = self.known.get_mut(&ssrc) else { return };
        *known = Some(source);
        self.newest.retain(|(mid, layer, _)| (*mid, *layer) != (source.mid, source.layer));
        self.newest.push((source.mid, source.layer, ssrc));
    }

    /// The source that an encoding came from last.
    pub(super) fn newest(&self, mid: Mid, layer: Layer) -> Option<u32> {
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
        let ssrc = |number: u64| number as u32;
        testing::assert_crafted_are_found_as_fast(&ssrc, |ssrcs| {
            let mut sources = Sources::default();
            let source = Source::new(Mid::from("0"), Layer::High, Kind::Video);
            sources.known.extend(ssrcs.iter().map(|ssrc| (*ssrc, Some(source))));
            move |ssrc| sources.get(*ssrc).is_some()
        });
    }
}
