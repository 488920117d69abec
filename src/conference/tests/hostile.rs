//! Whatever a client says, it gets at most one error, and the others see an orderly room.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::harness::{World, offer, type_of};
use crate::conference::SocketId;
use crate::conference::WorkerId;
use crate::conference::presence::Hearing;
use crate::conference::protocol::ServerMessage;
use crate::conference::timers::Timer;
use crate::limits::Limits;
use crate::media::codec::CodecSet;
use crate::media::files::FileId;
use crate::media::ids::{OfferId, PeerId};
use crate::media::message::{Command, Notice};

/// One thing that happens.
#[derive(Debug, Clone)]
enum Event {
    Open(usize),
    Close(usize),
    Text(usize, String),
    /// Comes back on the first socket with the last token seen on the second.
    Return(usize, usize),
    Notice(usize, u8, u32),
    /// The same from a worker that may not serve the person.
    NoticeOf(usize, usize, u8, u32),
    Gone(usize),
    Back(usize),
    Busy(usize, u16),
    Pass(u64),
}

fn message() -> impl Strategy<Value = Value> {
    let track = (prop_oneof!["camera", "screen"], prop_oneof!["audio", "video"]);
    prop_oneof![
        4 => "[a-zA-Z\u{0}ü ]{0,5}".prop_map(|name| json!({ "type": "join", "room": "den", "name": name })),
        1 => Just(json!({ "type": "join", "room": "attic", "name": "Ann" })),
        3 => (0..5_u32, any::<bool>()).prop_map(|(id, fresh)| offer(id, fresh, &[("camera", "audio"), ("screen", "video")])),
        2 => (track, any::<bool>()).prop_map(|((stream, kind), muted)|
            json!({ "type": "mute", "stream": stream, "kind": kind, "muted": muted })),
        1 => any::<u64>().prop_map(|peer|
            json!({ "type": "view", "tiles": [{ "peer": PeerId(peer).to_string(), "stream": "camera", "height": 9 }] })),
        1 => any::<bool>().prop_map(|may_return| json!({ "type": "leave", "mayReturn": may_return })),
        1 => Just(json!({ "type": "ping" })),
        1 => Just(json!({ "type": "signal", "to": "0", "data": null })),
    ]
}

/// A message, a message with one field spoilt, or noise.
fn text() -> impl Strategy<Value = String> {
    let spoilt = (
        message(),
        any::<prop::sample::Index>(),
        prop_oneof![Just(json!(null)), Just(json!([{}])), Just(json!(-1))],
    );
    prop_oneof![
        6 => message().prop_map(|message| message.to_string()),
        2 => spoilt.prop_map(|(mut message, which, with)| {
            if let Some(fields) = message.as_object_mut() {
                let name = fields.keys().nth(which.index(fields.len())).cloned().unwrap();
                fields.insert(name, with);
            }
            message.to_string()
        }),
        1 => any::<String>(),
        1 => r#"[\[\]{}":,a-z0-9]{0,40}"#,
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let socket = 0..4_usize;
    prop_oneof![
        2 => socket.clone().prop_map(Event::Open),
        1 => socket.clone().prop_map(Event::Close),
        8 => (socket.clone(), text()).prop_map(|(socket, text)| Event::Text(socket, text)),
        2 => (socket.clone(), socket.clone()).prop_map(|(socket, token)| Event::Return(socket, token)),
        3 => (socket.clone(), 0..6_u8, 0..5_u32).prop_map(|(socket, what, id)| Event::Notice(socket, what, id)),
        1 => (0..4_usize, socket, 0..6_u8, 0..5_u32)
            .prop_map(|(worker, socket, what, id)| Event::NoticeOf(worker, socket, what, id)),
        1 => (0..4_usize).prop_map(Event::Gone),
        1 => (0..4_usize).prop_map(Event::Back),
        2 => (0..4_usize, 0..1_000_u16).prop_map(|(worker, busy)| Event::Busy(worker, busy)),
        2 => (0..20_000_u64).prop_map(Event::Pass),
    ]
}

fn notice(peer: PeerId, what: u8, id: u32) -> Notice {
    match what {
        0 => Notice::Answer {
            peer,
            id: OfferId(id),
            sdp: String::new(),
            sends: CodecSet::ALL,
            receives: CodecSet::ALL,
        },
        1 => Notice::Refused { peer, id: OfferId(id), reason: String::new() },
        2 => Notice::Quiet { peer },
        3 => Notice::Heard { peer },
        4 => Notice::TooMuch { peer },
        _ => Notice::Lost { peer, reason: String::new() },
    }
}

fn last_welcome(world: &World, socket: usize) -> Option<(PeerId, String)> {
    world.all(socket).into_iter().rev().find_map(|message| match message {
        ServerMessage::Welcome { peer, token, .. } => Some((peer, token)),
        _ => None,
    })
}

/// Lets it all happen. No text gets more than one error.
fn play(events: &[Event]) -> World {
    let mut world = World::with(Limits::default(), 3);
    let mut told = vec![Told::new(); 3];
    for event in events {
        match event {
            Event::Open(socket) => world.open(*socket),
            Event::Close(socket) => world.close(*socket),
            Event::Text(socket, text) => {
                let before = errors(&world, *socket);
                world.text(*socket, text);
                assert!(errors(&world, *socket) <= before + 1, "{text}");
            }
            Event::Return(socket, from) => {
                let token = last_welcome(&world, *from).map(|(_, token)| token);
                world.say(*socket, json!({ "type": "join", "room": "den", "name": "Ann", "token": token }));
            }
            Event::Notice(socket, what, id) => {
                let peer = last_welcome(&world, *socket).map_or(PeerId(1), |(peer, _)| peer);
                world.notice(notice(peer, *what, *id));
            }
            Event::NoticeOf(worker, socket, what, id) => {
                let peer = last_welcome(&world, *socket).map_or(PeerId(1), |(peer, _)| peer);
                world.notice_of(*worker, notice(peer, *what, *id));
            }
            Event::Gone(worker) => world.gone(*worker),
            Event::Back(worker) => world.back(*worker),
            Event::Busy(worker, busy) => world.busy(*worker, *busy),
            Event::Pass(millis) => world.pass_millis(*millis),
        }
        check_workers(&mut world, &mut told);
    }
    world
}

/// Whom a worker was told of, and where they are.
type Told = BTreeMap<PeerId, WorkerId>;

/// Everybody is on a worker that is there if any is, every worker of a room knows where all its people are and no others, and the
/// workers' people are counted exactly.
///
/// `told` is what each worker was told: one that was only slow to answer still knows that when it is back.
fn check_workers(world: &mut World, told: &mut [Told]) {
    let loads = world.conference.workers.loads();
    for (worker, command) in std::mem::take(&mut world.commands) {
        assert!(loads[worker.index()].1, "{command:?} to a worker that is gone");
        let told = &mut told[worker.index()];
        match command {
            Command::Join { peer, .. } => {
                assert_ne!(told.insert(peer, worker), Some(worker), "told twice");
            }
            Command::Elsewhere { peer, at, .. } => {
                assert_ne!(at, worker);
                told.insert(peer, at);
            }
            Command::Leave { peer } => drop(told.remove(&peer)),
            Command::Lead { .. } | Command::Carried { .. } => {}
            Command::Carry { file: FileId { from: peer, .. }, .. }
            | Command::Offer { peer, .. }
            | Command::Mute { peer, .. }
            | Command::Publish { peer, .. }
            | Command::Limited { peer, .. }
            | Command::View { peer, .. } => {
                assert_eq!(told.get(&peer), Some(&worker), "a command for somebody who is not there");
            }
        }
    }
    let conference = &world.conference;
    let mut right = vec![Told::new(); loads.len()];
    let mut people = vec![0; loads.len()];
    for room in conference.rooms.values() {
        let first = room.whereabouts.first.map(|first| loads[first.index()].1);
        assert_eq!(
            first.unwrap_or(false),
            loads.iter().any(|(_, there)| *there),
            "where the next one would go"
        );
        let serves = |first| room.whereabouts.workers().contains(&first);
        assert!(room.whereabouts.first.is_none_or(serves), "the worker that leads serves nobody of the room");
        let homes: Vec<(PeerId, WorkerId)> = (room.state.people().iter())
            .filter_map(|peer| Some((*peer, conference.peers[peer].worker?)))
            .collect();
        assert_eq!(homes.len(), if first.is_some() { room.state.people().len() } else { 0 });
        for (_, home) in &homes {
            people[home.index()] += 1;
            right[home.index()].extend(homes.iter().copied());
        }
    }
    for (worker, (told, right)) in told.iter().zip(&right).enumerate().filter(|(worker, _)| loads[*worker].1)
    {
        assert_eq!(told, right, "worker {worker}");
    }
    assert_eq!(loads.iter().map(|(people, _)| *people).collect::<Vec<_>>(), people);
}

fn errors(world: &World, socket: usize) -> usize {
    world.all(socket).iter().filter(|message| type_of(message).starts_with("error")).count()
}

/// Once all that is due was sent, everybody knows the room as it is.
fn check_lists(world: &World) {
    for (id, peer) in &world.conference.peers {
        let Some(SocketId(socket)) = peer.socket() else { continue };
        let state = &world.conference.rooms[&peer.room].state;
        assert_eq!(world.peers(socket), state.list(), "{id} was told something else");
        let Some(request) = state.member(*id).unwrap().request() else { continue };
        let asked = world.all(socket).into_iter().rev().find_map(|message| match message {
            ServerMessage::Publish { tracks, .. } => Some(tracks),
            _ => None,
        });
        // Somebody who came back and whose request did not change is told it again.
        assert_eq!(asked, Some(request.tracks()), "{id} is asked for something else");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_from_outside_gets_at_most_one_error(text in text()) {
        let mut world = World::new();
        world.open(1);
        world.text(1, &text);
        prop_assert!(world.take_errors(1).len() <= 1);
        world.join(2, "Ann");
        world.take(2);
        world.text(2, &text);
        prop_assert!(world.take_errors(2).len() <= 1);
    }

    #[test]
    fn a_conference_among_strangers_stays_in_order(events in prop::collection::vec(event(), 0..80)) {
        let mut world = play(&events);
        for socket in 0..4 {
            world.close(socket);
        }
        // Half a minute after the last socket closed, only those are left whose media is heard, and nothing of others.
        world.pass_millis(30_000);
        let conference = &world.conference;
        prop_assert!(conference.sockets.is_empty());
        prop_assert!(conference.peers.values().all(|peer| peer.signs.hearing == Hearing::Heard));
        let inside: usize = conference.rooms.values().map(|room| room.state.people().len()).sum();
        prop_assert_eq!(inside, conference.peers.len());
    }

    #[test]
    fn everybody_is_told_what_the_room_is(events in prop::collection::vec(event(), 0..80)) {
        let mut world = play(&events);
        let is_due = |world: &World| {
            let conference = &world.conference;
            conference.rooms.keys().any(|room| conference.timers.is_set(&Timer::Peers(*room)))
        };
        for _ in 0..100 {
            if is_due(&world) {
                world.pass_millis(50);
            }
        }
        check_lists(&world);
    }

    #[test]
    fn the_same_inputs_give_the_same_outputs(events in prop::collection::vec(event(), 0..80)) {
        prop_assert_eq!(play(&events).transcript, play(&events).transcript);
    }
}
