use std::time::{Duration, Instant};

use super::*;
use crate::conference::protocol::{ErrorCode, ServerMessage};
use crate::conference::refusal::EXPLANATION_BYTES;

fn complaint(text: &str) -> String {
    let refusal = read(text, &Limits::default(), &mut Tally::default()).unwrap_err();
    let ServerMessage::Error { code, message, .. } = refusal.into_message() else { panic!("an error") };
    assert_eq!(code, ErrorCode::BadMessage, "{text}");
    message
}

#[test]
fn the_complaint_names_what_to_mend() {
    for (text, named) in [
        ("{", "not JSON"),
        ("[]", "object"),
        ("{}", "type"),
        (r#"{"type":5}"#, "type"),
        (r#"{"type":"dance"}"#, "dance"),
        (r#"{"type":["dance"]}"#, "type"),
        (r#"{"type":"mute","stream":"camera","kind":"audio"}"#, "`muted`"),
        (r#"{"type":"leave","mayReturn":"yes"}"#, "mayReturn:"),
        (r#"{"type":"signal","to":"0000000000000001"}"#, "`data`"),
        (r#"{"type":"ping""#, "not JSON"),
        (r#"{"type":"ping"} x"#, "not JSON"),
        (r#"{"type":"offer","id":-1,"fresh":true,"sdp":"","tracks":[],"slots":[]}"#, "id:"),
        (r#"{"type":"offer","id":1,"fresh":true,"sdp":"","tracks":[{}],"slots":[]}"#, "tracks[0]:"),
        (r#"{"type":"view","tiles":[{"peer":"xyz","stream":"camera","height":1}]}"#, "tiles[0].peer:"),
        (r#"{"type":"mute","stream":"camera","kind":"smell","muted":true}"#, "kind:"),
    ] {
        let complaint = complaint(text);
        assert!(complaint.contains(named), "{text}: {complaint}");
    }
}

#[test]
fn the_complaint_does_not_echo_a_long_text() {
    let long = "ü".repeat(10_000);
    for text in [
        format!(r#"{{"type":"leave","mayReturn":"{long}"}}"#),
        format!(r#"{{"type":"{long}"}}"#),
        format!(r#"{{"type":"mute","stream":"{long}"}}"#),
        format!(r#"{{"type":"mute","stream":"camera","kind":"audio","muted":true,"{long}":x}}"#),
    ] {
        assert!(complaint(&text).len() <= EXPLANATION_BYTES + '…'.len_utf8());
    }
}

#[test]
fn whoever_is_outside_may_only_join() {
    let refused = |text: &str| read_join(text, &Limits::default(), &mut Tally::default()).unwrap_err();
    for (text, named) in [
        (r#"{"type":"join","room":"a"}"#, "`name`"),
        (r#"{"type":"join","room":5,"name":"Ann"}"#, "room: invalid type: integer `5`, expected a string"),
        (r#"{"type":"join","room":"a","name":"Ann","token":7}"#, "token:"),
    ] {
        let refusal = refused(text);
        assert_eq!(refusal.code(), ErrorCode::BadMessage, "{text}");
        assert!(refusal.to_string().contains(named), "{text}: {refusal}");
    }
    assert_eq!(refused(r#"{"type":"ping"}"#), Refusal::NotJoined);
    let text = r#"{"type":"join","room":"a","name":"Ann","token":null,"later":[{"fields":1}]}"#;
    let join = read_join(text, &Limits::default(), &mut Tally::default()).unwrap();
    assert_eq!((join.room.as_str(), join.name.as_str(), join.token), ("a", "Ann", None));
}

#[test]
fn every_message_of_the_protocol_is_read() {
    let document = include_str!("../../../docs/protocol.md");
    let blocks = document.split("```json client\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut read_types = std::collections::BTreeSet::new();
    for block in blocks {
        let kind = kind::find(block).unwrap();
        let done = match kind {
            kind::Kind::Join => read_join(block, &Limits::default(), &mut Tally::default()).map(drop),
            _ => read(block, &Limits::default(), &mut Tally::default()).map(drop),
        };
        assert_eq!(done, Ok(()), "{block}");
        read_types.insert(format!("{kind:?}"));
    }
    assert_eq!(read_types.len(), kind::Kind::ALL.len());
}

#[test]
fn only_an_offer_of_somebody_inside_may_be_large() {
    let offer = |bytes: usize| {
        let rest = r#"{"type":"offer","id":1,"fresh":true,"tracks":[],"slots":[],"sdp":""}"#;
        rest.replace(r#""sdp":"""#, &format!(r#""sdp":"{}""#, "a".repeat(bytes - rest.len())))
    };
    let limits = Limits::default();
    let verdict = |text: &str, joined| {
        let mut tally = Tally::default();
        let read = if joined {
            read(text, &limits, &mut tally).map(drop)
        } else {
            read_join(text, &limits, &mut tally).map(drop)
        };
        let code = read.err().map(|refusal| refusal.code());
        (code, tally.count(Limit::MessageBytes), tally.count(Limit::OfferBytes))
    };
    let large = Some(ErrorCode::TooLarge);
    assert_eq!(verdict(&offer(512 * 1024), true), (None, 0, 0));
    assert_eq!(verdict(&offer(512 * 1024 + 1), true), (large, 0, 1));
    assert_eq!(verdict(&offer(64 * 1024 + 1), false), (large, 1, 0));
    let ping = format!(r#"{{"type":"ping"{}}}"#, " ".repeat(64 * 1024));
    assert_eq!(verdict(&ping, true), (large, 1, 0));
}

/// `filling` as the value of a field that no message has, in front of the last field.
fn filled(head: &str, filling: &str, tail: &str) -> String {
    format!("{head},\"x\":{filling},{tail}")
}

/// About 63 KiB of JSON in its dearest forms.
fn fillings() -> Vec<(&'static str, String)> {
    let many = |part: &str, count: usize| vec![part; count].join(",");
    vec![
        ("a string", format!("\"{}\"", "a".repeat(63_000))),
        ("escapes", format!("\"{}\"", r"\u00fc".repeat(10_000))),
        ("numbers", format!("[{}]", many("7", 31_000))),
        ("objects", format!("[{}]", many(r#"{"a":{}}"#, 7_000))),
        ("deep", format!("{}{}", "[".repeat(31_000), "]".repeat(31_000))),
        (
            "tiles",
            format!("[{}]", many(r#"{"peer":"0000000000000001","stream":"camera","height":9}"#, 1_100)),
        ),
    ]
}

/// The least that each took of many times, in turns: what else a machine does only adds to it, and does not pick one of them.
fn costs<const N: usize>(mut acts: [&mut dyn FnMut(); N]) -> [Duration; N] {
    let mut least = [Duration::MAX; N];
    for _ in 0..41 {
        for (act, least) in acts.iter_mut().zip(&mut least) {
            let began = Instant::now();
            act();
            *least = began.elapsed().min(*least);
        }
    }
    least
}

#[test]
fn refusing_a_message_costs_no_more_than_accepting_one_of_its_size() {
    let limits = Limits::default();
    // By how much one may be dearer: other programs run beside this one.
    let most = |accepted: Duration| accepted * 2 + Duration::from_micros(20);
    let offer = r#"{"type":"offer","id":1,"fresh":true,"sdp":"","tracks":[]"#;
    let large = format!("\"{}\"", r"a=ssrc:1 cname:x\r\n".repeat(24_000));
    let forms = fillings().into_iter().map(|form| (offer, form)).chain([(offer, ("an SDP", large))]);
    for (head, (name, filling)) in forms {
        let accepted = filled(head, &filling, r#""slots":[]}"#);
        let inside = |text: &str| drop(read(text, &limits, &mut Tally::default()));
        let outside = |text: &str| drop(read_join(text, &limits, &mut Tally::default()));
        assert!(read(&accepted, &limits, &mut Tally::default()).is_ok(), "{name}");
        for (what, refused) in [
            ("a wrong last field", filled(head, &filling, r#""slots":{}}"#)),
            ("a wrong item", filled(head, &filling, r#""slots":[{}]}"#)),
            ("a field missing", format!("{head},\"x\":{filling}}}")),
            ("no JSON at its end", filled(head, &filling, r#""slots":[]"#)),
            ("an unknown type at its end", format!("{{\"x\":{filling},\"type\":\"dance\"}}")),
            ("no type", format!("{{\"x\":{filling}}}")),
            ("a string for a list", filled(head, &filling, &format!("\"slots\":\"{}\"}}", "ü".repeat(300)))),
        ] {
            assert!(read(&refused, &limits, &mut Tally::default()).is_err(), "{name}: {what}");
            let [accepting, refusing, refusing_outside] =
                costs([&mut || inside(&accepted), &mut || inside(&refused), &mut || outside(&refused)]);
            assert!(
                refusing.max(refusing_outside) < most(accepting),
                "{name}: {what}: {refusing:?}, not joined {refusing_outside:?}, accepting takes {accepting:?}"
            );
        }
    }
    // The same bytes where something else should be, which others would quote back.
    for text in ["a".repeat(60_000), "ü".repeat(30_000), r"\u0001".repeat(10_000)] {
        // One that is read, too: to pass over a string of escapes costs half as much.
        let accepted =
            format!(r#"{{"type":"offer","id":1,"fresh":true,"sdp":"{text}","tracks":[],"slots":[]}}"#);
        let refused = format!(r#"{{"type":"leave","mayReturn":"{text}","x":true}}"#);
        let inside = |text: &str, right: bool| {
            assert_eq!(read(text, &limits, &mut Tally::default()).is_ok(), right);
        };
        let [accepting, refusing] = costs([&mut || inside(&accepted, true), &mut || inside(&refused, false)]);
        assert!(refusing < most(accepting), "{}: {refusing:?}, {accepting:?}", &text[..6]);
    }
    let signal = |data: &str, to: &str| format!(r#"{{"type":"signal","data":{data},"to":"{to}"}}"#);
    for (name, filling) in fillings() {
        let [accepted, refused] = ["0000000000000001", "x"].map(|to| signal(&filling, to));
        let inside = |text: &str| drop(read(text, &limits, &mut Tally::default()));
        let [accepting, refusing] = costs([&mut || inside(&accepted), &mut || inside(&refused)]);
        assert!(refusing < most(accepting), "signal, {name}: {refusing:?}, {accepting:?}");
    }
}
