//! How many connections there may be, and who gives way.

use plenary::control::ControlConfig;
use plenary::limits::{Limit, Limits};

use crate::harness::{Client, Server};

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
fn no_more_connections_than_the_limit_and_again_when_some_are_gone() {
    let limits = Limits::default().with(Limit::Connections, 2);
    let server = Server::with(ControlConfig { limits, ..ControlConfig::default() });
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut client = server.connect();
        client.say(HEALTH);
        assert_eq!(client.answer().status, 200);
        clients.push(client);
    }
    assert!(server.connect().is_ended());
    let mut leaving = clients.remove(0);
    leaving.say("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    leaving.answer();
    drop(leaving);
    // The other one's answer says that the server has taken note of the end before it.
    clients[0].say(HEALTH);
    clients[0].answer();
    let tally = server.stop();
    assert_eq!(tally.count(Limit::Connections), 1);
}
