//! People who come by WHIP and WHEP: the same door, roles and lists as everybody's, and no socket.

use std::time::Duration;

use serde_json::json;

use super::harness::{World, address};
use super::moderation::kept_by_ann;
use crate::conference::protocol::{Client, Path, Presence, ServerMessage, Why};
use crate::conference::{
    Auth, Patched, Purpose, StandardAnswer, StandardId, StandardRefused, StandardRequest, WHIP_BITRATE,
};
use crate::media::codec::CodecSet;
use crate::media::ids::{Kind, Layer, OfferId, PeerId, Stream};
use crate::media::message::{Beside, Command, Notice};
use crate::media::units::Bitrate;

/// In the form of OBS's offers.
const OBS: &str = include_str!("../../../tests/standard/obs.sdp");

/// Of a restart of its ICE.
const RESTART: &str =
    "a=ice-ufrag:EFGH\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n";

fn publishes(room: &str) -> StandardRequest<'_> {
    StandardRequest { purpose: Purpose::Publish, room, name: None, peer: None, shown: None, sdp: OBS }
}

type Opened = Result<StandardId, StandardRefused>;

impl World {
    /// Somebody comes by a standard tool, from an address of their own.
    fn comes(&mut self, request: &StandardRequest<'_>) -> Opened {
        let opened = self.conference.open_standard(self.now(), address(7), request);
        self.settle();
        opened
    }

    /// Somebody watches: the same offer the other way round.
    fn watches(&mut self, room: &str, peer: Option<&str>) -> Opened {
        let sdp = OBS.replace("sendonly", "recvonly");
        self.comes(&StandardRequest { purpose: Purpose::Watch, peer, sdp: &sdp, ..publishes(room) })
    }

    fn settle(&mut self) {
        self.pass(Duration::ZERO);
        self.text(99, "nobody");
    }

    /// The person of a session.
    fn person(&self, id: StandardId) -> PeerId {
        self.conference.standard[&id]
    }

    fn is_answered(&mut self, id: StandardId, offer: u32) {
        let peer = self.person(id);
        let sdp = format!("v=0\r\nm=audio 9 X 111\r\na=mid:0\r\na=ice-ufrag:server{offer}\r\n");
        let (sends, receives) = (CodecSet::ALL, CodecSet::ALL);
        self.notice(Notice::Answer { peer, id: OfferId(offer), sdp, sends, receives });
    }

    fn answer_to(&mut self, id: StandardId) -> Result<StandardAnswer, StandardRefused> {
        let at = self.answers.iter().position(|(of, _)| *of == id).expect("an answer");
        self.answers.remove(at).1
    }

    /// What somebody is to be shown, as their worker was told last: whose picture first, and what beside.
    fn view_of(&mut self, of: PeerId) -> Option<(Vec<(PeerId, Stream)>, Beside)> {
        let commands = std::mem::take(&mut self.commands);
        commands.into_iter().rev().find_map(|(_, command)| match command {
            Command::View { peer, tiles, beside } if peer == of => {
                Some((tiles.iter().map(|tile| (tile.peer, tile.stream)).collect(), beside))
            }
            _ => None,
        })
    }

    /// Bob, in the den, with media; and who came by WHIP.
    fn with_stream() -> (World, StandardId) {
        let mut world = World::new();
        world.join_with_media(1, "Bob");
        let id = world.comes(&publishes("den")).expect("a session");
        world.is_answered(id, 1);
        world.answer_to(id).expect("an answer");
        let peer = world.person(id);
        world.notice(Notice::Heard { peer });
        world.pass_millis(1_000);
        (world, id)
    }
}

#[test]
fn a_tool_publishes_as_a_person_of_the_room_and_what_it_sends_has_a_bound() {
    let mut world = World::new();
    world.join_with_media(1, "Bob");
    world.take_commands();
    let id = world.comes(&publishes("den")).expect("a session");
    assert_eq!(world.take_commands(), ["join", "offer 1 fresh"]);
    assert_eq!(world.answers.len(), 0, "the worker has not answered");
    world.is_answered(id, 1);
    let answer = world.answer_to(id).expect("an answer");
    assert_eq!(answer.tag, "1");
    assert!(answer.sdp.starts_with("v=0"), "the whole answer");
    assert_eq!(answer.ice_servers.len(), 1, "where to find an outer address");
    let rates = world.commands.iter().find_map(|(_, command)| match command {
        Command::Publish { rates, .. } => Some(rates.clone()),
        _ => None,
    });
    let rates = rates.expect("a bound");
    let picture = rates.iter().find(|rates| rates.track.kind == Kind::Video).expect("of the picture");
    assert_eq!(picture.of(Layer::High), Bitrate::bps(WHIP_BITRATE / 2), "twice what is asked for passes");
    world.pass_millis(100);
    let shown = world.peers(1).into_iter().find(|info| info.name == "Stream").expect("a person");
    assert_eq!(shown.client, Client::Whip);
    let stream = &shown.streams[0];
    assert!(stream.stream == Stream::Camera && stream.audio.is_some() && stream.video.is_some());
}

#[test]
fn whose_media_is_silent_is_gone_after_ten_seconds_and_whose_never_came_too() {
    let (mut world, id) = World::with_stream();
    let peer = world.person(id);
    world.pass_millis(10_000);
    world.notice(Notice::Quiet { peer });
    world.pass_millis(100);
    assert_eq!(world.presence(1, peer), Some(Presence::Reconnecting), "5 s of silence are noticed");
    world.pass_millis(4_800);
    assert!(world.presence(1, peer).is_some());
    world.pass_millis(200);
    assert_eq!(world.presence(1, peer), None);
    let never = world.comes(&publishes("den")).expect("a session");
    let peer = world.person(never);
    world.is_answered(never, 1);
    world.pass_millis(9_900);
    assert!(world.presence(1, peer).is_some());
    world.pass_millis(200);
    assert_eq!(world.presence(1, peer), None);
    assert_eq!(world.conference.gauges().standard, 0);
}

#[test]
fn an_offer_the_worker_does_not_take_is_answered_so_and_nobody_stays() {
    let mut world = World::new();
    world.join(1, "Bob");
    let id = world.comes(&publishes("den")).expect("a session");
    let peer = world.person(id);
    world.refuse(peer, 1);
    assert_eq!(world.answer_to(id), Err(StandardRefused::NotAccepted("no".into())));
    world.pass_millis(100);
    assert_eq!(world.names(1), ["Bob"]);
}

#[test]
fn whoever_sends_far_too_much_or_whose_connection_fails_is_gone() {
    for notice in
        [|peer| Notice::TooMuch { peer }, |peer| Notice::Lost { peer, reason: "the client closed it".into() }]
    {
        let (mut world, id) = World::with_stream();
        let peer = world.person(id);
        world.notice(notice(peer));
        world.pass_millis(100);
        assert_eq!(world.names(1), ["Bob"]);
        assert_eq!(world.conference.counters().standard_ended, 1);
    }
    let (mut world, _) = World::with_stream();
    let waiting = world.comes(&publishes("den")).expect("a session");
    world.gone(0);
    assert_eq!(world.answer_to(waiting), Err(StandardRefused::Failed));
    world.pass_millis(100);
    assert_eq!(world.names(1), ["Bob"], "a tool builds no new connection");
}

#[test]
fn a_closed_door_opens_for_a_token_that_moderates_and_for_no_other() {
    for (access, locked) in [("lobby", false), ("open", true)] {
        let (mut world, room) = kept_by_ann(1, access);
        if locked {
            world.say(1, json!({ "type": "moderate", "action": "lock", "locked": true }));
        }
        world.rule(Auth::Open, Auth::Open);
        assert_eq!(world.comes(&publishes(&room)), Err(StandardRefused::TokenNeeded));
        let plain = world.pass_of(json!({ "name": "Eve", "plenary": { "room": room } }));
        let refused = world.comes(&StandardRequest { shown: Some(&plain), ..publishes(&room) });
        assert!(matches!(refused, Err(StandardRefused::Kept | StandardRefused::Forbidden(_))), "{refused:?}");
        let pass = world.pass_of(json!({ "name": "Studio", "plenary": { "room": room, "moderate": true } }));
        let shown = Some(pass.as_str());
        let id = world.comes(&StandardRequest { shown, ..publishes(&room) }).expect("a session");
        world.pass_millis(100);
        assert_eq!(world.names(1), ["Ann", "Studio"]);
        // Whoever knows only the address of the session does not end it.
        let gone = |world: &mut World, shown| {
            let now = world.now();
            world.conference.close_standard(now, address(8), (Purpose::Publish, &id.to_string(), shown))
        };
        assert_eq!(gone(&mut world, None), Err(StandardRefused::TokenNeeded));
        assert_eq!(gone(&mut world, Some("x.y")), Err(StandardRefused::NotTheirs));
        assert_eq!(gone(&mut world, shown), Ok(()));
        assert_eq!(gone(&mut world, shown), Err(StandardRefused::NoSession));
    }
}

#[test]
fn a_room_that_opens_later_lets_in_a_tool_whose_token_moderates() {
    let mut world = World::empty();
    world.rule(Auth::Open, Auth::Open);
    let starts = world.now().wall.as_millis() + 600_000;
    let den = json!({ "name": "Den", "listed": true, "starts": starts });
    world.conference.create_room(world.now(), address(0), serde_json::from_value(den).unwrap()).unwrap();
    let mut comes = |moderate: bool| {
        let pass = world.pass_of(json!({ "plenary": { "room": "den", "moderate": moderate } }));
        world.comes(&StandardRequest { shown: Some(&pass), ..publishes("den") })
    };
    assert!(matches!(comes(false), Err(StandardRefused::Forbidden(_))));
    comes(true).expect("a session");
}

#[test]
fn offers_that_are_nonsense_use_up_the_rate_of_an_address_too() {
    let mut world = World::new();
    let nonsense = StandardRequest { sdp: "v=0", ..publishes("den") };
    let refused = std::iter::repeat_with(|| world.comes(&nonsense)).take(1_000);
    let over = refused.filter(|refused| matches!(refused, Err(StandardRefused::Over(_)))).count();
    assert!(over > 500, "{over}");
}

#[test]
fn a_token_that_grants_neither_sound_nor_pictures_publishes_nothing() {
    let mut world = World::new();
    world.join(1, "Bob");
    world.rule(Auth::Open, Auth::Open);
    let pass = world.pass_of(json!({ "plenary": { "room": "den", "publish": [] } }));
    let refused = world.comes(&StandardRequest { shown: Some(&pass), ..publishes("den") });
    assert!(matches!(refused, Err(StandardRefused::Forbidden(_))), "{refused:?}");
    let sound = world.pass_of(json!({ "plenary": { "room": "den", "publish": ["microphone"] } }));
    world.take_commands();
    world.comes(&StandardRequest { shown: Some(&sound), ..publishes("den") }).expect("a session");
    assert!(world.take_commands().contains(&"mute Camera Video true".to_owned()));
    world.pass_millis(100);
    assert_eq!(world.names(1), ["Bob", "Stream"]);
}

#[test]
fn a_viewer_is_shown_who_speaks_or_whom_alone_they_asked_for() {
    let mut world = World::new();
    let bob = world.join_with_media(1, "Bob").peer;
    let ann = world.join_with_media(2, "Ann").peer;
    let id = world.watches("den", None).expect("a session");
    let viewer = world.person(id);
    let cameras =
        |first, second| Some((vec![(first, Stream::Camera), (second, Stream::Camera)], Beside::Voices));
    assert_eq!(world.view_of(viewer), cameras(bob, ann));
    world.notice(Notice::Floor { peer: ann, holds: true });
    assert_eq!(world.view_of(viewer), cameras(ann, bob));
    world.notice(Notice::Floor { peer: ann, holds: false });
    assert_eq!(world.view_of(viewer), None, "who spoke last stays");
    world.say(2, json!({ "type": "leave" }));
    assert_eq!(world.view_of(viewer), Some((vec![(bob, Stream::Camera)], Beside::Voices)));
    let pinned = world.watches("den", Some(&bob.to_string())).expect("a session");
    let pinned = world.person(pinned);
    assert_eq!(world.view_of(pinned), Some((vec![(bob, Stream::Camera)], Beside::Nothing)));
    for nobody in ["0000000000000001", "x"] {
        assert_eq!(world.watches("den", Some(nobody)), Err(StandardRefused::NoPeer));
    }
}

#[test]
fn ice_is_restarted_with_the_tag_and_paths_need_no_answer() {
    let (mut world, id) = World::with_stream();
    let patch = |world: &mut World, tags: &[&str], fragment: &str| {
        let now = world.now();
        let whose = (Purpose::Publish, &*id.to_string(), None);
        let patched = world.conference.patch_standard(now, address(7), whose, tags, fragment);
        world.settle();
        patched
    };
    let found = "a=ice-ufrag:jbR2\r\na=ice-pwd:vQ0zQhnkGjQ4XpqAVRzG3b\r\na=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n";
    assert_eq!(patch(&mut world, &[], found), Err(StandardRefused::NoTag));
    assert_eq!(patch(&mut world, &["0"], found), Err(StandardRefused::OldTag));
    assert_eq!(patch(&mut world, &["1"], found), Ok(Patched::Noted));
    assert_eq!(patch(&mut world, &["*"], "nonsense"), Err(StandardRefused::BadFragment));
    world.take_commands();
    assert_eq!(patch(&mut world, &["*"], RESTART), Ok(Patched::Awaited(id)));
    assert_eq!(world.take_commands(), ["offer 2"]);
    assert_eq!(patch(&mut world, &["*"], &RESTART.replace("EFGH", "IJKL")), Err(StandardRefused::Asked));
    world.is_answered(id, 2);
    let answer = world.answer_to(id).expect("an answer");
    assert_eq!((&*answer.tag, &*answer.sdp), ("2", "m=audio 9 X 111\r\na=mid:0\r\na=ice-ufrag:server2\r\n"));
    assert_eq!(patch(&mut world, &["1"], RESTART), Err(StandardRefused::OldTag));
    assert_eq!(patch(&mut world, &["2"], RESTART), Ok(Patched::Noted), "it holds already");
}

#[test]
fn a_tool_is_never_waited_for_longer_than_it_waits() {
    let (mut world, _) = World::with_stream();
    let id = world.comes(&publishes("den")).expect("a session");
    world.conference.abandon_standard(world.now(), id);
    world.settle();
    assert_eq!(world.answer_to(id), Err(StandardRefused::NoSession));
    world.pass_millis(100);
    assert_eq!(world.names(1), ["Bob", "Stream"]);
}

#[test]
fn who_hears_no_answer_to_a_restart_keeps_the_session() {
    let (mut world, id) = World::with_stream();
    let now = world.now();
    let whose = (Purpose::Publish, &*id.to_string(), None);
    assert_eq!(
        world.conference.patch_standard(now, address(7), whose, &["*"], RESTART),
        Ok(Patched::Awaited(id))
    );
    world.conference.abandon_standard(now, id);
    world.is_answered(id, 2);
    world.pass_millis(100);
    assert_eq!(world.names(1), ["Bob", "Stream"]);
}

#[test]
fn a_room_that_may_go_direct_stays_on_the_server_with_a_tool_in_it_and_says_why() {
    let mut world = World::empty();
    let den = json!({ "name": "Den", "listed": true, "topology": "auto" });
    world.conference.create_room(world.now(), address(0), serde_json::from_value(den).unwrap()).unwrap();
    world.join_with_media(1, "Bob");
    let id = world.comes(&publishes("den")).expect("a session");
    world.is_answered(id, 1);
    let peer = world.person(id);
    world.notice(Notice::Heard { peer });
    world.pass_millis(20_000);
    let told = world.all(1).into_iter().filter_map(|message| match message {
        ServerMessage::Topology { path, reason, .. } => Some((path, reason)),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    assert!(told.iter().all(|(path, _)| *path == Path::Server), "{told:?}");
    assert_eq!(told.last(), Some(&(Path::Server, Why::StandardClient)));
}
