//! Datagrams that nobody asked for, on the real socket. What can be simulated is, in virtual time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::Value;
use socket2::{Domain, Protocol, Socket, Type};
use str0m::ice::{StunMessage, TransId};
use tungstenite::Message;

use crate::client::Client;
use crate::client::connection::Profile;
use crate::harness::ATTACKER;
use crate::house::{Expected, House};
use crate::person::media_address;
use crate::rng::Rng;
use crate::server::Server;
use crate::table::{Group, Table};

/// A flood of them, as fast as one thread sends.
const FLOOD: usize = 10_000;

/// `SOCK_RAW` of Linux: datagrams whose UDP header we write ourselves.
const RAW: i32 = 3;

/// Runs every attack of this file.
pub fn rows(table: &mut Table, house: &House) {
    let mut row = |name, counter, answer, act: &dyn Fn(&Server) -> String| {
        house.attack(table, Group::Udp, name, Expected::of(counter, answer), act);
    };
    row("10,000 datagrams of garbage", "core_unknown", "nothing", &|server| {
        let mut rng = Rng::new(3);
        sent(server, FLOOD, |_| {
            let mut bytes = vec![0; 1 + rng.below(1_400) as usize];
            rng.fill(&mut bytes);
            // No kind of datagram begins like this (RFC 7983).
            bytes[0] |= 0xc0;
            bytes
        })
    });
    row("STUN with a wrong key, from an insider", "core_stun_refused", "nothing", &|server| {
        let insider = Insider::enter(server);
        sent(server, 1_000, |_| insider.binding_request("not the password of anybody"))
    });
    row("datagrams of over 1,500 bytes", "core_hostile", "nothing", &|server| {
        sent(server, 100, |number| vec![0x80; 1_501 + number * 300])
    });
    match Socket::new(Domain::IPV4, Type::from(RAW), Some(Protocol::UDP)) {
        Ok(raw) => {
            raw.bind(&SocketAddr::from((ATTACKER, 0)).into()).expect("an address of ours");
            row("source port 0, from an insider", "core_hostile", "segmentation goes on", &|server| {
                from_port_zero(server, &raw)
            });
        }
        Err(error) => println!("source port 0 cannot be sent from here: {error}"),
    }
}

/// Sends so many datagrams, and says whether anything came back.
fn sent(server: &Server, count: usize, mut make: impl FnMut(usize) -> Vec<u8>) -> String {
    let socket = UdpSocket::bind((ATTACKER, 0)).expect("a UDP socket");
    let to = Insider::enter(server).server;
    for number in 0..count {
        // What the kernel does not take does not matter: enough arrives.
        let _ = socket.send_to(&make(number), to);
    }
    socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a socket of ours");
    match socket.recv_from(&mut [0; 2_048]) {
        Ok((bytes, _)) => format!("{bytes} bytes"),
        Err(error) if error.kind() == ErrorKind::WouldBlock => "nothing".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Requests that would be answered if they came from an address: an answer to port 0 fails in a way that turns
/// segmentation off for the whole socket, for good.
fn from_port_zero(server: &Server, raw: &Socket) -> String {
    let insider = Insider::enter(server);
    assert!(is_segmenting(server), "there is no segmentation to lose");
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    for _ in 0..20 {
        let request = insider.binding_request(&insider.password);
        let length = (request.len() + 8) as u16;
        let header = [0, insider.server.port(), length, 0].map(u16::to_be_bytes).concat();
        raw.send_to(&[header, request].concat(), &to.into()).expect("a raw datagram can be sent");
    }
    if is_segmenting(server) { "segmentation goes on".to_owned() } else { "segmentation is off".to_owned() }
}

/// Whether the server sends several datagrams in one call, as it does for pictures whose packets came together.
fn is_segmenting(server: &Server) -> bool {
    let counted = || server.together(["udp_sent", "udp_sends"]);
    let [sent_before, sends_before] = counted();
    let by = Instant::now() + Duration::from_secs(5);
    while Instant::now() < by {
        std::thread::sleep(Duration::from_millis(50));
        let [sent, sends] = counted();
        if sent - sent_before > sends - sends_before {
            return true;
        }
    }
    false
}

/// Somebody in the room who knows their own name and password for STUN.
pub struct Insider {
    pub server: SocketAddr,
    /// Ours and theirs, as USERNAME has them.
    names: String,
    pub password: String,
}

impl Insider {
    /// Enters, has an offer answered and goes away; the connection stays for a while.
    pub fn enter(server: &Server) -> Insider {
        let profile = Profile {
            camera: None,
            microphone: None,
            pairs: 1,
            audio_only: 0,
            grows: false,
            ..Profile::PAGE
        };
        let (now, nobody) = (Instant::now(), SocketAddr::from((Ipv4Addr::LOCALHOST, 9)));
        let directory = Rc::new(RefCell::new(BTreeMap::new()));
        let mut client = Client::new(99, "den", profile, nobody, now, Rng::new(1), directory);
        let mut socket = server.websocket();
        client.opened();
        let value = |sdp: &str, name: &str| {
            sdp.lines().find_map(|line| line.strip_prefix(name)).expect("a line").to_owned()
        };
        let mut theirs = None;
        loop {
            while let Some(text) = client.next_message() {
                let message: Value = serde_json::from_str(&text).expect("JSON");
                theirs = message["sdp"].as_str().map(|sdp| value(sdp, "a=ice-ufrag:")).or(theirs);
                socket.send(Message::text(text)).expect("the server listens");
            }
            let text = socket.read().expect("an answer").into_text().expect("text");
            let message: Value = serde_json::from_str(&text).expect("the server speaks JSON");
            let Some(sdp) = message["sdp"].as_str() else {
                client.hear(Instant::now(), &text);
                continue;
            };
            let server = media_address(&text).expect("a candidate");
            let names = format!("{}:{}", value(sdp, "a=ice-ufrag:"), theirs.expect("an offer"));
            return Insider { server, names, password: value(sdp, "a=ice-pwd:") };
        }
    }

    /// A binding request (RFC 8489 section 3) for our own connection, with this password.
    pub fn binding_request(&self, password: &str) -> Vec<u8> {
        let request = StunMessage::binding_request(&self.names, TransId::new(), true, 1, 1, false);
        let mut bytes = vec![0; 200];
        let hmac = |key: &[u8], parts: &[&[u8]]| {
            str0m::crypto::from_feature_flags().sha1_hmac_provider.sha1_hmac(key, parts)
        };
        let length = request.to_bytes(Some(password.as_bytes()), &mut bytes, hmac).expect("it fits");
        bytes.truncate(length);
        bytes
    }
}
