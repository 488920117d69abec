//! The result: what everybody got, what it cost the server, and whether the generator was the bottleneck. Its fields are those of
//! `docs/load.md`.

mod places;
mod table;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::crowd::{Crowd, Measured};
use super::measure::{Delays, FREEZE, Receiver, Stream};
use super::person::Person;
use super::server::{Numbers, Sample};
use crate::media::ids::Kind;
use places::Places;

/// The number of this form. It rises when a field is taken away or means something else.
const FORM: u32 = 1;

/// A whole result.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The number of this form.
    pub form: u32,
    /// Where the server is.
    pub url: String,
    /// How many rooms.
    pub rooms: u32,
    /// Of each room: who send and receive.
    pub publishers: u32,
    /// Of each room: who only receive.
    pub subscribers: u32,
    /// In all rooms.
    pub people: usize,
    /// Packets that everybody together sent, of all layers.
    pub published: u64,
    /// How long was measured.
    pub seconds: f64,
    /// What became of pictures.
    pub video: Totals,
    /// What became of sound.
    pub audio: Totals,
    /// People who saw or heard nothing although others sent.
    pub blind: usize,
    /// Times the server said that somebody sent more than it asks for.
    pub too_much_media: u64,
    /// Those who came while it was measured; None if nobody did.
    pub arrivals: Option<Arrivals>,
    /// What went wrong while it was measured.
    pub mishaps: Mishaps,
    /// The generator's own use.
    pub generator: Generator,
    /// The server's, if it was looked at.
    pub server: Option<Server>,
    /// Its process ended meanwhile.
    pub server_ended: bool,
    /// Where people are at the end, by the server's address. Empty if that was not asked for.
    pub places: Vec<Place>,
    /// Each stream: what one person got of one other's picture or sound.
    pub streams: Vec<OneStream>,
}

/// Times in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Times {
    /// Half took no longer.
    pub p50: f64,
    /// 95 of 100.
    pub p95: f64,
    /// 99 of 100.
    pub p99: f64,
    /// 999 of 1,000.
    pub p999: f64,
    /// None took longer.
    pub max: f64,
}

/// All streams of a kind together.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// How many streams.
    pub streams: usize,
    /// Packets that came, each once.
    pub packets: u64,
    /// A second.
    pub packets_per_second: f64,
    /// Bits a second, headers excepted.
    pub bits_per_second: f64,
    /// Packets that never came.
    pub lost: u64,
    /// Of a hundred that were sent.
    pub loss_percent: f64,
    /// Packets that came because they were sent again.
    pub resent: u64,
    /// Packets that were overtaken.
    pub reordered: u64,
    /// Packets that came once more.
    pub repeated: u64,
    /// Frames that were shown.
    pub frames: u64,
    /// Frames of which some packets came and others never did.
    pub torn: u64,
    /// Frames that were not shown for want of those before, or of which nothing came.
    pub skipped: u64,
    /// Times a picture stood still for more than 200 ms.
    pub freezes: u64,
    /// For how many seconds all together.
    pub frozen_seconds: f64,
    /// For how long at most.
    pub longest_freeze_ms: f64,
    /// From being sent to being received.
    pub delay_ms: Times,
    /// From somebody's coming, or the other's beginning to send, to the first packet.
    pub first_packet_ms: Times,
    /// The same, to the first picture that is whole.
    pub first_picture_ms: Times,
}

/// What one person got of one publication.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OneStream {
    /// `audio` or `video`.
    pub kind: &'static str,
    /// The room's number.
    pub room: usize,
    /// Who sent: a person's number in the run.
    pub from: usize,
    /// Who received.
    pub to: usize,
    /// The rest.
    #[serde(flatten)]
    pub totals: Totals,
}

/// One of the server's addresses for media, which is one of its workers, and who is there.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The address.
    pub address: SocketAddr,
    /// How many people.
    pub people: usize,
    /// Of them: who send.
    pub publishers: usize,
    /// What they get of pictures.
    pub video: Totals,
    /// What they get of sound.
    pub audio: Totals,
}

/// How those got on who came while it was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Arrivals {
    /// How many came.
    pub people: usize,
    /// Of them: who were let in.
    pub entered: usize,
    /// Of them: who had a connection at the end, or when they left.
    pub connected: usize,
    /// Of them: who saw somebody.
    pub saw: usize,
    /// From opening a socket to being let in.
    pub entered_ms: Times,
    /// To having a connection.
    pub connected_ms: Times,
    /// To the first picture.
    pub first_picture_ms: Times,
}

/// What went wrong while it was measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mishaps {
    /// Sockets of signaling that ended; whose they were came back.
    pub sockets: u64,
    /// Connections for media that ended; whose they were built others.
    pub connections: u64,
    /// Times somebody was refused.
    pub refused: u64,
    /// The first refusal, and what to do about it.
    pub first_refusal: Option<String>,
}

/// The generator's own use.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Generator {
    /// Of a core, in a hundred. None where the system does not say.
    pub cpu_percent: Option<f64>,
    /// Of the time: ready to run and on no core.
    pub waits_percent: Option<f64>,
    /// Datagrams a second, in both directions.
    pub datagrams_per_second: f64,
    /// CPU for each of them.
    pub micros_per_datagram: Option<f64>,
    /// For each of its calls.
    pub datagrams_per_receive_call: f64,
    /// For each of its calls.
    pub datagrams_per_send_call: f64,
    /// How late packets left.
    pub late_p99_ms: f64,
    /// How late at most.
    pub late_max_ms: f64,
    /// The longest turn of its loop.
    pub longest_turn_ms: f64,
    /// Datagrams that the kernel dropped because it did not read them in time.
    pub dropped: u64,
    /// Datagrams that the kernel did not take.
    pub unsent: u64,
    /// Why the generator was the bottleneck. Empty if it was not.
    pub bottlenecks: Vec<String>,
}

/// What the load cost the server.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// Its process.
    pub pid: u32,
    /// Of a core, in a hundred.
    pub cpu_percent: f64,
    /// CPU for each packet that was received, in microseconds.
    pub micros_per_packet: f64,
    /// What it had in memory at the end, in bytes.
    pub resident_bytes: u64,
    /// What it had more than before anybody came, for each person.
    pub bytes_per_person: u64,
    /// Datagrams for each call that sent some. None if it does not tell its numbers.
    pub datagrams_per_call: Option<f64>,
    /// Media packets it forwarded, as it counts them. None if it does not tell its numbers.
    pub forwarded: Option<u64>,
}

/// What the server was seen with: before anybody came, before and after the measuring.
#[derive(Debug, Clone, Copy)]
pub(super) struct Looks {
    pub pid: u32,
    pub empty: Sample,
    pub before: Sample,
    pub after: Sample,
    /// What it counted meanwhile.
    pub numbers: Option<Numbers>,
}

/// Gathers the result.
pub(super) fn report(crowd: &mut Crowd, measured: &Measured, looks: Option<&Looks>) -> Report {
    let config = &crowd.shared.config;
    let time = measured.ended.saturating_duration_since(measured.began);
    let mut report = Report {
        form: FORM,
        url: config.url.to_string(),
        rooms: config.rooms,
        publishers: config.publishers,
        subscribers: config.subscribers,
        people: crowd.people.len(),
        published: crowd.shared.directory.sent(),
        seconds: time.as_secs_f64(),
        video: Totals::default(),
        audio: Totals::default(),
        blind: 0,
        too_much_media: crowd.people.iter().map(|person| person.too_much).sum(),
        arrivals: arrivals(crowd),
        mishaps: Mishaps {
            sockets: crowd.mishaps.sockets,
            connections: crowd.mishaps.connections,
            refused: crowd.mishaps.refused,
            first_refusal: crowd.mishaps.first.clone(),
        },
        generator: generator(measured, time),
        server: None,
        server_ended: false,
        places: Vec::new(),
        streams: Vec::new(),
    };
    let (mut video, mut audio) = (Sum::default(), Sum::default());
    let mut places = Places::of(&crowd.people, config.spill);
    let mut gather = |number: usize, came: Instant, left: Instant, receiver: &mut Receiver| {
        let mut any = false;
        for (source, stream) in receiver.finish() {
            let Some(from) = crowd.shared.directory.get(*source) else { continue };
            let mut one = Sum::default();
            let until = from.until.map_or(left, |until| until.min(left));
            one.add(stream, came.max(from.since), until);
            any |= stream.packets > 0;
            let (kind, all) = match from.kind {
                Kind::Audio => ("audio", &mut audio),
                Kind::Video => ("video", &mut video),
            };
            all.merge(&one);
            places.add(number, from.kind, &one);
            let totals = one.totals(time);
            report.streams.push(OneStream { kind, room: from.room, from: from.person, to: number, totals });
        }
        any
    };
    for former in &mut crowd.former {
        gather(former.number, former.came, former.left, &mut former.receiver);
    }
    let mut blind = 0;
    for person in crowd.people.iter_mut().filter(|person| !person.is_away) {
        let any = gather(person.number, person.came, measured.ended, &mut person.media.receiver);
        blind += usize::from(!any && expects(person, config.publishers));
    }
    report.blind = blind;
    report.streams.sort_by_key(|stream| (stream.room, stream.to, stream.from, stream.kind));
    (report.video, report.audio) = (video.totals(time), audio.totals(time));
    report.places = places.told(time);
    let packets = report.video.packets + report.audio.packets;
    report.server = looks.map(|looks| server(looks, report.people, packets, time));
    report
}

fn arrivals(crowd: &Crowd) -> Option<Arrivals> {
    let mut told = Arrivals {
        people: 0,
        entered: 0,
        connected: 0,
        saw: 0,
        entered_ms: Times::default(),
        connected_ms: Times::default(),
        first_picture_ms: Times::default(),
    };
    let (mut entered, mut connected, mut seen) = (Delays::default(), Delays::default(), Delays::default());
    let present = crowd.people.iter().filter(|person| !person.is_away).filter_map(Person::arrival);
    for arrival in crowd.arrivals.iter().copied().chain(present) {
        told.people += 1;
        let note = |at: Option<Instant>, count: &mut usize, delays: &mut Delays| {
            if let Some(at) = at {
                *count += 1;
                delays.add(micros_between(arrival.came, at));
            }
        };
        note(arrival.entered, &mut told.entered, &mut entered);
        note(arrival.connected, &mut told.connected, &mut connected);
        note(arrival.seen, &mut told.saw, &mut seen);
    }
    (told.entered_ms, told.connected_ms) = (times(&entered), times(&connected));
    told.first_picture_ms = times(&seen);
    (told.people > 0).then_some(told)
}

fn micros_between(since: Instant, at: Instant) -> u64 {
    u64::try_from(at.saturating_duration_since(since).as_micros()).unwrap_or(u64::MAX)
}

/// Whether somebody else of their room sends.
fn expects(person: &Person, publishers: u32) -> bool {
    publishers > u32::from(!person.media.tracks().is_empty())
}

/// Streams that are added up.
#[derive(Debug, Default)]
struct Sum {
    totals: Totals,
    bytes: u64,
    frozen: Duration,
    longest: Duration,
    delays: Delays,
    first_packets: Delays,
    first_pictures: Delays,
}

impl Sum {
    fn add(&mut self, stream: &Stream, since: Instant, ended: Instant) {
        let (totals, frames) = (&mut self.totals, stream.frames(ended));
        totals.streams += 1;
        totals.packets += stream.packets;
        totals.lost += stream.lost;
        totals.resent += stream.resent;
        totals.reordered += stream.reordered;
        totals.repeated += stream.repeated;
        totals.frames += frames.shown;
        totals.torn += frames.torn;
        totals.skipped += frames.skipped;
        totals.freezes += frames.freezes;
        self.frozen += frames.frozen;
        self.longest = self.longest.max(frames.longest);
        self.bytes += stream.bytes;
        self.delays.merge(&stream.delays);
        self.first_packets.add(micros_between(since, stream.first));
        stream.seen.into_iter().for_each(|seen| self.first_pictures.add(micros_between(since, seen)));
    }

    fn merge(&mut self, other: &Sum) {
        let (mine, theirs) = (&mut self.totals, &other.totals);
        mine.streams += theirs.streams;
        mine.packets += theirs.packets;
        mine.lost += theirs.lost;
        mine.resent += theirs.resent;
        mine.reordered += theirs.reordered;
        mine.repeated += theirs.repeated;
        mine.frames += theirs.frames;
        mine.torn += theirs.torn;
        mine.skipped += theirs.skipped;
        mine.freezes += theirs.freezes;
        self.frozen += other.frozen;
        self.longest = self.longest.max(other.longest);
        self.bytes += other.bytes;
        self.delays.merge(&other.delays);
        self.first_packets.merge(&other.first_packets);
        self.first_pictures.merge(&other.first_pictures);
    }

    fn totals(&self, time: Duration) -> Totals {
        let seconds = time.as_secs_f64().max(f64::MIN_POSITIVE);
        let sent = self.totals.packets + self.totals.lost;
        Totals {
            packets_per_second: self.totals.packets as f64 / seconds,
            bits_per_second: self.bytes as f64 * 8.0 / seconds,
            loss_percent: self.totals.lost as f64 * 100.0 / sent.max(1) as f64,
            frozen_seconds: self.frozen.as_secs_f64(),
            longest_freeze_ms: millis(self.longest),
            delay_ms: times(&self.delays),
            first_packet_ms: times(&self.first_packets),
            first_picture_ms: times(&self.first_pictures),
            ..self.totals.clone()
        }
    }
}

fn times(delays: &Delays) -> Times {
    let of = |share| delays.quantile(share) as f64 / 1_000.0;
    Times { p50: of(0.5), p95: of(0.95), p99: of(0.99), p999: of(0.999), max: delays.max() as f64 / 1_000.0 }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// How often one goes into the other. 0 if there is none.
fn each(all: u64, of: u64) -> f64 {
    if of == 0 { 0.0 } else { all as f64 / of as f64 }
}

fn generator(measured: &Measured, time: Duration) -> Generator {
    let Measured { counted, dropped, own, .. } = measured;
    let (seconds, datagrams) = (time.as_secs_f64(), counted.received + counted.sent);
    let for_each = |cpu: f64| cpu * seconds * 1_000_000.0 / datagrams.max(1) as f64;
    Generator {
        cpu_percent: own.cpu.map(|share| share * 100.0),
        waits_percent: own.waits.map(|share| share * 100.0),
        datagrams_per_second: datagrams as f64 / seconds.max(f64::MIN_POSITIVE),
        micros_per_datagram: own.cpu.map(for_each),
        datagrams_per_receive_call: each(counted.received, counted.receive_calls),
        datagrams_per_send_call: each(counted.sent, counted.send_calls),
        late_p99_ms: own.late.0 as f64 / 1_000.0,
        late_max_ms: own.late.1 as f64 / 1_000.0,
        longest_turn_ms: millis(own.longest),
        dropped: *dropped,
        unsent: counted.unsent,
        bottlenecks: own.bottlenecks(*dropped, counted.unsent),
    }
}

fn server(looks: &Looks, people: usize, packets: u64, time: Duration) -> Server {
    let cpu = looks.after.cpu.saturating_sub(looks.before.cpu);
    let grown = looks.after.resident.saturating_sub(looks.empty.resident);
    Server {
        pid: looks.pid,
        cpu_percent: cpu.as_secs_f64() * 100.0 / time.as_secs_f64().max(f64::MIN_POSITIVE),
        micros_per_packet: cpu.as_secs_f64() * 1_000_000.0 / packets.max(1) as f64,
        resident_bytes: looks.after.resident,
        bytes_per_person: grown.checked_div(people as u64).unwrap_or(0),
        datagrams_per_call: looks.numbers.map(|numbers| each(numbers.sent, numbers.sends)),
        forwarded: looks.numbers.map(|numbers| numbers.forwarded),
    }
}
