//! The offer of a standard client: which of its lines are what, read from the description itself, because nothing else says so. Pure.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::media::ids::{Kind, SlotIndex, Stream};
use crate::media::lines::{SlotLine, TrackLine};
use crate::media::units::Bitrate;
use crate::media::{AUDIO_ONLY_SLOTS, PAIRED_SLOTS, VIDEO_SLOTS};

use super::Purpose;

/// What a publisher's lines of one kind are, in their order.
const STREAMS: [Stream; 2] = [Stream::Camera, Stream::Screen];

/// Characters of a user name and a password of ICE at least (RFC 8839, 5.4).
const UFRAG_CHARS: usize = 4;
const PASSWORD_CHARS: usize = 22;

/// And of both at most.
const CREDENTIAL_CHARS: usize = 256;

/// An offer, with what its lines are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StandardOffer {
    /// The description; its lines have the one direction they are used in.
    pub(super) sdp: String,
    /// What is published.
    pub(super) tracks: Vec<TrackLine>,
    /// What others are shown on.
    pub(super) slots: Vec<SlotLine>,
    /// What a picture is to take, if the offer says (RFC 8866, 5.8).
    pub(super) bitrate: Option<Bitrate>,
}

/// Why an offer can be no standard client's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unfit {
    /// Nothing in it is sent, or received.
    #[error("no line of sound or pictures is {}", match .0 { Purpose::Publish => "sendonly", Purpose::Watch => "recvonly" })]
    Nothing(Purpose),
    /// More is published than a person has.
    #[error("more lines send than one person has: a camera and a screen, each with its sound")]
    Many,
    /// Several encodings of one picture.
    #[error("simulcast is not taken: send one encoding")]
    Simulcast,
    /// A line that has no name cannot be answered for.
    #[error("an m-line has no a=mid")]
    NoMid,
    /// Everything goes over one transport.
    #[error("its lines are not one bundle: set the bundle policy to max-bundle")]
    NoBundle,
    /// The credentials of ICE are missing.
    #[error("there is no a=ice-ufrag, or no a=ice-pwd")]
    NoIce,
}

/// What is known of one m-line while it is read.
#[derive(Debug, Default)]
struct Line<'a> {
    kind: Option<Kind>,
    /// The port is 0: the line is not used, unless it is for the bundle only (RFC 9143, 7.2.1).
    portless: bool,
    bundle_only: bool,
    mid: Option<&'a str>,
    direction: Option<&'a str>,
    simulcast: bool,
    bitrate: Option<Bitrate>,
}

impl<'a> Line<'a> {
    fn begin(rest: &'a str) -> Self {
        let mut words = rest.split(' ');
        let kind = match words.next() {
            Some("audio") => Some(Kind::Audio),
            Some("video") => Some(Kind::Video),
            _ => None,
        };
        Self { kind, portless: words.next() == Some("0"), ..Self::default() }
    }

    fn read(&mut self, line: &'a str) {
        match line {
            "a=sendonly" | "a=recvonly" | "a=sendrecv" | "a=inactive" => self.direction = Some(line),
            "a=bundle-only" => self.bundle_only = true,
            _ if is_simulcast(line) => self.simulcast = true,
            _ => {
                self.mid = line.strip_prefix("a=mid:").or(self.mid);
                self.bitrate = bitrate(line).or(self.bitrate);
            }
        }
    }

    /// Whether it is used for `purpose`, if it says no direction and `whole` is that of the session.
    fn serves(&self, purpose: Purpose, whole: &str) -> bool {
        let wanted = match purpose {
            Purpose::Publish => "a=sendonly",
            Purpose::Watch => "a=recvonly",
        };
        let direction = self.direction.unwrap_or(whole);
        self.kind.is_some()
            && (!self.portless || self.bundle_only)
            && (direction == wanted || direction == "a=sendrecv")
    }
}

/// Whether several encodings of one picture are sent, as RFC 8853 says it or as browsers did before.
fn is_simulcast(line: &str) -> bool {
    let is_sent = |rid: &str| rid.split(' ').nth(1) == Some("send");
    ["a=simulcast:", "a=ssrc-group:SIM "].iter().any(|start| line.starts_with(start))
        || line.strip_prefix("a=rid:").is_some_and(is_sent)
}

/// What `b=` says (RFC 8866, 5.8; RFC 3890).
fn bitrate(line: &str) -> Option<Bitrate> {
    let (kind, value) = line.strip_prefix("b=")?.split_once(':')?;
    let value: u64 = value.trim().parse().ok()?;
    match kind {
        "AS" => Some(Bitrate::bps(value.saturating_mul(1_000))),
        "TIAS" => Some(Bitrate::bps(value)),
        _ => None,
    }
}

/// Reads an offer. Whether it can be understood at all is another question ([`crate::media::rtc::Offer::parse`]).
///
/// # Errors
/// [`Unfit`] says why it cannot be used so.
pub(super) fn read(purpose: Purpose, sdp: &str) -> Result<StandardOffer, Unfit> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    let (mut whole, mut bundled) = ("a=sendrecv", "");
    let (mut ufrag, mut password) = (false, false);
    for line in sdp.lines().map(str::trim_end) {
        ufrag |= line.starts_with("a=ice-ufrag:");
        password |= line.starts_with("a=ice-pwd:");
        if let Some(rest) = line.strip_prefix("m=") {
            lines.push(Line::begin(rest));
        } else if let Some(last) = lines.last_mut() {
            last.read(line);
        } else if let Some(group) = line.strip_prefix("a=group:BUNDLE ") {
            bundled = group;
        } else if matches!(line, "a=sendonly" | "a=recvonly" | "a=sendrecv" | "a=inactive") {
            whole = line;
        }
    }
    if !(ufrag && password) {
        return Err(Unfit::NoIce);
    }
    let used: Vec<&Line<'_>> = lines.iter().filter(|line| line.serves(purpose, whole)).collect();
    if used.is_empty() {
        return Err(Unfit::Nothing(purpose));
    }
    let mids: Vec<&str> = used.iter().map(|line| line.mid).collect::<Option<_>>().ok_or(Unfit::NoMid)?;
    let bundled: BTreeSet<&str> = bundled.split(' ').collect();
    if used.len() > 1 && mids.iter().any(|mid| !bundled.contains(mid)) {
        return Err(Unfit::NoBundle);
    }
    let numbered = |kind: Kind| {
        let of_kind = used.iter().zip(&mids).filter(move |(line, _)| line.kind == Some(kind));
        of_kind.map(|(_, mid)| (*mid).to_owned()).enumerate().map(move |(number, mid)| (number, mid, kind))
    };
    let all = numbered(Kind::Audio).chain(numbered(Kind::Video));
    let (mut tracks, mut slots) = (Vec::new(), Vec::new());
    for (number, mid, kind) in all {
        match purpose {
            Purpose::Publish => {
                let stream = *STREAMS.get(number).ok_or(Unfit::Many)?;
                tracks.push(TrackLine { mid, stream, kind });
            }
            Purpose::Watch => {
                if let Some(slot) = u8::try_from(number).ok().filter(|slot| *slot < places(kind)) {
                    slots.push(SlotLine { mid, kind, slot: SlotIndex(slot) });
                }
            }
        }
    }
    if purpose == Purpose::Publish && used.iter().any(|line| line.simulcast) {
        return Err(Unfit::Simulcast);
    }
    let pictures = used.iter().filter(|line| line.kind == Some(Kind::Video));
    let bitrate = pictures.filter_map(|line| line.bitrate).max();
    let sdp = directed(purpose, sdp, &lines, whole);
    Ok(StandardOffer { sdp, tracks, slots, bitrate })
}

/// Slots that a client has at most.
fn places(kind: Kind) -> u8 {
    match kind {
        Kind::Audio => PAIRED_SLOTS + AUDIO_ONLY_SLOTS,
        Kind::Video => VIDEO_SLOTS,
    }
}

/// The description with one direction on each line: lines that go both ways go the one that they are here for. Those for the bundle
/// only have a port like the others, because without one a line is taken for refused.
fn directed(purpose: Purpose, sdp: &str, lines: &[Line<'_>], whole: &str) -> String {
    let direction = |line: &Line<'_>| match purpose {
        _ if !line.serves(purpose, whole) => "a=inactive",
        Purpose::Publish => "a=sendonly",
        Purpose::Watch => "a=recvonly",
    };
    let mut text = String::with_capacity(sdp.len() + 16 * lines.len());
    let mut at = None;
    for line in sdp.lines().map(str::trim_end) {
        let is_direction = matches!(line, "a=sendonly" | "a=recvonly" | "a=sendrecv" | "a=inactive");
        if line.starts_with("m=") {
            if let Some(before) = at.and_then(|at: usize| lines.get(at)).filter(|line| line.kind.is_some()) {
                text.extend([direction(before), "\r\n"]);
            }
            at = Some(at.map_or(0, |at| at + 1));
        }
        let bundle_only =
            at.and_then(|at| lines.get(at)).is_some_and(|line| line.portless && line.bundle_only);
        match line.split_once(" 0 ").filter(|(start, _)| bundle_only && start.starts_with("m=")) {
            Some((kind, rest)) => text.extend([kind, " 9 ", rest, "\r\n"]),
            None if is_direction || line.is_empty() => {}
            None => text.extend([line, "\r\n"]),
        }
    }
    if let Some(last) = lines.last().filter(|line| line.kind.is_some()) {
        text.extend([direction(last), "\r\n"]);
    }
    text
}

/// What a fragment of a description says of ICE (RFC 8840, section 9): its credentials. Candidates need no answer, because an
/// ICE-lite end is told of paths by the checks that come on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Credentials<'a> {
    ufrag: &'a str,
    password: &'a str,
}

impl<'a> Credentials<'a> {
    /// Reads those of a fragment, or of a whole description; `None` if they are missing or cannot be any.
    pub(super) fn read(fragment: &'a str) -> Option<Self> {
        let find = |name: &str| fragment.lines().find_map(|line| line.trim_end().strip_prefix(name));
        let (ufrag, password) = (find("a=ice-ufrag:")?, find("a=ice-pwd:")?);
        let fits = |text: &str, least: usize| {
            let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
            plain && (least..=CREDENTIAL_CHARS).contains(&text.len())
        };
        (fits(ufrag, UFRAG_CHARS) && fits(password, PASSWORD_CHARS)).then_some(Self { ufrag, password })
    }

    /// A description with these in the place of its own.
    pub(super) fn put_into(&self, sdp: &str) -> String {
        let mut text = String::with_capacity(sdp.len() + 2 * CREDENTIAL_CHARS);
        for line in sdp.lines() {
            match line.split_once(':') {
                Some(("a=ice-ufrag", _)) => text.extend(["a=ice-ufrag:", self.ufrag]),
                Some(("a=ice-pwd", _)) => text.extend(["a=ice-pwd:", self.password]),
                _ => text.push_str(line),
            }
            text.push_str("\r\n");
        }
        text
    }
}

/// What of an answer is told after ICE was restarted (RFC 8840, section 9): the credentials and candidates, under the first m-line.
pub(super) fn fragment(answer: &str) -> String {
    let mut text = String::new();
    let mut sections = 0;
    for line in answer.lines().map(str::trim_end) {
        sections += usize::from(line.starts_with("m="));
        let session = line.starts_with("a=group:BUNDLE") || line == "a=ice-lite";
        let of_line = ["m=", "a=mid:", "a=ice-ufrag:", "a=ice-pwd:", "a=candidate:", "a=end-of-candidates"]
            .iter()
            .any(|start| line.starts_with(start));
        if (sections == 0 && session) || (sections == 1 && of_line) {
            text.extend([line, "\r\n"]);
        }
    }
    text
}

#[cfg(test)]
mod tests;
