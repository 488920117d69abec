//! What receivers report: one compound RTCP packet, authenticated and in plain text, read into facts.
//!
//! Feed [`read`] the packet; it tells each fact as it comes to it and keeps nothing. It allocates nothing, and its work is bounded by
//! the length of the packet; lists that a packet only names in short (a NACK's numbers, the arrivals of transport feedback) are read
//! when their iterators are, as far as whoever reads them wants.
//!
//! The packets are read by `rtcp-types`. What of it is not relied on, and done here: it cuts compounds but looks at the version of
//! the first packet only; it takes padding for feedback and for blocks; a block of an extended report may read on into the next one;
//! reading descriptions (SDES) allocates. What nobody asks for (descriptions, farewells, REMB) is not looked into.

mod arrivals;

use rtcp_types::prelude::{
    FciParser, RtcpPacket, RtcpPacketParser, RtcpPacketParserExt, XrBlockParser, XrBlockParserExt,
    XrBlockStaticType,
};
use rtcp_types::{
    Fir, Nack, PayloadFeedback, Pli, ReceiverReferenceTime, ReceiverReport, ReportBlock, SenderReport,
    TransportFeedback, Twcc, XrBlock,
};

pub use arrivals::{Arrivals, ReferenceClock};

use crate::media::rtp::Ssrc;

/// Bytes of the header of each packet.
const HEADER: usize = 4;

/// The version of RTP.
const VERSION: u8 = 2;

/// Says that a packet ends in padding.
const PADDED: u8 = 0x20;

/// An extended report (RFC 3611 section 2).
const EXTENDED: u8 = 207;

/// What came is no RTCP: it has another version, or lengths that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// Something a receiver says.
#[derive(Debug)]
pub enum Fact<'a> {
    /// Packets of `source` were lost (generic NACK, RFC 4585 section 6.2.1).
    Lost {
        /// Whose.
        source: Ssrc,
        /// Which.
        lost: Lost<'a>,
    },
    /// A key frame of `source` is wanted.
    KeyFrame {
        /// Whose.
        source: Ssrc,
        /// How it was asked for.
        request: KeyRequest,
    },
    /// What was received of a source of ours.
    Received(Reception),
    /// When packets arrived, by their transport-wide numbers.
    Arrivals(Arrivals<'a>),
    /// What time it is where no media comes from (RFC 3611 section 4.4): to be answered, so that the round trip can be told there.
    ReferenceTime {
        /// Who says so.
        from: Ssrc,
        /// As NTP has it, in units of 2^-32 s.
        ntp: u64,
    },
}

/// How a key frame is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRequest {
    /// A picture was lost (PLI, RFC 4585 section 6.3.1).
    Loss,
    /// By a numbered command, which is sent again until it is obeyed (FIR, RFC 5104 section 4.3.1).
    Command {
        /// Its number: one that came again is the same command.
        number: u8,
    },
}

/// A report block (RFC 3550 section 6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reception {
    /// Of which source of ours.
    pub source: Ssrc,
    /// What part was lost since the report before, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost since the beginning; fewer than none if some came twice.
    pub lost: i32,
    /// The highest sequence number that came, extended by the times it wrapped.
    pub highest: u32,
    /// How unevenly packets come, in ticks of the source's clock.
    pub jitter: u32,
    /// The middle 32 bits of the NTP time of our last sender report; 0 if none came.
    pub last_report: u32,
    /// How long ago that came, in 65,536ths of a second.
    pub since_report: u32,
}

/// The sequence numbers of a NACK.
#[derive(Debug)]
pub struct Lost<'a>(Nack<'a>);

impl Lost<'_> {
    /// Each of them, of each pair of a packet id (PID) and the mask that follows (BLP). One may be named twice.
    pub fn numbers(&self) -> impl Iterator<Item = u16> + '_ {
        self.0.entries()
    }
}

/// Tells each fact of a compound packet (RFC 3550 section 6.1), or of a single one (RFC 5506).
///
/// # Errors
/// [`Malformed`] if any packet of it is none. What else it says was told: of what can be cut into packets each one, and
/// nothing after what cannot.
pub fn read<'a>(compound: &'a [u8], mut tell: impl FnMut(Fact<'a>)) -> Result<(), Malformed> {
    let (mut rest, mut whole) = (compound, Ok(()));
    let mut statuses = arrivals::MOST_STATUSES;
    while !rest.is_empty() {
        let (packet, after) = Packet::split_off(rest).ok_or(Malformed)?;
        rest = after;
        if packet.read(&mut statuses, &mut tell).is_none() {
            whole = Err(Malformed);
        }
    }
    whole
}

/// One packet of a compound.
struct Packet<'a> {
    /// All of it.
    bytes: &'a [u8],
    /// Without its padding.
    body: &'a [u8],
    /// What type it is of.
    number: u8,
}

impl<'a> Packet<'a> {
    /// The packet that `bytes` begin with, and what follows (RFC 3550 appendix A.2).
    fn split_off(bytes: &'a [u8]) -> Option<(Packet<'a>, &'a [u8])> {
        let [first, number, high, low] = *bytes.first_chunk::<HEADER>()?;
        // The length is told in words, less one.
        let length = HEADER * (usize::from(u16::from_be_bytes([high, low])) + 1);
        let (bytes, after) = bytes.split_at_checked(length).filter(|_| first >> 6 == VERSION)?;
        let padding = if first & PADDED == 0 { 0 } else { bytes.last().copied().map_or(0, usize::from) };
        // What claims more padding than there is has nothing else.
        let body = bytes.get(..length.saturating_sub(padding)).unwrap_or_default();
        Some((Packet { bytes, body, number }, after))
    }

    /// Tells what it says. `None` if its lengths cannot be.
    fn read(&self, statuses: &mut usize, tell: &mut impl FnMut(Fact<'a>)) -> Option<()> {
        match self.number {
            SenderReport::PACKET_TYPE => {
                let report = SenderReport::parse(self.bytes).ok()?;
                self.receptions(
                    SenderReport::MIN_PACKET_LEN,
                    report.n_reports(),
                    report.report_blocks(),
                    tell,
                )
            }
            ReceiverReport::PACKET_TYPE => {
                let report = ReceiverReport::parse(self.bytes).ok()?;
                self.receptions(
                    ReceiverReport::MIN_PACKET_LEN,
                    report.n_reports(),
                    report.report_blocks(),
                    tell,
                )
            }
            TransportFeedback::PACKET_TYPE => self.transport(statuses, tell),
            PayloadFeedback::PACKET_TYPE => self.payload(tell),
            EXTENDED => self.extended(tell),
            _ => Some(()),
        }
    }

    fn receptions<'b>(
        &self,
        begin: usize,
        count: u8,
        blocks: impl Iterator<Item = ReportBlock<'b>>,
        tell: &mut impl FnMut(Fact<'a>),
    ) -> Option<()> {
        self.body.get(begin + usize::from(count) * ReportBlock::EXPECTED_SIZE..)?;
        blocks.map(|block| Fact::Received(Reception::of(&block))).for_each(tell);
        Some(())
    }

    fn transport(&self, statuses: &mut usize, tell: &mut impl FnMut(Fact<'a>)) -> Option<()> {
        let packet = TransportFeedback::parse(self.bytes).ok()?;
        let control = self.body.get(TransportFeedback::MIN_PACKET_LEN..)?;
        match packet.count() {
            Nack::FCI_FORMAT => {
                let lost = Lost(Nack::parse(control).ok()?);
                tell(Fact::Lost { source: Ssrc(packet.media_ssrc()), lost });
            }
            Twcc::FCI_FORMAT => tell(Fact::Arrivals(Arrivals::read(control, statuses)?)),
            _ => {}
        }
        Some(())
    }

    fn payload(&self, tell: &mut impl FnMut(Fact<'a>)) -> Option<()> {
        let packet = PayloadFeedback::parse(self.bytes).ok()?;
        let control = self.body.get(PayloadFeedback::MIN_PACKET_LEN..)?;
        match packet.count() {
            Pli::FCI_FORMAT => {
                Pli::parse(control).ok()?;
                tell(Fact::KeyFrame { source: Ssrc(packet.media_ssrc()), request: KeyRequest::Loss });
            }
            Fir::FCI_FORMAT => {
                for entry in Fir::parse(control).ok()?.entries() {
                    let request = KeyRequest::Command { number: entry.sequence() };
                    tell(Fact::KeyFrame { source: Ssrc(entry.ssrc()), request });
                }
            }
            _ => {}
        }
        Some(())
    }

    fn extended(&self, tell: &mut impl FnMut(Fact<'a>)) -> Option<()> {
        let (from, mut rest) = self.body.get(HEADER..)?.split_first_chunk()?;
        let from = Ssrc(u32::from_be_bytes(*from));
        while !rest.is_empty() {
            let (block, after) = rest.split_at_checked(XrBlock::parse(rest).ok()?.length())?;
            rest = after;
            let block = XrBlock::parse(block).ok()?;
            if block.block_type() == ReceiverReferenceTime::BLOCK_TYPE {
                let time: ReceiverReferenceTime<'_> = block.parse_into().ok()?;
                tell(Fact::ReferenceTime { from, ntp: time.ntp_timestamp() });
            }
        }
        Some(())
    }
}

impl Reception {
    fn of(block: &ReportBlock<'_>) -> Reception {
        Reception {
            source: Ssrc(block.ssrc()),
            fraction_lost: block.fraction_lost(),
            // The sign of its 24 bits.
            lost: (block.cumulative_lost() << 8).cast_signed() >> 8,
            highest: block.extended_sequence_number(),
            jitter: block.interarrival_jitter(),
            last_report: block.last_sender_report_timestamp(),
            since_report: block.delay_since_last_sender_report_timestamp(),
        }
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "the numbers of tests are small, or wrap")]
mod tests;
