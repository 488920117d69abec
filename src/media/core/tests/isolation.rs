//! What a fault inside one connection costs the others: nothing.

use super::forwarding::Show;
use super::*;
use crate::faults::Fault;
use crate::media::demux::DatagramKind;
use crate::media::ids::Layer::High;
use crate::media::rtc::client_hello;
use crate::media::rtc::fault::binding_request;

fn lost(core: &mut Core) -> Vec<PeerId> {
    let lost = notices(core).into_iter().filter(|notice| matches!(notice, Notice::Lost { .. }));
    lost.map(|notice| notice.peer()).collect()
}

#[test]
fn a_fault_on_sending_ends_one_connection_and_the_others_lose_no_packet() {
    let codecs: &[Codec] = &[Codec::Vp8];
    let mut show = Show::new(codecs, &[codecs; 3]);
    show.pass(Duration::from_secs(2), &[High]);
    assert!(show.core.inject(WATCHER, Fault::PanicOnSend));
    let forwarded = show.pass(Duration::from_millis(330), &[High]);
    assert_eq!(lost(&mut show.core), [WATCHER]);
    assert_eq!(forwarded, 10 * 2, "two others get everything; the packet of the fault was not forwarded");
    assert_eq!((show.core.counters().connections_lost, show.core.counters().connections_failed), (1, 1));
}

#[test]
fn a_fault_of_the_estimator_ends_one_connection_and_the_others_lose_no_packet() {
    let codecs: &[Codec] = &[Codec::Vp8];
    let mut show = Show::new(codecs, &[codecs; 3]);
    show.pass(Duration::from_secs(2), &[High]);
    assert!(show.core.inject(WATCHER, Fault::PanicOnDesire));
    let key = show.core.by_id[&WATCHER];
    let connection = show.core.peers[key].connection.as_mut().unwrap();
    connection.set_desired_bitrate(crate::media::units::Bitrate::kbps(1_000));
    show.core.mark_dirty(key);
    let forwarded = show.pass(Duration::from_millis(330), &[High]);
    assert_eq!(lost(&mut show.core), [WATCHER]);
    assert!(forwarded >= 10 * 2, "two others get everything: {forwarded}");
    assert_eq!((show.core.counters().connections_lost, show.core.counters().connections_failed), (1, 1));
}

#[test]
fn a_fault_on_receiving_ends_one_connection_and_the_others_stay() {
    let now = Instant::now();
    let mut core = meeting(now);
    let path = Path::udp(([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 9).into());
    let key = core.by_id[&PUBLISHER];
    assert!(core.learn(now, key, path));
    assert!(core.inject(PUBLISHER, Fault::PanicOnReceive));
    // A handshake's: media that is not authentic does not come that far.
    core.handle_datagram(now, path, &[22; 100]);
    core.handle_timeout(now);
    assert_eq!((lost(&mut core), core.counters().connections_failed), (vec![PUBLISHER], 1));
    let watcher = core.by_id[&WATCHER];
    assert!(core.peers[watcher].connection.is_some());
    offer(&mut core, now, PUBLISHER, 2, true, "efgh");
    let answered = notices(&mut core).iter().any(|notice| matches!(notice, Notice::Answer { .. }));
    assert!(answered, "and whose it was builds another");
    assert!(!core.inject(PeerId(99), Fault::PanicOnReceive), "nobody is there");
}

#[test]
fn a_fault_while_an_offer_is_taken_leaves_none_of_its_names_behind() {
    let now = Instant::now();
    let mut core = meeting(now);
    let key = core.by_id[&PUBLISHER];
    let before = core.peers[key].connection.as_ref().expect("a connection").ufrag().to_owned();
    assert_eq!(core.demux.by_ufrag(&before), Some(key));
    assert!(core.inject(PUBLISHER, Fault::PanicOnAccept));
    // An ICE restart: there are new credentials when it fails.
    offer(&mut core, now, PUBLISHER, 2, false, "restarted");
    let refused = notices(&mut core).iter().any(|notice| matches!(notice, Notice::Refused { .. }));
    assert!(refused && core.peers[key].connection.is_none());
    assert_eq!(core.counters().connections_failed, 1);
    assert_eq!(core.demux.by_ufrag(&before), None, "whoever has this place next would get what is for them");
}

/// A publisher's client as the network sees it: its checks, and the first datagram of its handshake.
fn newcomer(core: &mut Core, now: Instant) -> (Vec<u8>, Vec<u8>) {
    core.handle_command(now, Command::Join { peer: PUBLISHER, room: ROOM });
    offer(core, now, PUBLISHER, 1, true, "them");
    let answer = notices(core).into_iter().find_map(|notice| match notice {
        Notice::Answer { sdp, .. } => Some(sdp),
        _ => None,
    });
    let answer = answer.expect("an answer");
    let value = |name: &str| answer.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
    let check = binding_request(value("a=ice-ufrag:"), value("a=ice-pwd:"));
    (check, client_hello(now))
}

/// Which kinds of datagrams leave, and where to.
fn sent(core: &mut Core, now: Instant) -> Vec<(DatagramKind, Path)> {
    core.drain_transmits(now).iter().map(|sent| (DatagramKind::of(&sent.contents), sent.path)).collect()
}

#[test]
fn a_handshake_that_waited_while_its_connection_ended_moves_nothing() {
    let now = Instant::now();
    let mut core = core(now);
    let (check, hello) = newcomer(&mut core, now);
    let path = |port: u16| Path::tcp(([127, 0, 0, 1], port).into(), ([127, 0, 0, 1], 9).into());
    // One connection goes on while another one ends, on which a handshake began that has not had its turn.
    for port in [1, 2] {
        core.handle_datagram(now, path(port), &check);
    }
    core.handle_datagram(now, path(1), &hello);
    core.handle_timeout(now);
    assert!(sent(&mut core, now).contains(&(DatagramKind::Dtls, path(1))));
    core.handle_datagram(now, path(2), &hello);
    core.handle_path_ended(&path(2));
    core.handle_timeout(now);
    // Nothing of the handshake, now or when it is sent again, goes where nobody is.
    let mut repeated = 0;
    for millis in 0..5_000 {
        core.handle_timeout(now + Duration::from_millis(millis));
        let sent = sent(&mut core, now);
        assert!(sent.iter().all(|(_, to)| *to == path(1)), "{sent:?} after {millis} ms");
        repeated += sent.len();
    }
    assert!(repeated > 0, "nothing is sent again");
}
