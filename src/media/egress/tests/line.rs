//! One connection's egress, with a ring that feeds it and a receiver that opens what leaves with keys of its own.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

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

/// The keys of one handshake, of its own number.
fn session(number: u8) -> SessionKey {
    SessionKey { key: vec![number; 32], salt: [number ^ 0x5a; LONGEST_SALT], authentication: [0; 20] }
}

/// A sealer with the keys of a handshake.
pub fn sealer(number: u8) -> Sealer {
    Sealer::new(Profile::Gcm256, &session(number), &session(number)).expect("keys")
}

/// Opens what a handshake's keys sealed, and counts roll-overs for itself (RFC 3711 section 3.3.1).
struct Opener {
    key: LessSafeKey,
    salt: [u8; 12],
    highest: HashMap<Ssrc, u64>,
}

impl Opener {
    fn new(number: u8) -> Opener {
        let session = session(number);
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &session.key).expect("a key"));
        Opener { key, salt: session.salt[..12].try_into().expect("twelve"), highest: HashMap::new() }
    }

    fn open(&self, ssrc: Ssrc, index: u64, clear: &[u8], rest: &[u8]) -> Vec<u8> {
        let plain = u128::from(ssrc.0) << 48 | u128::from(index);
        let mut nonce = self.salt;
        nonce.iter_mut().zip(&plain.to_be_bytes()[4..]).for_each(|(to, from)| *to ^= from);
        let mut rest = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let opened = self.key.open_in_place(nonce, Aad::from(clear), &mut rest);
        opened.unwrap_or_else(|_| panic!("{ssrc:?} {index} cannot be opened")).to_vec()
    }

    fn take(&mut self, datagram: &[u8]) -> Got {
        let word = |at: usize| u32::from_be_bytes(datagram[at..at + 4].try_into().expect("four"));
        let short = |at: usize| u16::from_be_bytes(datagram[at..at + 2].try_into().expect("two"));
        if (200..208).contains(&datagram[1]) {
            let (sealed, index) = datagram.split_at(datagram.len() - 4);
            let clear = [&datagram[..8], index].concat();
            let number = word(datagram.len() - 4) & 0x7fff_ffff;
            let rest = self.open(Ssrc(word(4)), number.into(), &clear, &sealed[8..]);
            return Got::Report([&datagram[..8], &rest].concat());
        }
        assert_eq!((datagram[0], short(12), short(14)), (0x90, 0xbede, 1), "one word of extensions");
        let (ssrc, seq) = (Ssrc(word(8)), short(2));
        // The first is taken for one without roll-overs.
        let highest = self.highest.entry(ssrc).or_insert(seq.into());
        let ahead = seq.wrapping_sub(*highest as u16).cast_signed();
        let index = highest.checked_add_signed(ahead.into()).expect("no number is before the first");
        *highest = index.max(*highest);
        let payload = self.open(ssrc, index, &datagram[..20], &datagram[20..]);
        let again = ssrc == RESENDS;
        assert_eq!(datagram[1] & 0x7f, if again { RESENT } else { PICTURE });
        assert_eq!(datagram[16], TRANSPORT << 4 | 1);
        let (original, payload) = payload.split_at(if again { 2 } else { 0 });
        Got::Packet {
            seq,
            original: again.then(|| u16::from_be_bytes([original[0], original[1]])),
            transport: short(17),
            time: word(4),
            picture: u16::from_be_bytes([payload[2] & 0x7f, payload[3]]),
            payload: payload[6..].to_vec(),
        }
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
    opener: Opener,
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
            opener: Opener::new(handshake),
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
        self.left().iter().map(|datagram| self.opener.take(datagram)).collect()
    }

    /// Everything that leaves within a tenth of a second, lost on the way.
    pub fn lose(&mut self) -> usize {
        self.left().len()
    }

    fn left(&mut self) -> Vec<Vec<u8>> {
        let path = Path {
            protocol: Protocol::Udp,
            remote: ([127, 0, 0, 1], 9).into(),
            local: ([127, 0, 0, 1], 8).into(),
        };
        let (until, mut all, mut out) = (self.now + ms(100), Vec::new(), Vec::new());
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
                _ => return all,
            }
        }
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
