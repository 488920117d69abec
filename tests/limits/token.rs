//! An access token's limits.

use plenary::conference::{Auth, CreateRoom, PassRules, SocketId};
use plenary::limits::{Limit, Limits};
use plenary::passes::{Passes, mint};
use serde_json::json;

use super::{conference_within, here, now};

/// Somebody whom a token is for makes rooms, asks about one and enters it, again and again.
pub fn with_token(limit: Limit) -> u64 {
    let mut passes = Passes::default();
    passes.keys.add_secret("school", &[b'A'; 43]).expect("a key");
    let claims = json!({ "exp": 4_102_444_800_u64, "sub": "ann", "plenary": { "room": "*", "create": true, "admin": true } });
    let pass =
        mint(&passes.keys, "school", &serde_json::from_value(claims).expect("claims"), 0).expect("a token");
    let rules = PassRules { passes, join: Auth::Token, create: Auth::Token };
    let mut conference = conference_within(Limits::default().with(limit, 1), None, rules);
    let room = |name: &str| CreateRoom {
        name: name.into(),
        listed: true,
        pass: Some(pass.clone()),
        ..CreateRoom::default()
    };
    let _ = conference.create_room(now(), here(), room("room"));
    for number in 0..11 {
        let _ = conference.create_room(now(), here(), room(&format!("room {number}")));
        let _ = conference.details(now(), here(), "room", &pass);
        conference.socket_opened(now(), SocketId(number), here());
        let join = json!({"type": "join", "room": "room", "name": "Ann", "pass": pass}).to_string();
        conference.socket_text(now(), SocketId(number), &join);
    }
    conference.tally().count(limit)
}
