//! What leaves for one connection, packet by packet.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use plenary::media::codec::Codec;
use plenary::media::ids::Kind;

use super::agreed::{AgreedLine, Extension, lines};
use super::numbers::{Run, extend};
use super::packet::Header;
use crate::payload::Stamp;

/// Bytes a header may have: 12, and extensions of a word each for a line's name, a level, a send time and a number.
const MOST_HEADER: usize = 48;

/// Packets whose contents are remembered for each source: more than may be asked for again.
const REMEMBERED: usize = 4_000;

/// By how much two send times may differ from the time that passed: what a turn rounds, and a step behind time.
const SEND_TIME_OFF: Duration = Duration::from_millis(20);

/// The source of packets that only probe, before anything can be sent again: str0m's, which no receiver plays.
const PROBES: u32 = 0;

/// What was agreed on for one connection, and what has left for it.
#[derive(Debug, Default)]
pub struct Judged {
    lines: Vec<AgreedLine>,
    /// Whose sources they are: line and, of retransmissions, the source that is sent again.
    roles: BTreeMap<u32, (String, Option<u32>)>,
    sources: BTreeMap<u32, Source>,
    /// Numbers of retransmissions, by source.
    resends: BTreeMap<u32, Run>,
    transport: Run,
    send_time: Option<(u32, At)>,
    /// The last packet of a picture or a sound, until it was looked at.
    pub shown: Option<Shown>,
    pub counts: Counts,
}

/// What somebody is about to see or hear.
#[derive(Debug, Clone)]
pub struct Shown {
    pub mid: String,
    pub kind: Kind,
    pub stamp: Stamp,
    pub time: u32,
}

/// When something left: by the clock the server is told, and by the world's, which differ while the server's stands or
/// has stepped.
#[derive(Debug, Clone, Copy)]
pub struct At {
    pub told: Instant,
    pub real: Instant,
}

/// How much was judged.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub packets: u64,
    pub resends: u64,
    pub fillers: u64,
    pub reports: u64,
    pub numbered: u64,
    /// Bytes of payloads: of pictures and sound, sent again, and of what only fills.
    pub media_bytes: u64,
    pub resent_bytes: u64,
    pub filler_bytes: u64,
}

impl Counts {
    pub fn add(&mut self, other: &Counts) {
        self.packets += other.packets;
        self.resends += other.resends;
        self.fillers += other.fillers;
        self.reports += other.reports;
        self.numbered += other.numbered;
        self.media_bytes += other.media_bytes;
        self.resent_bytes += other.resent_bytes;
        self.filler_bytes += other.filler_bytes;
    }
}

/// What left with one source.
#[derive(Debug, Default)]
struct Source {
    highest: u64,
    sent: BTreeMap<u64, Sent>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sent {
    time: u32,
    marker: bool,
    payload_type: u8,
    contents: u64,
    frame: Option<Frame>,
}

/// Whose frame it is of.
type Frame = (u16, u8, u8, u16, u32);

/// What cannot be said yet, or is wrong.
#[derive(Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The answer that names the source, or says that its line is sent on, may be on its way.
    UnknownSource,
    Wrong(String),
}

fn wrong<T>(what: impl Into<String>) -> Result<T, Unfit> {
    Err(Unfit::Wrong(what.into()))
}

fn hash(payload: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    payload.hash(&mut hasher);
    hasher.finish()
}

/// Whether timestamp `a` is later than `b`.
fn later(a: u32, b: u32) -> bool {
    a.wrapping_sub(b).cast_signed() > 0
}

impl Judged {
    /// Another answer came.
    pub fn agree(&mut self, answer: &str) -> Result<(), Unfit> {
        self.lines = lines(answer);
        for line in &self.lines {
            for (source, again) in &line.sources {
                let roles = [Some((*source, None)), again.map(|again| (again, Some(*source)))];
                for (number, of) in roles.into_iter().flatten() {
                    let role = (line.mid.clone(), of);
                    let known = self.roles.entry(number).or_insert_with(|| role.clone());
                    if *known != role {
                        return wrong(format!("{number:#010x} was of {known:?} and is of {role:?}"));
                    }
                }
            }
        }
        Ok(())
    }

    /// How often the sequence number of `header` has turned over.
    pub fn turns(&self, header: &Header<'_>) -> u32 {
        let highest = self.sources.get(&header.source).map_or(u64::from(header.number), |s| s.highest);
        (extend(header.number, highest) >> 16) as u32
    }

    /// Judges an opened packet that left at `now`. `judges_not` is who sends on purpose what no browser sends.
    pub fn judge(
        &mut self,
        now: At,
        header: &Header<'_>,
        payload: &[u8],
        judges_not: Option<u16>,
    ) -> Result<(), Unfit> {
        if header.source == PROBES {
            self.number(header);
            return self.judge_probe(now, header, payload);
        }
        let Some((mid, of)) = self.roles.get(&header.source).cloned() else {
            return Err(Unfit::UnknownSource);
        };
        let line = self.lines.iter().find(|line| line.mid == mid);
        let Some(line) = line.filter(|line| line.sends).cloned() else { return Err(Unfit::UnknownSource) };
        self.judge_extensions(now, header, &line)?;
        judge_presence(header, &line, of.is_none())?;
        let number = self.number(header);
        match of {
            None => self.judge_media(header, number, payload, &line, judges_not),
            Some(source) => self.judge_resend(header, payload, &line, source),
        }
    }

    /// The whole number of a packet, which is of its source from now on.
    fn number(&mut self, header: &Header<'_>) -> u64 {
        let source = self
            .sources
            .entry(header.source)
            .or_insert_with(|| Source { highest: header.number.into(), sent: BTreeMap::new() });
        let number = extend(header.number, source.highest);
        source.highest = source.highest.max(number);
        number
    }

    fn judge_media(
        &mut self,
        header: &Header<'_>,
        number: u64,
        payload: &[u8],
        line: &AgreedLine,
        judges_not: Option<u16>,
    ) -> Result<(), Unfit> {
        self.counts.packets += 1;
        self.counts.media_bytes += payload.len() as u64;
        let Some(codec) = line.codecs.get(&header.payload_type).copied() else {
            return wrong(format!("payload type {} is none of line {}", header.payload_type, line.mid));
        };
        if header.padded || (codec == Codec::Opus) != (line.kind == Kind::Audio) {
            return wrong(format!("{codec} on line {}, padded: {}", line.mid, header.padded));
        }
        let stamp = match codec {
            Codec::Opus => Stamp::of_opus(payload),
            _ => Stamp::of_picture(codec, payload).map(|picture| picture.stamp),
        };
        let Some(stamp) = stamp else {
            return if judges_not.is_some() { Ok(()) } else { wrong(format!("this is no {codec}")) };
        };
        self.shown = Some(Shown { mid: line.mid.clone(), kind: line.kind, stamp, time: header.time });
        let judged = judges_not != Some(stamp.person);
        let video = line.kind == Kind::Video;
        if judged && video && header.marker != stamp.last() {
            return wrong(format!("the marker is {} on {stamp:?}", header.marker));
        }
        let Stamp { person, stream, layer, life, frame, .. } = stamp;
        let sent = Sent {
            time: header.time,
            marker: header.marker,
            payload_type: header.payload_type,
            contents: hash(payload),
            frame: judged.then_some((person, stream as u8, layer as u8, life, frame)),
        };
        let source = self.sources.entry(header.source).or_default();
        let before = source.sent.range(..number).next_back().map(|(_, sent)| *sent);
        let after = source.sent.range(number + 1..).next().map(|(_, sent)| *sent);
        if source.sent.insert(number, sent).is_some() {
            return wrong(format!("number {number} of {:#010x} again", header.source));
        }
        if source.sent.len() > REMEMBERED {
            source.sent.pop_first();
        }
        judge_order(before, &sent)?;
        after.map_or(Ok(()), |after| judge_order(Some(sent), &after))
    }

    fn judge_resend(
        &mut self,
        header: &Header<'_>,
        payload: &[u8],
        line: &AgreedLine,
        source: u32,
    ) -> Result<(), Unfit> {
        let Some(of) = line.resends.get(&header.payload_type).copied() else {
            return wrong(format!("payload type {} retransmits nothing", header.payload_type));
        };
        if !self.resends.entry(header.source).or_default().take(header.number) {
            return wrong(format!("retransmission {} of {:#010x} again", header.number, header.source));
        }
        if header.padded {
            self.counts.fillers += 1;
            self.counts.filler_bytes += payload.len() as u64;
            return judge_padding(payload);
        }
        self.counts.resends += 1;
        self.counts.resent_bytes += payload.len() as u64;
        let Some(([high, low], payload)) = payload.split_first_chunk::<2>() else {
            return wrong("a retransmission of nothing");
        };
        let known = self.sources.get(&source);
        let original = known.and_then(|known| {
            let number = extend(u16::from_be_bytes([*high, *low]), known.highest);
            known.sent.get(&number)
        });
        let Some(original) = original else {
            return wrong(format!(
                "number {} of {source:#010x} never left",
                u16::from_be_bytes([*high, *low])
            ));
        };
        let again = Sent {
            time: header.time,
            marker: header.marker,
            payload_type: of,
            contents: hash(payload),
            frame: original.frame,
        };
        if again == *original { Ok(()) } else { wrong(format!("{again:?} retransmits {original:?}")) }
    }

    fn judge_probe(&mut self, now: At, header: &Header<'_>, payload: &[u8]) -> Result<(), Unfit> {
        self.counts.fillers += 1;
        self.counts.filler_bytes += payload.len() as u64;
        let line = self.lines.iter().find(|line| line.codecs.contains_key(&header.payload_type)).cloned();
        let Some(line) = line.filter(|_| header.padded) else {
            return wrong(format!("{} fills nothing, payload type {}", header.source, header.payload_type));
        };
        let named = AgreedLine { mid: String::new(), ..line };
        self.judge_extensions(now, header, &named)?;
        judge_padding(payload)
    }

    /// Every extension was agreed on for the line, and says what was agreed on.
    fn judge_extensions(&mut self, now: At, header: &Header<'_>, line: &AgreedLine) -> Result<(), Unfit> {
        if header.bytes.len() > MOST_HEADER {
            return wrong(format!("a header of {} bytes", header.bytes.len()));
        }
        let Some(elements) = header.elements() else { return wrong("extensions that end too soon") };
        for (id, value) in elements {
            let Some(meaning) = line.extensions.get(&id) else {
                return wrong(format!("nobody agreed on extension {id} for line {}", line.mid));
            };
            match (meaning, value) {
                (Extension::Mid, value) if line.mid.is_empty() || value == line.mid.as_bytes() => {}
                (Extension::SendTime, [a, b, c]) => {
                    self.judge_send_time(now, u32::from_be_bytes([0, *a, *b, *c]))?;
                }
                (Extension::TransportNumber, [high, low]) => {
                    self.counts.numbered += 1;
                    let number = u16::from_be_bytes([*high, *low]);
                    if !self.transport.take(number) {
                        return wrong(format!("transport-wide number {number} again"));
                    }
                }
                (Extension::AudioLevel, [_]) if line.kind == Kind::Audio => {}
                (Extension::Other, _) => {}
                _ => {
                    return wrong(format!(
                        "extension {id}, {meaning:?}, says {value:?} on line {}",
                        line.mid
                    ));
                }
            }
        }
        Ok(())
    }

    /// 24 bits of seconds, 18 of which are a fraction: they go as the time does.
    fn judge_send_time(&mut self, now: At, time: u32) -> Result<(), Unfit> {
        // What waited for its answer left before what was judged meanwhile.
        let late = self.send_time.is_some_and(|(_, at)| at.real > now.real);
        if let Some((before, at)) = self.send_time.filter(|_| !late) {
            let went = f64::from(time.wrapping_sub(before) & 0xff_ffff) / f64::from(1 << 18);
            let off = |passed: Duration| {
                let off = (went - passed.as_secs_f64()).rem_euclid(64.0);
                off.min(64.0 - off)
            };
            let (told, real) = (now.told.saturating_duration_since(at.told), now.real - at.real);
            if off(told).min(off(real)) > SEND_TIME_OFF.as_secs_f64() {
                return wrong(format!("send times went {went:.3} s, {told:?} or {real:?} passed"));
            }
        }
        if !late {
            self.send_time = Some((time, now));
        }
        Ok(())
    }

    /// Judges an opened compound packet of RTCP (RFC 3550 section 6.1).
    pub fn judge_reports(&mut self, compound: &[u8]) -> Result<(), Unfit> {
        self.counts.reports += 1;
        let mut rest = compound;
        while !rest.is_empty() {
            let Some((&[first, kind, high, low], _)) = rest.split_first_chunk::<4>() else {
                return wrong("scraps of RTCP");
            };
            let length = (usize::from(u16::from_be_bytes([high, low])) + 1) * 4;
            let Some((packet, after)) = rest.split_at_checked(length) else {
                return wrong("RTCP that is cut off");
            };
            if first >> 6 != 2 || !(200..=207).contains(&kind) || packet.len() < 8 {
                return wrong(format!("RTCP that is none: {first:#04x} {kind}"));
            }
            let source = u32::from_be_bytes(packet[4..8].try_into().expect("four bytes"));
            let sends = self.roles.get(&source).is_some_and(|(_, of)| of.is_none());
            if kind == 200 && !sends && source != PROBES {
                return Err(Unfit::UnknownSource);
            }
            rest = after;
        }
        Ok(())
    }

    /// Numbers that never came: transport-wide ones and those of retransmissions.
    pub fn missing(&self) -> u64 {
        self.transport.missing() + self.resends.values().map(Run::missing).sum::<u64>()
    }
}

/// What an estimator and whoever compares voices need is there, if it was agreed on.
fn judge_presence(header: &Header<'_>, line: &AgreedLine, media: bool) -> Result<(), Unfit> {
    let elements = header.elements().unwrap_or_default();
    for (id, meaning) in &line.extensions {
        let needed = match meaning {
            Extension::TransportNumber => true,
            Extension::AudioLevel => media && line.kind == Kind::Audio,
            // Of what came, the numbers tell more than the times do; sources are named in the answer.
            Extension::SendTime | Extension::Mid | Extension::Other | Extension::Encoding => false,
        };
        if needed && !elements.iter().any(|(there, _)| there == id) {
            return wrong(format!("no {meaning:?} on line {}", line.mid));
        }
    }
    Ok(())
}

/// What follows within one source: no earlier time, and another one exactly if it is another frame.
fn judge_order(before: Option<Sent>, next: &Sent) -> Result<(), Unfit> {
    let Some(before) = before else { return Ok(()) };
    if later(before.time, next.time) {
        return wrong(format!("{next:?} after {before:?}"));
    }
    let (Some(one), Some(other)) = (before.frame, next.frame) else { return Ok(()) };
    if (one == other) != (before.time == next.time) {
        return wrong(format!("{next:?} has the time of {before:?}, or not"));
    }
    Ok(())
}

/// A packet that is only padding says how much of it there is (RFC 3550 section 5.1).
fn judge_padding(payload: &[u8]) -> Result<(), Unfit> {
    match payload {
        [.., length] if usize::from(*length) == payload.len() => Ok(()),
        _ => wrong(format!("padding of {:?} in {} bytes", payload.last(), payload.len())),
    }
}

#[cfg(test)]
mod tests;
