//! Any datagrams from any addresses, among them authenticated STUN, to a core with two people.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::reader::Reader;
use crate::limits::{Limit, Limits};
use crate::media::ids::{Kind, OfferId, PeerId, RoomId, SlotIndex, Stream};
use crate::media::message::{Command, Notice, SlotLine, TrackLine};
use crate::media::rtc::{ConnectionConfig, Offer, binding_request};
use crate::media::{Core, CoreConfig, Path};

/// Where the core listens.
const HERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 5_000);

/// People in the room.
const PEOPLE: u64 = 2;

/// What a client needs to be believed.
struct Credentials {
    ufrag: String,
    password: String,
}

/// Datagrams of every kind, time that passes, requests with the right password from any address: no connection faults, the
/// table of addresses stays bounded, and nothing is sent to an address that authenticated nothing.
pub fn datagram(data: &[u8]) {
    let mut now = Instant::now();
    let connection = ConnectionConfig { candidates: vec![HERE], worker: 0 };
    let limits = Limits::default();
    let most = limits.get(Limit::AddressesPerPeer) * usize::try_from(PEOPLE).unwrap_or(0);
    let mut core = Core::new(CoreConfig { connection, limits }, now);
    let people: Vec<Credentials> =
        (0..PEOPLE).filter_map(|peer| enter(&mut core, now, PeerId(peer))).collect();
    let mut known = Vec::new();
    let mut reader = Reader::new(data);
    while !reader.is_empty() {
        let (what, from) = (reader.byte(), reader.byte());
        let path = Path::udp(SocketAddr::new(HERE.ip(), 6_000 + u16::from(from)), HERE);
        match (what >> 6, people.get(usize::from(what & 1))) {
            (0, Some(person)) => {
                let mut request = binding_request(&person.ufrag, &person.password);
                if what & 2 == 0 {
                    known.push(path.remote);
                } else if let Some(byte) = request.get_mut(usize::from(reader.byte())) {
                    *byte ^= reader.byte() | 1;
                    known.push(path.remote);
                }
                core.handle_datagram(now, path, &request);
            }
            (1, _) => now += Duration::from_millis(u64::from(reader.short())),
            _ => {
                let length = usize::from(reader.short() & 0x7ff);
                core.handle_datagram(now, path, reader.take(length));
            }
        }
        core.handle_timeout(now);
        for transmit in core.drain_transmits() {
            assert!(known.contains(&transmit.path.remote), "sent to a stranger at {}", transmit.path.remote);
        }
        while let Some(notice) = core.poll_notice() {
            if let Notice::Lost { reason, .. } = notice {
                assert!(!reason.contains("fault"), "{reason}");
            }
        }
        assert!(core.paths() <= most, "{} addresses", core.paths());
    }
}

/// Brings a person into the room, with a browser's offer.
fn enter(core: &mut Core, now: Instant, peer: PeerId) -> Option<Credentials> {
    let tracks = vec![TrackLine { mid: "0".into(), stream: Stream::Camera, kind: Kind::Video }];
    let slots = vec![SlotLine { mid: "1".into(), kind: Kind::Video, slot: SlotIndex(0) }];
    let offer = Box::new(Offer::parse(super::SHORT_OFFER, tracks, slots, &Limits::default()).ok()?);
    core.handle_command(now, Command::Join { peer, room: RoomId(0) });
    core.handle_command(now, Command::Offer { peer, id: OfferId(1), fresh: true, offer });
    let Some(Notice::Answer { sdp, .. }) = core.poll_notice() else {
        panic!("a browser's offer was refused")
    };
    let value = |name| sdp.lines().find_map(|line: &str| line.strip_prefix(name)).map(str::to_owned);
    Some(Credentials { ufrag: value("a=ice-ufrag:")?, password: value("a=ice-pwd:")? })
}
