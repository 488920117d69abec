//! Who has the floor, as everybody in a room is told.

use super::harness::World;
use crate::conference::protocol::ServerMessage;
use crate::limits::Limits;
use crate::media::ids::PeerId;
use crate::media::message::Notice;

/// What somebody was told of the floor since this was asked last.
fn told(world: &mut World, socket: usize) -> Vec<Option<PeerId>> {
    let speaker = |message| if let ServerMessage::Speaker { peer } = message { Some(peer) } else { None };
    world.take(socket).into_iter().filter_map(speaker).collect()
}

#[test]
fn everybody_hears_who_speaks_and_who_comes_later_does_too() {
    let mut world = World::new();
    let (ann, bob) = (world.join_with_media(1, "Ann"), world.join_with_media(2, "Bob"));
    assert_eq!(told(&mut world, 1), []);
    world.notice(Notice::Floor { peer: ann.peer, holds: true });
    world.notice(Notice::Floor { peer: ann.peer, holds: true });
    world.notice(Notice::Floor { peer: bob.peer, holds: true });
    // It was Bob's by then.
    world.notice(Notice::Floor { peer: ann.peer, holds: false });
    for socket in [1, 2] {
        assert_eq!(told(&mut world, socket), [Some(ann.peer), Some(bob.peer)]);
    }
    world.join(3, "Cid");
    assert_eq!(told(&mut world, 3), [Some(bob.peer)]);
    world.notice(Notice::Floor { peer: bob.peer, holds: false });
    assert_eq!(told(&mut world, 3), [None]);
    world.join(4, "Dee");
    assert_eq!(told(&mut world, 4), [], "before the first nobody speaks");
}

#[test]
fn who_leaves_or_whose_worker_is_gone_speaks_no_more() {
    let mut world = World::with(Limits::default(), 2);
    let (ann, bob) = (world.join_with_media(1, "Ann"), world.join_with_media(2, "Bob"));
    world.notice(Notice::Floor { peer: bob.peer, holds: true });
    world.say(2, serde_json::json!({ "type": "leave" }));
    assert_eq!(told(&mut world, 1), [Some(bob.peer), None]);
    world.notice(Notice::Floor { peer: ann.peer, holds: true });
    world.gone(0);
    assert_eq!(told(&mut world, 1), [Some(ann.peer), None]);
}
