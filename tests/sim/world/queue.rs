//! What happens when: the queue that makes time pass.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Instant;

use plenary::conference::SocketId;

use super::Person;
use super::carriage::{Parcel, Way};
use super::over_tcp::MediaPiece;

/// Something that happens to somebody.
#[derive(Debug, Clone)]
pub enum Happening {
    ToServer {
        remote: SocketAddr,
        local: SocketAddr,
        bytes: Vec<u8>,
    },
    ToClient {
        person: Person,
        remote: SocketAddr,
        local: SocketAddr,
        bytes: Vec<u8>,
    },
    Timer {
        person: Person,
    },
    Opens {
        person: Person,
        socket: SocketId,
    },
    Closes {
        socket: SocketId,
    },
    Says {
        socket: SocketId,
        text: String,
    },
    Hears {
        person: Person,
        socket: SocketId,
        text: Rc<str>,
    },
    SeesClose {
        person: Person,
        socket: SocketId,
    },
    Reconnects {
        person: Person,
    },
    /// The next parcel leaves the bottleneck of this direction.
    Leaves {
        person: Person,
        way: Way,
    },
    /// A piece of a stream comes, or is sent again.
    PieceComes {
        person: Person,
        way: Way,
        number: u64,
        message: Option<Box<Happening>>,
    },
    PieceAgain(Box<Parcel>),
    /// A piece of the TCP connection that carries media comes.
    MediaPieceComes {
        person: Person,
        piece: MediaPiece,
    },
    /// The server knows that it came.
    MediaPieceKnown {
        person: Person,
        connection: u64,
    },
}

impl Happening {
    /// Whether it waits in the kernel when the server does not run.
    pub fn is_for_the_server(&self) -> bool {
        matches!(
            self,
            Happening::ToServer { .. }
                | Happening::Opens { .. }
                | Happening::Closes { .. }
                | Happening::Says { .. }
                | Happening::PieceComes { way: Way::Up, .. }
        )
    }
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    order: u64,
    what: Happening,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// What is still to happen. What is for the same instant happens in the order in which it was put in.
#[derive(Debug, Default)]
pub struct Queue {
    entries: BinaryHeap<Reverse<Entry>>,
    order: u64,
}

impl Queue {
    pub fn push(&mut self, at: Instant, what: Happening) {
        self.order += 1;
        self.entries.push(Reverse(Entry { at, order: self.order, what }));
    }

    pub fn next(&self) -> Option<Instant> {
        self.entries.peek().map(|Reverse(entry)| entry.at)
    }

    pub fn pop_due(&mut self, now: Instant) -> Option<Happening> {
        if self.next()? > now {
            return None;
        }
        self.entries.pop().map(|Reverse(entry)| entry.what)
    }
}
