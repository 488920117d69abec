//! Any text as a session description.

use std::time::Instant;

use super::reader::Reader;
use crate::limits::Limits;
use crate::media::ids::{Kind, SlotIndex, Stream};
use crate::media::message::{SlotLine, TrackLine};
use crate::media::rtc::{Connection, ConnectionConfig, EgressKind, Ended, Offer};

/// Changes to one offer: more make nothing that is still an offer.
const CHANGES: usize = 32;

/// The pre-check refuses it, or the connection takes it or refuses it; a fault inside the connection is a finding. The first
/// byte says whether a browser's offer is changed a little (the rest of the input says where) or the input is the offer.
pub fn offer(data: &[u8]) {
    let mut reader = Reader::new(data);
    let choice = reader.byte();
    let sdp = match super::OFFERS.get(usize::from(choice & 0x7f)) {
        Some(offer) => changed(offer, &mut reader),
        None => String::from_utf8_lossy(reader.take(usize::MAX)).into_owned(),
    };
    let (tracks, slots) = lines(&sdp);
    let Ok(offer) = Offer::parse(&sdp, tracks, slots, &Limits::default()) else { return };
    let config =
        ConnectionConfig { candidates: vec![([127, 0, 0, 1], 1).into()], worker: 0, egress: EgressKind::Own };
    let Ok(mut connection) = Connection::new(&config, 0, Instant::now()) else { return };
    if let Err(ended) = connection.accept(offer) {
        assert_ne!(ended, Ended::Panic);
    }
}

/// Replaces lines: each change is the number of a line, a way to change it, and a number or text for it.
fn changed(offer: &str, reader: &mut Reader<'_>) -> String {
    let mut lines: Vec<String> = offer.lines().map(str::to_owned).collect();
    for _ in 0..CHANGES {
        if reader.is_empty() || lines.is_empty() {
            break;
        }
        let at = usize::from(reader.short()) % lines.len();
        let way = reader.byte();
        let Some(line) = lines.get_mut(at) else { break };
        match way % 5 {
            0 => drop(lines.remove(at)),
            1 => {
                let copy = line.clone();
                lines.insert(usize::from(reader.short()) % (at + 1), copy);
            }
            2 => {
                let cut = line.char_indices().map(|(at, _)| at).nth(usize::from(reader.byte()));
                line.truncate(cut.unwrap_or(line.len()));
            }
            3 => {
                let number = reader.short().to_string();
                let words = line.split_inclusive([' ', ':', '/', '=']);
                let replace = |word: &str| match word.trim_end_matches([' ', ':', '/', '=']) {
                    digits if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                        word.replacen(digits, &number, 1)
                    }
                    _ => word.to_owned(),
                };
                *line = words.map(replace).collect();
            }
            _ => {
                let length = usize::from(reader.byte());
                *line = String::from_utf8_lossy(reader.take(length)).into_owned();
            }
        }
    }
    lines.join("\r\n") + "\r\n"
}

/// The message's lists for a description: every m-line that only sends is a track, every one that only receives a slot.
fn lines(sdp: &str) -> (Vec<TrackLine>, Vec<SlotLine>) {
    let (mut tracks, mut slots) = (Vec::new(), Vec::new());
    for section in sdp.split("\nm=").skip(1) {
        let kind = if section.starts_with("video") { Kind::Video } else { Kind::Audio };
        let mid = section.lines().find_map(|line| line.strip_prefix("a=mid:")).unwrap_or_default().to_owned();
        if section.lines().any(|line| line == "a=sendonly") {
            tracks.push(TrackLine { mid, stream: Stream::Camera, kind });
        } else if section.lines().any(|line| line == "a=recvonly") {
            let taken = slots.iter().filter(|slot: &&SlotLine| slot.kind == kind).count();
            slots.push(SlotLine { mid, kind, slot: SlotIndex(u8::try_from(taken).unwrap_or(u8::MAX)) });
        }
    }
    (tracks, slots)
}
