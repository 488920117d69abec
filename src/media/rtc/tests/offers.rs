//! What Chromium 156 and Firefox 153 offer: their own sound and picture in three layers, one slot for each kind, a data
//! channel.

use std::net::SocketAddr;
use std::time::Instant;

use crate::limits::Limits;
use crate::media::codec::{Codec, CodecSet};
use crate::media::ids::{Kind, SlotIndex, Stream};
use crate::media::message::{SlotLine, TrackLine};
use crate::media::rtc::{Connection, ConnectionConfig, EgressKind, Offer};

const CHROMIUM: &str = include_str!("chromium.sdp");
const FIREFOX: &str = include_str!("firefox.sdp");

fn answer(offer: &str) -> (String, Connection) {
    let kinds = [Kind::Audio, Kind::Video];
    let tracks = kinds.into_iter().zip(["0", "1"]);
    let tracks = tracks.map(|(kind, mid)| TrackLine { mid: mid.into(), stream: Stream::Camera, kind });
    let slots = kinds.into_iter().zip(["2", "3"]);
    let slots = slots.map(|(kind, mid)| SlotLine { mid: mid.into(), kind, slot: SlotIndex(0) });
    let config = ConnectionConfig {
        candidates: vec![SocketAddr::from(([127, 0, 0, 1], 1))],
        worker: 0,
        egress: EgressKind::Own,
    };
    let mut connection = Connection::new(&config, 0, Instant::now()).expect("a connection");
    let offer = Offer::parse(offer, tracks.collect(), slots.collect(), &Limits::default());
    let answer = connection.accept(offer.expect("a good offer")).expect("an answer");
    (answer, connection)
}

/// The lines of one m-section of an answer.
fn section<'a>(answer: &'a str, mid: &str) -> Vec<&'a str> {
    let sections = answer.split("\r\nm=");
    let section = sections.into_iter().find(|section| section.contains(&format!("a=mid:{mid}\r\n")));
    section.expect("a section").lines().collect()
}

#[test]
fn the_codecs_are_those_both_have() {
    let all = CodecSet::ALL;
    let (_, chromium) = answer(CHROMIUM);
    assert_eq!(chromium.codecs(), (all, all));
    let firefox: CodecSet = Codec::ALL.into_iter().filter(|codec| *codec != Codec::H264).collect();
    let (_, connection) = answer(FIREFOX);
    assert_eq!(connection.codecs(), (firefox, firefox));
}

/// RFC 8839 section 5.1 and RFC 6544 section 4.5, once in a bundle.
#[test]
fn udp_is_announced_and_tcp_for_those_without_it_at_a_lower_priority() {
    for offer in [CHROMIUM, FIREFOX] {
        let (answer, _) = answer(offer);
        let candidates: Vec<Vec<&str>> = (answer.lines())
            .filter_map(|line| Some(line.strip_prefix("a=candidate:")?.split(' ').collect()))
            .collect();
        let [udp, tcp] = &candidates[..] else { panic!("{candidates:?}") };
        let here = ["127.0.0.1", "1", "typ", "host"];
        assert_eq!((udp[2], &udp[4..8], tcp[2], &tcp[4..8]), ("udp", &here[..], "tcp", &here[..]));
        assert_eq!(tcp[8..10], ["tcptype", "passive"]);
        let preference = |priority: &str| priority.parse::<u32>().expect("a number") >> 24;
        assert_eq!((preference(udp[3]), preference(tcp[3])), (126, 90));
        assert_ne!(udp[0], tcp[0], "their foundations differ");
    }
}

#[test]
fn simulcast_is_accepted_in_three_layers() {
    for offer in [CHROMIUM, FIREFOX] {
        let (answer, _) = answer(offer);
        let camera = section(&answer, "1");
        for line in ["a=recvonly", "a=rid:q recv", "a=rid:h recv", "a=rid:f recv", "a=simulcast:recv q;h;f"] {
            assert!(camera.contains(&line), "{line} in {camera:#?}");
        }
        assert!(section(&answer, "3").contains(&"a=sendonly"));
    }
}

/// As `GStreamer`, SIP telephones and gateways write them: none of these lines is of any use here, and none is a reason to
/// refuse somebody.
#[test]
fn lines_that_may_stand_in_a_description_and_say_nothing_here_change_no_answer() {
    for offer in [CHROMIUM, FIREFOX] {
        let (plain, _) = answer(offer);
        let sections = |text: &str| text.lines().filter(|line| line.starts_with("m=")).count();
        let after = |start: &str, more: &str| {
            let lines = offer.lines().map(|line| {
                let more = if line.starts_with(start) { more } else { "" };
                format!("{line}\r\n{more}")
            });
            lines.collect::<String>()
        };
        for (name, spoilt) in [
            ("two b= lines", after("c=", "b=AS:500\r\nb=TIAS:500000\r\n")),
            ("no reports wanted", after("c=", "b=RS:0\r\nb=RR:0\r\n")),
            ("among the attributes", after("a=mid:", "b=AS:500\r\nb=TIAS:500000\r\n")),
            ("of the whole session", after("s=", "i=x\r\nb=CT:900\r\nb=AS:900\r\n")),
            ("a title", after("m=", "i=the camera\r\n")),
            ("two addresses", after("c=", "c=IN IP6 ::\r\n")),
            ("repeats and zones", after("t=", "r=1 2 3\r\nz=0 0\r\nk=clear:x\r\n")),
        ] {
            assert_ne!(spoilt, offer, "{name}");
            let (answer, _) = answer(&spoilt);
            assert_eq!(sections(&answer), sections(&plain), "{name}: {answer}");
            assert!(!answer.contains("m=video 0") && !answer.contains("\nb="), "{name}: {answer}");
        }
    }
}

#[test]
fn opus_is_asked_for_with_error_correction_and_silence() {
    for offer in [CHROMIUM, FIREFOX] {
        let (answer, _) = answer(offer);
        for mid in ["0", "2"] {
            let lines = section(&answer, mid);
            let parameters = |line: &&&str| line.starts_with("a=fmtp:") && !line.contains('/');
            let opus: Vec<_> = lines.iter().filter(parameters).collect();
            assert_eq!(opus.len(), 1, "{lines:#?}");
            for parameter in
                ["useinbandfec=1", "usedtx=1", ";stereo=1", "sprop-stereo=1", "maxaveragebitrate=128000"]
            {
                assert!(opus[0].contains(parameter), "{parameter} in {opus:?}");
            }
        }
    }
}

#[test]
fn redundant_sound_is_for_lines_that_receive_and_for_browsers_that_offer_it() {
    for (offer, received) in [(CHROMIUM, 1), (FIREFOX, 0)] {
        let (answer, _) = answer(offer);
        let has = |mid| section(&answer, mid).iter().filter(|line| line.ends_with(" red/48000/2")).count();
        assert_eq!((has("0"), has("2"), has("3")), (0, received, 0), "{answer}");
        assert_eq!(answer.matches(" red/").count(), received);
    }
    // It is none where it is not what the line takes as Opus.
    let (answer, _) = answer(&CHROMIUM.replace("111/111", "9/9"));
    assert!(!answer.contains(" red/"));
}

#[test]
fn a_payload_type_means_the_same_on_every_line() {
    for offer in [CHROMIUM, FIREFOX] {
        let (answer, _) = answer(offer);
        let mut meanings: Vec<(&str, &str)> = Vec::new();
        for line in answer.lines() {
            for kind in ["a=rtpmap:", "a=fmtp:"] {
                let Some((pt, meaning)) = line.strip_prefix(kind).and_then(|rest| rest.split_once(' '))
                else {
                    continue;
                };
                let key = &line[..kind.len() + pt.len()];
                if let Some((_, known)) = meanings.iter().find(|(known, _)| *known == key) {
                    assert_eq!(*known, meaning, "{line}");
                }
                meanings.push((key, meaning));
            }
        }
        assert!(meanings.len() > 20);
    }
}

#[test]
fn every_picture_codec_can_be_retransmitted_and_asked_for_key_frames() {
    for (offer, codecs) in [(CHROMIUM, 9), (FIREFOX, 3)] {
        let (answer, _) = answer(offer);
        for mid in ["1", "3"] {
            let lines = section(&answer, mid);
            let count = |end: &str| lines.iter().filter(|line| line.ends_with(end)).count();
            let pictures =
                lines.iter().filter(|line| line.starts_with("a=rtpmap:")).count() - count(" rtx/90000");
            assert_eq!(
                (count(" rtx/90000"), count(" nack"), count(" nack pli")),
                (pictures, pictures, pictures)
            );
            assert_eq!(pictures, codecs, "{lines:#?}");
        }
    }
}

#[test]
fn what_a_receiver_would_keep_from_one_owner_of_a_slot_to_the_next_is_not_negotiated() {
    let capture = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";
    let chromium = CHROMIUM.replace("a=extmap:7 http", &format!("a=extmap:15 {capture}\na=extmap:7 http"));
    for offer in [&chromium, FIREFOX] {
        assert!(offer.contains("/playout-delay"));
        let (answer, _) = answer(offer);
        assert!(!answer.contains("/playout-delay") && !answer.contains(capture), "{answer}");
    }
}
