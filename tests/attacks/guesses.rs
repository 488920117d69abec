//! Somebody who looks for rooms they were not asked into, and shows tokens that are not theirs.

use std::net::Ipv4Addr;

use serde_json::json;
use tungstenite::WebSocket;

use crate::crowd::at_once;
use crate::harness::{Client, Stream, connect_from, websocket_from};
use crate::house::{Expected, House};
use crate::server::Server;
use crate::signaling::{WAIT, answer, enter, join, tell, who};
use crate::table::{Group, Table};

/// Sockets or connections of one guesser.
const HANDS: usize = 8;

/// Guesses of each: together more than an address may make at once, and fewer messages than a socket may say.
const GUESSES: usize = 90;

/// What an address may ask for in vain at once, and what it gains while the guesses come.
const IN_VAIN: usize = 300 + 10;

/// The counter of what is over that.
const COUNTER: &str = "limit_failed_joins_per_minute_per_address";

/// Another address of the same person, with a budget of its own.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// And one more.
const FURTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);

/// Runs every attack of this file.
pub fn rows(table: &mut Table) {
    let house = House::new(&[], None);
    let mut row = |name, counter, answer, act: &dyn Fn(&Server) -> String| {
        let expected = Expected::of(counter, answer).within(WAIT);
        house.attack(table, Group::Signaling, name, expected, act);
    };
    row(
        "guessing ids, on eight sockets",
        COUNTER,
        "none is right, then unheard; the link opens",
        &on_sockets,
    );
    row(
        "guessing ids, by HTTP, on eight connections",
        COUNTER,
        "none is right, then 429; the link opens",
        &by_http,
    );
    row(
        "guessing who made a room, on eight sockets",
        COUNTER,
        "none is right, then unheard; the link opens",
        &at_a_secret,
    );
    row("a token with one bit changed", "conference_unknown_tokens", "a new peer", &|server| {
        let (_first, welcome) = enter(server, "den", None);
        let forged = welcome["token"].as_str().map(|token| {
            let (here, other) = (&token[20..21], if token[20..21] == *"_" { "-" } else { "_" });
            token.replace(here, other)
        });
        let (_second, stranger) = enter(server, "den", forged.as_deref());
        who(&welcome, &stranger)
    });
    row("a token of a server with another key", "conference_unknown_tokens", "a new peer", &|server| {
        let other = Server::start(&[], None);
        other.make_room("Den");
        let (_there, welcome) = enter(&other, "den", None);
        let (_here, stranger) = enter(server, "den", welcome["token"].as_str());
        who(&welcome, &stranger)
    });
    house.close();
}

/// A room of others that is not listed: its id and its secret, which the guesser does not have.
fn made(server: &Server) -> [String; 2] {
    let made = server.post("/api/rooms", &json!({"name": "Team Room", "listed": false}).to_string());
    assert_eq!(made.status, 201, "{}", made.text());
    ["id", "secret"].map(|field| made.json()[field].as_str().expect("a text").to_owned())
}

fn hidden(server: &Server) -> String {
    let [id, _] = made(server);
    id
}

/// The id with everything right but its last five characters.
fn wrong(id: &str, number: usize) -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyz234567";
    let end: String = (0..5).map(|place| char::from(letters[(number >> (5 * place)) % 32])).collect();
    format!("{}{end}", &id[..id.len() - 5])
}

/// What came of all guesses: told that they are wrong as often as an address is told, then not even that.
fn verdict(answers: &[String], wrong: &str, unheard: &str, opens: bool) -> String {
    let count = |answer: &str| answers.iter().filter(|given| *given == answer).count();
    let (told, refused) = (count(wrong), count(unheard));
    let then = if unheard == "429" { "429" } else { "unheard" };
    if (1..=IN_VAIN).contains(&told) && told + refused == answers.len() && opens {
        return format!("none is right, then {then}; the link opens");
    }
    format!("{told} {wrong}, {refused} {unheard} of {}; the link opens: {opens}", answers.len())
}

fn on_sockets(server: &Server) -> String {
    let id = hidden(server);
    let guess = |hand: usize, mut socket: WebSocket<Stream>| -> Vec<String> {
        for number in 0..GUESSES {
            tell(&mut socket, &join(&wrong(&id, hand * GUESSES + number), "Mallory", None));
        }
        (0..GUESSES).map(|_| answer(&mut socket)).collect()
    };
    let answers: Vec<String> = at_once(server, HANDS, guess).concat();
    // Somebody behind the same address who was sent the link comes in all the same.
    let (_inside, welcome) = enter(server, &id, None);
    verdict(&answers, "unknown-room", "rate-limited", welcome["room"]["id"] == id.as_str())
}

fn at_a_secret(server: &Server) -> String {
    let [id, secret] = made(server);
    let guess = |hand: usize| -> Vec<String> {
        let mut socket = websocket_from(FURTHER, server.port);
        for number in 0..GUESSES {
            let mut message = join(&id, "Mallory", None);
            message["secret"] = wrong(&secret, hand * GUESSES + number).into();
            tell(&mut socket, &message);
        }
        (0..GUESSES).map(|_| answer(&mut socket)).collect()
    };
    let answers: Vec<Vec<String>> = std::thread::scope(|scope| {
        let guess = &guess;
        let hands: Vec<_> = (0..HANDS).map(|hand| scope.spawn(move || guess(hand))).collect();
        hands.into_iter().map(|hand| hand.join().expect("it is answered")).collect()
    });
    let (_inside, welcome) = enter(server, &id, None);
    let is_guest = welcome["grants"]
        == json!(["publish", "microphone", "camera", "screen", "subscribe", "signal", "files", "chat"]);
    verdict(&answers.concat(), "forbidden", "rate-limited", is_guest)
}

fn by_http(server: &Server) -> String {
    let id = hidden(server);
    let request = |id: &str| format!("GET /api/rooms/{id} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let guess = |hand: usize| -> Vec<String> {
        let mut client = Client::new(connect_from(ELSEWHERE, server.port).expect("it listens"));
        let requests: String =
            (0..GUESSES).map(|number| request(&wrong(&id, hand * GUESSES + number))).collect();
        client.say(&requests);
        (0..GUESSES).map(|_| client.answer().status.to_string()).collect()
    };
    let answers: Vec<Vec<String>> = std::thread::scope(|scope| {
        let hands: Vec<_> = (0..HANDS)
            .map(|hand| {
                let guess = &guess;
                scope.spawn(move || guess(hand))
            })
            .collect();
        hands.into_iter().map(|hand| hand.join().expect("it is answered")).collect()
    });
    let mut client = Client::new(connect_from(ELSEWHERE, server.port).expect("it listens"));
    client.say(&request(&id));
    verdict(&answers.concat(), "404", "429", client.answer().status == 200)
}
