//! What an answer says of what will be sent: the server's word, as the client has it.

use std::collections::BTreeMap;

use plenary::media::codec::Codec;
use plenary::media::ids::Kind;

/// What a header extension means (RFC 8285 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extension {
    /// The line it belongs to (RFC 9143 section 15.2).
    Mid,
    SendTime,
    /// The number of the packet among all of the connection.
    TransportNumber,
    /// RFC 6464.
    AudioLevel,
    /// Anything that a forwarded packet may carry and that is not looked into.
    Other,
    /// Which encoding of a line (RFC 8852): the server sends one of each.
    Encoding,
}

impl Extension {
    fn of(uri: &str) -> Extension {
        match uri {
            "urn:ietf:params:rtp-hdrext:sdes:mid" => Extension::Mid,
            "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time" => Extension::SendTime,
            "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01" => {
                Extension::TransportNumber
            }
            "urn:ietf:params:rtp-hdrext:ssrc-audio-level" => Extension::AudioLevel,
            "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
            | "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id" => Extension::Encoding,
            _ => Extension::Other,
        }
    }
}

/// What was agreed on for one line.
#[derive(Debug, Clone)]
pub struct AgreedLine {
    pub mid: String,
    pub kind: Kind,
    /// The server sends on it.
    pub sends: bool,
    /// Payload types.
    pub codecs: BTreeMap<u8, Codec>,
    /// Payload types of retransmissions, and of what each retransmits (RFC 4588 section 8.1).
    pub resends: BTreeMap<u8, u8>,
    pub extensions: BTreeMap<u8, Extension>,
    /// The sources of what is sent, and of what is sent again.
    pub sources: Vec<(u32, Option<u32>)>,
}

/// The lines of an answer.
pub fn lines(answer: &str) -> Vec<AgreedLine> {
    answer.split("\r\nm=").skip(1).map(line).collect()
}

fn line(section: &str) -> AgreedLine {
    let kind = if section.starts_with("audio") { Kind::Audio } else { Kind::Video };
    let mut line = AgreedLine {
        mid: String::new(),
        kind,
        sends: false,
        codecs: BTreeMap::new(),
        resends: BTreeMap::new(),
        extensions: BTreeMap::new(),
        sources: Vec::new(),
    };
    let mut groups = Vec::new();
    let mut sources = Vec::new();
    for attribute in section.split("\r\n").filter_map(|attribute| attribute.strip_prefix("a=")) {
        let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
        let (first, rest) = value.split_once(' ').unwrap_or((value, ""));
        match name {
            "mid" => value.clone_into(&mut line.mid),
            "sendonly" | "sendrecv" => line.sends = true,
            "extmap" => {
                let id = first.split('/').next().and_then(|id| id.parse().ok()).expect("a number");
                line.extensions.insert(id, Extension::of(rest));
            }
            "rtpmap" => {
                let name = rest.split('/').next().unwrap_or_default().to_lowercase();
                if let Ok(codec) = name.parse() {
                    line.codecs.insert(number(first), codec);
                }
            }
            "fmtp" => {
                if let Some(of) = rest.strip_prefix("apt=") {
                    line.resends.insert(number(first), number(of));
                }
            }
            "ssrc" => sources.push(number(first)),
            "ssrc-group" if first == "FID" => {
                groups.push(rest.split(' ').map(number).collect::<Vec<u32>>());
            }
            _ => {}
        }
    }
    let again: Vec<u32> = groups.iter().filter_map(|group| group.get(1).copied()).collect();
    for main in sources.into_iter().filter(|source| !again.contains(source)) {
        let resend = groups.iter().find(|group| group.first() == Some(&main));
        if !line.sources.iter().any(|(known, _)| *known == main) {
            line.sources.push((main, resend.and_then(|group| group.get(1).copied())));
        }
    }
    line
}

fn number<T: std::str::FromStr<Err = std::num::ParseIntError>>(text: &str) -> T {
    text.parse().expect("a number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_by_its_lines() {
        let answer = "v=0\r\ns=-\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n\
                      a=recvonly\r\na=rtpmap:111 opus/48000/2\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:1\r\n\
                      a=extmap:3/sendonly urn:ietf:params:rtp-hdrext:sdes:mid\r\na=sendonly\r\n\
                      a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
                      a=ssrc-group:FID 7 8\r\na=ssrc:7 cname:x\r\na=ssrc:7 msid:x y\r\na=ssrc:8 cname:x\r\n";
        let lines = lines(answer);
        let [sound, picture] = &lines[..] else { panic!("two lines: {lines:?}") };
        assert!(!sound.sends && sound.kind == Kind::Audio && sound.sources.is_empty());
        assert!(picture.sends && picture.mid == "1" && picture.sources == [(7, Some(8))]);
        assert_eq!((picture.codecs[&96], picture.resends[&97]), (Codec::Vp8, 96));
        assert_eq!(picture.extensions[&3], Extension::Mid);
    }
}
