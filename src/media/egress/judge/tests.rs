//! Each thing that can be wrong on the wire is found, and what is right is not.

use super::super::seal::{LONGEST_SALT, Profile, Sealed, SessionKey};
use super::super::write;
use super::*;
use crate::media::codec::Format;
use crate::media::demux::{Path, Protocol};
use crate::media::rtp::Extensions;

const SLOT: Ssrc = Ssrc(0x1111);
const RESENDS: Ssrc = Ssrc(0x2222);
const FIRST: u64 = 65_530;

/// A connection's end, and what is sealed with its keys.
struct Fixture {
    judge: Judge,
    sealer: Sealer,
    negotiated: Negotiated,
    transport: u16,
    faults: u64,
}

/// A packet as it is written: what is expected, and with which number.
struct Packet {
    expected: Expected,
    own: Own,
    ids: ExtensionIds,
    stored: Stored,
    index: u64,
}

fn sealer() -> Sealer {
    let session = SessionKey { key: vec![7; 32], salt: [9; LONGEST_SALT], authentication: [0; 20] };
    Sealer::new(Profile::Gcm256, &session, &session).expect("keys")
}

impl Fixture {
    /// Three packets left, and the second left again.
    fn new() -> Fixture {
        let mut negotiated = Negotiated::default();
        (negotiated.formats[0], negotiated.resends[0]) = (Some(96), Some(97));
        (negotiated.formats[1], negotiated.resends[1]) = (Some(98), Some(99));
        let (judge, sealer) = (Judge::new(), sealer());
        let mut fixture = Fixture { judge, sealer, negotiated, transport: 65_534, faults: 0 };
        for number in 0..3 {
            assert!(!fixture.finds(number, |_| {}));
        }
        assert!(!fixture.finds_again(1, 50, |_| {}), "{:?}", fixture.judge);
        fixture
    }

    /// The packet `number` of the source.
    fn packet(&mut self, number: u64) -> Packet {
        self.transport = self.transport.wrapping_add(1);
        let (index, time) = (FIRST + number, MediaTime(0xffff_ffff + number * 3_000));
        let stored = Stored {
            payload: [&[0x90, 0xe0, 0x80, 0, 0][..], &[number as u8; 40]].concat().into(),
            format: Format(0),
            marker: number.is_multiple_of(2),
            extensions: Extensions { orientation: Some(1), ..Extensions::default() },
            picture: None,
        };
        let own = Own {
            ssrc: SLOT,
            payload_type: 96,
            seq: index as u16,
            time: time.low(),
            picture: Some(Picture { id: 300 + number as u16, long: true, tl0: Some(3) }),
            original: None,
            transport: Some(self.transport),
        };
        let ids = ExtensionIds { transport: Some(3), level: Some(4), orientation: Some(5) };
        let expected =
            Expected { own, ids, stored: stored.clone(), along: Vec::new(), role: Role::Fresh(time) };
        Packet { expected, own, ids, stored, index }
    }

    /// The packet `number` as it leaves once more, with a number of its own.
    fn packet_again(&mut self, number: u64, index: u64) -> Packet {
        let mut packet = self.packet(number);
        packet.own.original = Some(packet.own.seq);
        (packet.own.ssrc, packet.own.payload_type, packet.own.seq) = (RESENDS, 97, index as u16);
        (packet.expected.own, packet.expected.role, packet.index) = (packet.own, Role::Again(SLOT), index);
        packet
    }

    /// Whether there is a fault in a packet of which something is changed.
    fn finds(&mut self, number: u64, change: impl FnOnce(&mut Packet)) -> bool {
        let mut packet = self.packet(number);
        change(&mut packet);
        self.leaves(packet)
    }

    fn finds_again(&mut self, number: u64, index: u64, change: impl FnOnce(&mut Packet)) -> bool {
        let mut packet = self.packet_again(number, index);
        change(&mut packet);
        self.leaves(packet)
    }

    fn leaves(&mut self, packet: Packet) -> bool {
        let Packet { expected, own, ids, stored, index } = packet;
        let mut out = Vec::new();
        let header = write::write(&stored, None, &own, ids, &mut out);
        self.sealer.seal(&mut Sealed::new(own.ssrc), index, &mut out, 0, header).expect("it can be sealed");
        self.judge.expect(|| expected);
        self.run(&out, out.len())
    }

    /// Whether there is a fault in a run.
    fn run(&mut self, bytes: &[u8], segment: usize) -> bool {
        let address = ([127, 0, 0, 1], 9).into();
        let run = Run { path: Path { protocol: Protocol::Udp, remote: address, local: address }, segment };
        self.judge.judge(&self.sealer, &self.negotiated, run, bytes);
        let before = std::mem::replace(&mut self.faults, self.judge.faults().wire);
        self.faults > before
    }
}

/// What is changed, and how.
type Change = (&'static str, fn(&mut Packet));

/// Of what was to leave and what leaves both have it: only what left before tells that it is wrong.
fn both(packet: &mut Packet, change: impl Fn(&mut Own)) {
    change(&mut packet.own);
    change(&mut packet.expected.own);
}

#[test]
fn what_is_right_over_a_turn_of_all_numbers_is_no_fault() {
    let mut fixture = Fixture::new();
    assert!((3..20).all(|number| !fixture.finds(number, |_| {})));
    assert!((51..60).all(|index| !fixture.finds_again(index - 40, index, |_| {})));
    assert!(!fixture.finds(22, |_| {}) && !fixture.finds(21, |_| {}), "one that is late");
    assert_eq!(fixture.judge.faults(), Faults { opened: 32, ..Faults::default() });
}

#[test]
fn what_is_not_as_it_was_to_be_is_found() {
    let changes: [Change; 11] = [
        ("the source", |packet| packet.own.ssrc = RESENDS),
        ("the payload type", |packet| packet.own.payload_type = 98),
        ("the marker", |packet| packet.stored.marker ^= true),
        ("the timestamp", |packet| packet.own.time = packet.own.time.wrapping_add(1)),
        ("the roll-over", |packet| packet.index += 65_536),
        ("an extension's id", |packet| packet.ids.orientation = Some(6)),
        ("an extension's value", |packet| packet.stored.extensions.orientation = Some(2)),
        ("an extension more", |packet| {
            packet.stored.extensions.level = Some(AudioLevel { level: 3, voice: true });
        }),
        ("the picture id", |packet| {
            packet.own.picture = Some(Picture { id: 9, long: true, tl0: Some(3) });
        }),
        ("the payload", |packet| {
            packet.stored.payload = packet.stored.payload.iter().map(|byte| byte ^ 1).collect();
        }),
        ("its end", |packet| packet.stored.payload = packet.stored.payload[..44].into()),
    ];
    for (what, change) in changes {
        assert!(Fixture::new().finds(3, change), "{what} is another, and nobody noticed");
    }
}

#[test]
fn what_does_not_follow_from_what_left_before_is_found() {
    assert!(
        Fixture::new().finds(1, |packet| packet.expected.role = Role::Fresh(MediaTime(0xffff_ffff + 3_000)))
    );
    let earlier = |packet: &mut Packet| {
        let time = MediaTime(0xffff_fff0);
        packet.expected.role = Role::Fresh(time);
        both(packet, |own| own.time = time.low());
    };
    assert!(Fixture::new().finds(3, earlier), "a later number on an earlier timestamp");
    assert!(Fixture::new().finds(3, |packet| both(packet, |own| own.transport = Some(5))), "a hole");
    assert!(Fixture::new().finds(3, |packet| both(packet, |own| own.transport = None)), "no number");
}

#[test]
fn what_leaves_again_and_is_not_what_left_is_found() {
    assert!(Fixture::new().finds_again(0, 52, |_| {}), "a hole in its numbers");
    assert!(Fixture::new().finds_again(0, 50, |_| {}), "a number again");
    assert!(Fixture::new().finds_again(3, 51, |_| {}), "it never left");
    let other = |packet: &mut Packet| both(packet, |own| own.payload_type = 99);
    assert!(Fixture::new().finds_again(0, 51, other), "the payload type of another format");
    let other = |packet: &mut Packet| both(packet, |own| own.time = own.time.wrapping_add(1));
    assert!(Fixture::new().finds_again(0, 51, other), "another timestamp");
    let other = |packet: &mut Packet| {
        packet.stored.marker ^= true;
        packet.expected.stored.marker ^= true;
    };
    assert!(Fixture::new().finds_again(0, 51, other), "another marker");
    let other = |packet: &mut Packet| {
        let picture = Some(Picture { id: 9, long: true, tl0: Some(3) });
        both(packet, |own| own.picture = picture);
    };
    assert!(Fixture::new().finds_again(0, 51, other), "another picture");
    assert!(!Fixture::new().finds_again(0, 51, |_| {}));
}

#[test]
fn a_run_of_more_or_less_than_was_written_or_cut_elsewhere_is_found() {
    let mut fixture = Fixture::new();
    let packet = fixture.packet(3);
    let mut out = Vec::new();
    let header = write::write(&packet.stored, None, &packet.own, packet.ids, &mut out);
    fixture.sealer.seal(&mut Sealed::new(SLOT), packet.index, &mut out, 0, header).expect("sealed");
    assert!(fixture.run(&out, out.len()), "nobody wrote it");
    let packet = fixture.packet(4);
    fixture.judge.expect(|| packet.expected);
    assert!(fixture.run(&[], 1), "it is not there");
    let packet = fixture.packet(5);
    fixture.judge.expect(|| packet.expected);
    assert!(fixture.run(&out, out.len() - 1), "it is cut");
}

#[test]
fn reports_are_opened_and_their_indices_rise() {
    let report = |sealer: &mut Sealer, bytes: &[u8]| {
        let mut out = bytes.to_vec();
        sealer.seal_report(&mut out, 0).expect("it can be sealed");
        out
    };
    let (mut ours, mut others, whole) = (sealer(), sealer(), [&[0x80, 200, 0, 6][..], &[1; 24]].concat());
    let mut fixture = Fixture::new();
    for _ in 0..2 {
        let sealed = report(&mut ours, &whole);
        assert!(!fixture.run(&sealed, sealed.len()));
    }
    let sealed = report(&mut others, &whole);
    assert!(fixture.run(&sealed, sealed.len()), "an index comes again");
    for wrong in
        [&whole[..24], &[&whole[..], &[0x80, 200, 0, 1]].concat(), &[&whole[..], &[1, 2, 3, 4]].concat()]
    {
        let sealed = report(&mut ours, wrong);
        assert!(fixture.run(&sealed, sealed.len()), "{wrong:?}");
    }
}
