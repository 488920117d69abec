//! Edits of an answer's text: what str0m has no setting for.

use str0m::IceCreds;

/// Sound may be stereo, at the rate of a shared screen's: a payload type means the same on every line. Microphones are one
/// channel, and what `publish` says of them holds.
const OPUS: &str = "stereo=1;sprop-stereo=1;maxaveragebitrate=128000";

/// Names our ICE credentials, and adds to the Opus format parameters of every m-line the same: a bundle needs one meaning
/// per payload type.
pub(super) fn edit(sdp: &str, credentials: &IceCreds) -> String {
    let opus: Vec<&str> = sdp
        .lines()
        .filter_map(|line| line.strip_prefix("a=rtpmap:")?.strip_suffix(" opus/48000/2"))
        .collect();
    let mut text = String::with_capacity(sdp.len() + 1024);
    for line in sdp.lines() {
        match line.split_once(':') {
            Some(("a=ice-ufrag", _)) => text.extend(["a=ice-ufrag:", &credentials.ufrag]),
            Some(("a=ice-pwd", _)) => text.extend(["a=ice-pwd:", &credentials.pass]),
            // The name a candidate goes by is that of its m-line; what str0m writes after it may be an older one.
            Some(("a=candidate", _)) => text.push_str(line.split(" ufrag ").next().unwrap_or(line)),
            _ => text.push_str(line),
        }
        let pt = line.strip_prefix("a=fmtp:").and_then(|rest| rest.split(' ').next());
        if pt.is_some_and(|pt| opus.contains(&pt)) {
            text.push(';');
            text.push_str(OPUS);
        }
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opus_gets_its_rate_and_our_credentials_are_named_and_nothing_else_changes() {
        let sdp = "m=audio 9 X 111\r\na=ice-ufrag:old\r\na=ice-pwd:olds\r\n\
                   a=candidate:1 1 udp 1 192.0.2.1 1 typ host tcptype passive ufrag older\r\n\
                   a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=fmtp:96 x\r\n";
        let edited = sdp
            .replace("ufrag:old", "ufrag:new")
            .replace("pwd:olds", "pwd:news")
            .replace(" ufrag older", "")
            .replace("useinbandfec=1", "useinbandfec=1;stereo=1;sprop-stereo=1;maxaveragebitrate=128000");
        assert_eq!(edit(sdp, &IceCreds { ufrag: "new".into(), pass: "news".into() }), edited);
    }
}
