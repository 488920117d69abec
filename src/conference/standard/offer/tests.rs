use super::*;

const HEAD: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
    a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n";

fn offer(audio: &str, video: &str) -> String {
    format!(
        "{HEAD}m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n{audio}m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n{video}"
    )
}

fn mids(lines: &[TrackLine]) -> Vec<(&str, Stream, Kind)> {
    lines.iter().map(|line| (line.mid.as_str(), line.stream, line.kind)).collect()
}

#[test]
fn what_a_publisher_sends_is_a_camera_and_a_microphone_whatever_it_would_receive() {
    for direction in ["a=sendonly\r\n", "a=sendrecv\r\n", ""] {
        let read = read(Purpose::Publish, &offer(direction, direction)).expect("an offer");
        let expected = [("0", Stream::Camera, Kind::Audio), ("1", Stream::Camera, Kind::Video)];
        assert_eq!(mids(&read.tracks), expected);
        assert_eq!(read.slots, []);
        assert_eq!(read.sdp.matches("a=sendonly\r\n").count(), 2, "{}", read.sdp);
        assert!(!read.sdp.contains("sendrecv"));
    }
}

#[test]
fn a_viewer_has_as_many_slots_of_a_kind_as_lines() {
    let more = "a=recvonly\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:2\r\na=recvonly\r\n";
    let text = offer("a=recvonly\r\n", more).replace("BUNDLE 0 1", "BUNDLE 0 1 2");
    let read = read(Purpose::Watch, &text).expect("an offer");
    let slots: Vec<_> = read.slots.iter().map(|line| (line.mid.as_str(), line.kind, line.slot.0)).collect();
    assert_eq!(slots, [("0", Kind::Audio, 0), ("1", Kind::Video, 0), ("2", Kind::Video, 1)]);
}

#[test]
fn a_line_that_is_not_for_this_is_inactive() {
    let read = read(Purpose::Publish, &offer("a=sendonly\r\n", "a=recvonly\r\n")).expect("an offer");
    assert_eq!(mids(&read.tracks), [("0", Stream::Camera, Kind::Audio)]);
    assert!(read.sdp.contains("a=mid:1\r\na=inactive\r\n"), "{}", read.sdp);
}

#[test]
fn a_line_without_a_port_is_used_if_it_is_for_the_bundle_only() {
    let portless = |also: &str| offer("a=sendonly\r\n", also).replace("m=video 9", "m=video 0");
    let read = |text: &str| read(Purpose::Publish, text).expect("an offer");
    let used = read(&portless("a=bundle-only\r\na=sendonly\r\n"));
    assert_eq!(used.tracks.len(), 2);
    assert!(used.sdp.contains("m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"), "{}", used.sdp);
    let refused = read(&portless("a=sendonly\r\n"));
    assert_eq!(refused.tracks.len(), 1);
    assert!(refused.sdp.contains("m=video 0 "), "{}", refused.sdp);
}

#[test]
fn what_cannot_be_used_is_named() {
    let sends = "a=sendonly\r\n";
    let why = |text: &str| read(Purpose::Publish, text).expect_err("must be refused");
    let good = offer(sends, sends);
    assert_eq!(why(&good.replace("a=ice-pwd:0123456789012345678901\r\n", "")), Unfit::NoIce);
    assert_eq!(why(&good.replace("a=group:BUNDLE 0 1\r\n", "")), Unfit::NoBundle);
    assert_eq!(why(&good.replace("a=mid:1\r\n", "")), Unfit::NoMid);
    assert_eq!(why(&good.replace("sendonly", "recvonly")), Unfit::Nothing(Purpose::Publish));
    let simulcast = "a=sendonly\r\na=rid:q send\r\na=rid:f send\r\na=simulcast:send q;f\r\n";
    assert_eq!(why(&offer(sends, simulcast)), Unfit::Simulcast);
    assert_eq!(why(&offer(sends, "a=sendonly\r\na=ssrc-group:SIM 1 2 3\r\n")), Unfit::Simulcast);
    let line = |mid| format!("m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:{mid}\r\na=sendonly\r\n");
    let more = good.replace("BUNDLE 0 1", "BUNDLE 0 1 2 3") + &line(2) + &line(3);
    assert_eq!(why(&more), Unfit::Many);
    assert_eq!(why("nonsense"), Unfit::NoIce);
}

#[test]
fn an_offer_as_large_as_any_is_read_before_anybody_has_to_wait() {
    let lines = "m=audio 9 x\na=mid:z\n".repeat(1_500);
    let bundle = "a ".repeat((65_000 - lines.len()) / 2);
    let text = format!("v=0\na=ice-ufrag:abcd\na=ice-pwd:0\na=group:BUNDLE {bundle}z\n{lines}");
    let began = std::time::Instant::now();
    for _ in 0..20 {
        assert_eq!(read(Purpose::Publish, &text), Err(Unfit::Many));
    }
    let took = began.elapsed();
    assert!(took < std::time::Duration::from_secs(3), "{took:?}");
}

#[test]
fn payload_types_of_a_line_with_a_port_stay_what_they_are() {
    let text =
        offer("a=sendonly\r\na=bundle-only\r\n", "a=sendonly\r\n").replace("SAVPF 111", "SAVPF 111 0 8");
    let read = read(Purpose::Publish, &text).expect("an offer");
    assert!(read.sdp.contains("m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8\r\n"), "{}", read.sdp);
}

#[test]
fn what_a_picture_is_to_take_is_read() {
    for (line, bits) in [("b=AS:9000\r\n", 9_000_000), ("b=TIAS:123456\r\n", 123_456)] {
        let read =
            read(Purpose::Publish, &offer("b=AS:64\r\na=sendonly\r\n", &format!("{line}a=sendonly\r\n")));
        assert_eq!(read.expect("an offer").bitrate, Some(Bitrate::bps(bits)));
    }
}

#[test]
fn a_restart_puts_new_credentials_into_what_was_offered() {
    let fragment = "a=ice-ufrag:EFGH\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\nm=audio 9 X 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n";
    let fresh = Credentials::read(fragment).expect("credentials");
    let text = fresh.put_into(&offer("", ""));
    assert!(text.contains("a=ice-ufrag:EFGH\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n"), "{text}");
    assert_eq!(Credentials::read(&text), Some(fresh));
    for bad in [
        "",
        "a=ice-ufrag:EFGH\r\n",
        "a=ice-ufrag:EF H\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n",
        "a=ice-ufrag:E\r\na=ice-pwd:x\r\n",
    ] {
        assert_eq!(Credentials::read(bad), None, "{bad}");
    }
}

#[test]
fn the_fragment_of_an_answer_has_what_ice_needs_once() {
    let line = "a=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:x\r\na=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\na=rtpmap:111 opus/48000/2\r\n";
    let answer = format!(
        "v=0\r\na=ice-lite\r\na=group:BUNDLE 0 1\r\nm=audio 9 X 111\r\n{line}m=video 9 X 96\r\n{line}"
    );
    assert_eq!(
        fragment(&answer),
        "a=ice-lite\r\na=group:BUNDLE 0 1\r\nm=audio 9 X 111\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:x\r\n\
         a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n"
    );
}
