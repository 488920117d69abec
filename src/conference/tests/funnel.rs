//! A thousand people come, and are lost on the way or not: the funnel adds up at every moment.

use serde_json::json;

use super::harness::{World, address};
use crate::conference::{JoinStep, Loss, Settled};
use crate::limits::Limit;
use crate::media::ids::{PeerId, SlotIndex, Stream, StreamId};
use crate::media::message::{Notice, Reached, SlotTable, VideoSlot};

/// A report of a browser that found nothing wrong with itself.
pub(super) fn report() -> serde_json::Value {
    json!({
        "type": "trouble", "gathered": ["host-udp"], "errors": [], "ice": "checking", "dtls": "new", "answered": true,
        "requests": 12, "responses": 0, "bytesSent": 0, "bytesReceived": 0, "encoded": false, "decoded": false
    })
}

impl World {
    pub(super) fn reached(&mut self, peer: PeerId, reached: Reached) {
        self.notice(Notice::Reached { peer, reached });
    }

    /// A picture of somebody begins to leave for `peer`.
    fn sends_picture(&mut self, peer: PeerId) {
        let shows = Some(StreamId { peer: PeerId(1), stream: Stream::Camera });
        let slot =
            VideoSlot { slot: SlotIndex(0), shows, since: Some(7), blocked: None, layer: None, reason: None };
        self.notice(Notice::Slots { peer, slots: SlotTable { video: vec![slot], ..SlotTable::default() } });
    }

    /// Of each step, all who reached it are accounted for, and who is said to be on the way is there.
    fn adds_up(&self) {
        let funnel = self.conference.funnel();
        assert!(funnel.adds_up(), "{funnel:?}");
        let steps: u64 = JoinStep::ALL.into_iter().map(|step| funnel.on_way(step)).sum();
        let outside = self.conference.sockets.values().filter(|socket| socket.attempt.is_some()).count();
        let inside = self.conference.peers.values().filter(|peer| peer.attempt.is_some()).count();
        assert_eq!(steps, (outside + inside) as u64, "{funnel:?}");
    }
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Somebody on the way, and what they do next.
struct Person {
    socket: usize,
    peer: Option<PeerId>,
    step: u64,
    token: String,
}

#[test]
fn a_thousand_joins_leave_the_funnel_adding_up() {
    for seed in 1..3 {
        a_thousand_joins(seed);
    }
}

fn a_thousand_joins(seed: u64) {
    let mut world = World::with_limit(Limit::PeersPerRoom, 2_000);
    let mut dice = Dice(seed);
    let mut people: Vec<Person> = Vec::new();
    let (mut came, mut sockets) = (0, 0);
    while came < 1_000 || !people.is_empty() {
        world.pass_millis(dice.roll(900));
        world.transcript.clear();
        world.adds_up();
        if came < 1_000 && people.len() < 14 && dice.roll(3) > 0 {
            (came, sockets) = (came + 1, sockets + 1);
            world.open(sockets);
            people.push(Person { socket: sockets, peer: None, step: 0, token: String::new() });
            continue;
        }
        let Some(count) = u64::try_from(people.len()).ok().filter(|count| *count > 0) else { continue };
        let at = usize::try_from(dice.roll(count)).unwrap();
        let person = &mut people[at];
        let socket = person.socket;
        let gives_up = dice.roll(8);
        match (gives_up, person.peer) {
            (0, None) => {
                world.say(socket, json!({ "type": "join", "room": "nowhere", "name": "Ann" }));
                world.close(socket);
            }
            (0, Some(_)) => world.say(socket, json!({ "type": "leave" })),
            (1, _) => world.close(socket),
            (2, Some(peer)) if world.conference.peers.contains_key(&peer) => {
                // The same person on another socket.
                sockets += 1;
                person.socket = sockets;
                person.token = world.resume(sockets, &person.token).token;
                continue;
            }
            (3, Some(_)) => {
                world.say(socket, report());
                continue;
            }
            (4, Some(_)) if dice.roll(3) == 0 => {
                world.say(socket, json!({ "type": "leave", "mayReturn": true }));
            }
            _ => {
                person.step += 1;
                match (person.step, person.peer) {
                    (1, _) => {
                        world.say(socket, json!({ "type": "join", "room": "den", "name": "Ann" }));
                        if world.all(socket).is_empty() {
                            // They took so long that their socket was closed.
                            world.close(socket);
                            people.swap_remove(at);
                            continue;
                        }
                        let welcome = world.welcome(socket);
                        (person.peer, person.token) = (Some(welcome.peer), welcome.token);
                    }
                    (2, Some(peer)) => {
                        world.offer(socket, 1, true);
                        world.answer(peer, 1);
                    }
                    (3, Some(peer)) => {
                        world.reached(peer, if dice.roll(2) == 0 { Reached::Udp } else { Reached::Tcp });
                    }
                    (4, Some(peer)) => world.reached(peer, Reached::Connected),
                    (5, Some(peer)) => world.sends_picture(peer),
                    (6, Some(_)) => world.say(socket, json!({ "type": "shown", "way": "udp" })),
                    _ => world.close(socket),
                }
                if person.step <= 6 {
                    continue;
                }
            }
        }
        people.swap_remove(at);
    }
    world.pass_millis(120_000);
    world.adds_up();
    let funnel = world.conference.funnel();
    assert!(funnel.reached(JoinStep::Socket) >= 1_000);
    assert!(JoinStep::ALL.into_iter().all(|step| funnel.reached(step) > 0), "{funnel:?}");
    assert_eq!(
        JoinStep::ALL.into_iter().map(|step| funnel.on_way(step)).sum::<u64>(),
        0,
        "all came to an end"
    );
    for step in &JoinStep::ALL[..6] {
        assert!(funnel.lost().any(|(at, ..)| at == *step), "nobody was lost at {step:?}");
    }
    assert!(funnel.lost().any(|(_, loss, _)| matches!(loss, Loss::Trouble(_))), "{funnel:?}");
}

#[test]
fn who_is_alone_or_has_nothing_to_see_is_not_lost() {
    let mut world = World::new();
    let ann = world.join_with_media(1, "Ann");
    world.reached(ann.peer, Reached::Udp);
    world.reached(ann.peer, Reached::Connected);
    world.pass_millis(31_000);
    let settled = |world: &World| world.conference.funnel().settled().collect::<Vec<_>>();
    assert_eq!(settled(&world), [(JoinStep::Dtls, Settled::Alone, 1)]);
    // Ann's camera is off, so Bob sees nothing.
    world.say(1, json!({ "type": "mute", "stream": "camera", "kind": "video", "muted": true }));
    let bob = world.join_with_media(2, "Bob");
    world.reached(bob.peer, Reached::Tcp);
    world.reached(bob.peer, Reached::Connected);
    world.pass_millis(31_000);
    assert_eq!(settled(&world)[1..], [(JoinStep::Dtls, Settled::NothingToShow, 1)]);
    // Bob's camera is on, and nothing of it leaves for Cid.
    let cid = world.join_with_media(3, "Cid");
    world.reached(cid.peer, Reached::Udp);
    world.reached(cid.peer, Reached::Connected);
    world.pass_millis(31_000);
    let lost: Vec<_> = world.conference.funnel().lost().collect();
    assert_eq!(lost, [(JoinStep::Dtls, Loss::NothingSent, 1)]);
    world.adds_up();
}

#[test]
fn a_trouble_is_explained_once_and_found_by_its_code() {
    let mut world = World::new();
    let ann = world.join(1, "Ann");
    world.offer(1, 1, true);
    world.answer(ann.peer, 1);
    world.take(1);
    world.say(1, report());
    world.say(1, report());
    let told: Vec<_> = world.take(1).into_iter().map(|said| serde_json::to_value(said).unwrap()).collect();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0], told[1], "one answer for one connection");
    assert_eq!((&told[0]["type"], &told[0]["cause"]), (&json!("trouble"), &json!("nothing-arrived")));
    let code = told[0]["code"].as_str().unwrap().to_owned();
    let found = world.conference.trouble_of(&code.to_lowercase()).expect("it is kept");
    assert!(found.saw.iter().any(|saw| saw.contains("no packet of theirs arrived on UDP")), "{found:?}");
    assert_eq!(world.conference.counters().troubles, 1);
    // Another connection may be told another reason.
    world.offer(1, 2, true);
    world.answer(ann.peer, 2);
    world.reached(ann.peer, Reached::Udp);
    world.take(1);
    world.say(1, report());
    let again = serde_json::to_value(&world.take(1)[0]).unwrap();
    assert_eq!(again["cause"], "answers-lost");
    assert_ne!(again["code"], code);
    // Who goes away now is lost for that reason.
    world.say(1, json!({ "type": "leave" }));
    let lost: Vec<_> = world.conference.funnel().lost().map(|(at, loss, _)| (at, loss.word())).collect();
    assert_eq!(lost, [(JoinStep::Ice, "answers-lost")]);
}

#[test]
fn troubles_are_seen_by_who_owns_the_room_and_are_bounded() {
    let mut world = World::empty();
    let request = serde_json::from_value(json!({ "name": "Own", "listed": true })).unwrap();
    let made = world.conference.create_room(world.now(), address(0), request).unwrap();
    world.enter(1, json!({ "type": "join", "room": "own", "name": "Ann" }));
    world.say(1, report());
    let told = serde_json::to_value(world.take(1).last().unwrap()).unwrap();
    let code = told["code"].as_str().unwrap();
    let now = world.now();
    let read = |world: &mut World, code: &str, secret: &str| {
        world.conference.read_trouble(now, address(9), code, secret).map(|found| found.code)
    };
    assert_eq!(read(&mut world, code, &made.secret).as_deref(), Ok(code));
    assert!(read(&mut world, code, "wrong").is_err());
    assert!(read(&mut world, "00000000", &made.secret).is_err());
}

#[test]
fn a_report_with_an_address_or_too_much_in_it_is_not_taken() {
    let mut world = World::new();
    world.join(1, "Ann");
    world.take(1);
    let error = json!({ "code": 701, "scheme": "turn", "transport": "udp" });
    let with = |field: &str, value: serde_json::Value| {
        let mut changed = report();
        changed[field] = value;
        changed
    };
    for wrong in [
        with("gathered", json!(["192.168.1.7"])),
        with("errors", json!(vec![error; 9])),
        with("ice", json!("somehow")),
        with("bytesSent", json!(-1)),
    ] {
        world.say(1, wrong.clone());
        assert_eq!(world.take_errors(1), ["error bad-message"], "{wrong}");
    }
    assert_eq!(world.conference.counters().troubles, 0);
}
