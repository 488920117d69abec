//! The people: sessions, rooms, presence, resume. Sans-IO: no socket, no clock, no thread; `now` is an argument.

pub mod outbox;
pub mod protocol;
pub mod store;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::limits::Limits;
use crate::media::message::{Command, Notice};
use protocol::{IceServer, RoomInfo, Topology};
use store::Store;

/// One client's socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub usize);

/// One media worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId(pub usize);

/// The time, on both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// For intervals.
    pub instant: Instant,
    /// Milliseconds since 1970-01-01 UTC.
    pub unix_millis: u64,
}

/// How the conference is set up.
#[derive(Debug, Clone)]
pub struct ConferenceConfig {
    /// The limits in force.
    pub limits: Limits,
    /// For the clients.
    pub ice_servers: Vec<IceServer>,
    /// How many media workers there are.
    pub workers: usize,
}

/// A newer message replaces an unsent older one with the same key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateKey {
    /// `peers`.
    Peers,
    /// `slots`.
    Slots,
    /// `publish`.
    Publish,
}

/// What the conference wants done.
#[derive(Debug)]
pub enum Output {
    /// Send a message.
    Send {
        /// To whom.
        socket: SocketId,
        /// What.
        message: Arc<str>,
        /// What it replaces.
        key: Option<StateKey>,
    },
    /// Close a socket.
    Close {
        /// Which.
        socket: SocketId,
        /// The WebSocket close code.
        code: u16,
        /// The reason.
        reason: &'static str,
    },
    /// Tell a worker.
    Command {
        /// Which.
        worker: WorkerId,
        /// What.
        command: Command,
    },
}

/// A room somebody wants.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreateRoom {
    /// Its name.
    pub name: String,
    /// Shown on the home page.
    #[serde(default)]
    pub listed: bool,
}

/// A room somebody got.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CreatedRoom {
    /// The room.
    #[serde(flatten)]
    pub room: RoomInfo,
    /// The creator's secret.
    pub secret: String,
}

/// Why there is no new room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateRoomError {
    /// The name cannot be used.
    BadName,
    /// The room is there already.
    Exists {
        /// Its id.
        id: String,
    },
    /// There are too many rooms.
    TooMany,
}

/// The people.
pub struct Conference {
    rooms: BTreeMap<String, RoomInfo>,
    out: VecDeque<Output>,
}

#[allow(missing_docs, clippy::needless_pass_by_value)]
impl Conference {
    pub fn new(
        _config: ConferenceConfig,
        _store: Box<dyn Store + Send>,
        _entropy: Box<dyn FnMut(&mut [u8]) + Send>,
    ) -> Self {
        Self { rooms: BTreeMap::new(), out: VecDeque::new() }
    }
    pub fn socket_opened(&mut self, _now: Now, _socket: SocketId) {}
    pub fn socket_text(&mut self, _now: Now, socket: SocketId, _text: &str) {
        let message = r#"{"type":"error","code":"not-joined","message":"","rebuild":false}"#.into();
        self.out.push_back(Output::Send { socket, message, key: None });
    }
    pub fn socket_closed(&mut self, _now: Now, _socket: SocketId) {}
    pub fn notice(&mut self, _now: Now, _worker: WorkerId, _notice: Notice) {}
    pub fn handle_timeout(&mut self, _now: Now) {}
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }
    pub fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }
    pub fn create_room(&mut self, now: Now, request: CreateRoom) -> Result<CreatedRoom, CreateRoomError> {
        let id = request.name.to_lowercase().replace(' ', "-");
        if id.is_empty() {
            return Err(CreateRoomError::BadName);
        }
        if self.rooms.contains_key(&id) {
            return Err(CreateRoomError::Exists { id });
        }
        let room = RoomInfo {
            id: id.clone(),
            name: request.name,
            listed: request.listed,
            topology: Topology::Sfu,
            created_at: now.unix_millis,
            people: 0,
        };
        self.rooms.insert(id, room.clone());
        Ok(CreatedRoom { room, secret: "secret".into() })
    }
    pub fn room(&self, id: &str) -> Option<RoomInfo> {
        self.rooms.get(id).cloned()
    }
}
