//! What goes out: packets to slots, in one of two ways behind one interface, and requests to publishers.
//!
//! What RTP leaves is sealed by us ([`Own`]), or by str0m ([`super::reference`]), which is slower and what the first is compared
//! with. Whichever it is, packets go in ([`Connection::write`]), reports come in with what is received, and datagrams and estimates
//! come out.

use std::str::FromStr;
use std::time::Instant;

use str0m::media::{KeyframeRequestKind, Mid};

use super::reference::Reference;
use super::{Connection, Ended, Event, Packet, guarded};
use crate::faults::Fault;
use crate::media::egress::feedback::{self, Malformed};
use crate::media::egress::ring::{Kept, Stored};
use crate::media::egress::seal::Unsealed;
use crate::media::egress::{Counts, Egress, Packets, Queued, Run, Told};
use crate::media::forward::{Held, Leaving};
use crate::media::guard::Faults;
use crate::media::ids::{Kind, Layer};
use crate::media::rtp::Ssrc;
use crate::media::units::Bitrate;

/// Who seals the RTP that leaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EgressKind {
    /// We do.
    #[default]
    Own,
    /// str0m does: what ours is compared with.
    Rtc,
}

impl FromStr for EgressKind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<EgressKind, &'static str> {
        match text {
            "own" => Ok(EgressKind::Own),
            "rtc" => Ok(EgressKind::Rtc),
            _ => Err("neither own nor rtc"),
        }
    }
}

/// How RTP leaves on one connection.
#[derive(Debug)]
pub(super) enum Sending {
    Own(Box<Own>),
    Rtc(Box<Reference>),
}

impl Sending {
    pub(super) fn new(kind: EgressKind, now: Instant) -> Sending {
        match kind {
            EgressKind::Own => Sending::Own(Box::new(Own { egress: Egress::new(now), lines: Vec::new() })),
            EgressKind::Rtc => Sending::Rtc(Box::new(Reference::new(now))),
        }
    }
}

/// A line whose packets we seal. str0m keeps no sending stream for it: an SSRC is sealed by one side only, because with one key a
/// nonce is an SSRC and a number.
#[derive(Debug, Clone, Copy)]
struct Line {
    mid: Mid,
    ssrc: Ssrc,
    /// What its retransmissions leave with.
    resends: Option<Ssrc>,
}

/// RTP is sealed by us.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) egress: Egress,
    /// All there ever were.
    lines: Vec<Line>,
}

impl Connection {
    /// Before an offer is accepted: str0m invents new numbers for every line of which it has no sending stream, so it is told of
    /// those there are.
    pub(super) fn lend_lines(&mut self) {
        let Sending::Own(own) = &self.sending else { return };
        for line in &own.lines {
            // It panics for a line it does not know.
            if self.rtc.media(line.mid).is_some() {
                let resends = line.resends.map(|ssrc| ssrc.0.into());
                self.rtc.direct_api().declare_stream_tx(line.ssrc.0.into(), resends, line.mid, None);
            }
        }
    }

    /// After an offer was accepted: the numbers that the answer gave to lines are ours, and str0m forgets them. No step may be
    /// between [`Connection::lend_lines`] and this.
    pub(super) fn take_lines(&mut self, mids: impl Iterator<Item = Mid>) {
        let Sending::Own(own) = &mut self.sending else { return };
        let mut api = self.rtc.direct_api();
        for mid in mids {
            let Some(stream) = api.stream_tx_by_mid(mid, None) else { continue };
            let (ssrc, resends) = (Ssrc(*stream.ssrc()), stream.rtx().map(|ssrc| Ssrc(*ssrc)));
            if own.lines.iter().all(|line| line.ssrc != ssrc) {
                own.lines.push(Line { mid, ssrc, resends });
            }
        }
        // By our own list: a line that this very offer stopped keeps what was declared.
        for line in &own.lines {
            api.remove_stream_tx(line.ssrc.0.into());
        }
        let negotiated = self.formats.for_egress();
        own.egress.negotiated(negotiated);
    }

    /// The source that the slot on `mid` sends with, for [`Connection::write`]. `None` if the client does not receive on
    /// that line.
    pub fn sender(&mut self, mid: Mid) -> Option<Ssrc> {
        let media = self.rtc.media(mid).filter(|media| media.direction().is_sending())?;
        let kind = if media.kind().is_audio() { Kind::Audio } else { Kind::Video };
        match &mut self.sending {
            Sending::Own(own) => {
                let line = own.lines.iter().rfind(|line| line.mid == mid)?;
                own.egress.add(kind, line.ssrc, line.resends);
                Some(line.ssrc)
            }
            Sending::Rtc(reference) => guarded(|| reference.sender(&mut self.rtc, mid)).ok()?,
        }
    }

    /// Hands a packet to a slot, as what `map` makes of it; `kept` says where it is. It leaves with the next
    /// [`Connection::poll_media`], or the next [`Connection::step`] (see [`Connection::seals`]). What cannot leave is not mapped:
    /// no sequence number is used up.
    ///
    /// # Errors
    /// [`Ended`] if the connection is over; inside, [`Held`] if the packet stays here.
    pub fn write(
        &mut self,
        ssrc: Ssrc,
        packet: &Packet,
        kept: Kept,
        map: impl FnOnce() -> Result<Leaving, Held>,
    ) -> Result<Result<(), Held>, Ended> {
        // A wrong payload type would be decoded as something else, or show as garbage.
        let Some(pt) = self.formats.pt(packet.format) else { return Ok(Err(Held::NotDecodable)) };
        guarded(|| {
            self.fault.trip(Fault::PanicOnSend);
            match &mut self.sending {
                Sending::Own(own) if own.egress.has(ssrc) => {
                    let Leaving { seq, time, wallclock, picture, .. } = map()?;
                    let (key, bytes) = (packet.frame.starts_key_frame(), packet.payload.len());
                    own.egress.send(ssrc, Queued { kept, seq, time, wallclock, picture, key, bytes });
                    Ok(())
                }
                Sending::Own(_) => Err(Held::NoStream),
                Sending::Rtc(_) => Reference::write(&mut self.rtc, ssrc, pt, packet, map),
            }
        })
    }

    /// Hands a packet that is kept to a slot, as [`Connection::write`] does with one that comes; only where we seal.
    ///
    /// # Errors
    /// See there.
    pub fn write_kept(
        &mut self,
        ssrc: Ssrc,
        stored: &Stored,
        kept: Kept,
        key: bool,
        map: impl FnOnce() -> Result<Leaving, Held>,
    ) -> Result<Result<(), Held>, Ended> {
        if self.formats.pt(stored.format).is_none() {
            return Ok(Err(Held::NotDecodable));
        }
        guarded(|| match &mut self.sending {
            Sending::Own(own) if own.egress.has(ssrc) => {
                let Leaving { seq, time, wallclock, picture, .. } = map()?;
                let bytes = stored.payload.len();
                own.egress.send(ssrc, Queued { kept, seq, time, wallclock, picture, key, bytes });
                Ok(())
            }
            _ => Err(Held::NoStream),
        })
    }

    /// What is written leaves by [`Connection::poll_media`], and no step is due for it.
    #[must_use]
    pub fn seals(&self) -> bool {
        matches!(self.sending, Sending::Own(_))
    }

    /// Whether each packet of sound that leaves brings the one before along.
    #[must_use]
    pub fn doubles_sound(&self, now: Instant) -> bool {
        matches!(&self.sending, Sending::Own(own) if own.egress.doubles_sound(now))
    }

    /// The next datagrams of media, into `out`, which is empty: `most` at most.
    ///
    /// # Errors
    /// [`Ended`] if the connection is over; then `out` is empty.
    pub fn poll_media(
        &mut self,
        now: Instant,
        most: usize,
        packets: &impl Packets,
        out: &mut Vec<u8>,
    ) -> Result<Option<Run>, Ended> {
        let Sending::Own(own) = &mut self.sending else { return Ok(None) };
        let paths = &mut self.paths;
        let polled = guarded(|| own.egress.poll(now, most, packets, |bytes| paths.media(now, bytes), out));
        let run = polled.and_then(|run| {
            run.map_err(|unsealed| match unsealed {
                Unsealed::Repeated => Ended::RepeatedNonce,
                Unsealed::Failed => Ended::Failed(unsealed.to_string()),
            })
        });
        if run.is_err() {
            // The buffer is the next one's, too.
            out.clear();
        }
        run
    }

    /// Reads what the client reports: the plain text of an RTCP packet. However often that says something, it is told once.
    ///
    /// # Errors
    /// [`Malformed`] if it is none, or something of it.
    pub(super) fn take_report(&mut self, report: &[u8], events: &mut Vec<Event>) -> Result<(), Malformed> {
        let now = self.clock;
        let Sending::Own(own) = &mut self.sending else { return feedback::read(report, |_| {}) };
        let (lines, mut estimate) = (&own.lines, None);
        let read = own.egress.report(now, report, |told| match told {
            Told::KeyFrame(ssrc) => {
                let mid = lines.iter().find(|line| line.ssrc == ssrc).map(|line| line.mid);
                // A datagram has place for 180 wishes and 70 feedbacks, and what each of them changes is decided for a whole room.
                let said = |event: &Event| matches!(event, Event::KeyFrameWanted(said) if Some(*said) == mid);
                if !events.iter().any(said) {
                    events.extend(mid.map(Event::KeyFrameWanted));
                }
            }
            Told::Estimate(newest) => estimate = Some(newest),
        });
        events.extend(estimate.map(Event::Estimate));
        read
    }

    /// A line on which something was lost that is not sent again: only a key frame mends it.
    pub fn take_given_up(&mut self) -> Option<Mid> {
        let Sending::Own(own) = &mut self.sending else { return None };
        let ssrc = own.egress.take_given_up()?;
        own.lines.iter().find(|line| line.ssrc == ssrc).map(|line| line.mid)
    }

    /// The key frame that the client wished for on the line `mid` is going to come.
    pub fn key_frame_comes(&mut self, mid: Mid) {
        let now = self.clock;
        if let Sending::Own(own) = &mut self.sending
            && let Some(line) = own.lines.iter().rfind(|line| line.mid == mid)
        {
            own.egress.key_frame_comes(now, line.ssrc);
        }
    }

    /// What leaves with `ssrc` from here on is something else: nothing of what was written before leaves, or leaves again.
    pub fn begin_anew(&mut self, ssrc: Ssrc) {
        if let Sending::Own(own) = &mut self.sending {
            own.egress.begin_anew(ssrc);
        }
    }

    /// When [`Connection::poll_media`] has something at the latest, if ever.
    #[must_use]
    pub fn media_due(&self, now: Instant) -> Option<Instant> {
        let Sending::Own(own) = &self.sending else { return None };
        own.egress.due(now)
    }

    /// Whether [`Connection::poll_media`] may have more at once.
    #[must_use]
    pub fn has_more_media(&self, now: Instant) -> bool {
        let Sending::Own(own) = &self.sending else { return false };
        own.egress.has_more(now)
    }

    /// What the guard found in the bytes that left: of what we seal.
    #[must_use]
    pub fn faults(&self) -> Faults {
        let Sending::Own(own) = &self.sending else { return Faults::default() };
        own.egress.faults()
    }

    /// What was counted of what leaves since this was called last.
    pub fn take_counts(&mut self) -> Counts {
        let resent = std::mem::take(&mut self.resent);
        match &mut self.sending {
            Sending::Own(own) => own.egress.take_counts(),
            Sending::Rtc(_) => Counts { resent, ..Counts::default() },
        }
    }

    /// How much would be sent if the downlink held it: what the estimator is to find out; zero lets it rest.
    pub fn set_desired_bitrate(&mut self, desired: Bitrate) {
        let asked = guarded(|| {
            self.fault.trip(Fault::PanicOnDesire);
            match &mut self.sending {
                Sending::Own(own) => own.egress.want(self.clock, desired),
                Sending::Rtc(reference) => reference.ask(&mut self.rtc, self.clock, desired),
            }
        });
        if let Err(fault) = asked {
            self.ended = Some(fault);
        }
    }

    /// What is due may wait a little.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        // A challenge that waits for its turn is a viewer who waits for a picture.
        let Sending::Rtc(reference) = &self.sending else { return false };
        reference.is_at_rest(self.clock, self.connected) && self.paths.due().is_none()
    }

    /// When to step a connection that asked for `deadline`.
    #[must_use]
    pub fn wakes(&self, now: Instant, deadline: Instant) -> Instant {
        if self.is_at_rest() { deadline.max(now + super::reference::PARKED_DUE) } else { deadline }
    }

    /// Asks the client for a key frame of one encoding on one of its sending lines (PLI, RFC 4585 section 6.3.1). False
    /// if nothing of it was received yet.
    pub fn request_key_frame(&mut self, mid: Mid, layer: Layer) -> bool {
        let Some(ssrc) = self.srtp.sources.newest(mid, layer) else { return false };
        guarded(|| {
            let mut api = self.rtc.direct_api();
            let stream = api.stream_rx(&ssrc.0.into())?;
            stream.request_keyframe(KeyframeRequestKind::Pli);
            Some(())
        })
        .is_ok_and(|asked| asked.is_some())
    }
}
