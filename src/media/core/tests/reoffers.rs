//! What an offer may make of the lines of the one before it.

use super::*;
use crate::media::rtc::{Ended, Mid};
use crate::media::rtp::{MediaTime, SeqNo, Ssrc};

/// A description of one receiving line with the mid `mid`, stopped or not.
fn line(mid: &str, stopped: bool) -> String {
    let sdp = video(&["recvonly"], &[Codec::Vp8], "abcd").replace("a=mid:0", &format!("a=mid:{mid}"));
    let port = if stopped { "m=video 0 " } else { "m=video 9 " };
    let bundle = if stopped { "a=group:BUNDLE".to_owned() } else { format!("a=group:BUNDLE {mid}") };
    sdp.replace("m=video 9 ", port).replace("a=group:BUNDLE 0", &bundle)
}

fn slot(mid: &str, kind: Kind) -> Vec<SlotLine> {
    vec![SlotLine { mid: mid.into(), kind, slot: SlotIndex(0) }]
}

fn refusal(core: &mut Core) -> Option<String> {
    notices(core).into_iter().find_map(|notice| match notice {
        Notice::Refused { reason, .. } => Some(reason),
        _ => None,
    })
}

fn source(core: &Core) -> Option<Ssrc> {
    core.peers[core.by_id[&WATCHER]].video.first().and_then(|slot| slot.ssrc)
}

#[test]
fn a_line_that_was_of_another_kind_is_refused() {
    let now = Instant::now();
    let mut core = meeting(now);
    let sound = video(&["recvonly"], &[Codec::Vp8], "abcd");
    let sound = sound.replace("m=video", "m=audio").replace("VP8/90000", "opus/48000/2");
    hand_in(&mut core, now, WATCHER, 2, false, &sound, vec![], slot("0", Kind::Audio));
    let refused = refusal(&mut core).expect("it was taken");
    assert!(refused.contains("another kind"), "{refused}");
}

#[test]
fn a_line_that_ends_and_becomes_another_has_another_source_and_there_are_not_endless_ones() {
    let now = Instant::now();
    let mut core = meeting(now);
    let most = 10;
    core.config.limits = Limits::default().with(crate::limits::Limit::SsrcsPerPeer, most);
    let (mut sources, mut mid) = (vec![source(&core).expect("a source")], "0".to_owned());
    for number in 1.. {
        hand_in(&mut core, now, WATCHER, 2 * number, false, &line(&mid, true), vec![], vec![]);
        mid = format!("m{number}");
        let slots = slot(&mid, Kind::Video);
        hand_in(&mut core, now, WATCHER, 2 * number + 1, false, &line(&mid, false), vec![], slots);
        if let Some(refused) = refusal(&mut core) {
            assert_eq!(refused, Ended::TooManySources.to_string());
            break;
        }
        let source = source(&core).expect("a source");
        assert!(!sources.contains(&source));
        sources.push(source);
    }
    assert_eq!((sources.len(), core.tally.count(crate::limits::Limit::SsrcsPerPeer)), (most, 1));
    // The client builds another connection, with other keys.
    offer(&mut core, now, WATCHER, 1_000, true, "efgh");
    assert_eq!(refusal(&mut core), None);
}

/// Numbers and clock of what leaves go on with the source: in another slot, and after it was in none.
#[test]
fn a_source_that_no_slot_had_for_a_while_goes_on_where_it_was() {
    let now = Instant::now();
    let mut core = meeting(now);
    let key = core.by_id[&WATCHER];
    let arriving = |seq: u64| {
        let frame = FrameInfo { start: true, end: true, key: true, ..FrameInfo::default() };
        let (seq, time) = (SeqNo(seq), MediaTime(seq * 3_000));
        crate::media::forward::Arriving { seq, time, capture: now, frame }
    };
    let from = crate::media::slot::Source {
        number: 1,
        layer: crate::media::ids::Layer::High,
        live: [true; 3],
        overtaken: false,
    };
    let send = |core: &mut Core, seq| {
        let slot = &mut core.peers[key].video[0];
        assert_eq!(slot.mid, Mid::from("0"));
        slot.target = Some(from.layer);
        slot.forward(&from, &arriving(seq), now).expect("a key frame")
    };
    let mut last = send(&mut core, 1_000);
    for round in 1..5 {
        let before = source(&core);
        let sdp = video(&["recvonly"], &[Codec::Vp8], "abcd");
        hand_in(&mut core, now, WATCHER, 2 * round, false, &sdp, vec![], vec![]);
        assert_eq!(source(&core), None);
        offer(&mut core, now, WATCHER, 2 * round + 1, false, "abcd");
        assert_eq!(source(&core), before, "one line, one source");
        let next = send(&mut core, 500);
        assert!(next.seq == last.seq + 1 && next.time > last.time, "{next:?} after {last:?}");
        last = next;
    }
    assert_eq!(core.faults().violations(), 0);
    assert_eq!(core.faults().judged, 5, "what was judged before is not forgotten");
}
