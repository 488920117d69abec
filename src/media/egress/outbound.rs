//! One connection's packets, from the queue to the wire.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::downlink::Downlink;
use super::feedback::{self, Fact, Malformed, ReferenceClock};
use super::history::Sent;
use super::judge::{Expected, Judge, Role};
use super::next::{Datagram, Next};
use super::queue::{Queue, Queued};
use super::redundancy::Redundancy;
use super::repair::{Refused, Repair, Resend, UNKNOWN_RTT};
use super::report::{self, NtpClock, References};
use super::ring::Kept;
use super::seal::{Sealer, Unsealed};
use super::source::Source;
use super::write::{self, Own};
use super::{Counts, Negotiated, Packets, Run, Told};
use crate::media::demux::Path;
use crate::media::estimate::{Class, Pacer};
use crate::media::guard::Faults;
use crate::media::ids::Kind;
use crate::media::rtp::{SeqNo, Ssrc};
use crate::media::units::Bitrate;

/// Bytes of a compound of reports at most, before it is sealed: within every path's datagrams.
const MOST_REPORTS: usize = 1_100;

/// What IP and UDP put in front of a datagram, which the line carries, too.
const HEADERS_V4: usize = 28;
const HEADERS_V6: usize = 48;

/// About how many bytes a packet has around its payload: header, extensions, tag, IP and UDP.
const AROUND: usize = 70;

/// Of how many packets that left padding is made, the newest: probes take some ten.
const RECENT: usize = 16;

/// What leaves on one connection.
#[derive(Debug)]
pub struct Egress {
    /// From the handshake's end on.
    sealer: Option<Sealer>,
    negotiated: Negotiated,
    /// In the order of `ssrcs`.
    sources: Vec<Source>,
    /// Together, so that finding one of them is a look at a line or two of the cache.
    ssrcs: Vec<Ssrc>,
    queue: Queue,
    repair: Repair,
    /// What is to leave again next, if there was no room for it in the run before.
    again: Option<Resend>,
    /// What padding is made of.
    recent: VecDeque<(usize, SeqNo, Sent)>,
    /// Bytes of padding that are due.
    padding: usize,
    downlink: Downlink,
    pacer: Pacer,
    redundancy: Redundancy,
    /// The clock of what the client reports.
    arrivals: ReferenceClock,
    /// Ours, in reports.
    clock: NtpClock,
    references: References,
    /// When the next report is due.
    reports: Option<Instant>,
    /// The round trip that reports told.
    rtt: Option<Duration>,
    /// The way of the last run.
    path: Option<Path>,
    counts: Counts,
    judge: Judge,
}

impl Egress {
    /// Nothing leaves before there are keys.
    #[must_use]
    pub fn new(now: Instant) -> Egress {
        Egress {
            sealer: None,
            negotiated: Negotiated::default(),
            sources: Vec::new(),
            ssrcs: Vec::new(),
            queue: Queue::default(),
            repair: Repair::new(now),
            again: None,
            recent: VecDeque::new(),
            padding: 0,
            downlink: Downlink::new(now),
            pacer: Pacer::new(now),
            redundancy: Redundancy::default(),
            arrivals: ReferenceClock::default(),
            clock: NtpClock::new(now),
            references: References::default(),
            reports: None,
            rtt: None,
            path: None,
            counts: Counts::default(),
            judge: Judge::new(),
        }
    }

    /// The handshake ended with these keys.
    pub fn keys(&mut self, sealer: Sealer) {
        self.sealer = Some(sealer);
    }

    /// An offer was answered.
    pub fn negotiated(&mut self, negotiated: Negotiated) {
        self.negotiated = negotiated;
    }

    /// A slot sends with `ssrc`, and again with `resends`. What left with it before is remembered.
    pub fn add(&mut self, kind: Kind, ssrc: Ssrc, resends: Option<Ssrc>) {
        if self.place(ssrc).is_none() {
            // One after the other, once: a vector that grows by itself has room for twice as many, of half a kilobyte each.
            self.ssrcs.reserve_exact(1);
            self.sources.reserve_exact(1);
            self.ssrcs.push(ssrc);
            self.sources.push(Source::new(kind, ssrc, resends));
        }
    }

    fn place(&self, ssrc: Ssrc) -> Option<usize> {
        self.ssrcs.iter().position(|known| *known == ssrc)
    }

    /// Whether a slot sends with `ssrc`.
    #[must_use]
    pub fn has(&self, ssrc: Ssrc) -> bool {
        self.place(ssrc).is_some()
    }

    /// So much would be sent if the downlink held it; zero if nothing is received.
    pub fn want(&mut self, now: Instant, wanted: Bitrate) {
        self.downlink.want(now, wanted);
    }

    /// For a while nothing was read or sent.
    pub fn stood_still(&mut self) {
        self.downlink.stood_still();
    }

    /// What the downlink is thought to hold.
    #[must_use]
    pub fn estimate(&self) -> Bitrate {
        self.downlink.estimate()
    }

    /// What is sent at present, if anything is.
    #[must_use]
    pub fn left(&self, now: Instant) -> Option<Bitrate> {
        self.downlink.left(now)
    }

    /// Whether each packet of sound brings the one before along.
    #[must_use]
    pub fn doubles_sound(&self, now: Instant) -> bool {
        self.redundant(now).is_some()
    }

    /// The payload type of sound that brings the one before along, while it does.
    fn redundant(&self, now: Instant) -> Option<u8> {
        self.negotiated.redundant.filter(|_| self.redundancy.is_on(now))
    }

    /// The round trip to the client.
    fn rtt(&self) -> Duration {
        self.downlink.rtt().or(self.rtt).unwrap_or(UNKNOWN_RTT)
    }

    /// A packet is to leave with `ssrc`. False if there is no such source.
    pub fn send(&mut self, ssrc: Ssrc, packet: Queued) -> bool {
        let Some(place) = self.place(ssrc) else { return false };
        let Some(kind) = self.sources.get(place).map(|source| source.kind) else { return false };
        self.queue.push(kind, place, packet);
        true
    }

    /// Reads what the client reports: the plain text of a compound RTCP packet. `tell` is told what follows for others.
    ///
    /// # Errors
    /// [`Malformed`] if something of it is none; the rest was read.
    pub fn report(
        &mut self,
        now: Instant,
        compound: &[u8],
        mut tell: impl FnMut(Told),
    ) -> Result<(), Malformed> {
        feedback::read(compound, |fact| match fact {
            Fact::Lost { source, lost } => {
                let rtt = self.rtt();
                let place = self.place(source);
                if let Some(sender) = place.and_then(|place| self.sources.get_mut(place)) {
                    self.repair.lost(now, rtt, source, &mut sender.history, lost.numbers());
                }
            }
            Fact::KeyFrame { source, request } => {
                let place = self.place(source);
                let sender = place.and_then(|place| self.sources.get_mut(place));
                if sender.is_some_and(|sender| sender.history.is_new(request)) {
                    tell(Told::KeyFrame(source));
                }
            }
            Fact::Received(reception) => self.rtt = self.clock.round_trip(now, &reception).or(self.rtt),
            Fact::Arrivals(arrivals) => {
                self.downlink.feedback(now, arrivals.reported(&mut self.arrivals));
                let estimate = self.downlink.estimate();
                self.redundancy.heard(now, self.downlink.loss(), estimate);
                tell(Told::Estimate(estimate));
            }
            Fact::ReferenceTime { from, ntp } => self.references.note(now, from, ntp),
        })
    }

    /// A source of which something was lost that is not sent again: only a key frame mends it.
    pub fn take_given_up(&mut self) -> Option<Ssrc> {
        self.repair.take_given_up()
    }

    /// The key frame of `ssrc` that its client wished for is going to come: what was lost before it is of no use.
    pub fn key_frame_comes(&mut self, now: Instant, ssrc: Ssrc) {
        let (rtt, place) = (self.rtt(), self.place(ssrc));
        if let Some(source) = place.and_then(|place| self.sources.get_mut(place)) {
            self.repair.supersede(ssrc, source.history.supersede(now, rtt));
        }
    }

    /// What leaves with `ssrc` from here on is something else: nothing of what was sent before leaves, or leaves again.
    pub fn begin_anew(&mut self, ssrc: Ssrc) {
        let Some(place) = self.place(ssrc) else { return };
        if let Some(source) = self.sources.get_mut(place) {
            self.repair.supersede(ssrc, source.history.close());
            source.before = None;
        }
        self.queue.forget(place);
        self.again.take_if(|again| again.source == ssrc);
        self.recent.retain(|(of, ..)| *of != place);
    }

    /// When [`Egress::poll`] has something to write at the latest, if ever.
    #[must_use]
    pub fn due(&self, now: Instant) -> Option<Instant> {
        let waits = [
            self.queue.front(Kind::Audio).map(|_| Class::Sound),
            self.queue.front(Kind::Video).map(|_| Class::Picture),
            (self.again.is_some() || self.repair.waits()).then_some(Class::Resend),
            (self.padding > 0).then_some(Class::Padding),
        ];
        let media = waits.into_iter().flatten().map(|class| self.pacer.opens(class, now));
        media.chain(self.reports).chain(self.downlink.due()).min().filter(|_| self.sealer.is_some())
    }

    /// Whether [`Egress::poll`] may have more to write at once.
    #[must_use]
    pub fn has_more(&self, now: Instant) -> bool {
        !self.queue.is_empty()
            || self.again.is_some()
            || self.repair.waits()
            || self.padding > 0
            || self.reports.is_some_and(|due| due <= now)
            || self.downlink.is_due(now)
    }

    /// What the guard found in the bytes that left.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.judge.faults()
    }

    /// What was counted since this was called last.
    pub fn take_counts(&mut self) -> Counts {
        let before = std::mem::take(&mut self.counts);
        self.counts.refused = self.repair.refused();
        let (now, then) = (self.counts.refused, before.refused);
        let refused = Refused {
            pointless: now.pointless - then.pointless,
            repeated: now.repeated - then.repeated,
            over: now.over - then.over,
            unread: now.unread - then.unread,
        };
        Counts { refused, ..before }
    }

    /// Writes what is to leave next into `out`, which is empty: at most `most` datagrams. `goes` says where a datagram of so many
    /// bytes goes, if it may go anywhere.
    ///
    /// # Errors
    /// [`Unsealed`] if the connection must end; nothing of it leaves then.
    pub fn poll(
        &mut self,
        now: Instant,
        most: usize,
        packets: &impl Packets,
        mut goes: impl FnMut(usize) -> Option<Path>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Run>, Unsealed> {
        if self.sealer.is_none() {
            self.queue.clear();
            return Ok(None);
        }
        self.padding += self.downlink.poll(now).unwrap_or(0);
        self.pacer.pace(self.downlink.estimate(), self.queue.bytes());
        let reports = self.reports.is_some_and(|due| due <= now);
        let mut run = if reports { self.write_reports(now, &mut goes, out)? } else { None };
        let mut count = usize::from(run.is_some());
        while count < most
            && let Some(next) = self.next(now, packets)
        {
            let Some(datagram) = self.plan(now, &next, packets) else {
                self.leaves_not(&next);
                continue;
            };
            if run.is_some_and(|run| !run.takes(out.len(), datagram.bytes)) {
                break;
            }
            let Some(path) = goes(datagram.bytes) else {
                self.leaves_not(&next);
                continue;
            };
            if run.is_some_and(|run| run.path != path) {
                break;
            }
            self.take(&next);
            self.write(now, &next, &datagram, path, out)?;
            count += 1;
            let segment = run.get_or_insert(Run { path, segment: datagram.bytes }).segment;
            if datagram.bytes < segment {
                break;
            }
        }
        if let (Some(run), Some(sealer)) = (run, &self.sealer) {
            self.judge.judge(sealer, &self.negotiated, run, out);
        }
        Ok(run)
    }

    /// What is to leave next, in the order of [`Class`].
    fn next(&mut self, now: Instant, packets: &impl Packets) -> Option<Next> {
        if let Some(sound) = self.queue.front(Kind::Audio) {
            return Some(Next::fresh(Class::Sound, sound));
        }
        if self.pacer.opens(Class::Picture, now) > now {
            return None;
        }
        if let Some(picture) = self.queue.front(Kind::Video) {
            return Some(Next::fresh(Class::Picture, picture));
        }
        let bytes = |kept: &Kept| packets.get(*kept).map(|stored| stored.payload.len() + AROUND);
        let (estimate, key) = (self.downlink.estimate(), self.queue.holds_key_frame());
        self.again = self.again.or_else(|| self.repair.next(now, estimate, key, bytes));
        if let Some(Resend { source, again }) = self.again {
            let place = self.place(source)?;
            return Some(Next { class: Class::Resend, place, seq: again.seq, sent: again.sent, fresh: None });
        }
        self.padding = if self.recent.is_empty() { 0 } else { self.padding };
        let (place, seq, sent) = self.recent.front().copied().filter(|_| self.padding > 0)?;
        Some(Next { class: Class::Padding, place, seq, sent, fresh: None })
    }

    /// What is written of it; `None` if it cannot leave.
    fn plan<'a>(&self, now: Instant, next: &Next, packets: &'a impl Packets) -> Option<Datagram<'a>> {
        let (sealer, source) = (self.sealer.as_ref()?, self.sources.get(next.place)?);
        let stored = packets.get(next.sent.kept)?;
        let again = next.fresh.is_none();
        let ssrc = if again { source.resends.as_ref()?.sealed.ssrc } else { source.sealed.ssrc };
        let ids = self.negotiated.ids(source.kind);
        let plain = self.negotiated.payload_type(stored, again)?;
        let redundant = self.redundant(now);
        let along = redundant.and_then(|_| source.along(next.seq, next.fresh?.0, plain, stored, packets));
        #[expect(clippy::cast_possible_truncation, reason = "a packet has the low bits")]
        let seq = next.seq.0 as u16;
        let own = Own {
            ssrc,
            payload_type: redundant.filter(|_| along.is_some()).unwrap_or(plain),
            seq,
            time: next.sent.time,
            picture: next.sent.picture,
            original: again.then_some(seq),
            transport: ids.transport.map(|_| 0),
        };
        let bytes = write::length(stored, along.as_ref(), &own, ids) + sealer.adds();
        Some(Datagram { stored, along, own, ids, bytes })
    }

    /// What was to leave next waits no more.
    fn take(&mut self, next: &Next) {
        match next.class {
            Class::Sound => self.queue.pop(Kind::Audio),
            Class::Picture => self.queue.pop(Kind::Video),
            Class::Resend => self.again = None,
            Class::Padding => {
                if !self.recent.is_empty() {
                    self.recent.rotate_left(1);
                }
            }
        }
    }

    /// It is not kept any more, or goes nowhere.
    fn leaves_not(&mut self, next: &Next) {
        if next.class == Class::Padding {
            self.recent.pop_front();
        } else {
            self.take(next);
        }
    }

    /// It is certain to leave.
    fn write(
        &mut self,
        now: Instant,
        next: &Next,
        datagram: &Datagram<'_>,
        path: Path,
        out: &mut Vec<u8>,
    ) -> Result<(), Unsealed> {
        let Datagram { stored, along, mut own, ids, bytes } = *datagram;
        let Some((sealer, source)) = self.sealer.as_ref().zip(self.sources.get_mut(next.place)) else {
            return Err(Unsealed::Failed);
        };
        if self.path.replace(path).is_some_and(|before| before != path) {
            self.downlink.new_path();
        }
        let wire = bytes + if path.remote.is_ipv4() { HEADERS_V4 } else { HEADERS_V6 };
        own.transport = ids.transport.map(|_| self.downlink.sent(now, wire));
        self.pacer.sent(now, wire);
        let at = out.len();
        let Some((time, wallclock, key)) = next.fresh else {
            let resends = source.resends.as_mut().ok_or(Unsealed::Failed)?;
            let index = resends.count();
            own.seq = (index & 0xffff) as u16;
            let header = write::write(stored, None, &own, ids, out);
            sealer.seal(&mut resends.sealed, index, out, at, header)?;
            let role = Role::Again(source.sealed.ssrc);
            self.judge.expect(|| Expected { own, ids, stored: stored.clone(), along: Vec::new(), role });
            if next.class == Class::Padding {
                self.counts.padded += 1;
                self.padding = self.padding.saturating_sub(wire);
            } else {
                source.history.left_again(now, next.seq);
                self.counts.resent += 1;
            }
            return Ok(());
        };
        let header = write::write(stored, along.as_ref(), &own, ids, out);
        sealer.seal(&mut source.sealed, next.seq.0, out, at, header)?;
        self.judge.expect(|| {
            let along = along.map_or(Vec::new(), |along| along.payload.to_vec());
            Expected { own, ids, stored: stored.clone(), along, role: Role::Fresh(time) }
        });
        self.counts.redundant += u64::from(along.is_some());
        if source.kind == Kind::Audio {
            source.before = Some((next.sent.kept, next.seq, time));
        }
        source.sending.sent(now, time, wallclock, stored.payload.len());
        self.reports = self.reports.into_iter().chain(source.sending.due()).min();
        if source.resends.is_some() {
            source.history.note(now, next.seq, next.sent, key);
            if key {
                self.repair.supersede(own.ssrc, next.seq);
            }
            self.recent.truncate(RECENT - 1);
            self.recent.push_front((next.place, next.seq, next.sent));
        }
        Ok(())
    }

    /// Writes the reports that are due, if they may go anywhere.
    fn write_reports(
        &mut self,
        now: Instant,
        goes: &mut impl FnMut(usize) -> Option<Path>,
        out: &mut Vec<u8>,
    ) -> Result<Option<Run>, Unsealed> {
        let sources = self.sources.iter_mut().map(|source| (source.sealed.ssrc, &mut source.sending));
        let written = report::write(now, self.clock, sources, &mut self.references, MOST_REPORTS, out);
        self.reports = self.sources.iter().filter_map(|source| source.sending.due()).min();
        self.queue.trim();
        if let (Some(_), Some(sealer)) = (written, &mut self.sealer) {
            sealer.seal_report(out, 0)?;
        }
        let segment = out.len();
        let path = written.and_then(|_| goes(segment));
        if path.is_none() {
            out.clear();
        }
        Ok(path.map(|path| Run { path, segment }))
    }
}
