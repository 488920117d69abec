//! A conference, a clock, and what everybody received.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::conference::placement::{PerMille, SPILL_AT};
use crate::conference::protocol::{PeerInfo, Presence, ServerMessage};
use crate::conference::{
    Auth, Conference, ConferenceConfig, DEFAULT_CODECS, MasterKey, MemoryStore, Now, Output, PassRules,
    SocketId, StandardAnswer, StandardId, StandardRefused, StateKey, Turn, UnixTime, WHIP_BITRATE, WorkerId,
    stun_urls,
};
use crate::ledger::ClientAddress;
use crate::limits::{Limit, Limits};
use crate::media::codec::CodecSet;
use crate::media::ids::{OfferId, PeerId};
use crate::media::message::{Command, Notice};
use crate::passes::{Claims, Passes, mint};

/// Everything a test looks at.
pub(super) struct World {
    pub(super) conference: Conference,
    start: Instant,
    pub(super) elapsed: Duration,
    /// What the wall clock shows more than time has passed, in milliseconds.
    pub(super) clock_ahead: i64,
    received: BTreeMap<SocketId, Vec<(ServerMessage, Option<StateKey>)>>,
    pub(super) bytes: BTreeMap<SocketId, usize>,
    pub(super) closed: Vec<(SocketId, u16)>,
    pub(super) commands: Vec<(WorkerId, Command)>,
    pub(super) answers: Vec<(StandardId, Result<StandardAnswer, StandardRefused>)>,
    seats: BTreeMap<SocketId, PeerId>,
    versions: BTreeMap<(PeerId, &'static str), u64>,
    /// Every text that was sent, in order.
    pub(super) transcript: Vec<(SocketId, String)>,
}

/// Somebody's address, by number.
pub(super) fn address(number: usize) -> ClientAddress {
    let [.., a, b, c] = number.to_be_bytes();
    ClientAddress::of([10, a, b, c].into())
}

/// What a `welcome` brought.
#[derive(Debug, Clone)]
pub(super) struct Welcome {
    pub(super) peer: PeerId,
    pub(super) token: String,
    pub(super) resumed: bool,
    pub(super) media: bool,
}

impl World {
    /// With one worker, default limits and the room `den`.
    pub(super) fn new() -> Self {
        Self::with(Limits::default(), 1)
    }

    pub(super) fn with_limit(limit: Limit, value: usize) -> Self {
        Self::with(Limits::default().with(limit, value), 1)
    }

    pub(super) fn with(limits: Limits, workers: usize) -> Self {
        Self::with_turn(limits, workers, None)
    }

    pub(super) fn with_turn(limits: Limits, workers: usize, turn: Option<Turn>) -> Self {
        let mut world = Self::around(Self::process(1, limits, workers, turn));
        world.room("Den");
        world
    }

    /// With no room at all.
    pub(super) fn empty() -> Self {
        Self::around(Self::process(1, Limits::default(), 1, None))
    }

    /// A process as it starts, with the server's key. Each draws other numbers.
    fn process(number: u64, limits: Limits, workers: usize, turn: Option<Turn>) -> Conference {
        let mut seed = number;
        let entropy = move |bytes: &mut [u8]| {
            for byte in bytes {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                *byte = seed.to_be_bytes()[0];
            }
        };
        let (key, codecs) = (MasterKey::new(&[1; MasterKey::BYTES]), DEFAULT_CODECS.to_vec());
        let stun = stun_urls([[203, 0, 113, 5].into()], 3478);
        let file_bytes = crate::conference::FILE_BYTES;
        let (rules, spill_at, whip_bitrate) = (PassRules::default(), SPILL_AT, WHIP_BITRATE);
        let config = ConferenceConfig {
            media: crate::conference::MediaReach::default(),
            key,
            limits,
            rules,
            turn,
            stun,
            workers,
            spill_at,
            file_bytes,
            whip_bitrate,
            codecs,
        };
        Conference::new(config, Box::new(MemoryStore::default()), Box::new(entropy))
    }

    fn around(conference: Conference) -> Self {
        Self {
            conference,
            start: Instant::now(),
            elapsed: Duration::ZERO,
            clock_ahead: 0,
            received: BTreeMap::new(),
            bytes: BTreeMap::new(),
            closed: Vec::new(),
            commands: Vec::new(),
            answers: Vec::new(),
            seats: BTreeMap::new(),
            versions: BTreeMap::new(),
            transcript: Vec::new(),
        }
    }

    /// The server is restarted: every socket is gone, and it knows nothing but its key.
    pub(super) fn restart(&mut self) {
        self.conference = Self::process(2, Limits::default(), 1, None);
        self.forget_sockets();
    }

    /// The same, and its key was lost.
    pub(super) fn restart_with_another_key(&mut self) {
        self.restart();
        let key = MasterKey::new(&[2; MasterKey::BYTES]);
        self.conference.keys = crate::conference::keys::Keys::new(&key);
    }

    fn forget_sockets(&mut self) {
        self.received.clear();
        self.seats.clear();
        self.versions.clear();
    }

    /// Who comes in and who makes rooms from now on. Passes are signed with the key `school`, of which each server here has the secret.
    pub(super) fn rule(&mut self, join: Auth, create: Auth) {
        let mut passes = Passes::default();
        passes.keys.add_secret("school", &[b'A'; 43]).unwrap();
        self.conference.config.rules = PassRules { passes, join, create };
    }

    /// A pass that is good for a minute from now on and says this.
    pub(super) fn pass_of(&self, claims: Value) -> String {
        let mut claims: Claims = serde_json::from_value(claims).unwrap();
        let now = self.now().wall.as_millis() / 1_000;
        claims.exp.get_or_insert((now + 60) as f64);
        mint(&self.conference.config.rules.passes.keys, "school", &claims, now).unwrap()
    }

    /// The id of a room that is not listed, and that this server made once.
    pub(super) fn link(&mut self, slug: &str) -> String {
        self.conference.keys.draw_id(slug, &mut self.conference.entropy)
    }

    /// Makes a listed room: its id is its name in lower case.
    pub(super) fn room(&mut self, name: &str) {
        let request = serde_json::from_value(json!({ "name": name, "listed": true })).unwrap();
        self.conference.create_room(self.now(), address(0), request).unwrap();
    }

    pub(super) fn now(&self) -> Now {
        let unix_millis = 1_700_000_000_000 + u64::try_from(self.elapsed.as_millis()).unwrap();
        let unix_millis = unix_millis.saturating_add_signed(self.clock_ahead);
        Now { instant: self.start + self.elapsed, wall: UnixTime::from_millis(unix_millis) }
    }

    /// Lets time pass, serving every deadline exactly when it is due.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.elapsed + time;
        while let Some(at) = self.conference.poll_timeout().filter(|at| *at <= self.start + end) {
            self.elapsed = self.elapsed.max(at - self.start);
            self.conference.handle_timeout(self.now());
            self.collect();
        }
        self.elapsed = end;
    }

    pub(super) fn pass_millis(&mut self, millis: u64) {
        self.pass(Duration::from_millis(millis));
    }

    fn collect(&mut self) {
        while let Some(output) = self.conference.poll_output() {
            match output {
                Output::Send { socket, message, key } => {
                    *self.bytes.entry(socket).or_default() += message.len();
                    self.transcript.push((socket, message.to_string()));
                    let message = serde_json::from_str(&message).unwrap();
                    self.check_version(socket, &message, key);
                    self.received.entry(socket).or_default().push((message, key));
                }
                Output::Close { socket, code, .. } => self.closed.push((socket, code)),
                Output::Command { worker, command } => self.commands.push((worker, command)),
                Output::Standard { id, answer } => self.answers.push((id, answer)),
            }
        }
    }

    /// In every test: state has its key, and its versions never go back for one person, whatever sockets they use.
    /// A list is sent twice only to somebody who comes back.
    fn check_version(&mut self, socket: SocketId, message: &ServerMessage, key: Option<StateKey>) {
        let (kind, version) = match message {
            ServerMessage::Welcome { peer, .. } => {
                self.seats.insert(socket, *peer);
                (None, 0)
            }
            ServerMessage::Peers { version, .. } => (Some((StateKey::Peers, "peers")), *version),
            ServerMessage::Slots { version, .. } => (Some((StateKey::Slots, "slots")), *version),
            ServerMessage::Publish { version, .. } => (Some((StateKey::Publish, "publish")), *version),
            ServerMessage::Downlink { .. } => {
                assert_eq!(key, Some(StateKey::Downlink));
                return;
            }
            ServerMessage::Topology { .. } => return assert_eq!(key, Some(StateKey::Topology)),
            ServerMessage::Speaker { .. } => return assert_eq!(key, Some(StateKey::Speaker)),
            ServerMessage::Room { .. } => return assert_eq!(key, Some(StateKey::Room)),
            ServerMessage::Granted { .. } => return assert_eq!(key, Some(StateKey::Granted)),
            ServerMessage::Lobby { .. } => return assert_eq!(key, Some(StateKey::Lobby)),
            ServerMessage::Closing { .. } => return assert_eq!(key, Some(StateKey::Closing)),
            _ => (None, 0),
        };
        assert_eq!(key, kind.map(|(key, _)| key), "{message:?}");
        let Some((_, name)) = kind else { return };
        let last = self.versions.insert((self.seats[&socket], name), version);
        assert!(last <= Some(version), "{name} {version} after {last:?}");
        let listed = self.received.get(&socket).into_iter().flatten().rev();
        let session = listed
            .map(|(message, _)| message)
            .take_while(|old| !matches!(old, ServerMessage::Welcome { .. }));
        let repeated = session.into_iter().any(|old| matches!((old, message),
            (ServerMessage::Peers { version: old, .. }, ServerMessage::Peers { version: new, .. }) if old == new));
        assert!(!repeated, "peers {version} twice on {socket:?}");
    }

    /// Each socket comes from an address of its own.
    pub(super) fn open(&mut self, socket: usize) {
        self.open_from(socket, address(socket));
    }

    pub(super) fn open_from(&mut self, socket: usize, address: ClientAddress) {
        self.conference.socket_opened(self.now(), SocketId(socket), address);
        self.collect();
    }

    pub(super) fn close(&mut self, socket: usize) {
        self.conference.socket_closed(self.now(), SocketId(socket));
        self.collect();
    }

    pub(super) fn text(&mut self, socket: usize, text: &str) {
        self.conference.socket_text(self.now(), SocketId(socket), text);
        self.collect();
    }

    #[allow(clippy::needless_pass_by_value, reason = "calls read better with `json!` in place")]
    pub(super) fn say(&mut self, socket: usize, message: Value) {
        self.text(socket, &message.to_string());
    }

    /// A notice of the worker that serves whom it is about.
    pub(super) fn notice(&mut self, notice: Notice) {
        let worker = self.conference.peers.get(&notice.peer()).and_then(|peer| peer.worker);
        self.notice_of(worker.map_or(0, WorkerId::index), notice);
    }

    pub(super) fn notice_of(&mut self, worker: usize, notice: Notice) {
        self.conference.notice(self.now(), number(worker), notice);
        self.collect();
    }

    pub(super) fn gone(&mut self, worker: usize) {
        self.conference.worker_gone(self.now(), number(worker));
        self.collect();
    }

    pub(super) fn back(&mut self, worker: usize) {
        self.conference.worker_back(self.now(), number(worker));
        self.collect();
    }

    /// Opens a socket and enters the den.
    pub(super) fn join(&mut self, socket: usize, name: &str) -> Welcome {
        self.enter(socket, json!({ "type": "join", "room": "den", "name": name }))
    }

    /// Opens a socket and comes back to the den.
    pub(super) fn resume(&mut self, socket: usize, token: &str) -> Welcome {
        self.enter(socket, json!({ "type": "join", "room": "den", "name": "Ann", "token": token }))
    }

    pub(super) fn enter(&mut self, socket: usize, join: Value) -> Welcome {
        self.open(socket);
        self.say(socket, join);
        self.welcome(socket)
    }

    /// The last `welcome` on a socket.
    pub(super) fn welcome(&self, socket: usize) -> Welcome {
        let welcome = self.all(socket).into_iter().rev().find_map(|message| match message {
            ServerMessage::Welcome { peer, token, resumed, media, .. } => {
                Some(Welcome { peer, token, resumed, media })
            }
            _ => None,
        });
        welcome
            .unwrap_or_else(|| panic!("no welcome on {socket}: {:?}", self.received.get(&SocketId(socket))))
    }

    /// Everything on a socket that was not taken.
    pub(super) fn all(&self, socket: usize) -> Vec<ServerMessage> {
        let received = self.received.get(&SocketId(socket)).into_iter().flatten();
        received.map(|(message, _)| message.clone()).collect()
    }

    /// Takes everything a socket received.
    pub(super) fn take(&mut self, socket: usize) -> Vec<ServerMessage> {
        self.take_keyed(socket).into_iter().map(|(message, _)| message).collect()
    }

    pub(super) fn take_keyed(&mut self, socket: usize) -> Vec<(ServerMessage, Option<StateKey>)> {
        self.received.remove(&SocketId(socket)).unwrap_or_default()
    }

    /// Takes everything a socket received: the names of the types, with the code of an `error`.
    pub(super) fn take_types(&mut self, socket: usize) -> Vec<String> {
        self.take(socket).iter().map(type_of).collect()
    }

    /// Takes the codes of the errors a socket received.
    pub(super) fn take_errors(&mut self, socket: usize) -> Vec<String> {
        self.take_types(socket).into_iter().filter(|kind| kind.starts_with("error")).collect()
    }

    /// The newest list on a socket.
    pub(super) fn peers(&self, socket: usize) -> Vec<PeerInfo> {
        let newest = self.all(socket).into_iter().rev().find_map(|message| match message {
            ServerMessage::Peers { peers, .. } => Some(peers),
            _ => None,
        });
        newest.unwrap_or_else(|| panic!("no list on {socket}"))
    }

    pub(super) fn names(&self, socket: usize) -> Vec<String> {
        self.peers(socket).into_iter().map(|peer| peer.name).collect()
    }

    /// A worker was busy for so much of the last second, in parts of a thousand.
    pub(super) fn busy(&mut self, worker: usize, busy: u16) {
        self.conference.worker_load(self.now(), number(worker), PerMille(busy));
        self.collect();
    }

    /// How the newest list on a socket shows somebody; `None` if it does not.
    pub(super) fn presence(&self, socket: usize, peer: PeerId) -> Option<Presence> {
        self.peers(socket).into_iter().find(|info| info.id == peer).map(|info| info.state)
    }

    /// Takes the commands sent so far, each as a short text.
    pub(super) fn take_commands(&mut self) -> Vec<String> {
        let commands = std::mem::take(&mut self.commands);
        let text = |command: Command| match command {
            Command::Join { .. } => "join".to_owned(),
            Command::Elsewhere { at, .. } => format!("elsewhere {}", at.0),
            Command::Lead { by, .. } => format!("lead {}", by.0),
            Command::Offer { id, fresh, .. } => {
                format!("offer {}{}", id.0, if fresh { " fresh" } else { "" })
            }
            Command::Mute { track, muted, .. } => format!("mute {:?} {:?} {muted}", track.stream, track.kind),
            Command::Publish { rates, .. } => format!("publish {}", rates.len()),
            Command::Limited { stream, by, .. } => format!("limited {stream:?} {by:?}"),
            Command::View { tiles, .. } => format!("view {}", tiles.len()),
            Command::Carry { file, size } => format!("carry {} {size}", file.id),
            Command::Carried { file } => format!("carried {}", file.id),
            Command::Leave { .. } => "leave".to_owned(),
        };
        commands.into_iter().map(|(_, command)| text(command)).collect()
    }

    /// Offers a camera and a microphone.
    pub(super) fn offer(&mut self, socket: usize, id: u32, fresh: bool) {
        self.say(socket, offer(id, fresh, &[("camera", "audio"), ("camera", "video")]));
    }

    pub(super) fn answer(&mut self, peer: PeerId, id: u32) {
        self.answer_of(peer, id, CodecSet::ALL, CodecSet::ALL);
    }

    pub(super) fn answer_of(&mut self, peer: PeerId, id: u32, sends: CodecSet, receives: CodecSet) {
        self.notice(Notice::Answer {
            peer,
            id: OfferId(id),
            sdp: format!("answer to {id}"),
            sends,
            receives,
        });
    }

    pub(super) fn refuse(&mut self, peer: PeerId, id: u32) {
        self.notice(Notice::Refused { peer, id: OfferId(id), reason: "no".into() });
    }

    /// Enters and has a connection whose media is heard.
    pub(super) fn join_with_media(&mut self, socket: usize, name: &str) -> Welcome {
        let welcome = self.join(socket, name);
        self.offer(socket, 1, true);
        self.answer(welcome.peer, 1);
        self.notice(Notice::Heard { peer: welcome.peer });
        welcome
    }
}

/// An offer of some tracks.
pub(super) fn offer(id: u32, fresh: bool, tracks: &[(&str, &str)]) -> Value {
    let lines: Vec<Value> = tracks
        .iter()
        .enumerate()
        .map(|(mid, (stream, kind))| json!({ "mid": (mid + 1).to_string(), "stream": stream, "kind": kind }))
        .collect();
    json!({ "type": "offer", "id": id, "fresh": fresh, "sdp": sdp(tracks), "tracks": lines, "slots": [] })
}

/// A description with a data channel and one sending line for each track.
fn sdp(tracks: &[(&str, &str)]) -> String {
    use std::fmt::Write as _;

    let transport = "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n\
        a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n\
        a=setup:actpass\r\n";
    let mids: Vec<String> = (0..=tracks.len()).map(|mid| mid.to_string()).collect();
    let mut sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\n\
         m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n{transport}a=mid:0\r\n\
         a=sctp-port:5000\r\na=max-message-size:262144\r\n",
        mids.join(" "),
    );
    for (index, (stream, kind)) in tracks.iter().enumerate() {
        let (payload, codec) = if *kind == "audio" { (111, "opus/48000/2") } else { (96, "VP8/90000") };
        write!(
            sdp,
            "m={kind} 9 UDP/TLS/RTP/SAVPF {payload}\r\nc=IN IP4 0.0.0.0\r\n{transport}a=mid:{}\r\n\
             a=sendonly\r\na=msid:{stream} {stream}-{kind}\r\na=rtcp-mux\r\na=rtpmap:{payload} {codec}\r\n",
            index + 1,
        )
        .unwrap();
    }
    sdp
}

/// The name of a message's type, with the code of an `error`.
pub(super) fn type_of(message: &ServerMessage) -> String {
    let value = serde_json::to_value(message).unwrap();
    let field = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match message {
        ServerMessage::Error { rebuild, .. } => {
            format!("error {}{}", field("code"), if *rebuild { " rebuild" } else { "" })
        }
        _ => field("type"),
    }
}

/// The worker of that number.
fn number(worker: usize) -> WorkerId {
    WorkerId(u8::try_from(worker).expect("few workers"))
}
