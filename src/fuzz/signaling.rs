//! Any messages of three clients to a conference.

use std::time::{Duration, Instant};

use super::reader::Reader;
use crate::conference::placement::SPILL_AT;
use crate::conference::protocol::Topology;
use crate::conference::{
    Conference, ConferenceConfig, CreateRoom, DEFAULT_CODECS, MasterKey, MemoryStore, Now, Output, PassRules,
    Purpose, SocketId, StandardId, StandardRequest, Turn, TurnSecret, UnixTime, WorkerId,
};
use crate::ledger::ClientAddress;
use crate::limits::Limits;
use crate::media::codec::CodecSet;
use crate::media::message::{Command, Notice};

/// Clients that take turns.
const SOCKETS: usize = 3;

/// A standard tool's.
const OFFER: &str = include_str!("../../tests/standard/obs.sdp");

/// Ends a message of the input.
const END: u8 = 0x1e;

/// Things to say that no chance would spell, for the fuzzer to start from.
const PHRASES: [&str; 8] = [
    r#"{"type":"join","room":"r","name":"Ann"}"#,
    r#"{"type":"view","tiles":[{"peer":"0000000000000001","stream":"screen","height":720}]}"#,
    r#"{"type":"mute","stream":"camera","kind":"audio","muted":true}"#,
    r#"{"type":"leave","mayReturn":true}"#,
    r#"{"type":"limited","stream":"camera","by":"cpu"}"#,
    r#"{"type":"signal","to":"0000000000000001","data":{}}"#,
    r#"{"type":"offer","id":1,"fresh":true,"sdp":"v=0\r\n","tracks":[],"slots":[]}"#,
    r#"{"type":"join","room":"r","name":"Bob","token":"AAAAAAAAAAAAAAAAAAAAAA"}"#,
];

/// Texts, sockets that open and close, time that passes, workers that answer: the speaker hears at most one error for each
/// text, and everything that is said is one JSON object.
pub fn signaling(data: &[u8]) {
    let mut world = World::new();
    let mut reader = Reader::new(data);
    while !reader.is_empty() {
        let choice = reader.byte();
        let socket = SocketId(usize::from(choice & 0x03) % SOCKETS);
        match choice >> 2 & 0x07 {
            0 => world.conference.socket_opened(world.now, socket, address(choice >> 5)),
            1 => world.conference.socket_closed(world.now, socket),
            2 => world.pass(reader.short()),
            3 => {
                let phrase = PHRASES.get(usize::from(choice >> 5)).copied().unwrap_or_default();
                world.say(socket, phrase);
            }
            7 => {
                let text = text_of(&mut reader);
                world.come(choice >> 5, &text);
            }
            _ => {
                let text = text_of(&mut reader);
                world.say(socket, &text);
            }
        }
        world.carry_outputs(None);
    }
}

fn text_of(reader: &mut Reader<'_>) -> String {
    let length = reader.remaining().iter().position(|byte| *byte == END).unwrap_or(usize::MAX);
    let text = String::from_utf8_lossy(reader.take(length)).into_owned();
    reader.byte();
    text
}

/// One of a few addresses, so that several sockets have the same.
fn address(number: u8) -> ClientAddress {
    ClientAddress::of([192, 0, 2, number & 1].into())
}

struct World {
    conference: Conference,
    now: Now,
    /// The session of a standard tool that was opened last.
    session: Option<StandardId>,
}

impl World {
    fn new() -> World {
        let config = ConferenceConfig {
            media: crate::conference::MediaReach::default(),
            key: MasterKey::new(&[7; MasterKey::BYTES]),
            limits: Limits::default(),
            spill_at: SPILL_AT,
            rules: PassRules::default(),
            turn: TurnSecret::new(&[7; TurnSecret::LEAST_BYTES])
                .map(|secret| Turn { urls: vec!["turn:turn.example.org".to_owned()], secret }),
            workers: 2,
            stun: Vec::new(),
            file_bytes: crate::conference::FILE_BYTES,
            whip_bitrate: 8_000_000,
            codecs: DEFAULT_CODECS.to_vec(),
        };
        let mut next = 0_u8;
        let entropy = move |bytes: &mut [u8]| {
            next = next.wrapping_add(1);
            bytes.fill(next);
        };
        let mut conference = Conference::new(config, Box::<MemoryStore>::default(), Box::new(entropy));
        let now = Now { instant: Instant::now(), wall: UnixTime::default() };
        let _ = conference.create_room(
            now,
            address(0),
            CreateRoom { name: "r".into(), listed: true, topology: Topology::Auto, ..CreateRoom::default() },
        );
        World { conference, now, session: None }
    }

    fn pass(&mut self, hundredths: u16) {
        let passed = Duration::from_millis(u64::from(hundredths) * 10);
        self.now.instant += passed;
        self.now.wall = self.now.wall + Duration::from_millis(u64::from(hundredths) * 10);
        self.conference.handle_timeout(self.now);
    }

    fn say(&mut self, socket: SocketId, text: &str) {
        self.conference.socket_text(self.now, socket, text);
        self.carry_outputs(Some(socket));
    }

    /// Somebody comes by a standard tool with this offer, or changes the session opened last by it.
    fn come(&mut self, choice: u8, text: &str) {
        let purpose = if choice & 1 == 0 { Purpose::Publish } else { Purpose::Watch };
        let sdp = if choice & 2 == 0 { text } else { OFFER };
        let request = StandardRequest { purpose, room: "r", name: None, peer: None, shown: None, sdp };
        if let Some(id) = self.session.filter(|_| choice & 4 != 0) {
            let whose = (purpose, &*id.to_string(), None);
            let _ = self.conference.patch_standard(self.now, address(1), whose, &["*"], text);
        } else {
            let opened = self.conference.open_standard(self.now, address(1), &request);
            self.session = opened.ok().or(self.session);
        }
    }

    /// Takes what the conference wants, answers for the workers, and counts the errors that `speaker` gets.
    fn carry_outputs(&mut self, speaker: Option<SocketId>) {
        let mut errors = 0;
        while let Some(output) = self.conference.poll_output() {
            match output {
                Output::Send { socket, message, .. } => {
                    assert!(message.starts_with("{\"type\":\"") && message.ends_with('}'), "{message}");
                    errors += u32::from(Some(socket) == speaker && message.starts_with(r#"{"type":"error""#));
                }
                Output::Command { worker, command: Command::Offer { peer, id, .. } } => {
                    let (sends, receives) = (CodecSet::ALL, CodecSet::ALL);
                    let answer = Notice::Answer { peer, id, sdp: String::new(), sends, receives };
                    self.conference.notice(self.now, worker, answer);
                }
                Output::Close { socket, .. } => self.conference.socket_closed(self.now, socket),
                Output::Command { command: Command::Mute { peer, .. }, .. } => {
                    self.conference.notice(self.now, WorkerId(0), Notice::Heard { peer });
                }
                Output::Command { .. } | Output::Standard { .. } => {}
            }
        }
        assert!(errors <= 1, "{errors} errors for one message");
    }
}
