//! Any datagrams from any addresses, among them authenticated STUN, to a core with two people.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::reader::Reader;
use crate::limits::{Limit, Limits};
use crate::media::ids::{Kind, OfferId, PeerId, RoomId, SlotIndex, Stream};
use crate::media::message::{Command, Notice, SlotLine, TrackLine};
use crate::media::rtc::fault::binding_request;
use crate::media::rtc::{ConnectionConfig, EgressKind, Offer};
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
/// table of addresses stays bounded, and no address gets more than three times what it sent, as none proves that it
/// receives.
pub fn datagram(data: &[u8]) {
    let mut now = Instant::now();
    let connection = ConnectionConfig { candidates: vec![HERE], worker: 0, egress: EgressKind::Own };
    let limits = Limits::default();
    let most = limits.get(Limit::AddressesPerPeer) * usize::try_from(PEOPLE).unwrap_or(0);
    let mut core = Core::new(CoreConfig::new(connection, limits), now);
    let people: Vec<Credentials> =
        (0..PEOPLE).filter_map(|peer| enter(&mut core, now, PeerId(peer))).collect();
    // Bytes that came from each address and that went there.
    let mut traffic: BTreeMap<u16, (usize, usize)> = BTreeMap::new();
    let mut reader = Reader::new(data);
    while !reader.is_empty() {
        let (what, from) = (reader.byte(), reader.byte());
        let path = Path::udp(SocketAddr::new(HERE.ip(), 6_000 + u16::from(from)), HERE);
        match (what >> 6, people.get(usize::from(what & 1))) {
            (0, Some(person)) => {
                let mut request = binding_request(&person.ufrag, &person.password);
                if what & 2 != 0
                    && let Some(byte) = request.get_mut(usize::from(reader.byte()))
                {
                    *byte ^= reader.byte() | 1;
                }
                traffic.entry(path.remote.port()).or_default().0 += request.len();
                core.handle_datagram(now, path, &request);
            }
            (1, _) => now += Duration::from_millis(u64::from(reader.short())),
            _ => {
                let length = usize::from(reader.short() & 0x7ff);
                let datagram = reader.take(length);
                traffic.entry(path.remote.port()).or_default().0 += datagram.len();
                core.handle_datagram(now, path, datagram);
            }
        }
        core.handle_timeout(now);
        for transmit in core.drain_transmits(now) {
            let (from, to) = traffic.entry(transmit.path.remote.port()).or_default();
            *to += transmit.contents.len();
            assert!(*to <= 3 * *from, "{to} bytes for {from} to {}", transmit.path.remote);
        }
        while core.poll_notice().is_some() {}
        assert_eq!(core.counters().connections_failed, 0, "a fault inside a connection");
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
