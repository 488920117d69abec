//! What one forwarded packet costs in the core, in nanoseconds and allocations: `cargo bench`. In instructions, which no other
//! program on the machine changes: `make bench-instructions`, which counts this program's `run N TURNS` under callgrind.
//!
//! One person sends 300 packets of 1,200 bytes a second, 1, 10 or 50 receive them. Everything runs in this process and
//! in virtual time; only the time inside the core is counted, the clients' own is not. Beside it stands what str0m alone
//! cost for the same on the machine where it was measured first; compare within one machine only.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::unchecked_time_subtraction,
    reason = "a benchmark may fail, and its numbers are small"
)]

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use plenary::limits::Limits;
use plenary::media::ids::{Kind, OfferId, PeerId, RoomId, SlotIndex, Stream};
use plenary::media::message::{Command, Notice, SlotLine, TrackLine};
use plenary::media::rtc::{ConnectionConfig, Offer};
use plenary::media::{Core, CoreConfig, Path};
use str0m::change::SdpAnswer;
use str0m::format::Codec;
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpWrite, SeqNo};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};

/// Packets of a frame; thirty frames a second.
const FRAME: u64 = 10;

/// Between two packets of 300 a second.
const INTERVAL: Duration = Duration::from_micros(3_333);

/// Nanoseconds for one forwarded packet in str0m alone, with estimation and one line, by number of subscribers.
const STR0M_ALONE: [(usize, u64); 3] = [(1, 3_120), (10, 2_700), (50, 3_130)];

/// Packets that are measured, after as many that are not.
const MEASURED: u64 = 1_200;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, run, subscribers, packets, ..] = arguments.as_slice()
        && run == "run"
    {
        let number = |text: &String| text.parse().expect("a number");
        let spent = measure(number(subscribers) as usize, 1, 1, number(packets));
        println!("{} packets to {subscribers} subscribers", spent.forwarded);
        return;
    }
    println!(
        "ns in the core for one packet of 1,200 bytes; out, timers and feedback for one subscriber's packet"
    );
    println!(
        "{:>5} {:>5} {:>6} {:>7} {:>7} {:>8} {:>10} {:>9} {:>12} {:>12}",
        "subs",
        "lines",
        "a turn",
        "in",
        "out",
        "timers",
        "feedback",
        "together",
        "str0m alone",
        "allocations"
    );
    for (subscribers, alone) in STR0M_ALONE {
        for (lines, a_turn) in [(1, 1), (1, FRAME), (13, 1), (13, FRAME)] {
            let best =
                (0..3).map(|_| measure(subscribers, lines, a_turn, MEASURED)).min_by_key(Spent::together);
            let Some(spent) = best else { continue };
            let (each, forwarded) = (spent.received.max(1), spent.forwarded.max(1));
            println!(
                "{subscribers:>5} {lines:>5} {a_turn:>6} {:>7} {:>7} {:>8} {:>10} {:>9} {:>12} {:>12.2}",
                per(spent.input, each),
                per(spent.output, forwarded),
                per(spent.timers, forwarded),
                per(spent.feedback, forwarded),
                spent.together(),
                if lines == 1 { alone.to_string() } else { "-".to_owned() },
                spent.allocations as f64 / forwarded as f64,
            );
        }
    }
}

fn per(time: Duration, packets: u64) -> u128 {
    time.as_nanos() / u128::from(packets)
}

#[derive(Default)]
struct Spent {
    input: Duration,
    output: Duration,
    timers: Duration,
    feedback: Duration,
    allocations: u64,
    received: u64,
    forwarded: u64,
}

impl Spent {
    /// Nanoseconds for one forwarded packet, everything included.
    fn together(&self) -> u128 {
        per(self.input + self.output + self.timers + self.feedback, self.forwarded.max(1))
    }
}

struct Client {
    rtc: Rtc,
    address: SocketAddr,
    own: Option<Mid>,
    deadline: Instant,
    out: Vec<Vec<u8>>,
    packets: u64,
}

fn server() -> SocketAddr {
    ([127, 0, 0, 1], 4_000).into()
}

impl Client {
    /// Joins a room of `core`: with an own line, or with `lines` receiving ones of which the first shows a picture.
    fn join(core: &mut Core, now: Instant, number: u16, lines: u8) -> Client {
        let address = SocketAddr::from(([127, 0, 0, 1], 10_000 + number));
        let config =
            RtcConfig::new().set_rtp_mode(true).clear_codecs().enable_opus(true, false).enable_vp8(true);
        let mut rtc = config.build(now);
        rtc.add_local_candidate(Candidate::host(address, "udp").expect("an address"));
        let (mut tracks, mut slots, mut own) = (Vec::new(), Vec::new(), None);
        let mut changes = rtc.sdp_api();
        if lines == 0 {
            let mid = changes.add_media(MediaKind::Video, Direction::SendOnly, None, None, None);
            tracks.push(TrackLine { mid: mid.to_string(), stream: Stream::Camera, kind: Kind::Video });
            own = Some(mid);
        }
        for line in 0..lines {
            // As the page does: five pictures at most, the rest voices.
            let (kind, media, slot) = match line {
                0..5 => (Kind::Video, MediaKind::Video, line),
                _ => (Kind::Audio, MediaKind::Audio, line - 5),
            };
            let mid = changes.add_media(media, Direction::RecvOnly, None, None, None);
            slots.push(SlotLine { mid: mid.to_string(), kind, slot: SlotIndex(slot) });
        }
        let (offer, pending) = changes.apply().expect("an offer");
        let offer =
            Offer::parse(&offer.to_sdp_string(), tracks, slots, &Limits::default()).expect("a good offer");
        let peer = PeerId(u64::from(number));
        core.handle_command(now, Command::Join { peer, room: RoomId(1) });
        core.handle_command(
            now,
            Command::Offer { peer, id: OfferId(1), fresh: true, offer: Box::new(offer) },
        );
        core.handle_timeout(now);
        while let Some(notice) = core.poll_notice() {
            if let Notice::Answer { sdp, peer: whose, .. } = notice
                && whose == peer
            {
                let answer = SdpAnswer::from_sdp_string(&sdp).expect("an answer");
                rtc.sdp_api().accept_answer(pending, answer).expect("an answer to the offer");
                break;
            }
        }
        Client { rtc, address, own, deadline: now, out: Vec::new(), packets: 0 }
    }

    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().expect("a connection") {
                Output::Timeout(deadline) => {
                    self.deadline = deadline;
                    return;
                }
                Output::Transmit(transmit) => self.out.push(transmit.contents.into()),
                Output::Event(Event::RtpPacket(_)) => self.packets += 1,
                Output::Event(_) => {}
            }
        }
    }

    fn step(&mut self, now: Instant) {
        while self.deadline <= now {
            self.rtc.handle_input(Input::Timeout(now)).expect("time");
            self.drain();
        }
    }

    fn write(&mut self, now: Instant, seq: u64) {
        let pt = self.rtc.codec_config().find(|params| params.spec().codec == Codec::Vp8).expect("VP8").pt();
        let (frame, index) = (seq / FRAME, seq % FRAME);
        let mut payload = vec![0; 1_200];
        let [high, low] = ((frame & 0x7fff) as u16).to_be_bytes();
        let first = if index == 0 { 0x90 } else { 0x80 };
        payload[..7].copy_from_slice(&[first, 0xe0, 0x80 | high, low, frame as u8, 0x20, 0x10]);
        let mid = self.own.expect("who writes has a line");
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx_by_mid(mid, None).expect("a line that sends");
        let write = RtpWrite::new(pt, SeqNo::from(seq), frame as u32 * 3_000, now, payload);
        stream.write_rtp(write.marker(index + 1 == FRAME).nackable(true));
        self.deadline = now;
    }
}

struct Room {
    core: Core,
    now: Instant,
    clients: Vec<Client>,
    by_address: HashMap<SocketAddr, usize>,
    spent: Spent,
}

/// Does `work` in the core, and counts what it takes. Of `part` of what was spent only the time is told apart.
fn inside(spent: &mut Spent, part: fn(&mut Spent) -> &mut Duration, work: impl FnOnce()) {
    let began = Instant::now();
    let allocations = allocation_counter::measure(|| inside_the_core(work));
    *part(spent) += began.elapsed();
    spent.allocations += allocations.count_total;
}

/// Only what runs in here is the core: callgrind knows it by this name.
#[inline(never)]
fn inside_the_core(work: impl FnOnce()) {
    work();
}

impl Room {
    /// Takes what the core sends to the clients, and their answers back into it.
    fn carry(&mut self) {
        let transmits: Vec<_> = self.core.drain_transmits().collect();
        for transmit in transmits {
            let Some(client) = self.by_address.get(&transmit.path.remote) else { continue };
            let client = &mut self.clients[*client];
            let receive = Receive::new(Protocol::Udp, server(), client.address, &transmit.contents);
            client.rtc.handle_input(Input::Receive(self.now, receive.expect("a datagram"))).expect("input");
            client.drain();
        }
        while self.core.poll_notice().is_some() {}
    }

    /// What the clients have to say, their media excepted.
    fn feed_back(&mut self) {
        let mut any = false;
        for client in &mut self.clients {
            client.step(self.now);
            let path = Path::udp(client.address, server());
            for datagram in client.out.drain(..) {
                let core = &mut self.core;
                inside(
                    &mut self.spent,
                    |spent| &mut spent.feedback,
                    || {
                        core.handle_datagram(self.now, path, &datagram);
                    },
                );
                any = true;
            }
        }
        if any {
            let core = &mut self.core;
            inside(&mut self.spent, |spent| &mut spent.feedback, || core.handle_timeout(self.now));
            self.carry();
        }
    }

    /// Lets time pass, serving timers.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.core.poll_timeout(self.now).filter(|due| *due <= end) {
            self.now = self.now.max(due);
            let core = &mut self.core;
            inside(&mut self.spent, |spent| &mut spent.timers, || core.handle_timeout(self.now));
            self.carry();
        }
        self.now = end;
        self.feed_back();
    }

    /// The first client sends `packets` packets at once.
    fn send(&mut self, seq: u64, packets: u64) {
        let publisher = &mut self.clients[0];
        for seq in seq..seq + packets {
            publisher.write(self.now, seq);
        }
        publisher.step(self.now);
        let path = Path::udp(publisher.address, server());
        for datagram in std::mem::take(&mut publisher.out) {
            let core = &mut self.core;
            inside(
                &mut self.spent,
                |spent| &mut spent.input,
                || {
                    core.handle_datagram(self.now, path, &datagram);
                },
            );
        }
        let core = &mut self.core;
        inside(&mut self.spent, |spent| &mut spent.output, || core.handle_timeout(self.now));
        self.carry();
    }
}

fn measure(subscribers: usize, lines: u8, a_turn: u64, packets: u64) -> Spent {
    let now = Instant::now();
    let connection = ConnectionConfig { candidates: vec![server()], worker: 0 };
    let mut core = Core::new(CoreConfig::new(connection, Limits::default()), now);
    let mut clients = vec![Client::join(&mut core, now, 0, 0)];
    clients.extend((1..=subscribers).map(|number| Client::join(&mut core, now, number as u16, lines)));
    let by_address = clients.iter().enumerate().map(|(index, client)| (client.address, index)).collect();
    let mut room = Room { core, now, clients, by_address, spent: Spent::default() };
    for _ in 0..400 {
        room.pass(Duration::from_millis(5));
    }
    assert!(room.clients.iter().all(|client| client.rtc.is_connected()), "everyone is connected");
    let mut seq = 0;
    for packets in [MEASURED, packets] {
        let before = room.core.counters();
        room.spent = Spent::default();
        for _ in 0..packets / a_turn {
            room.send(seq, a_turn);
            seq += a_turn;
            room.pass(INTERVAL * a_turn as u32);
        }
        let after = room.core.counters();
        room.spent.received = after.received - before.received;
        room.spent.forwarded = after.forwarded - before.forwarded;
        // What comes before the first key frame is held.
        let first = room.spent.received == MEASURED && seq == MEASURED;
        assert!(
            first || room.spent.forwarded == packets * subscribers as u64,
            "every packet reaches everybody"
        );
    }
    room.spent
}
