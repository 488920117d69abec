//! What became of somebody's subscription.

use serde_json::{Value, json};

use super::harness::{World, address};
use crate::conference::{Auth, TraceRefused};
use crate::limits::Limit;
use crate::media::ids::{Layer, PeerId, SlotIndex, Stream, StreamId};
use crate::media::message::{Notice, Reason, SlotTable, VideoSlot};
use crate::media::units::Bitrate;

fn samples(world: &mut World, peer: PeerId) -> Vec<Value> {
    let now = world.now();
    let report = world.conference.trace_of(now, "den", &peer.to_string()).unwrap();
    serde_json::to_value(report).unwrap()["samples"].as_array().unwrap().clone()
}

#[test]
fn a_trace_tells_wishes_layers_reasons_and_the_estimate_also_of_who_came_back() {
    let mut world = World::new();
    let (ann, bob) = (world.join_with_media(1, "Ann"), world.join_with_media(2, "Bob"));
    let (from, bobs) = (world.now().wall.as_millis(), bob.peer.to_string());
    world.say(1, json!({ "type": "view", "tiles": [{ "peer": bobs, "stream": "camera", "height": 720 }] }));
    world.pass_millis(200);
    let shown = VideoSlot {
        slot: SlotIndex(0),
        shows: Some(StreamId { peer: bob.peer, stream: Stream::Camera }),
        since: Some(7),
        blocked: None,
        layer: Some(Layer::Low),
        reason: Some(Reason::YourDownlink),
    };
    let nobody =
        VideoSlot { slot: SlotIndex(1), shows: None, since: None, layer: None, reason: None, ..shown };
    let slots = SlotTable { video: vec![shown, nobody], ..SlotTable::default() };
    world.notice(Notice::Slots { peer: ann.peer, slots });
    world.pass_millis(1_000);
    world.notice(Notice::Downlink { peer: ann.peer, estimate: Bitrate::kbps(612) });
    world.resume(3, &ann.token);

    let told = samples(&mut world, ann.peer);
    let times: Vec<_> = told.iter().map(|sample| sample["at"].as_u64().unwrap() - from).collect();
    assert_eq!(times, [0, 200, 1_200]);
    assert_eq!((&told[0]["wishes"][0]["peer"], &told[0]["wishes"][0]["height"]), (&json!(bobs), &json!(720)));
    let slots = told[1]["shows"].as_array().unwrap();
    assert_eq!(slots.len(), 1, "a slot that shows nobody says nothing");
    assert_eq!((&slots[0]["layer"], &slots[0]["reason"]), (&json!("q"), &json!("your-downlink")));
    assert_eq!(told[2]["downlink"], 612_000);
    assert_eq!(samples(&mut world, bob.peer), Vec::<Value>::new(), "and of nobody else");
}

#[test]
fn who_guesses_the_secret_of_a_room_is_stopped_and_nobody_else_is() {
    let mut world = World::with_limit(Limit::FailedJoinsPerMinutePerAddress, 1);
    let ann = world.join(1, "Ann").peer.to_string();
    let now = world.now();
    let mut ask = |last| world.conference.trace(now, address(last), ("den", &ann), "guessed");
    let first = (0..6).map(|_| ask(1)).find(|told| *told != Err(TraceRefused::NotTheirs));
    assert!(matches!(first, Some(Err(TraceRefused::Over(_)))), "{first:?}");
    assert_eq!(ask(2), Err(TraceRefused::NotTheirs), "another address");
}

#[test]
fn a_pass_that_administers_the_room_is_told_what_its_secret_is() {
    let mut world = World::new();
    let ann = world.join(1, "Ann").peer.to_string();
    world.rule(Auth::Open, Auth::Open);
    let now = world.now();
    for admin in [true, false] {
        let pass = world.pass_of(json!({ "plenary": { "room": "den", "admin": admin } }));
        let told = world.conference.trace(now, address(0), ("den", &ann), &pass);
        assert_eq!(told.is_ok(), admin, "{told:?}");
    }
}
