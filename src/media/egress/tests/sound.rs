//! Sound on a line that loses some of it.

use super::super::opened::{Opened, Receiver};
use super::super::ring::Ring;
use super::super::write::ExtensionIds;
use super::line::{ms, path, sealer};
use super::*;
use crate::media::codec::Format;
use crate::media::rtp::Extensions;
use crate::media::table::{Key, PublicationKey};
use std::time::Instant;

const VOICE: Ssrc = Ssrc(0x3333);
const OPUS: u8 = 111;
const REDUNDANT: u8 = 63;
const TRANSPORT: u8 = 3;

/// So many packets are reported together.
const TOGETHER: u16 = 14;

struct Voice {
    now: Instant,
    egress: Egress,
    ring: Ring,
    seq: u64,
    /// In ticks of sound.
    time: u64,
    receiver: Receiver,
}

impl Voice {
    fn new(redundant: Option<u8>) -> Voice {
        let now = Instant::now();
        let mut egress = Egress::new(now);
        let sound = ExtensionIds { transport: Some(TRANSPORT), ..ExtensionIds::default() };
        let mut negotiated = Negotiated { redundant, sound, ..Negotiated::default() };
        negotiated.formats[0] = Some(OPUS);
        egress.negotiated(negotiated);
        egress.keys(sealer(1));
        egress.add(Kind::Audio, VOICE, None);
        Voice { now, egress, ring: Ring::new(1), seq: 65_530, time: 0, receiver: Receiver::default() }
    }

    fn payload(seq: u64) -> Vec<u8> {
        vec![seq as u8; 60 + (seq % 30) as usize]
    }

    /// One packet comes, `after` so much time, and leaves: its payload type, and what follows the header.
    fn say(&mut self, after: u64) -> (u8, Vec<u8>) {
        self.now += ms(after);
        self.seq += 1;
        self.time += after * 48;
        let (extensions, format) = (Extensions::default(), Format::default());
        let payload = Voice::payload(self.seq).into();
        let stored = Stored { payload, format, marker: false, extensions, picture: None };
        let number = self.ring.push(self.now, stored);
        let kept = Kept { publication: PublicationKey::of(0), layer: Layer::High, number };
        let (seq, time, wallclock) = (SeqNo(self.seq), MediaTime(self.time), self.now);
        let (picture, key, bytes) = (None, true, 60);
        assert!(self.egress.send(VOICE, Queued { kept, seq, time, wallclock, picture, key, bytes }));
        loop {
            let mut out = Vec::new();
            let run = self.egress.poll(self.now, 1, &self.ring, |_| Some(path()), &mut out);
            assert!(run.expect("it is sealed").is_some() && self.egress.faults().violations() == 0);
            // A report that is due goes first.
            let opened = self.receiver.open(&sealer(1), &out).expect("it can be opened");
            if let Opened::Packet { header, payload, .. } = opened {
                return (header.payload_type, payload);
            }
        }
    }

    /// Says as much as one report is about; one packet of it is lost, or none. Returns what left.
    fn talk(&mut self, base: &mut u16, lost: bool) -> Vec<(u8, Vec<u8>)> {
        let left = (0..TOGETHER).map(|_| self.say(20)).collect();
        let statuses: u16 = if lost { 0x8000 | 0x3f7f } else { 0x8000 | 0x3fff };
        let came = if lost { TOGETHER - 1 } else { TOGETHER };
        let mut report = vec![0x8f, 205, 0, 8, 0, 0, 0, 7, 0, 0, 0, 0];
        report.extend(base.to_be_bytes());
        report.extend(TOGETHER.to_be_bytes());
        // In steps of 64 ms, of a quarter of a millisecond.
        let (begun, steps) = (u32::from(*base) * 20 / 64, u32::from(*base) * 20 % 64 * 4);
        report.extend(&begun.to_be_bytes()[1..]);
        report.push((*base / TOGETHER) as u8);
        report.extend(statuses.to_be_bytes());
        report.push(steps as u8);
        // After the one that is missing twice as much time passed.
        report.extend((1..came).map(|packet| if lost && packet == 6 { 160 } else { 80 }));
        report.resize(36, 0);
        let told = self.egress.report(self.now, &report, |_| {});
        assert_eq!(told, Ok(()));
        *base += TOGETHER;
        left
    }
}

#[test]
fn a_voice_leaves_once_until_some_of_it_is_lost_and_then_with_the_packet_before() {
    let (mut voice, mut base) = (Voice::new(Some(REDUNDANT)), 0);
    for _ in 0..8 {
        assert!(voice.talk(&mut base, false).iter().all(|(kind, _)| *kind == OPUS), "nothing is lost");
    }
    // Over at least forty packets it is known how many are lost.
    for _ in 0..4 {
        voice.talk(&mut base, true);
    }
    for (kind, payload) in voice.talk(&mut base, false) {
        let length = payload.len();
        let [0xef, _, _, before, OPUS, blocks @ ..] = &payload[..] else { panic!("{payload:?}") };
        let (along, new) = blocks.split_at(usize::from(*before));
        assert_eq!(
            (kind, along[0].wrapping_add(1)),
            (REDUNDANT, new[0]),
            "the packet before, then the new one"
        );
        assert_eq!(length, 5 + along.len() + new.len());
    }
    assert!(voice.egress.take_counts().redundant > 14 && voice.egress.doubles_sound(voice.now));
    // Ten seconds without loss later it is as before.
    for _ in 0..50 {
        voice.talk(&mut base, false);
    }
    assert_eq!(voice.say(20).0, OPUS);
}

#[test]
fn what_left_long_before_or_was_somebody_elses_is_not_brought_along_and_nothing_where_nobody_takes_it() {
    let (mut voice, mut base) = (Voice::new(Some(REDUNDANT)), 0);
    for _ in 0..6 {
        voice.talk(&mut base, true);
    }
    assert_eq!(voice.say(20).0, REDUNDANT);
    assert_eq!(voice.say(500).0, OPUS, "after a pause what was before is too old");
    assert_eq!(voice.say(20).0, REDUNDANT);
    voice.seq += 1;
    assert_eq!(voice.say(20).0, OPUS, "one that is missing in between is not brought by the next but one");
    assert_eq!(voice.say(20).0, REDUNDANT);
    voice.egress.begin_anew(VOICE);
    assert_eq!(voice.say(20).0, OPUS, "nothing of somebody else is brought along");
    assert_eq!(voice.say(20).0, REDUNDANT);
    let (mut old, mut base) = (Voice::new(None), 0);
    for _ in 0..6 {
        assert!(old.talk(&mut base, true).iter().all(|(kind, _)| *kind == OPUS));
    }
    assert!(!old.egress.doubles_sound(old.now));
}
