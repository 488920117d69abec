//! One connection's egress, with a ring that feeds it and a receiver that opens what leaves with keys of its own.

use std::time::{Duration, Instant};

use super::super::opened::{Opened, Receiver};
use super::super::ring::Ring;
use super::super::seal::{LONGEST_SALT, Profile, Sealer, SessionKey};
use super::super::write::ExtensionIds;
use super::*;
use crate::media::codec::Format;
use crate::media::demux::{Path, Protocol};
use crate::media::rtp::Extensions;
use crate::media::table::{Key, PublicationKey};
use crate::media::units::Bitrate;

pub const SLOT: Ssrc = Ssrc(0x1111);
pub const RESENDS: Ssrc = Ssrc(0x2222);
const PICTURE: u8 = 96;
const RESENT: u8 = 97;
const TRANSPORT: u8 = 3;

pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What was made of a datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Got {
    /// A picture's packet, or one that left again (with the number it had).
    Packet { seq: u16, original: Option<u16>, transport: u16, time: u32, picture: u16, payload: Vec<u8> },
    /// RTCP.
    Report(Vec<u8>),
}

/// A way to somebody.
pub fn path() -> Path {
    Path { protocol: Protocol::Udp, remote: ([127, 0, 0, 1], 9).into(), local: ([127, 0, 0, 1], 8).into() }
}

/// The keys of one handshake, of its own number.
fn session(number: u8) -> SessionKey {
    SessionKey { key: vec![number; 32], salt: [number ^ 0x5a; LONGEST_SALT], authentication: [0; 20] }
}

/// A sealer with the keys of a handshake.
pub fn sealer(number: u8) -> Sealer {
    Sealer::new(Profile::Gcm256, &session(number), &session(number)).expect("keys")
}

/// What was made of a datagram.
fn got(opened: Opened) -> Got {
    let (header, payload) = match opened {
        Opened::Report { compound, .. } => return Got::Report(compound),
        Opened::Packet { header, payload, .. } => (header, payload),
    };
    let [(TRANSPORT, number)] = &header.elements[..] else { panic!("one extension: {header:?}") };
    let again = header.ssrc == RESENDS;
    assert_eq!(header.payload_type, if again { RESENT } else { PICTURE });
    let (original, payload) = payload.split_at(if again { 2 } else { 0 });
    Got::Packet {
        seq: header.seq,
        original: again.then(|| u16::from_be_bytes([original[0], original[1]])),
        transport: u16::from_be_bytes([number[0], number[1]]),
        time: header.time,
        picture: u16::from_be_bytes([payload[2] & 0x7f, payload[3]]),
        payload: payload[6..].to_vec(),
    }
}

impl Packets for Ring {
    fn get(&self, kept: Kept) -> Option<&Stored> {
        self.get(kept.number)
    }
}

/// A publication, a slot that shows it, and its receiver.
pub struct Line {
    pub now: Instant,
    pub egress: Egress,
    pub ring: Ring,
    /// The number of the next packet, in the slot.
    pub seq: u64,
    /// The other end, with keys of its own.
    receiver: (Receiver, Sealer),
    /// Datagrams of which [`Egress::poll`] is told that they can go nowhere, before they are written: the next so many.
    pub nowhere: usize,
    /// What the publication's packets are, beside a few bytes.
    pub bytes: usize,
}

impl Line {
    /// The first packet has the number after `seq`. `handshake` is the number of its keys.
    pub fn new(seq: u64, handshake: u8) -> Line {
        let now = Instant::now();
        let mut egress = Egress::new(now);
        let mut negotiated = Negotiated::default();
        (negotiated.formats[0], negotiated.resends[0]) = (Some(PICTURE), Some(RESENT));
        negotiated.picture = ExtensionIds { transport: Some(TRANSPORT), ..ExtensionIds::default() };
        egress.negotiated(negotiated);
        egress.keys(sealer(handshake));
        egress.add(Kind::Video, SLOT, Some(RESENDS));
        egress.want(now, Bitrate::kbps(2_000));
        Line {
            now,
            egress,
            ring: Ring::new(1),
            seq,
            receiver: (Receiver::default(), sealer(handshake)),
            nowhere: 0,
            bytes: 1_100,
        }
    }

    /// The payload of a packet behind its descriptor: it says which it is.
    pub fn payload(&self, seq: u64) -> Vec<u8> {
        let mut payload = seq.to_be_bytes().to_vec();
        payload.resize(self.bytes.max(8), 7);
        payload
    }

    /// A packet comes and is to leave.
    pub fn send(&mut self, key: bool) {
        self.seq += 1;
        let descriptor = [0x90, 0xe0, 0x80, 0, 0, 0x20];
        let payload = [&descriptor[..], &self.payload(self.seq)].concat();
        let stored = Stored {
            payload: payload.into(),
            format: Format::default(),
            marker: true,
            extensions: Extensions::default(),
            picture: None,
        };
        let bytes = stored.payload.len();
        let number = self.ring.push(self.now, stored);
        let kept = Kept { publication: PublicationKey::of(0), layer: Layer::High, number };
        let picture = Picture { id: picture(self.seq), long: true, tl0: Some(1) };
        let (seq, time) = (SeqNo(self.seq), MediaTime(self.seq * 3_000));
        let queued = Queued { kept, seq, time, wallclock: self.now, picture: Some(picture), key, bytes };
        assert!(self.egress.send(SLOT, queued));
    }

    /// Everything that leaves within a tenth of a second, opened.
    pub fn leave(&mut self) -> Vec<Got> {
        let left = self.left();
        let (receiver, keys) = &mut self.receiver;
        left.iter().map(|datagram| got(receiver.open(keys, datagram).expect("it can be opened"))).collect()
    }

    /// Everything that leaves within a tenth of a second, lost on the way.
    pub fn lose(&mut self) -> usize {
        self.left().len()
    }

    fn left(&mut self) -> Vec<Vec<u8>> {
        let (path, until, mut all, mut out) = (path(), self.now + ms(100), Vec::new(), Vec::new());
        loop {
            out.clear();
            let nowhere = &mut self.nowhere;
            let goes = |_| {
                let lost = *nowhere > 0;
                *nowhere = nowhere.saturating_sub(1);
                (!lost).then_some(path)
            };
            if let Some(run) =
                self.egress.poll(self.now, 16, &self.ring, goes, &mut out).expect("it is sealed")
            {
                all.extend(out.chunks(run.segment).map(<[u8]>::to_vec));
                continue;
            }
            match self.egress.due(self.now) {
                Some(due) if due > self.now && due <= until => self.now = due,
                _ => break,
            }
        }
        assert_eq!(self.egress.faults().violations(), 0, "{:?}", self.egress.faults());
        all
    }

    /// The receiver says that these were lost, or whatever else this compound says.
    pub fn report(&mut self, compound: &[u8]) -> Vec<Told> {
        let mut told = Vec::new();
        let _ = self.egress.report(self.now, compound, |it| told.push(it));
        told
    }

    /// The numbers of what leaves again for a request.
    pub fn ask(&mut self, numbers: &[u16]) -> Vec<u16> {
        self.report(&nack(numbers));
        originals(&self.leave())
    }
}

/// The picture id of a packet.
pub fn picture(seq: u64) -> u16 {
    (seq & 0x7fff) as u16
}

/// The numbers that what left again had.
pub fn originals(got: &[Got]) -> Vec<u16> {
    let original = |got: &Got| if let Got::Packet { original, .. } = got { *original } else { None };
    got.iter().filter_map(original).collect()
}

/// A NACK of these numbers, each for itself.
pub fn nack(numbers: &[u16]) -> Vec<u8> {
    pairs(numbers.iter().map(|number| u32::from(*number) << 16))
}

/// A NACK of these pairs of number and mask.
pub fn pairs(pairs: impl Iterator<Item = u32>) -> Vec<u8> {
    let words: Vec<u32> = [7, SLOT.0].into_iter().chain(pairs).collect();
    let mut compound = vec![0x81, 205];
    compound.extend((words.len() as u16).to_be_bytes());
    compound.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    compound
}
