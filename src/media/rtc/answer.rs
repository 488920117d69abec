//! Edits of an answer's text: what str0m has no setting for.

/// Sound at a rate that is plenty for speech; Firefox takes this as the rate itself.
const OPUS: &str = "maxaveragebitrate=32000";

/// Adds to the Opus format parameters of every m-line the same: a bundle needs one meaning per payload type.
pub(super) fn edit(sdp: &str) -> String {
    let opus: Vec<&str> = sdp
        .lines()
        .filter_map(|line| line.strip_prefix("a=rtpmap:")?.strip_suffix(" opus/48000/2"))
        .collect();
    let mut text = String::with_capacity(sdp.len() + 1024);
    for line in sdp.lines() {
        text.push_str(line);
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
    fn opus_gets_its_rate_and_nothing_else_changes() {
        let sdp =
            "m=audio 9 X 111\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=fmtp:96 x\r\n";
        assert_eq!(edit(sdp), sdp.replace("useinbandfec=1", "useinbandfec=1;maxaveragebitrate=32000"));
    }
}
