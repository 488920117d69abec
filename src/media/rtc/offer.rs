//! A client's offer as plain data: checked, edited and parsed away from the media thread.
//!
//! Parsing a large offer costs 1 to 4 ms and a hostile one far more (8,000 candidate lines took 716 ms), so lines are
//! counted per kind first and candidates, which an ICE-lite end does not need, are dropped.

use std::collections::BTreeMap;

use str0m::change::SdpOffer;

use super::error::{ENCODINGS, FORMATS, LINE_BYTES};
use super::red::Red;
use super::{Malformed, OfferError, guarded};
use crate::faults::{Trap, trip};
use crate::limits::{Limit, Limits};
use crate::media::ids::{Kind, SlotIndex, Track};
use crate::media::lines::{SlotLine, TrackLine};
use crate::media::{AUDIO_ONLY_SLOTS, PAIRED_SLOTS, VIDEO_SLOTS};

/// An offer that passed the checks and was parsed.
#[derive(Debug)]
pub struct Offer {
    /// The client's own lines.
    pub tracks: Vec<TrackLine>,
    /// The client's receiving lines.
    pub slots: Vec<SlotLine>,
    /// What it calls redundant sound, if every line that receives sound takes that.
    pub(super) red: Option<Red>,
    pub(super) sdp: SdpOffer,
}

impl Offer {
    /// Checks `sdp` against the limits and against what the message says of its lines, names the slots' streams in it
    /// and parses it. A panic inside is the end of this offer only: everybody's offers are read on one thread.
    ///
    /// # Errors
    /// [`OfferError`] says what is wrong with it.
    pub fn parse(
        sdp: &str,
        tracks: Vec<TrackLine>,
        slots: Vec<SlotLine>,
        limits: &Limits,
    ) -> Result<Offer, OfferError> {
        guarded(|| Offer::parse_unguarded(sdp, tracks, slots, limits)).map_err(|_| OfferError::Panic)?
    }

    fn parse_unguarded(
        sdp: &str,
        tracks: Vec<TrackLine>,
        slots: Vec<SlotLine>,
        limits: &Limits,
    ) -> Result<Offer, OfferError> {
        trip(Trap::Offer, sdp);
        if tracks.len() > limits.get(Limit::TracksPerPeer) {
            return Err(OfferError::TooLarge(Limit::TracksPerPeer));
        }
        let (sections, red) = Section::read_all(sdp, limits)?;
        check_tracks(&tracks, &sections)?;
        check_slots(&slots, &sections)?;
        let text = edit(sdp, &slots, &sections);
        let sdp = SdpOffer::from_sdp_string(&text).map_err(|error| {
            log::debug!("an offer cannot be read: {error}");
            Malformed::Unreadable
        })?;
        Ok(Offer { tracks, slots, red, sdp })
    }
}

/// What the checks need to know of one m-line.
#[derive(Debug, Default)]
struct Section<'a> {
    kind: Option<Kind>,
    mid: &'a str,
    sends: bool,
    receives: bool,
    encodings: usize,
    /// Its payload types.
    formats: &'a str,
}

impl<'a> Section<'a> {
    fn read_all(sdp: &'a str, limits: &Limits) -> Result<(Vec<Section<'a>>, Option<Red>), OfferError> {
        let mut sections: Vec<Section<'a>> = Vec::new();
        let (mut lines, mut sources, mut candidates, mut versions) = (0, 0, 0, 0);
        let mut payload_types = PayloadTypes::default();
        for line in sdp.lines() {
            lines += 1;
            over(lines, Limit::OfferLines, limits)?;
            if line.len() > LINE_BYTES {
                return Err(Malformed::LongLine.into());
            }
            if line.starts_with("v=") {
                versions += 1;
            } else if let Some(rest) = line.strip_prefix("m=") {
                payload_types.end_section()?;
                over(sections.len() + 1, Limit::OfferMedia, limits)?;
                // Kind, port and protocol stand before the formats.
                if rest.split(' ').count() > 3 + FORMATS {
                    return Err(Malformed::Formats.into());
                }
                let kind = match rest.split(' ').next() {
                    Some("audio") => Some(Kind::Audio),
                    Some("video") => Some(Kind::Video),
                    _ => None,
                };
                let formats = rest.splitn(4, ' ').nth(3).unwrap_or_default().trim_end();
                sections.push(Section { kind, mid: "", sends: true, receives: true, encodings: 0, formats });
            } else if line.starts_with("a=ssrc:") {
                sources += 1;
                over(sources, Limit::OfferSsrcLines, limits)?;
            } else if line.starts_with("a=candidate:") {
                candidates += 1;
                over(candidates, Limit::OfferCandidateLines, limits)?;
            } else if let Some(section) = sections.last_mut() {
                payload_types.read(line);
                section.read_attribute(line);
                section.count_encodings(line)?;
            }
        }
        payload_types.end_section()?;
        match versions {
            1 => {
                let red = payload_types.red(&sections);
                Ok((sections, red))
            }
            0 => Err(Malformed::NoSession.into()),
            _ => Err(Malformed::Sessions.into()),
        }
    }

    fn read_attribute(&mut self, line: &'a str) {
        match line.trim_end() {
            "a=sendonly" => self.receives = false,
            "a=recvonly" => self.sends = false,
            "a=inactive" => (self.sends, self.receives) = (false, false),
            line => {
                if let Some(mid) = line.strip_prefix("a=mid:") {
                    self.mid = mid;
                }
            }
        }
    }

    fn count_encodings(&mut self, line: &str) -> Result<(), Malformed> {
        let count = if let Some(ids) = line.strip_prefix("a=simulcast:") {
            ids.split([' ', ';', ',']).filter(|id| !matches!(*id, "send" | "recv" | "")).count()
        } else {
            self.encodings += usize::from(line.starts_with("a=rid:"));
            self.encodings
        };
        if count > ENCODINGS {
            return Err(Malformed::Encodings);
        }
        Ok(())
    }
}

/// What payload types mean: one thing on every m-line of a bundle (RFC 9143 section 9.1). str0m would panic over one that
/// means two, or that is explained on one line and not on another.
#[derive(Default)]
struct PayloadTypes<'a> {
    bundle: BTreeMap<&'a str, Meaning<'a>>,
    section: BTreeMap<&'a str, Meaning<'a>>,
}

/// What `a=rtpmap` and `a=fmtp` say of a payload type.
#[derive(Default, PartialEq, Eq)]
struct Meaning<'a> {
    map: Option<&'a str>,
    parameters: Option<&'a str>,
}

impl<'a> PayloadTypes<'a> {
    fn read(&mut self, line: &'a str) {
        let attribute = |name: &str| line.trim_end().strip_prefix(name)?.split_once(' ');
        if let Some((number, map)) = attribute("a=rtpmap:") {
            self.section.entry(number).or_default().map = Some(map);
        } else if let Some((number, parameters)) = attribute("a=fmtp:") {
            self.section.entry(number).or_default().parameters = Some(parameters);
        }
    }

    /// Redundant sound, if all of `sections` that receive sound take it.
    fn red(&self, sections: &[Section<'_>]) -> Option<Red> {
        let mut known = self.bundle.iter();
        let red = known.find_map(|(number, meaning)| Red::of(number, meaning.map, meaning.parameters))?;
        let mut receive =
            sections.iter().filter(|section| section.kind == Some(Kind::Audio) && !section.sends);
        receive
            .all(|section| section.formats.split(' ').any(|format| format.parse() == Ok(red.pt)))
            .then_some(red)
    }

    /// An m-line ends here.
    fn end_section(&mut self) -> Result<(), Malformed> {
        for (number, meaning) in std::mem::take(&mut self.section) {
            if self.bundle.get(number).is_some_and(|before| *before != meaning) {
                return Err(Malformed::PayloadType(number.to_owned()));
            }
            self.bundle.insert(number, meaning);
        }
        Ok(())
    }
}

fn over(count: usize, limit: Limit, limits: &Limits) -> Result<(), OfferError> {
    if count > limits.get(limit) { Err(OfferError::TooLarge(limit)) } else { Ok(()) }
}

fn find<'s, 'a>(mid: &str, kind: Kind, sections: &'s [Section<'a>]) -> Result<&'s Section<'a>, Malformed> {
    let section = sections
        .iter()
        .find(|section| section.mid == mid)
        .ok_or_else(|| Malformed::NoLine(mid.to_owned()))?;
    if section.kind == Some(kind) { Ok(section) } else { Err(Malformed::Kind(mid.to_owned())) }
}

fn check_tracks(tracks: &[TrackLine], sections: &[Section<'_>]) -> Result<(), Malformed> {
    for (index, line) in tracks.iter().enumerate() {
        let section = find(&line.mid, line.kind, sections)?;
        if section.receives && section.sends {
            return Err(Malformed::TrackReceives(line.mid.clone()));
        }
        let track = Track { stream: line.stream, kind: line.kind };
        let mut before = tracks.iter().take(index);
        if before
            .any(|other| other.mid == line.mid || Track { stream: other.stream, kind: other.kind } == track)
        {
            return Err(Malformed::TrackTwice);
        }
    }
    Ok(())
}

fn check_slots(slots: &[SlotLine], sections: &[Section<'_>]) -> Result<(), Malformed> {
    for (index, line) in slots.iter().enumerate() {
        let section = find(&line.mid, line.kind, sections)?;
        if section.sends {
            return Err(Malformed::SlotSends(line.mid.clone()));
        }
        let most = match line.kind {
            Kind::Audio => PAIRED_SLOTS + AUDIO_ONLY_SLOTS,
            Kind::Video => VIDEO_SLOTS,
        };
        if line.slot.0 >= most {
            return Err(Malformed::NoSlot(line.slot.0));
        }
        let mut before = slots.iter().take(index);
        if before.any(|other| other.mid == line.mid || (other.kind, other.slot) == (line.kind, line.slot)) {
            return Err(Malformed::SlotTwice);
        }
        // They are all different, so none is left out if none is above their number.
        if slots.iter().filter(|other| other.kind == line.kind).count() <= usize::from(line.slot.0) {
            return Err(Malformed::SlotGap(line.slot.0));
        }
    }
    Ok(())
}

/// Lines that lack what ends their first part. str0m looks for it in what follows, whatever lines that is: 8,000 times
/// `a=extmap:1` kept it busy for 1.4 s (in the dev profile). They say nothing, so they are dropped.
fn is_unfinished(line: &str) -> bool {
    let lacks =
        |start: &str, ends: &[char]| line.strip_prefix(start).is_some_and(|rest| !rest.contains(ends));
    lacks("a=extmap:", &[' ', '/']) || lacks("a=ssrc:", &[':'])
}

/// Lines that str0m's parser takes for the end of what it understands, in places where they may stand (RFC 8866 section 5): it
/// reads one `b=` and one `c=` of an m-line and no `i=` or `k=`, and nothing but attributes after `t=`. None of them says
/// anything that an ICE agent heeds.
fn is_beside_the_point(line: &str) -> bool {
    !["v=", "o=", "s=", "t=", "m=", "a="].iter().any(|kind| line.starts_with(kind))
}

/// Drops candidates, unfinished lines, those that say nothing here and the encodings of what is only received, and names each slot's stream: both m-lines
/// of a pair get one msid, which is what makes browsers keep lips in sync. A receiving line carries no msid of its own, and
/// str0m answers with the offer's.
fn edit(sdp: &str, slots: &[SlotLine], sections: &[Section<'_>]) -> String {
    let mut text = String::with_capacity(sdp.len() + 32 * slots.len());
    let mut section = 0;
    let mut slot: Option<&SlotLine> = None;
    let mut only_receives = false;
    for line in sdp.lines() {
        if line.starts_with("m=") {
            write_msid(&mut text, slot);
            let mid = sections.get(section).map_or("", |section| section.mid);
            only_receives = sections.get(section).is_some_and(|section| section.receives && !section.sends);
            slot = slots.iter().find(|line| line.mid == mid);
            section += 1;
        }
        let dropped = line.starts_with("a=candidate:")
            || (slot.is_some() && line.starts_with("a=msid:"))
            || (only_receives && (line.starts_with("a=rid:") || line.starts_with("a=simulcast:")))
            || is_unfinished(line)
            || is_beside_the_point(line);
        if !dropped && !line.is_empty() {
            text.push_str(line);
            text.push_str("\r\n");
        }
    }
    write_msid(&mut text, slot);
    text
}

fn write_msid(text: &mut String, slot: Option<&SlotLine>) {
    let Some(line) = slot else { return };
    let (kind, SlotIndex(number)) = (line.kind, line.slot);
    let name = match kind {
        _ if number < PAIRED_SLOTS => "pair",
        Kind::Audio => "audio",
        Kind::Video => "video",
    };
    let letter = if kind == Kind::Audio { 'a' } else { 'v' };
    let (stream, track) = (format!("{name}{number}"), format!("{name}{number}{letter}"));
    text.push_str(&["a=msid:", &stream, " ", &track, "\r\n"].concat());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::ids::Stream;

    const SDP: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\n\
        a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=recvonly\r\na=msid:- x\r\n";

    #[test]
    fn a_payload_type_that_means_two_things_is_refused_before_str0m_sees_it() {
        let browser = include_str!("../../../fuzz/offers/chromium.sdp");
        let parse = |sdp: &str| Offer::parse(sdp, vec![], vec![], &Limits::default()).map(|_| ());
        assert_eq!(parse(browser), Ok(()));
        for (one, other) in [
            ("a=rtpmap:108 H264/90000", "a=rtpmap:108 VP8/90000"),
            (
                "a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
                "a=fmtp:108 apt=96",
            ),
            ("a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n", ""),
        ] {
            assert!(browser.contains(one));
            let refused = parse(&browser.replacen(one, other, 1));
            assert_eq!(refused, Err(Malformed::PayloadType("108".into()).into()));
        }
    }

    fn track(mid: &str, kind: Kind) -> TrackLine {
        TrackLine { mid: mid.into(), stream: Stream::Camera, kind }
    }

    fn slot(mid: &str, kind: Kind, slot: u8) -> SlotLine {
        SlotLine { mid: mid.into(), kind, slot: SlotIndex(slot) }
    }

    fn why(sdp: &str, tracks: Vec<TrackLine>, slots: Vec<SlotLine>) -> OfferError {
        Offer::parse(sdp, tracks, slots, &Limits::default()).expect_err("must be refused")
    }

    #[test]
    fn a_slot_is_named_and_candidates_are_dropped() {
        let slots = vec![slot("1", Kind::Video, 2)];
        let (sections, _) = Section::read_all(SDP, &Limits::default()).expect("sections");
        let text = edit(SDP, &slots, &sections);
        assert!(text.contains("a=msid:pair2 pair2v\r\n"), "{text}");
        assert!(!text.contains("a=msid:- x") && !text.contains("a=candidate"), "{text}");
    }

    #[test]
    fn what_no_line_says_in_full_costs_no_search_through_the_others() {
        let took = |line: &str, times: usize| {
            let sdp = format!("{SDP}{}", line.repeat(times));
            let one = || {
                let began = std::time::Instant::now();
                let _ = Offer::parse(&sdp, vec![], vec![], &Limits::default());
                began.elapsed()
            };
            (0..3).map(|_| one()).min().expect("three times")
        };
        for line in ["a=extmap:1\r\n", "a=extmap:1\r\na=x\r\n"] {
            let (some, most) = (took(line, 500), took(line, 4_000));
            // Eight times as much; a search through the rest of them would be 64 times as dear.
            assert!(most < some * 24, "{line:?}: {some:?} for 500, {most:?} for 4,000");
        }
        for line in ["a=extmap:1", "a=ssrc:1 x"] {
            assert!(is_unfinished(line), "{line}");
        }
        for line in ["a=extmap:1 urn:x", "a=extmap:1/recvonly urn:x", "a=ssrc:1 cname:x", "a=x", "a=mid:0"] {
            assert!(!is_unfinished(line), "{line}");
        }
    }

    #[test]
    fn long_lines_and_more_formats_or_encodings_than_there_are_anywhere_are_refused() {
        for (line, wanted) in [
            (format!("m=audio 9 UDP/TLS/RTP/SAVPF{}", " 0".repeat(FORMATS + 1)), Malformed::Formats),
            (format!("a=x:{}", "y".repeat(LINE_BYTES)), Malformed::LongLine),
            (format!("a=simulcast:recv q{}", ";q".repeat(ENCODINGS + 1)), Malformed::Encodings),
            ("a=rid:q recv\r\n".repeat(ENCODINGS + 1), Malformed::Encodings),
        ] {
            assert_eq!(why(&format!("{SDP}{line}\r\n"), vec![], vec![]), wanted.into());
        }
    }

    #[test]
    fn a_receiving_line_has_no_encodings() {
        let told = SDP.replace("a=recvonly\r\n", "a=recvonly\r\na=rid:q recv\r\na=simulcast:recv q\r\n");
        let told = told.replace("a=sendonly\r\n", "a=sendonly\r\na=rid:h send\r\na=simulcast:send h\r\n");
        let (sections, _) = Section::read_all(&told, &Limits::default()).expect("sections");
        let text = edit(&told, &[], &sections);
        assert!(text.contains("a=rid:h send\r\na=simulcast:send h\r\n"), "{text}");
        assert!(!text.contains("recv q") && !text.contains("a=rid:q"), "{text}");
    }

    #[test]
    fn lines_that_are_not_what_the_message_says_are_refused() {
        let mid = |mid: &str| mid.to_owned();
        for (tracks, slots, wanted) in [
            (vec![track("7", Kind::Audio)], vec![], Malformed::NoLine(mid("7"))),
            (vec![track("0", Kind::Video)], vec![], Malformed::Kind(mid("0"))),
            (vec![], vec![slot("0", Kind::Audio, 0)], Malformed::SlotSends(mid("0"))),
            (vec![], vec![slot("1", Kind::Video, 25)], Malformed::NoSlot(25)),
            (vec![], vec![slot("1", Kind::Video, 1)], Malformed::SlotGap(1)),
            (vec![], vec![slot("1", Kind::Video, 0), slot("1", Kind::Video, 1)], Malformed::SlotTwice),
            (vec![track("0", Kind::Audio), track("0", Kind::Audio)], vec![], Malformed::TrackTwice),
        ] {
            assert_eq!(why(SDP, tracks, slots), wanted.into());
        }
        let both = SDP.replace("a=sendonly", "a=sendrecv");
        assert_eq!(
            why(&both, vec![track("0", Kind::Audio)], vec![]),
            Malformed::TrackReceives(mid("0")).into()
        );
    }

    #[test]
    fn a_second_session_and_too_many_lines_are_refused() {
        assert_eq!(why(&format!("{SDP}{SDP}"), vec![], vec![]), Malformed::Sessions.into());
        assert_eq!(why("", vec![], vec![]), Malformed::NoSession.into());
        assert_eq!(why("v=1\r\n", vec![], vec![]), Malformed::Unreadable.into());
        for (line, limit) in [
            ("a=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\n", Limit::OfferCandidateLines),
            ("a=ssrc:1 cname:x\r\n", Limit::OfferSsrcLines),
            ("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", Limit::OfferMedia),
            ("a=x\r\n", Limit::OfferLines),
        ] {
            let sdp = format!("{SDP}{}", line.repeat(limit.default_value() + 1));
            assert_eq!(why(&sdp, vec![], vec![]), OfferError::TooLarge(limit));
        }
    }
}
