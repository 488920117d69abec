//! Redundant sound (RFC 2198) in offers and answers: whoever receives may be sent each packet of a voice with the one before.
//!
//! str0m knows nothing of it. A client's offer says on the lines it receives on what it is called; the answer takes it there, and
//! nowhere else: a browser that may send it always does, and twice the sound of everybody is what only those need who lose some of it.

/// What an offer calls redundant sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Red {
    /// Its payload type.
    pub pt: u8,
    /// That of the Opus in it.
    pub of: u8,
}

/// What a payload type of redundant sound means, as `a=rtpmap` has it.
const MAP: &str = "red/48000/2";

impl Red {
    /// The one that a line of `a=rtpmap` and `a=fmtp` explains: a payload type, what it is, and its parameters, which are the payload types
    /// of what is in it, the newest first (RFC 2198 section 5).
    pub fn of(number: &str, map: Option<&str>, parameters: Option<&str>) -> Option<Red> {
        let (newest, before) = parameters.filter(|_| map == Some(MAP))?.split_once('/')?;
        let types = [number, newest, before.split('/').next()?].map(|text| text.parse::<u8>().ok());
        // In between beside RTP are the numbers of RTCP (RFC 5761 section 4).
        let [Some(pt @ (0..64 | 96..128)), Some(of @ 0..128), before] = types else { return None };
        (before == Some(of) && pt != of).then_some(Red { pt, of })
    }

    /// Adds it to the lines of `answer` on which the client only receives sound as what is in it.
    pub fn add(self, answer: &str) -> String {
        let mut text = String::with_capacity(answer.len() + 512);
        let (pt, of) = (self.pt.to_string(), self.of.to_string());
        let lines: Vec<&str> = answer.lines().collect();
        for section in lines.chunk_by(|_, next| !next.starts_with("m=")) {
            let sends = section.contains(&"a=sendonly");
            let takes = sends && section.first().is_some_and(|line| self.is_beside(line));
            for line in section {
                text.push_str(line);
                if takes && line.starts_with("m=") {
                    text.extend([" ", &pt]);
                }
                text.push_str("\r\n");
                if takes && line.strip_prefix("a=rtpmap:").is_some_and(|rest| self.is_of(rest)) {
                    text.extend(["a=rtpmap:", &pt, " ", MAP, "\r\na=fmtp:", &pt, " ", &of, "/", &of, "\r\n"]);
                }
            }
        }
        text
    }

    /// Whether the m-line `line` is of sound and lists what is in it.
    fn is_beside(self, line: &str) -> bool {
        let mut formats = line.split(' ').skip(3);
        line.starts_with("m=audio ") && formats.any(|format| format.parse() == Ok(self.of))
    }

    /// Whether what follows `a=rtpmap:` is about what is in it.
    fn is_of(self, rest: &str) -> bool {
        rest.split(' ').next().is_some_and(|number| number.parse() == Ok(self.of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_offers_is_found_and_what_means_something_else_is_not() {
        let of = |number, map, parameters| Red::of(number, Some(map), Some(parameters));
        assert_eq!(of("63", "red/48000/2", "111/111"), Some(Red { pt: 63, of: 111 }));
        assert_eq!(of("63", "red/48000/2", "111/111/111"), Some(Red { pt: 63, of: 111 }));
        for (number, map, parameters) in [
            ("63", "red/90000", "111/111"),
            ("63", "red/48000/2", "111"),
            ("63", "red/48000/2", "111/9"),
            ("63", "red/48000/2", "63/63"),
            ("300", "red/48000/2", "111/111"),
            ("72", "red/48000/2", "111/111"),
            ("63", "red/48000/2", "200/200"),
            ("x", "red/48000/2", "/"),
        ] {
            assert_eq!(of(number, map, parameters), None, "{number} {map} {parameters}");
        }
        assert_eq!(Red::of("63", Some("red/48000/2"), None), None);
    }

    #[test]
    fn it_is_added_where_sound_is_only_received() {
        let line = |kind: &str, way: &str| {
            format!(
                "m={kind} 9 UDP/TLS/RTP/SAVPF 111\r\na={way}\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 x\r\n"
            )
        };
        let answer =
            ["v=0\r\n", &line("audio", "recvonly"), &line("audio", "sendonly"), &line("video", "sendonly")]
                .concat();
        let with = "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\n\
                    a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=fmtp:111 x\r\n";
        let expected = answer.replace(&line("audio", "sendonly"), with);
        assert_eq!(Red { pt: 63, of: 111 }.add(&answer), expected);
        assert_eq!(Red { pt: 63, of: 9 }.add(&answer), answer);
    }
}
