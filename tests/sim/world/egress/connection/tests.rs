//! Each violation is caught, and nothing else is.

use plenary::media::ids::{Layer, Stream};

use super::*;
use crate::payload::{Counters, Place};

const ANSWER: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\n\
    a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
    a=ssrc:5 cname:x\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:1\r\na=sendonly\r\na=rtpmap:96 VP8/90000\r\n\
    a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
    a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n\
    a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
    a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\na=ssrc-group:FID 7 8\r\na=ssrc:7 cname:x\r\n\
    a=ssrc:8 cname:x\r\n";

const SOUND: u32 = 5;
const PICTURE: u32 = 7;
const AGAIN: u32 = 8;

/// A packet to be judged.
#[derive(Clone)]
struct Made {
    source: u32,
    payload_type: u8,
    number: u16,
    time: u32,
    marker: bool,
    padded: bool,
    elements: Vec<(u8, Vec<u8>)>,
    payload: Vec<u8>,
}

fn stamp(frame: u32, index: u8) -> Stamp {
    let (stream, layer) = (Stream::Camera, Layer::High);
    Stamp {
        person: 1,
        stream,
        layer,
        life: 1,
        frame,
        place: Place::after(frame),
        index,
        count: 2,
        key: frame == 0,
        made: 0,
    }
}

fn payload(frame: u32, index: u8) -> Vec<u8> {
    stamp(frame, index).packet(Codec::Vp8, Counters { picture: 1, tl0: 1 }, 100)
}

/// Packet `number` of a camera whose frames have two packets.
fn picture(number: u16) -> Made {
    let (frame, index) = (u32::from(number / 2), (number % 2) as u8);
    Made {
        source: PICTURE,
        payload_type: 96,
        number,
        time: frame * 3_000,
        marker: index == 1,
        padded: false,
        elements: vec![(4, b"1".to_vec()), (3, number.to_be_bytes().to_vec()), (2, vec![0; 3])],
        payload: payload(frame, index),
    }
}

fn again(number: u16, of: &Made, transport: u16) -> Made {
    let payload = [&of.number.to_be_bytes()[..], &of.payload].concat();
    let elements = vec![(3, transport.to_be_bytes().to_vec()), (2, vec![0; 3])];
    Made { source: AGAIN, payload_type: 97, number, elements, payload, ..of.clone() }
}

struct Fixture {
    judged: Judged,
    now: Instant,
}

impl Fixture {
    /// Four packets of pictures have left.
    fn new() -> Fixture {
        let mut judged = Judged::default();
        judged.agree(ANSWER).expect("an answer");
        let mut fixture = Fixture { judged, now: Instant::now() };
        for number in 0..4 {
            assert_eq!(fixture.send(&picture(number)), Ok(()));
        }
        fixture
    }

    fn send(&mut self, made: &Made) -> Result<(), Unfit> {
        let mut elements = Vec::new();
        for (id, value) in &made.elements {
            elements.push(id << 4 | (value.len() as u8 - 1));
            elements.extend(value);
        }
        elements.resize(elements.len().next_multiple_of(4), 0);
        let first = 0x90 | if made.padded { 0x20 } else { 0 };
        let mut bytes = vec![first, u8::from(made.marker) << 7 | made.payload_type];
        bytes.extend(made.number.to_be_bytes());
        bytes.extend(made.time.to_be_bytes());
        bytes.extend(made.source.to_be_bytes());
        bytes.extend([0xbe, 0xde, 0, (elements.len() / 4) as u8]);
        bytes.extend(elements);
        let (header, _) = Header::read(&bytes).expect("a header");
        self.judged.judge(At { told: self.now, real: self.now }, &header, &made.payload, None)
    }

    /// Sends a fifth packet, changed, and says what is wrong with it.
    fn wrong(change: impl FnOnce(&mut Made)) -> String {
        let mut made = picture(4);
        change(&mut made);
        match Fixture::new().send(&made) {
            Err(Unfit::Wrong(what)) => what,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_was_agreed_on_may_leave_also_late_again_and_as_filling() {
    let mut f = Fixture::new();
    assert_eq!(f.send(&picture(6)), Ok(()));
    assert_eq!(f.judged.missing(), 2, "4 and 5");
    assert_eq!(f.send(&picture(5)), Ok(()), "late");
    assert_eq!(f.send(&picture(4)), Ok(()), "later");
    assert_eq!(f.send(&again(9, &picture(2), 7)), Ok(()));
    let filler = Made { padded: true, payload: vec![0, 0, 3], ..again(10, &picture(2), 8) };
    assert_eq!(f.send(&filler), Ok(()));
    let probe = Made { source: PROBES, payload_type: 96, number: 0, ..filler.clone() };
    assert_eq!(f.send(&Made { elements: vec![(3, vec![0, 9]), (2, vec![0; 3])], ..probe }), Ok(()));
    assert_eq!((f.judged.missing(), f.judged.counts.resends, f.judged.counts.fillers), (0, 1, 2));
}

#[test]
fn what_was_not_agreed_on_may_not_leave() {
    let is = |what: String, part: &str| assert!(what.contains(part), "{what}");
    is(Fixture::wrong(|made| made.payload_type = 97), "none of line 1");
    is(Fixture::wrong(|made| made.elements[0] = (4, b"0".to_vec())), "Mid, says");
    is(Fixture::wrong(|made| made.elements[0].0 = 5), "nobody agreed");
    is(Fixture::wrong(|made| made.elements[0] = (10, b"h".to_vec())), "Encoding");
    is(Fixture::wrong(|made| made.elements.push((2, vec![0; 4]))), "SendTime");
    is(Fixture::wrong(|made| made.elements = vec![(4, vec![7; 9]); 6]), "a header of");
    is(Fixture::wrong(|made| drop(made.elements.remove(1))), "no TransportNumber");
    is(Fixture::wrong(|made| made.padded = true), "padded");
    is(Fixture::wrong(|made| made.payload = vec![7; 50]), "this is no VP8");
    let sound = |made: &mut Made| (made.source, made.elements) = (SOUND, vec![(1, vec![30])]);
    is(Fixture::wrong(sound), "none of line 0");
    is(Fixture::wrong(|made| (made.source, made.elements) = (SOUND, vec![])), "no AudioLevel");
    let unknown = Made { source: 6, ..picture(4) };
    assert_eq!(Fixture::new().send(&unknown), Err(Unfit::UnknownSource));
    let mut f = Fixture::new();
    f.judged.agree(&ANSWER.replace("sendonly", "inactive")).expect("an answer");
    assert!(f.send(&picture(4)).is_err(), "a line that was given up is sent on");
    assert!(f.judged.agree(&ANSWER.replace("a=mid:1", "a=mid:2")).is_err(), "a source changed its line");
}

#[test]
fn numbers_times_and_markers_go_on() {
    let is = |what: String, part: &str| assert!(what.contains(part), "{what}");
    is(Fixture::wrong(|made| made.number = 3), "number 3");
    is(Fixture::wrong(|made| made.elements[1].1 = vec![0, 2]), "transport-wide");
    is(Fixture::wrong(|made| made.marker = true), "the marker is true");
    is(Fixture::wrong(|made| made.time = 2_999), "after");
    is(Fixture::wrong(|made| made.time = 3_000), "has the time of");
    let mut f = Fixture::new();
    assert_eq!(f.send(&picture(4)), Ok(()));
    assert!(f.send(&Made { time: 6_001, ..picture(5) }).is_err(), "one frame with two times");
    let mut f = Fixture::new();
    let at = |number: u16, time: u8| {
        let elements = vec![(3, number.to_be_bytes().to_vec()), (2, vec![time, 0, 0])];
        Made { elements, ..picture(number) }
    };
    f.send(&at(4, 0)).expect("a send time");
    f.now += Duration::from_millis(500);
    f.send(&at(5, 2)).expect("half a second later");
    let late = at(6, 3);
    assert!(f.send(&late).is_err(), "send times that go on while none passes");
}

#[test]
fn what_is_sent_again_left_before() {
    let send = |change: &dyn Fn(&mut Made)| {
        let mut made = again(9, &picture(2), 4);
        change(&mut made);
        Fixture::new().send(&made)
    };
    assert_eq!(send(&|_| {}), Ok(()));
    assert!(send(&|made| made.payload_type = 96).is_err());
    assert!(send(&|made| made.payload[1] = 9).is_err(), "of a number that never left");
    assert!(send(&|made| made.payload[1] = 1).is_err(), "under the number of another one");
    assert!(send(&|made| made.payload[60] ^= 1).is_err(), "with other contents");
    assert!(send(&|made| made.time += 1).is_err());
    assert!(send(&|made| made.marker ^= true).is_err());
    assert!(send(&|made| made.payload.truncate(1)).is_err());
    assert!(send(&|made| made.padded = true).is_err(), "padding that says another length");
    let mut f = Fixture::new();
    f.send(&again(9, &picture(2), 4)).expect("again");
    assert!(f.send(&again(9, &picture(2), 5)).is_err(), "one number twice");
}

#[test]
fn reports_are_of_sources_that_send() {
    let mut f = Fixture::new();
    let report = |source: u32| {
        let words = [0x80c8_0006, source, 0, 0, 0, 0, 0].map(u32::to_be_bytes);
        words.concat()
    };
    assert_eq!(f.judged.judge_reports(&report(PICTURE)), Ok(()));
    for source in [AGAIN, 99] {
        assert_eq!(f.judged.judge_reports(&report(source)), Err(Unfit::UnknownSource));
    }
    assert!(f.judged.judge_reports(&report(PICTURE)[..20]).is_err(), "cut off");
    assert!(f.judged.judge_reports(&[0x80, 199, 0, 1, 0, 0, 0, 7]).is_err(), "no RTCP");
}
