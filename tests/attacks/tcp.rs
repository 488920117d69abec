//! Connections to the media port that nobody needs, while people talk who have no UDP.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use plenary::limits::{Limit, Limits};
use plenary::worker::{Received, Udp};
use socket2::{Domain, Socket, Type};

use crate::harness::{ATTACKER, PATIENCE, Stream, connect_from};
use crate::house::{Expected, House};
use crate::rng::Rng;
use crate::server::Server;
use crate::table::{Group, Table};
use crate::udp::Insider;

/// Silent connections that may be there at once.
const HALF_OPEN: usize = 64;

/// How long nothing has to come for it to be no answer.
const QUIET: Duration = Duration::from_millis(500);

/// Runs every attack of this file. Times are shorter than an operator's, so that nobody waits for them.
pub fn rows(table: &mut Table) {
    let limits = Limits::default()
        .with(Limit::TcpHalfOpenConnections, HALF_OPEN)
        .with(Limit::TcpHalfOpenMillis, 1_000)
        .with(Limit::TcpWriteBytes, 64 * 1024);
    let house = House::over_tcp(Server::with(limits));
    assert!(house.server.counter("tcp_sent") > 0, "media goes over TCP");
    assert_eq!(
        house.server.counter("udp_sent") + house.server.counter("udp_received"),
        0,
        "and no other way"
    );
    strangers(table, &house);
    insiders(table, &house);
    assert_eq!(house.server.counter("core_connections_lost"), 0, "nobody had to build anything anew");
    house.close();
}

/// What whoever finds the port can do.
fn strangers(table: &mut Table, house: &House) {
    let mut row = |name, counter, answer, act: &dyn Fn(SocketAddr) -> String| {
        let expected = Expected::of(counter, answer);
        house.attack(table, Group::Tcp, name, expected, |server| act(Insider::enter(server).server));
    };
    row("a frame of over 1,500 bytes", "limit_tcp_frame_bytes", "the end", &|to| {
        said(to, &1_501_u16.to_be_bytes(), PATIENCE)
    });
    row("a web browser", "limit_tcp_frame_bytes", "the end", &|to| {
        said(to, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", PATIENCE)
    });
    row("100 connections of garbage in frames", "tcp_strangers", "the end", &|to| {
        let mut rng = Rng::new(4);
        let mut garbage = || {
            let mut bytes = vec![0; 1 + rng.below(1_400) as usize];
            rng.fill(&mut bytes);
            // No kind of datagram begins like this (RFC 7983).
            bytes[0] |= 0xc0;
            frame(&bytes)
        };
        let answers: Vec<String> = (0..100).map(|_| said(to, &garbage(), PATIENCE)).collect();
        answers.into_iter().find(|answer| answer != "the end").unwrap_or_else(|| "the end".to_owned())
    });
    row("10,000 frames without content", "tcp_empty", "nothing", &|to| said(to, &vec![0; 20_000], QUIET));
    row("1,000 connections that say nothing", "limit_tcp_half_open_connections", "the oldest ends", &|to| {
        let mut silent: Vec<Stream> = (0..1_000).map(|_| connect(to)).collect();
        if heard(&mut silent[0], PATIENCE) == "the end" { "the oldest ends" } else { "all stay" }.to_owned()
    });
    row("half a frame, and nothing more", "limit_tcp_half_open_millis", "the end", &|to| {
        let mut stream = connect(to);
        stream.write_all(&[0, 100, 0, 1]).expect("it reads");
        heard(&mut stream, PATIENCE)
    });
}

/// What takes somebody in the room, who knows their own name and password for STUN.
fn insiders(table: &mut Table, house: &House) {
    let mut row = |name, counter, answer, act: &dyn Fn(&Insider) -> String| {
        let expected = Expected::of(counter, answer);
        house.attack(table, Group::Tcp, name, expected, |server: &Server| act(&Insider::enter(server)));
    };
    row("STUN with a wrong key", "core_stun_refused", "nothing", &|insider| {
        let requests =
            (0..1_000).flat_map(|_| frame(&insider.binding_request("not the password of anybody")));
        said(insider.server, &requests.collect::<Vec<u8>>(), QUIET)
    });
    row(
        "more connections than one person has addresses",
        "limit_addresses_per_peer",
        "16 are answered",
        &|insider| {
            let request = frame(&insider.binding_request(&insider.password));
            let mut streams: Vec<Stream> = (0..40).map(|_| connect(insider.server)).collect();
            for stream in &mut streams {
                stream.write_all(&request).expect("it reads");
            }
            // The answers come together: who has none when others have theirs gets none.
            let mut answered = 0;
            for stream in &mut streams {
                let within = Duration::from_millis(if answered < 16 { 500 } else { 50 });
                answered += u32::from(heard(stream, within).ends_with("bytes"));
            }
            format!("{answered} are answered")
        },
    );
    unread(table, house);
    batches(table, house);
}

/// Requests that are answered, as many in one piece as a kernel passes on: what UDP brings in a turn must not keep TCP,
/// timers and commands waiting.
fn batches(table: &mut Table, house: &House) {
    let expected = Expected::of("udp_received", "all sockets are answered");
    let name = "64 requests a piece over UDP, from four sockets";
    house.attack(table, Group::Udp, name, expected, |server| {
        let insider = Insider::enter(server);
        let request = insider.binding_request(&insider.password);
        let piece = [request.as_slice(); 64].concat();
        let from = std::net::Ipv4Addr::new(127, 0, 0, 2).into();
        let mut sockets: Vec<Udp> = (0..4).map(|_| Udp::v4(0).expect("a socket")).collect();
        let until = Instant::now() + Duration::from_secs(1);
        while Instant::now() < until {
            for socket in &mut sockets {
                socket.send(insider.server, Some(from), &piece, request.len());
            }
        }
        let answered = |socket: &mut Udp| matches!(socket.receive(1, |_, _, _| {}), Received::Some(1));
        if sockets.iter_mut().all(answered) { "all sockets are answered" } else { "some are not" }.to_owned()
    });
}

/// Somebody who asks and asks and takes no answer. How long the kernel of one who reads nothing goes on to acknowledge what
/// it sends is a matter of chance: if that is not long enough to fill what may wait, they try again.
fn unread(table: &mut Table, house: &House) {
    let expected = Expected::of("limit_tcp_write_bytes", "what waits is dropped");
    house.attack(table, Group::Tcp, "a client that never reads", expected, |server| {
        let insider = Insider::enter(server);
        let requests: Vec<u8> =
            (0..100).flat_map(|_| frame(&insider.binding_request(&insider.password))).collect();
        let before = server.counter(expected.counter);
        for _ in 0..10 {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
            socket.set_recv_buffer_size(4_096).expect("a socket of ours");
            socket.bind(&SocketAddr::from((ATTACKER, 0)).into()).expect("an address of ours");
            socket.connect(&insider.server.into()).expect("it listens");
            let mut stream = TcpStream::from(socket);
            stream.set_write_timeout(Some(Duration::from_millis(200))).expect("a socket of ours");
            let _ = (0..50).try_for_each(|_| stream.write_all(&requests));
            // Not all of it is read in one turn.
            let by = Instant::now() + Duration::from_millis(500);
            while Instant::now() < by {
                if server.counter(expected.counter) > before {
                    return expected.answer.to_owned();
                }
            }
        }
        "all of it waits".to_owned()
    });
}

fn connect(to: SocketAddr) -> Stream {
    connect_from(ATTACKER, to.port()).expect("it listens")
}

fn frame(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes(), bytes].concat()
}

/// What somebody gets who says this on a connection of their own.
fn said(to: SocketAddr, bytes: &[u8], within: Duration) -> String {
    let mut stream = connect(to);
    // It may end before all of it is said.
    let _ = stream.write_all(bytes);
    heard(&mut stream, within)
}

/// What comes next: bytes, the end, or nothing.
fn heard(stream: &mut Stream, within: Duration) -> String {
    stream.set_read_timeout(Some(within)).expect("a socket of ours");
    let began = Instant::now();
    match stream.read(&mut [0; 2_048]) {
        Ok(0) => "the end".to_owned(),
        Ok(count) => format!("{count} bytes"),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => "the end".to_owned(),
        Err(error) if began.elapsed() >= within / 2 && error.kind() == ErrorKind::WouldBlock => {
            "nothing".to_owned()
        }
        Err(error) => error.to_string(),
    }
}
