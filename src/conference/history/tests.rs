use proptest::prelude::*;

use super::*;

fn post(id: u64, from: u64, text: &str) -> ChatEvent {
    let (name, reference) = ("Ann".to_owned(), format!("r{id}"));
    let (at, since) = (UnixTime::from_millis(id), Instant::now());
    ChatEvent::Posted(Post { id, from: PeerId(from), name, text: text.to_owned(), reference, at, since })
}

fn any_event() -> impl Strategy<Value = ChatEvent> {
    prop_oneof![
        4 => (1..20_u64, 1..4_u64, "[a-z]{1,9}").prop_map(|(id, from, text)| post(id, from, &text)),
        2 => (0..20_u64, "[a-z]{0,9}").prop_map(|(id, text)| ChatEvent::Edited { id, text }),
        1 => (0..20_u64).prop_map(|id| ChatEvent::Deleted { id }),
        1 => (0..25_u64).prop_map(|below| ChatEvent::Forgotten { below }),
    ]
}

#[test]
fn a_message_that_was_forgotten_or_never_written_is_not_there() {
    let mut history = History::new(7);
    for id in 1..=3 {
        assert!(history.apply(&post(id, 1, "x")));
    }
    assert!(history.apply(&ChatEvent::Forgotten { below: 3 }));
    assert_eq!((history.first(), history.next(), history.len()), (3, 4, 1));
    for id in [0, 1, 2, 4, u64::MAX] {
        assert_eq!(history.get(id), None);
        assert!(!history.apply(&ChatEvent::Deleted { id }));
    }
    assert!(history.called(PeerId(1), "r3").is_some());
    assert!(history.called(PeerId(2), "r3").is_none() && history.called(PeerId(1), "r2").is_none());
}

proptest! {
    #[test]
    fn what_is_counted_is_what_is_kept(events in prop::collection::vec(any_event(), 0..80)) {
        let mut history = History::new(7);
        for event in &events {
            let before = history.clone();
            let changed = history.apply(event);
            prop_assert_eq!(changed, history != before);
            prop_assert!(!history.apply(event), "said twice, it is so already");
            prop_assert_eq!(history.bytes(), history.kept.iter().map(Kept::bytes).sum::<usize>());
            prop_assert!((history.first()..history.next()).all(|id| history.get(id).unwrap().message.id == id));
            let mut revisions: Vec<u64> = history.kept.iter().map(|kept| kept.message.revision).collect();
            revisions.sort_unstable();
            revisions.dedup();
            prop_assert_eq!(revisions.len(), history.len(), "one order for all");
            prop_assert!(revisions.last().is_none_or(|last| *last <= history.revision()));
        }
    }

    #[test]
    fn parts_of_any_size_tell_all_that_was_missed(
        events in prop::collection::vec(any_event(), 0..80), missed in 0..80_usize, bytes in 0..2_000_usize,
    ) {
        let mut history = History::new(7);
        let mut known = 0;
        for (at, event) in events.iter().enumerate() {
            history.apply(event);
            if at + missed < events.len() {
                known = history.revision();
            }
        }
        let expected: Vec<u64> = history.since(known, usize::MAX).1.iter().map(|message| message.revision).collect();
        let mut told = Vec::new();
        loop {
            let (upto, part) = history.since(known, bytes);
            told.extend(part.iter().map(|message| message.revision));
            prop_assert!(upto > known || upto == history.revision());
            known = upto;
            if upto == history.revision() {
                break;
            }
        }
        prop_assert_eq!(told, expected);
    }
}
