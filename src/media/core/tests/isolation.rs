//! What a fault inside one connection costs the others: nothing.

use super::forwarding::Show;
use super::*;
use crate::faults::Fault;
use crate::media::ids::Layer::High;

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
    assert_eq!(show.core.counters().connections_lost, 1);
}

#[test]
fn a_fault_on_receiving_ends_one_connection_and_the_others_stay() {
    let now = Instant::now();
    let mut core = meeting(now);
    let path = Path::udp(([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 9).into());
    let key = core.by_id[&PUBLISHER];
    assert!(core.demux.learn(key, path, now, &Limits::default(), &mut Tally::default()));
    assert!(core.inject(PUBLISHER, Fault::PanicOnReceive));
    // A handshake's: media that is not authentic does not come that far.
    core.handle_datagram(now, path, &[22; 100]);
    core.handle_timeout(now);
    assert_eq!(lost(&mut core), [PUBLISHER]);
    let watcher = core.by_id[&WATCHER];
    assert!(core.peers[watcher as usize].connection.is_some());
    offer(&mut core, now, PUBLISHER, 2, true, "efgh");
    let answered = notices(&mut core).iter().any(|notice| matches!(notice, Notice::Answer { .. }));
    assert!(answered, "and whose it was builds another");
    assert!(!core.inject(PeerId(99), Fault::PanicOnReceive), "nobody is there");
}
