//! How many connections there may be, and who gives way.

use std::net::Ipv4Addr;

use plenary::control::ControlConfig;
use plenary::limits::{Limit, Limits};

use tungstenite::{Message, WebSocket};

use crate::harness::{Client, Server, Stream, connect_from, try_websocket_from, websocket_from};

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn connections_that_say_nothing_give_way_to_new_ones() {
    let limits = Limits::default().with(Limit::HalfOpenConnections, 3);
    let server = Server::with(ControlConfig { limits, ..ControlConfig::default() });
    let mut known = server.connect();
    known.say(HEALTH);
    assert_eq!(known.answer().status, 200);
    let mut silent: Vec<Client> = (0..3).map(|_| server.connect()).collect();
    let mut newcomer = server.connect();
    newcomer.say(HEALTH);
    assert_eq!(newcomer.answer().status, 200);
    assert!(silent[0].is_ended(), "the oldest gave way");
    silent[2].say(HEALTH);
    assert_eq!(silent[2].answer().status, 200);
    known.say(HEALTH);
    assert_eq!(known.answer().status, 200, "who was served before is no longer half open");
    assert_eq!(server.stop().count(Limit::HalfOpenConnections), 1);
}

#[test]
fn when_there_are_as_many_connections_as_may_be_idle_ones_give_way_and_calls_do_not() {
    let limits = Limits::default().with(Limit::Connections, 3);
    let server = Server::with(ControlConfig { limits, ..ControlConfig::default() });
    assert_eq!(server.post("/api/rooms", r#"{"name": "room", "listed": true}"#).status, 201);
    let mut called: Vec<_> = (0..2).map(|_| inside(&server)).collect();
    let mut idle = server.connect();
    idle.say(HEALTH);
    assert_eq!(idle.answer().status, 200);
    let mut newcomer = server.connect();
    newcomer.say(HEALTH);
    assert_eq!(newcomer.answer().status, 200);
    assert!(idle.is_gone(), "it is in no call");
    called.push(inside(&server));
    assert!(newcomer.is_gone());
    assert!(server.connect().is_gone(), "everybody is in a call");
    for socket in &mut called {
        socket.send(r#"{"type":"ping"}"#.into()).unwrap();
        while !socket.read().unwrap().to_text().unwrap().contains("pong") {}
    }
    drop(called);
    assert_eq!(server.stop().count(Limit::Connections), 3);
}

/// A socket on which somebody is in the room.
fn inside(server: &Server) -> WebSocket<Stream> {
    let mut socket = server.websocket();
    socket.send(r#"{"type":"join","room":"room","name":"Ann"}"#.into()).unwrap();
    assert!(socket.read().unwrap().to_text().unwrap().contains("welcome"));
    socket
}

#[test]
fn a_socket_before_its_join_is_told_why_it_gives_way() {
    let limits = Limits::default().with(Limit::Connections, 1);
    let server = Server::with(ControlConfig { limits, ..ControlConfig::default() });
    let mut socket = server.websocket();
    let mut newcomer = server.connect();
    newcomer.say(HEALTH);
    assert_eq!(newcomer.answer().status, 200);
    let Ok(Message::Close(Some(frame))) = socket.read() else { panic!("no close") };
    assert_eq!(u16::from(frame.code), 4005);
}

#[test]
fn an_address_that_has_all_it_may_have_shuts_nobody_else_out() {
    let limits = Limits::default()
        .with(Limit::ConnectionsPerAddress, 4)
        .with(Limit::HalfOpenConnectionsPerAddress, 2)
        .with(Limit::SocketsPerAddress, 2);
    let server = Server::with(ControlConfig { limits, ..ControlConfig::default() });
    let attacker = Ipv4Addr::new(127, 0, 0, 2);
    let connect = || Client::new(connect_from(attacker, server.port).unwrap());
    let mut silent: Vec<Client> = (0..3).map(|_| connect()).collect();
    assert!(silent[0].is_gone(), "their own oldest");
    let _sockets: Vec<_> = (0..2).map(|_| websocket_from(attacker, server.port)).collect();
    let refused = try_websocket_from(attacker, server.port);
    let Err(tungstenite::Error::Http(answer)) = refused else { panic!("not refused") };
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].as_bytes()), (429, &b"60"[..]));
    // A third person, with everything they need.
    for _ in 0..2 {
        assert_eq!(server.get("/healthz").status, 200);
    }
    server.websocket();
}

#[test]
fn behind_a_trusted_proxy_each_client_has_an_account() {
    let limits = Limits::default().with(Limit::ConnectionsPerAddress, 2).with(Limit::SocketsPerAddress, 1);
    let trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    let server = Server::with(ControlConfig { limits, trusted_proxies, ..ControlConfig::default() });
    let open = |client: &str| {
        let mut proxied = server.connect();
        proxied.say(&format!(
            "GET /ws HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nX-Forwarded-For: {client}\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        ));
        (proxied.answer().status, proxied)
    };
    let opened: Vec<_> = (1..=9).map(|last| open(&format!("198.51.100.{last}"))).collect();
    assert!(
        opened.iter().all(|(status, _)| *status == 101),
        "the proxy's own connections are not one person's"
    );
    assert_eq!(open("198.51.100.4").0, 429);
    assert_eq!(open("2001:db8::1").0, 101);
}
