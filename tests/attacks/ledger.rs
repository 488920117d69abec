//! One address that takes all it can get, and what is left for everybody else.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use plenary::limits::Limit;
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::client::Client as Page;
use crate::client::connection::Profile;
use crate::harness::{Client, PATIENCE, Stream, connect_from, websocket_from};
use crate::house::{Expected, House};
use crate::rng::Rng;
use crate::server::Server;
use crate::signaling::{closed, heard, join, tell};
use crate::table::{Group, Table};

/// How long an answer to others may take meanwhile.
const WAIT: Duration = Duration::from_millis(800);

/// What the operator of this house set, so that wholes are full soon.
const LIMITS: &str = "connections=300,turn-users-per-hour-per-address=5,offers-per-second-per-address=1,\
    held-bytes-per-address=8_000_000";

/// More connections than there may be.
const MANY: usize = 400;

/// An address of people who do nothing wrong.
const HONEST: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Two hundred people behind one address.
const SCHOOL: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// Runs every attack of this file.
pub fn rows(table: &mut Table) {
    let secret = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("attacked-turn-secret");
    std::fs::write(&secret, "0123456789abcdef").expect("the target folder can be written to");
    let secret = secret.to_str().expect("a path of ours");
    let arguments = ["--limit", LIMITS, "--turn-url", "turn:turn.example.org", "--turn-secret-file", secret];
    let house = House::new(&arguments, None);
    house.server.make_room("Hall");
    house.server.make_room("Attic");
    let mut row = |name, counter, answer, act: &dyn Fn(&Server) -> String| {
        house.attack(table, Group::Address, name, Expected::of(counter, answer).within(WAIT), act);
    };
    row(
        "10 users of the relay",
        "limit_turn_users_per_hour_per_address",
        "5, and a third person",
        &relay_users,
    );
    row("99 joins at once", "limit_peers_per_room", "90, and a third person", &joins);
    row("60 offers from 60 sockets", "limit_offers_per_second_per_address", "a third person first", &offers);
    row("20 MB of unfinished messages", "limit_held_bytes_per_address", "some end", &unfinished);
    row("200 rooms in one go", "limit_rooms_made_per_minute_per_address", "429, and a third person", &rooms);
    row("400 idle connections of 300", "limit_connections", "the oldest ends", &idle);
    row("400 sockets before their join, of 300", "limit_connections", "close 4005", &outside);
    house.close();
}

/// Whether somebody enters: their socket, and the first word they hear.
fn entered(server: &Server, from: Ipv4Addr, room: &str) -> (WebSocket<Stream>, Value) {
    let mut socket = websocket_from(from, server.port);
    tell(&mut socket, &join(room, "Somebody", None));
    let word = heard(&mut socket);
    (socket, word)
}

fn and_third(what: &str, is_served: bool) -> String {
    format!("{what}, and {} third person", if is_served { "a" } else { "no" })
}

fn relay_users(server: &Server) -> String {
    let users = |word: &Value| word["iceServers"].as_array().map_or(0, Vec::len);
    let given: Vec<usize> = (0..10).map(|_| users(&enter_attic(server).1)).collect();
    let (_socket, third) = entered(server, HONEST, "attic");
    and_third(&given.iter().sum::<usize>().to_string(), users(&third) == 1)
}

fn enter_attic(server: &Server) -> (WebSocket<Stream>, Value) {
    let mut socket = server.websocket();
    tell(&mut socket, &join("attic", "Mallory", None));
    let word = heard(&mut socket);
    (socket, word)
}

fn joins(server: &Server) -> String {
    let mut sockets: Vec<_> = (0..99).map(|_| server.websocket()).collect();
    for socket in &mut sockets {
        tell(socket, &join("hall", "Mallory", None));
    }
    let words: Vec<Value> = sockets.iter_mut().map(heard).collect();
    let inside = words.iter().filter(|word| word["type"] == "welcome").count();
    let (_socket, third) = entered(server, HONEST, "hall");
    and_third(&inside.to_string(), third["type"] == "welcome")
}

/// The offer of a page that wants to be seen and heard, and to see and hear.
fn offer_of_a_page(server: &Server, from: Ipv4Addr, room: &str) -> Value {
    let (now, nobody) = (Instant::now(), SocketAddr::from((Ipv4Addr::LOCALHOST, 9)));
    let directory = Rc::new(RefCell::new(BTreeMap::new()));
    let mut page = Page::new(99, room, Profile::PAGE, nobody, now, Rng::new(1), directory);
    let mut socket = websocket_from(from, server.port);
    page.opened();
    loop {
        while let Some(text) = page.next_message() {
            let message: Value = serde_json::from_str(&text).expect("JSON");
            if message["type"] == "offer" {
                return message;
            }
            tell(&mut socket, &message);
        }
        let text = socket.read().expect("an answer").into_text().expect("text");
        page.hear(Instant::now(), &text);
    }
}

/// Reads until this comes.
fn hear_of(socket: &mut WebSocket<Stream>, kind: &str) {
    loop {
        let word = heard(socket);
        assert!(word["type"] != "error" && word["type"] != "close", "{word}");
        if word["type"] == kind {
            return;
        }
    }
}

fn offers(server: &Server) -> String {
    let offer = offer_of_a_page(server, HONEST, "attic");
    let mut sockets: Vec<_> = (0..60).map(|_| enter_attic(server).0).collect();
    let before = server.counter("limit_offers_per_second_per_address");
    let (mut third, _) = entered(server, HONEST, "attic");
    for socket in &mut sockets {
        tell(socket, &offer);
    }
    tell(&mut third, &offer);
    hear_of(&mut third, "answer");
    // The third person may be answered before all of the others' offers were read.
    let until = Instant::now() + Duration::from_secs(10);
    while server.counter("limit_offers_per_second_per_address") == before && Instant::now() < until {
        std::thread::yield_now();
    }
    // Of twenty at once the last one is read now, and the sixtieth in forty seconds.
    let last = sockets.last_mut().expect("sixty");
    last.get_ref().set_read_timeout(Some(Duration::from_millis(100))).expect("a socket of ours");
    let is_answered = std::iter::from_fn(|| last.read().ok())
        .any(|message| matches!(&message, Message::Text(text) if text.contains("\"type\":\"answer\"")));
    if is_answered { "everybody at once" } else { "a third person first" }.to_owned()
}

/// The beginning of the longest offers there may be, and nothing more.
fn unfinished(server: &Server) -> String {
    let mut sockets: Vec<_> = (0..40).map(|_| enter_attic(server).0).collect();
    // A text frame of 540,000 bytes, masked with zeros.
    let mut frame = vec![0x81, 0xff, 0, 0, 0, 0];
    frame.extend(540_000_u32.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(vec![b' '; 500_000]);
    for socket in &mut sockets {
        socket.get_ref().set_write_timeout(Some(Duration::from_millis(200))).expect("a socket of ours");
        let _ = socket.get_mut().write_all(&frame);
    }
    let stays = |socket: &mut WebSocket<Stream>| {
        socket.get_ref().set_read_timeout(Some(Duration::from_millis(20))).expect("a socket of ours");
        loop {
            match socket.read() {
                Ok(Message::Close(_)) => return false,
                Ok(_) => {}
                Err(tungstenite::Error::Io(error)) => return error.kind() == std::io::ErrorKind::WouldBlock,
                Err(_) => return false,
            }
        }
    };
    match sockets.iter_mut().map(|socket| usize::from(stays(socket))).sum() {
        40 => "all stay",
        0 => "all end",
        _ => "some end",
    }
    .to_owned()
}

fn rooms(server: &Server) -> String {
    let ask = |client: &mut Client, name: &str| {
        let body = json!({ "name": name, "listed": false }).to_string();
        client.say(&format!(
            "POST /api/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        client.answer()
    };
    let mut attacker = server.connect();
    let answers: Vec<_> = (0..200).map(|number| ask(&mut attacker, &format!("Spam {number}"))).collect();
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert!((55..70).contains(&made), "{made} rooms were made, not two minutes' worth");
    let last = answers.last().expect("200");
    assert!(last.header("retry-after").is_some(), "{last:?}");
    let mut third = Client::new(connect_from(HONEST, server.port).expect("it listens"));
    and_third(&last.status.to_string(), ask(&mut third, "Honest").status == 201)
}

fn idle(server: &Server) -> String {
    let mut idle: Vec<Client> = (0..MANY)
        .map(|_| {
            let mut client = server.connect();
            client.say("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assert_eq!(client.answer().status, 200, "a newcomer is answered");
            client
        })
        .collect();
    let newest = &mut idle[MANY - 1];
    newest.say("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(newest.answer().status, 200);
    if idle[0].is_gone() { "the oldest ends" } else { "all stay" }.to_owned()
}

fn outside(server: &Server) -> String {
    let mut sockets: Vec<_> = (0..MANY).map(|_| server.websocket()).collect();
    closed(&mut sockets[0])
}

/// Two hundred people, each with a socket and five more connections of their browser, who all enter at once.
#[test]
fn a_school_behind_one_address_comes_in_with_the_limits_as_they_are() {
    let server = Server::start(&[], None);
    let began = Instant::now();
    for number in 0..4 {
        let mut teacher = Client::new(connect_from(SCHOOL, server.port).expect("it listens"));
        let body = json!({ "name": format!("Class {number}"), "listed": true }).to_string();
        teacher.say(&format!(
            "POST /api/rooms HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        assert_eq!(teacher.answer().status, 201);
    }
    let offer = offer_of_a_page(&server, SCHOOL, "class-0");
    let mut pages = Vec::new();
    for _ in 0..200 {
        for _ in 0..5 {
            let mut browser = Client::new(connect_from(SCHOOL, server.port).expect("it listens"));
            browser.say("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
            pages.push(browser);
        }
    }
    for page in &mut pages {
        assert_eq!(page.answer().status, 200);
    }
    let mut people: Vec<_> = (0..200).map(|_| websocket_from(SCHOOL, server.port)).collect();
    for (number, socket) in people.iter_mut().enumerate() {
        socket.get_ref().set_read_timeout(Some(PATIENCE * 6)).expect("a socket of ours");
        tell(socket, &join(&format!("class-{}", number % 4), "Pupil", None));
    }
    for socket in &mut people {
        hear_of(socket, "welcome");
        tell(socket, &offer);
    }
    for socket in &mut people {
        hear_of(socket, "answer");
    }
    let took = began.elapsed();
    println!("200 people behind one address were answered within {took:?}");
    for limit in Limit::ALL.iter().filter(|limit| limit.metric().ends_with("per_address")) {
        assert_eq!(server.counter(limit.metric()), 0, "{limit:?} is too small for a school");
    }
    drop((people, pages));
}
