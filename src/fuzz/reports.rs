//! Any RTCP: what it says costs no more than it may.

use std::time::{Duration, Instant};

use super::reader::Reader;
use crate::media::egress::feedback::{self, Fact, ReferenceClock};
use crate::media::egress::history::{History, Sent};
use crate::media::egress::repair::{Repair, UNKNOWN_RTT};
use crate::media::egress::report::{self, NtpClock, References, Sending};
use crate::media::egress::ring::Kept;
use crate::media::fuzzing::{Key, PublicationKey};
use crate::media::ids::Layer;
use crate::media::rtp::{ClockRate, MediaTime, SeqNo, Ssrc};
use crate::media::units::Bitrate;

/// The one source there is, in a byte that the fuzzer finds.
const SOURCE: Ssrc = Ssrc(1);

/// The most facts of one report: its words, and what 31 blocks may say beside.
const MOST_FACTS: usize = 4_096;

/// What a datagram can hold.
const LONGEST: usize = 1_500;

/// The largest that packets are.
const BYTES: usize = 1_250;

/// Compounds of any bytes come while packets leave: each is read to its end, no more packets of it are looked at than somebody
/// could have sent, no more is sent again than the budget, and what is reported and answered is RTCP that fits.
pub fn reports(data: &[u8]) {
    let mut reader = Reader::new(data);
    let (start, mut seq) = (Instant::now(), 65_500);
    let (mut now, estimate) = (start, Bitrate::kbps(2_000));
    let clock = NtpClock::new(start);
    let (mut repair, mut history) = (Repair::new(start), History::default());
    let (mut times, mut references) = (ReferenceClock::default(), References::default());
    let (mut sending, mut resent) = (Sending::new(ClockRate::VIDEO), 0);
    while !reader.is_empty() {
        now += Duration::from_millis(reader.byte().into());
        for _ in 0..reader.byte() & 15 {
            seq += 1;
            let kept = Kept { publication: PublicationKey::of(0), layer: Layer::High, number: seq };
            history.note(now, SeqNo(seq), Sent { kept, time: 0, picture: None }, false);
            sending.sent(now, MediaTime(seq * 90), now, BYTES);
        }
        let length = usize::from(reader.short()) % LONGEST;
        let compound = reader.take(length);
        let (mut facts, mut arrivals) = (0, 0);
        // Whether it is RTCP to its end is for the counter.
        let _ = feedback::read(compound, |fact| {
            facts += 1;
            match fact {
                Fact::Lost { source, lost } if source == SOURCE => {
                    repair.lost(now, UNKNOWN_RTT, SOURCE, &mut history, lost.numbers());
                }
                Fact::Lost { lost, .. } => assert!(lost.numbers().count() <= LONGEST * 17 / 4),
                Fact::KeyFrame { source, request } => {
                    if source == SOURCE && history.is_new(request) {
                        repair.supersede(SOURCE, history.supersede(now, UNKNOWN_RTT));
                    }
                }
                Fact::Received(reception) => drop(clock.round_trip(now, &reception)),
                Fact::Arrivals(feedback) => arrivals += feedback.reported(&mut times).count(),
                Fact::ReferenceTime { from, ntp } => references.note(now, from, ntp),
            }
        });
        assert!(facts <= MOST_FACTS && arrivals <= MOST_FACTS, "{facts} facts, {arrivals} arrivals");
        while repair.next(now, estimate, false, |_| Some(BYTES)).is_some() {
            resent += BYTES as u64;
        }
        let most = (estimate / 4).bytes_in(now - start + Duration::from_secs(1));
        assert!(resent <= most, "{resent} bytes again of {most}");
        report(now, clock, &mut sending, &mut references);
    }
}

fn report(now: Instant, clock: NtpClock, sending: &mut Sending, references: &mut References) {
    let mut out = Vec::new();
    if sending.due().is_none_or(|due| due > now) {
        return;
    }
    let first = report::write(now, clock, [(SOURCE, sending)], references, 1_200, &mut out);
    assert!(first == Some(SOURCE) && out.len() <= 1_200 && feedback::read(&out, drop).is_ok(), "{out:?}");
}
