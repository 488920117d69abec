//! Credentials for the TURN server: right, in time, and gone with the person.

use std::time::Duration;

use serde_json::json;

use super::harness::World;
use crate::conference::protocol::{IceServer, ServerMessage};
use crate::conference::timers::Timer;
use crate::conference::{Turn, TurnSecret};
use crate::limits::Limits;
use crate::media::ids::PeerId;
use crate::media::message::Notice;

const MINUTE: Duration = Duration::from_secs(60);

fn world() -> World {
    let secret = TurnSecret::new(b"correct horse battery").unwrap();
    let urls = vec!["turn:turn.example.org:3478?transport=udp".into(), "turns:turn.example.org:5349".into()];
    World::with_turn(Limits::default(), 1, Some(Turn { urls, secret }))
}

/// What a socket was told to use for ICE, in order. Taken.
fn told(world: &mut World, socket: usize) -> Vec<IceServer> {
    let servers = world.take(socket).into_iter().filter_map(|message| match message {
        ServerMessage::Welcome { ice_servers, .. } | ServerMessage::IceServers { ice_servers } => {
            Some(ice_servers)
        }
        _ => None,
    });
    servers.flatten().collect()
}

/// The end of the time of credentials, in seconds from now by the wall clock.
fn left(world: &World, server: &IceServer) -> u64 {
    let (ends, _) = server.username.as_deref().unwrap().split_once(':').unwrap();
    ends.parse::<u64>().unwrap() - world.now().wall.as_secs()
}

#[test]
fn credentials_are_those_that_the_turn_server_computes() {
    let mut world = world();
    let ann = world.join(1, "Ann");
    let server = told(&mut world, 1).pop().unwrap();
    assert_eq!(server.urls, ["turn:turn.example.org:3478?transport=udp", "turns:turn.example.org:5349"]);
    assert_eq!(server.username, Some(format!("1700003600:{}", ann.peer)));
    assert_eq!(left(&world, &server), 3600);
    // printf %s 1700003600:00000000000000aa | openssl dgst -sha1 -hmac "correct horse battery" -binary | base64
    let turn = world.conference.config.turn.as_ref().unwrap();
    let known = turn.credentials(world.now(), PeerId(0xaa));
    assert_eq!(known.username.as_deref(), Some("1700003600:00000000000000aa"));
    assert_eq!(known.credential.as_deref(), Some("JSbX4CmLt4AO7MR7WPu4q/9XuZg="));
}

#[test]
fn a_secret_is_long_enough_and_shown_to_nobody() {
    assert!(TurnSecret::new(b"fifteen bytes..").is_none());
    let turn = world().conference.config.turn.unwrap();
    let shown = format!("{turn:?}");
    assert!(shown.contains("turn.example.org") && !shown.contains("horse"), "{shown}");
    assert!(!shown.contains("99, 111, 114, 114"), "nor as numbers: {shown}");
}

#[test]
fn who_stays_never_holds_credentials_that_are_about_to_end() {
    let mut world = world();
    for (socket, name) in [(1, "Ann"), (2, "Bob"), (3, "Cleo")] {
        world.join(socket, name);
    }
    let mut held: Vec<IceServer> = (1..=3).map(|socket| told(&mut world, socket).pop().unwrap()).collect();
    let mut told_times = [0; 3];
    for _ in 0..300 {
        world.pass(MINUTE);
        for (index, held) in held.iter_mut().enumerate() {
            if let Some(newer) = told(&mut world, index + 1).pop() {
                assert!(left(&world, held) <= 15 * 60, "no sooner than need be");
                *held = newer;
                told_times[index] += 1;
            }
            assert!(left(&world, held) >= 9 * 60, "{held:?}");
        }
    }
    assert!(told_times.iter().all(|times| (5..=6).contains(times)), "{told_times:?}");
}

#[test]
fn those_who_came_at_once_are_told_at_different_times() {
    let mut world = world();
    let sockets = 1..=20;
    for socket in sockets.clone() {
        world.join(socket, "Ann");
        told(&mut world, socket);
    }
    world.pass(44 * MINUTE);
    let mut most = 0;
    for _ in 0..7 * 60 {
        world.pass(Duration::from_secs(1));
        let at_once: usize = sockets.clone().map(|socket| told(&mut world, socket).len()).sum();
        most = most.max(at_once);
    }
    assert!((1..=4).contains(&most), "{most} of 20 in one second");
}

#[test]
fn a_clock_that_is_set_leaves_nobody_with_credentials_that_ended() {
    let mut world = world();
    world.join(1, "Ann");
    told(&mut world, 1);
    // The clock of a machine without a battery, once the time server answers.
    world.clock_ahead = 20 * 365 * 24 * 3_600_000;
    world.pass(5 * MINUTE);
    let mut servers = told(&mut world, 1);
    assert_eq!(servers.len(), 1, "once");
    assert!(left(&world, &servers.pop().unwrap()) >= 55 * 60);
    // And back: what is held is good for longer than need be, and is replaced by its age.
    world.clock_ahead = 0;
    world.pass(40 * MINUTE);
    assert_eq!(told(&mut world, 1), []);
    world.pass(10 * MINUTE);
    let server = told(&mut world, 1).pop().unwrap();
    assert!((50 * 60..=3600).contains(&left(&world, &server)));
}

#[test]
fn who_comes_back_gets_new_ones_and_who_has_no_socket_waits_for_that() {
    let mut world = world();
    let ann = world.join_with_media(1, "Ann");
    let first = told(&mut world, 1).pop().unwrap();
    world.close(1);
    world.notice(Notice::Heard { peer: ann.peer });
    world.pass(100 * MINUTE);
    assert_eq!(told(&mut world, 1), []);
    assert!(world.resume(2, &ann.token).resumed);
    let servers = told(&mut world, 2);
    assert_eq!(servers.len(), 1, "with the welcome, and not once more");
    assert_ne!(servers, [first]);
    assert_eq!(left(&world, &servers[0]), 3600);
    world.pass(40 * MINUTE);
    assert_eq!(told(&mut world, 2), [], "counted from the welcome");
    world.pass(10 * MINUTE);
    assert_eq!(told(&mut world, 2).len(), 1);
    assert_eq!(told(&mut world, 1), []);
}

#[test]
fn who_left_leaves_no_deadline_behind() {
    let mut world = world();
    let people = [world.join(1, "Ann").peer, world.join(2, "Bob").peer];
    let due = |world: &World| people.map(|peer| world.conference.timers.is_set(&Timer::IceServers(peer)));
    assert_eq!(due(&world), [true, true]);
    world.say(1, json!({ "type": "leave" }));
    assert_eq!(due(&world), [false, true]);
    world.close(2);
    world.pass(MINUTE);
    assert_eq!(due(&world), [false, false]);
    world.pass(10 * MINUTE);
    assert_eq!(world.conference.poll_timeout(), None);
}

#[test]
fn without_a_turn_server_nobody_is_told_anything_and_nothing_is_due() {
    let mut world = World::new();
    world.join_with_media(1, "Ann");
    world.pass_millis(5_000);
    world.take(1);
    assert_eq!(world.conference.poll_timeout(), None);
    world.pass(100 * MINUTE);
    assert_eq!(told(&mut world, 1), []);
}
